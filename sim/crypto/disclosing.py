"""Showing everybody what one sealed share holds, without giving a key away.

The recipient publishes the KEM's coins m, the X25519 point Z and a proof that Z is right. Anyone
repeats the encapsulation, compares it byte for byte with the ciphertext, derives the envelope's key
and opens it. Nothing else opens with these: the decapsulation key of the session, which would open
the envelopes of all dealers, stays with the recipient.

X25519 knows u-coordinates only, and a proof needs points: u lifts to the point of edwards25519 with
y = (u − 1)/(u + 1) and an even x (RFC 7748 section 4.1). The recipient's scalar is negated if that
makes its lift even; Z's u-coordinate, which is the shared secret, doesn't depend on the sign. Only
lifts in the subgroup of prime order count. There X25519's clamped scalar and its residue mod q do
the same.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from gmpy2 import invert, mpz

from sim.base.meters import charge
from sim.base.secret import Secret, SecretScalar
from sim.crypto import dleq, edwards, mlkem, sealing
from sim.crypto.group import PointError
from sim.crypto.groups import get_group

EQUALITY: Final = "K-chain/disclosure/v1"


class DisclosureError(ValueError):
    """What is disclosed isn't what the envelope was sealed with."""


class Disclosure(NamedTuple):
    """What opens one envelope.

    Attributes:
        coins: The KEM message m, 32 bytes.
        exchange: Z, a point of edwards25519, 32 bytes.
        proof: That Z's logarithm to the lifted ephemeral is the transport key's; 64 bytes.

    """

    coins: bytes
    exchange: bytes
    proof: bytes


NOTHING: Final = Disclosure(b"", b"", b"")
"""What is disclosed of an envelope of a wrong length: that it can't open is plain."""


def lift(u: bytes) -> bytes:
    """Return the point of edwards25519's prime-order subgroup with an even x over `u`, encoded.

    Raises:
        PointError: `u` isn't 32 canonical bytes, or there is no such point but the identity.

    """
    value = mpz(int.from_bytes(u, "little"))
    if len(u) != 32 or value >= edwards.P - 1:
        raise PointError("not the canonical u-coordinate of a point")
    y = (value - 1) * invert(value + 1, edwards.P) % edwards.P
    point = int(y).to_bytes(32, "little")
    get_group("ED25519").validate(point)
    return point


def project(point: bytes) -> bytes:
    """Return the u-coordinate of a point other than the identity, 32 bytes; undoes `lift`."""
    y = mpz(int.from_bytes(point, "little") & ((1 << 255) - 1))
    u = (1 + y) * invert(1 - y, edwards.P) % edwards.P
    return int(u).to_bytes(32, "little")


def disclose(
    key: sealing.TransportKey, sealed: bytes, nonce: int, *context: Any
) -> Disclosure | None:
    """Return what opens `sealed`, a share for `key`; None if nothing could be proven about it.

    That is so if no coins reproduce the ciphertext, or the ephemeral isn't in the prime subgroup.

    Args:
        key: The recipient's.
        sealed: The envelope's bytes.
        nonce: For the proof alone: uniform, drawn for this.
        context: What the proof is bound to.

    """
    try:
        ciphertext, ephemeral, _ = sealing.split(sealed)
    except sealing.SealError:
        return NOTHING
    seeds = key.reveal()
    coins = mlkem.recover_coins(Secret(seeds[: sealing.KEM_SEED_SIZE]), ciphertext)
    if coins is None:
        return None
    try:
        base = lift(ephemeral)
        public = lift(key.public[sealing.KEM_PUBLIC_SIZE :])
    except PointError:
        return None
    group = get_group("ED25519")
    scalar = _scalar(seeds[sealing.KEM_SEED_SIZE :], public)
    image = group.mul(scalar.reveal(), base)
    proof = dleq.prove(group, scalar, public, base, image, nonce, EQUALITY, *context)
    return Disclosure(coins.reveal(), image, proof)


def _scalar(seed: bytes, public: bytes) -> SecretScalar:
    """Clamp an X25519 secret (RFC 7748 section 5), with the sign that makes it `public`'s."""
    clamped = int.from_bytes(seed, "little") & ~7 & ((1 << 255) - 1) | 1 << 254
    group = get_group("ED25519")
    scalar = clamped % group.order
    return Secret(scalar if group.base_mul(scalar) == public else group.order - scalar)


def disclosed(
    sealed: bytes,
    public: bytes,
    disclosure: Disclosure,
    place: sealing.SealPlace,
    *context: Any,
) -> bytes | None:
    """Return what `sealed` holds; None if it is shown not to open. Charges one open.

    Args:
        sealed: The envelope's bytes.
        public: The recipient's transport key, which was checked before.
        disclosure: What the recipient shows.
        place: Where the envelope belongs.
        context: What the proof is bound to.

    Raises:
        DisclosureError: Other coins, a point that isn't the recipient's, or a false proof: whoever
            shows these doesn't show what the envelope holds.

    """
    charge("open")
    try:
        ciphertext, ephemeral, _ = sealing.split(sealed)
    except sealing.SealError:
        return None
    if len(disclosure.coins) != mlkem.COINS_SIZE:
        raise DisclosureError(f"coins take {mlkem.COINS_SIZE} bytes")
    charge("mlkem.encapsulate")
    kem_public = public[: sealing.KEM_PUBLIC_SIZE]
    inner, again = mlkem.encapsulate_with_coins(kem_public, disclosure.coins)
    if again != ciphertext:
        raise DisclosureError("the coins give another ciphertext")
    group = get_group("ED25519")
    try:
        base, key = lift(ephemeral), lift(public[sealing.KEM_PUBLIC_SIZE :])
        group.validate(disclosure.exchange)
        dleq.verify(group, key, base, disclosure.exchange, disclosure.proof, EQUALITY, *context)
    except (PointError, dleq.EqualityError) as error:
        raise DisclosureError(str(error)) from None
    try:
        return sealing.unbox(sealed, inner + project(disclosure.exchange), public, place)
    except sealing.SealError:
        return None
