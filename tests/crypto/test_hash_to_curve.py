"""Hashing to curves, against the vectors of RFC 9380 appendix J.

Deviation: none; J.5.1 (edwards25519), J.8.1 (secp256k1) and J.9.1 (BLS12-381 G1), random oracle.
"""

from __future__ import annotations

import pytest
from py_arkworks_bls12381 import G1Point

from sim.base.errors import LocalError
from sim.crypto.groups import get_group
from sim.crypto.hash_to_curve import SUITES, hash_to_curve, second_generator
from tests.support.curves import SCHEMES

LONG = b"q128_" + 128 * b"q"

VECTORS = {
    "ED25519": {
        b"": (
            0x3C3DA6925A3C3C268448DCABB47CCDE5439559D9599646A8260E47B1E4822FC6,
            0x09A6C8561A0B22BEF63124C588CE4C62EA83A3C899763AF26D795302E115DC21,
        ),
        b"abc": (
            0x608040B42285CC0D72CBB3985C6B04C935370C7361F4B7FBDB1AE7F8C1A8ECAD,
            0x1A8395B88338F22E435BBD301183E7F20A5F9DE643F11882FB237F88268A5531,
        ),
        b"abcdef0123456789": (
            0x6D7FABF47A2DC03FE7D47F7DDDD21082C5FB8F86743CD020F3FB147D57161472,
            0x53060A3D140E7FBCDA641ED3CF42C88A75411E648A1ADD71217F70EA8EC561A6,
        ),
        LONG: (
            0x5FB0B92ACEDD16F3BCB0EF83F5C7B7A9466B5F1E0D8D217421878EA3686F8524,
            0x2ECA15E355FCFA39D2982F67DDB0EEA138E2994F5956ED37B7F72EEA5E89D2F7,
        ),
    },
    "SECP256K1": {
        b"": (
            0xC1CAE290E291AEE617EBAEF1BE6D73861479C48B841EABA9B7B5852DDFEB1346,
            0x64FA678E07AE116126F08B022A94AF6DE15985C996C3A91B64C406A960E51067,
        ),
        b"abc": (
            0x3377E01EAB42DB296B512293120C6CEE72B6ECF9F9205760BD9FF11FB3CB2C4B,
            0x7F95890F33EFEBD1044D382A01B1BEE0900FB6116F94688D487C6C7B9C8371F6,
        ),
        b"abcdef0123456789": (
            0xBAC54083F293F1FE08E4A70137260AA90783A5CB84D3F35848B324D0674B0E3A,
            0x4436476085D4C3C4508B60FCF4389C40176ADCE756B398BDEE27BCA19758D828,
        ),
        LONG: (
            0xE2167BC785333A37AA562F021F1E881DEFB853839BABF52A7F72B102E41890E9,
            0xF2401DD95CC35867FFED4F367CD564763719FBC6A53E969FB8496A1E6685D873,
        ),
    },
    "BLS": {
        b"": (
            int(
                "052926ADD2207B76CA4FA57A8734416C8DC95E24501772C8"
                "14278700EED6D1E4E8CF62D9C09DB0FAC349612B759E79A1",
                16,
            ),
            int(
                "08BA738453BFED09CB546DBB0783DBB3A5F1F566ED67BB6B"
                "E0E8C67E2E81A4CC68EE29813BB7994998F3EAE0C9C6A265",
                16,
            ),
        ),
        b"abc": (
            int(
                "03567BC5EF9C690C2AB2ECDF6A96EF1C139CC0B2F284DCA0"
                "A9A7943388A49A3AEE664BA5379A7655D3C68900BE2F6903",
                16,
            ),
            int(
                "0B9C15F3FE6E5CF4211F346271D7B01C8F3B28BE689C8429"
                "C85B67AF215533311F0B8DFAAA154FA6B88176C229F2885D",
                16,
            ),
        ),
    },
}


def encoded(scheme: str, x: int, y: int) -> bytes:
    if scheme == "ED25519":
        return (y | (x & 1) << 255).to_bytes(32, "little")
    if scheme == "SECP256K1":
        return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")
    coordinates = x.to_bytes(48, "big") + y.to_bytes(48, "big")
    return G1Point.from_xy_bytes_be(coordinates).to_compressed_bytes()


@pytest.mark.parametrize(
    ("scheme", "message"), [(s, m) for s, cases in VECTORS.items() for m in cases]
)
def test_published_vectors_are_met(scheme: str, message: bytes) -> None:
    domain = f"QUUX-V01-CS02-with-{SUITES[scheme]}".encode()

    point = hash_to_curve(scheme, message, domain)

    assert point == encoded(scheme, *VECTORS[scheme][message])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_second_generator_is_an_element_of_the_group_and_not_the_base_point(
    scheme: str,
) -> None:
    group = get_group(scheme)

    point = second_generator(scheme)

    group.validate(point)
    assert point not in (group.base_mul(1), group.negate(group.base_mul(1)))


def test_another_domain_gives_another_point() -> None:
    points = {hash_to_curve("SECP256K1", b"abc", domain) for domain in (b"one", b"two")}

    assert len(points) == 2


def test_a_scheme_without_a_suite_is_refused() -> None:
    with pytest.raises(LocalError):
        second_generator("MLDSA")
    with pytest.raises(LocalError):
        hash_to_curve("MLDSA", b"", b"domain")
