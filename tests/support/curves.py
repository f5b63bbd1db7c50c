"""The three groups by unrelated implementations: the oracles of the tests.

Ed25519 is the textbook's (`edwards`); secp256k1 and BLS12-381 are py_ecc's, which shares no code
with the libraries that the project uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from py_ecc.bls.point_compression import compress_G1
from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.optimized_bls12_381 import optimized_curve as bls
from py_ecc.secp256k1 import secp256k1

from tests.support import edwards

SCHEMES = ("ED25519", "SECP256K1", "BLS")

P = FQ.field_modulus
"""Of BLS12-381: coordinates are below it."""

ORDERS = {"ED25519": edwards.Q, "SECP256K1": secp256k1.N, "BLS": bls.curve_order}


def _ed25519(exponent: int) -> bytes:
    return edwards.encode(edwards.multiply(exponent, edwards.BASE))


def _secp256k1(exponent: int) -> bytes:
    return sec1(secp256k1.multiply(secp256k1.G, exponent)) if exponent else bytes(33)


def _bls(exponent: int) -> bytes:
    return g1_bytes(bls.multiply(bls.G1, exponent))


_POINTS: dict[str, Callable[[int], bytes]] = {
    "ED25519": _ed25519,
    "SECP256K1": _secp256k1,
    "BLS": _bls,
}


def point_of(scheme: str, exponent: int) -> bytes:
    """Return exponent·G, encoded."""
    return _POINTS[scheme](exponent % ORDERS[scheme])


def sec1(point: tuple[int, int]) -> bytes:
    """Encode an affine point of secp256k1: SEC 1 section 2.3.3, compressed."""
    x, y = point
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def lift(encoding: bytes) -> tuple[int, int]:
    """Decode such an encoding to an affine point."""
    x = int.from_bytes(encoding[1:], "big")
    y = pow(x**3 + 7, (secp256k1.P + 1) // 4, secp256k1.P)
    assert (y * y - x**3 - 7) % secp256k1.P == 0
    return x, y if y & 1 == encoding[0] & 1 else secp256k1.P - y


def g1_bytes(point: Any) -> bytes:
    """Encode py_ecc's point of G1 in 48 bytes."""
    return int(compress_G1(point)).to_bytes(48, "big")


def outside_the_subgroup() -> bytes:
    """A canonical point of BLS12-381 that is on the curve and outside G1."""
    x = 4
    while True:
        x += 1
        square = (x**3 + 4) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P != square:
            continue
        point = (FQ(x), FQ(y), FQ(1))
        if not bls.is_inf(bls.multiply(point, bls.curve_order)):
            return g1_bytes(point)
