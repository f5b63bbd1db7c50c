"""BLS threshold signatures on BLS12-381: keys in G1, signatures in G2, no nonces.

Source: draft-irtf-cfrg-bls-signature-05, ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_;
sharing by Boldyreva (PKC 2003). σ_i = s_i·H(m) is holder i's partial, and holds iff
e(V_i, H(m)) = e(G, σ_i); the signature Σ λ_i·σ_i is the same whichever t holders gave theirs, and
is what the whole key would have signed.

Charges: one exp.g2 to sign; one pairing.check per verified partial; one combine.g2 of t terms to
combine. Hashing to G2 is free: everyone hashes a message once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from py_arkworks_bls12381 import GT, G1Point, G2Point

from sim.base.memo import memoised
from sim.base.meters import charge
from sim.base.secret import SecretScalar
from sim.crypto import bls12381
from sim.crypto.bls12381 import ORDER, to_scalar
from sim.crypto.group import PointError
from sim.crypto.polynomial import lagrange

SUITE: Final = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"

SIGNATURE_SIZE: Final = 96
"""Bytes of a compressed element of G2; a partial has as many."""


class PartialError(ValueError):
    """A partial signature doesn't hold."""


def sign(share: SecretScalar, message: bytes) -> bytes:
    """Return the partial signature s_i·H(message), 96 bytes; charges one exp.g2."""
    charge("exp.g2")
    return (_hash(message) * to_scalar(share.reveal())).to_compressed_bytes()


@memoised
def verify_partial(public_share: bytes, message: bytes, partial: bytes) -> None:
    """Check a partial signature against V_i, a validated point; charges one pairing.check.

    Raises:
        PartialError: It is no element of G2, the neutral one, or another holder's or message's.

    """
    charge("pairing.check")
    if not _pairs(public_share, message, partial):
        raise PartialError("the partial signature doesn't hold")


def combine(partials: Mapping[int, bytes]) -> bytes:
    """Return the signature from verified partials {share index: σ_i} of at least t holders.

    Charges one combine.g2, and combine.g2.terms for each partial.
    """
    charge("combine.g2")
    charge("combine.g2.terms", len(partials))
    indices = sorted(partials)
    weights = [to_scalar(weight) for weight in lagrange(indices, 0, ORDER)]
    points = [_decode(partials[index]) for index in indices]
    # The library cuts unequal lengths short; both are made of `indices` here.
    return G2Point.multiexp_unchecked(points, weights).to_compressed_bytes()


@memoised
def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is `public_key`'s over `message`; charges one signature.verify."""
    charge("signature.verify")
    return _pairs(public_key, message, signature)


def _pairs(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether e(public, H(message)) = e(G, signature), neither of them being neutral."""
    try:
        key, point = bls12381.decode(public), _decode(signature)
    except PointError:
        return False
    if public == bls12381.IDENTITY or point == G2Point.identity():
        return False
    return GT.pairing_check([key, -G1Point()], [_hash(message), point])


@lru_cache(64)
def _hash(message: bytes) -> G2Point:
    return G2Point.hash_to_curve(message, SUITE.encode())


def _decode(encoding: bytes) -> G2Point:
    if len(encoding) != SIGNATURE_SIZE:
        raise PointError(f"an element of G2 takes {SIGNATURE_SIZE} bytes, got {len(encoding)}")
    try:
        point = G2Point.from_compressed_bytes(encoding)
    except ValueError:
        raise PointError("not a point of the prime-order subgroup") from None
    if point.to_compressed_bytes() != encoding:
        raise PointError("not the canonical encoding of a point")
    return point
