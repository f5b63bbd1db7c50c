"""Identity signatures: RFC 8032's vectors, strictness, and an unrelated implementation."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.memo import Memo, memoised, using
from sim.base.meters import Meter, metering
from sim.crypto.ed25519 import ORDER
from sim.crypto.identity import Identity, verify
from tests.support import edwards as oracle

SIGNER = Identity(bytes(range(32)))
MESSAGE = b"a signed transaction"

RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
"""RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature."""


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(
    seed: str, public: str, message: str, signature: str
) -> None:
    signer = Identity(bytes.fromhex(seed))

    assert signer.public.hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    assert verify(signer.public, bytes.fromhex(message), bytes.fromhex(signature))


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_an_unrelated_library_agrees(seed: bytes, message: bytes) -> None:
    signer = Identity(seed)
    other = Ed25519PrivateKey.from_private_bytes(seed)

    signature = signer.sign(message)

    assert signature == other.sign(message)
    Ed25519PublicKey.from_public_bytes(signer.public).verify(signature, message)
    assert verify(signer.public, message, signature)


def test_any_flipped_bit_breaks_a_signature() -> None:
    signature = SIGNER.sign(MESSAGE)

    for bit in range(0, 512, 5):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not verify(SIGNER.public, MESSAGE, bytes(flipped))


def test_another_message_or_key_does_not_verify() -> None:
    signature = SIGNER.sign(MESSAGE)

    assert not verify(SIGNER.public, MESSAGE + b".", signature)
    assert not verify(Identity(bytes(32)).public, MESSAGE, signature)


def test_s_plus_q_is_refused() -> None:
    """Malleability: the same signature would have two transaction ids."""
    signature = SIGNER.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little") + ORDER

    assert not verify(SIGNER.public, MESSAGE, signature[:32] + s.to_bytes(32, "little"))


def test_bytes_cannot_move_between_signature_and_message() -> None:
    """libsodium sees their concatenation alone: the lengths are what tells them apart."""
    signature = SIGNER.sign(MESSAGE)

    assert not verify(SIGNER.public, signature[60:] + MESSAGE, signature[:60])
    assert not verify(SIGNER.public, MESSAGE[4:], signature + MESSAGE[:4])
    assert not verify(SIGNER.public, b"", signature + MESSAGE)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_of_another_length_never_reach_libsodium(length: int) -> None:
    """It would read 32 bytes wherever the key's memory ends."""
    key = (SIGNER.public * 2)[:length]

    assert not verify(key, MESSAGE, SIGNER.sign(MESSAGE))


@pytest.mark.parametrize("point", oracle.torsion())
def test_small_order_keys_sign_nothing(point: oracle.Affine) -> None:
    """R = identity, S = 0 would pass for any message wherever c·A vanishes."""
    forged = oracle.encode(oracle.NEUTRAL) + bytes(32)

    for number in range(8):
        assert not verify(oracle.encode(point), bytes([number]), forged)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_seeds_take_32_bytes(seed: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Identity(seed)


def test_identities_redact_themselves_and_are_refused_by_the_memoiser() -> None:
    @memoised
    def peek(_: Identity) -> None: ...

    assert bytes(range(32)).hex() not in repr(SIGNER)
    assert SIGNER.public.hex()[:16] in repr(SIGNER)
    with pytest.raises(LocalError, match="secret"):
        peek(SIGNER)


def test_a_signature_is_verified_once_and_charged_to_everyone() -> None:
    with using(Memo()) as memo, metering(Meter()) as meter:
        signature = SIGNER.sign(MESSAGE)
        verdicts = [verify(SIGNER.public, MESSAGE, signature) for _ in range(5)]

    assert all(verdicts)
    assert meter.counts == {"signature.sign": 1, "signature.verify": 5}
    assert (memo.misses, memo.hits) == (1, 4)
