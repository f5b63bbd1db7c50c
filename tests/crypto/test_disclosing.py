"""Disclosures: what a recipient can show about one envelope, and what it can't pretend."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sim.base.secret import Secret
from sim.crypto import disclosing, dleq, mlkem, sealing
from sim.crypto.disclosing import Disclosure, DisclosureError, disclose, disclosed
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from tests.support import edwards

KEY = sealing.TransportKey(bytes(range(96)))
OTHER = sealing.TransportKey(bytes(range(1, 97)))
PLACE: sealing.SealPlace = ("share", "chain", bytes(32), 1, 2, 3)
SHARE = bytes(31) + b"\x07"
P = edwards.P


def sealed_for(key: sealing.TransportKey, share: bytes = SHARE, secret: int = 5) -> bytes:
    ephemeral = sealing.Ephemeral(Secret(bytes([secret]) * 32))
    return sealing.seal(share, key.public, ephemeral, *PLACE, coins=bytes(32))


def shown(key: sealing.TransportKey, sealed: bytes) -> Disclosure:
    disclosure = disclose(key, sealed, 77, "here")
    assert disclosure is not None
    return disclosure


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [SHARE, 2 * SHARE], ids=len)
def test_whoever_is_shown_a_disclosure_opens_the_envelope(seed: int, share: bytes) -> None:
    """Eight keys: about half of the lifts have to be negated."""
    key = sealing.TransportKey(bytes([seed]) * 96)
    sealed = sealed_for(key, share, seed + 1)

    assert disclosed(sealed, key.public, shown(key, sealed), PLACE, "here") == share


def test_a_box_that_was_garbled_is_shown_not_to_open() -> None:
    sealed = sealed_for(KEY)
    garbled = sealed[:-1] + bytes([sealed[-1] ^ 1])

    assert disclosed(garbled, KEY.public, shown(KEY, garbled), PLACE, "here") is None


def test_of_a_wrong_length_nothing_needs_to_be_shown() -> None:
    short = sealed_for(KEY)[:-1]

    assert disclosed(short, KEY.public, shown(KEY, short), PLACE, "here") is None


def test_nothing_is_provable_of_a_ciphertext_that_nobody_encapsulated() -> None:
    sealed = sealed_for(KEY)
    garbled = bytes([sealed[0] ^ 1]) + sealed[1:]

    assert disclose(KEY, sealed, 77) is not None
    assert disclose(KEY, garbled, 77) is None


@pytest.mark.parametrize(
    "ephemeral",
    [
        (P + 9).to_bytes(32, "little"),
        (9 + (1 << 255)).to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
        (P - 1).to_bytes(32, "little"),
        bytes(32),
    ],
    ids=["unreduced", "high bit", "on the twist", "no lift", "low order"],
)
def test_nothing_is_provable_of_an_ephemeral_outside_the_prime_subgroup(ephemeral: bytes) -> None:
    sealed = sealed_for(KEY)
    size = mlkem.CIPHERTEXT_SIZE
    moved = sealed[:size] + ephemeral + sealed[size + 32 :]

    assert disclose(KEY, moved, 77) is None
    with pytest.raises(DisclosureError):
        disclosed(moved, KEY.public, shown(KEY, sealed), PLACE, "here")


def test_nothing_is_provable_of_a_torsioned_ephemeral() -> None:
    """A u-coordinate on the curve, of an element of the subgroup plus a point of order 8."""
    torsioned = edwards.add(edwards.multiply(7, edwards.BASE), edwards.torsion()[1])
    ephemeral = disclosing.project(edwards.encode(torsioned))
    plain = disclosing.project(edwards.encode(edwards.multiply(7, edwards.BASE)))

    with pytest.raises(PointError):
        disclosing.lift(ephemeral)
    assert disclosing.project(disclosing.lift(plain)) == plain


def test_false_disclosures_are_refused() -> None:
    sealed = sealed_for(KEY)
    true = shown(KEY, sealed)
    group = get_group("ED25519")
    moved = group.add(true.exchange, group.base_mul(1))
    wrong = {
        "other coins": true._replace(coins=bytes([1]) * 32),
        "short coins": true._replace(coins=b""),
        "another point": true._replace(exchange=moved),
        "the point negated": true._replace(exchange=group.negate(true.exchange)),
        "no point": true._replace(exchange=bytes(32)),
        "the identity": true._replace(exchange=group.identity),
        "a torsioned point": true._replace(
            exchange=edwards.encode(
                edwards.add(edwards.torsion()[1], edwards.multiply(3, edwards.BASE))
            )
        ),
        "another proof": true._replace(proof=bytes(64)),
        "a short proof": true._replace(proof=true.proof[:-1]),
        "an unreduced proof": true._replace(proof=true.proof[:32] + b"\xff" * 32),
        "nothing": disclosing.NOTHING,
    }

    assert disclosed(sealed, KEY.public, true, PLACE, "here") == SHARE
    for disclosure in wrong.values():
        with pytest.raises(DisclosureError):
            disclosed(sealed, KEY.public, disclosure, PLACE, "here")
    with pytest.raises(DisclosureError):
        disclosed(sealed, KEY.public, true, PLACE, "elsewhere")
    with pytest.raises(DisclosureError):
        disclosed(sealed, OTHER.public, true, PLACE, "here")


def test_an_envelope_of_another_place_is_shown_not_to_open() -> None:
    """A dealer that seals for one place and signs for another: its fault, and provable."""
    sealed = sealed_for(KEY)
    there: sealing.SealPlace = ("share", "chain", bytes(32), 2, 2, 3)

    assert disclosed(sealed, KEY.public, shown(KEY, sealed), there, "here") is None


def test_the_lift_agrees_with_x25519() -> None:
    """RFC 7748 section 4.1: u = 9 lifts to the base point, and multiples go along."""
    group = get_group("ED25519")
    private = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    u = private.public_key().public_bytes_raw()
    scalar = int.from_bytes(bytes(range(32)), "little") & ~7 & ((1 << 255) - 1) | 1 << 254
    peer = bytes([9]) + bytes(31)

    assert disclosing.lift(peer) in (group.base_mul(1), group.negate(group.base_mul(1)))
    assert private.exchange(X25519PublicKey.from_public_bytes(peer)) == u
    assert disclosing.project(group.base_mul(scalar)) == u
    assert disclosing.lift(u) in (group.base_mul(scalar), group.negate(group.base_mul(scalar)))


def test_a_zero_nonce_is_refused() -> None:
    group = get_group("ED25519")
    point = group.base_mul(3)

    with pytest.raises(Exception, match="nonce of 0"):
        dleq.prove(group, Secret(3), point, point, group.base_mul(9), 0, "tag")


def test_equality_is_proven_only_where_it_is() -> None:
    for scheme in ("ED25519", "SECP256K1", "BLS"):
        group = get_group(scheme)
        public, base = group.base_mul(3), group.base_mul(5)
        proof = dleq.prove(group, Secret(3), public, base, group.base_mul(15), 11, "tag", 1)

        dleq.verify(group, public, base, group.base_mul(15), proof, "tag", 1)
        for changed in [(public, base, group.base_mul(16)), (base, base, group.base_mul(15))]:
            with pytest.raises(dleq.EqualityError):
                dleq.verify(group, *changed, proof, "tag", 1)


def test_coins_are_recovered_from_the_seed_alone() -> None:
    seed = Secret(bytes(range(64)))
    public = mlkem.DecapsulationKey.from_seed(seed).public
    _, ciphertext = mlkem.encapsulate(public, Secret(bytes([9]) * 32))

    coins = mlkem.recover_coins(seed, ciphertext)

    assert coins is not None
    assert coins.reveal() == bytes([9]) * 32
    with pytest.raises(mlkem.EncapsulationError):
        mlkem.recover_coins(seed, ciphertext[:-1])
    with pytest.raises(ValueError, match="64 bytes"):
        mlkem.recover_coins(Secret(bytes(63)), ciphertext)
