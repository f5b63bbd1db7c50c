"""The group G1 of BLS12-381, of prime order: arithmetic by py_arkworks_bls12381.

Source: draft-irtf-cfrg-pairing-friendly-curves-11 section 4.2.1, encodings of appendix C: 48 bytes,
compressed, flags in the top three bits. Keys and commitments live here; signatures, in G2, are
`bls`'s business.

The library's traps, and what stands here against each:
    `Scalar(q)` silently is 0: integers are reduced here, and enter as 32 bytes.
    `multiexp_unchecked` cuts unequal lengths short: `reduce_terms` refuses them before.
    Unchecked decoding takes points outside the subgroup: only the checked one is used.
    Even that takes the neutral element with any other bits set: whatever is decoded must encode to
    the same bytes again.
    Its base multiplication is a full one (270 µs): a table of G's multiples takes 35 µs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from py_arkworks_bls12381 import G1Point, Scalar

from sim.base.codec import encode
from sim.base.meters import charge
from sim.crypto.group import CACHED_MAX, PointError, ScalarError, reduce_terms

ORDER: Final = 0x73EDA753_299D7D48_3339D808_09A1D805_53BDA402_FFFE5BFE_FFFFFFFF_00000001
"""q, the prime order of G1, G2 and the target group."""

SCALAR_SIZE: Final = 32
POINT_SIZE: Final = 48
IDENTITY: Final = b"\xc0" + bytes(POINT_SIZE - 1)


class Bls12381:
    """The group behind ``BLS`` keys; implements `sim.crypto.group.Group`."""

    scheme: Final = "BLS"
    order: Final = ORDER
    scalar_size: Final = SCALAR_SIZE
    point_size: Final = POINT_SIZE
    identity: Final = IDENTITY

    def __init__(self) -> None:
        self._table = _multiples_of_base()

    def base_mul(self, scalar: int) -> bytes:
        """Return scalar·G."""
        charge("exp.base")
        return self._base_times(scalar).to_compressed_bytes()

    def mul(self, scalar: int, point: bytes) -> bytes:
        """Return scalar·point."""
        charge("exp.full")
        return (decode(point) * to_scalar(scalar)).to_compressed_bytes()

    def mul_small(self, factor: int, point: bytes) -> bytes:
        """Return factor·point for a small factor ≥ 0."""
        charge("exp.small")
        return (decode(point) * to_scalar(factor)).to_compressed_bytes()

    def horner(self, coefficients: Sequence[bytes], x: int) -> bytes:
        """Return Σ x^k·coefficients[k] for small x ≥ 0."""
        if not coefficients:
            return IDENTITY
        charge("exp.small", len(coefficients) - 1)
        *lower, total = map(decode, coefficients)
        factor = to_scalar(x)
        for coefficient in reversed(lower):
            total = total * factor + coefficient
        return total.to_compressed_bytes()

    def unmask(self, response: int, challenge: int, public: bytes) -> bytes:
        """Return response·G − challenge·public."""
        masked = decode(public) * to_scalar(challenge)
        return (self._base_times(response) - masked).to_compressed_bytes()

    def validate(self, point: bytes, *, identity_ok: bool = False) -> None:
        """Refuse whatever is not the canonical encoding of an element, or is the identity."""
        charge("point.validate")
        decode(point)
        if point == IDENTITY and not identity_ok:
            raise PointError("the identity is not allowed here")

    def add(self, left: bytes, right: bytes) -> bytes:
        """Return left + right."""
        return self.sum_points((left, right))

    def negate(self, point: bytes) -> bytes:
        """Return −point."""
        return (-decode(point)).to_compressed_bytes()

    def sum_points(self, points: Sequence[bytes]) -> bytes:
        """Return Σ points."""
        return sum(map(decode, points), start=G1Point.identity()).to_compressed_bytes()

    def combine(self, scalars: Sequence[int], points: Sequence[bytes], bits: int) -> bytes:
        """Return Σ scalars[i]·points[i]."""
        reduced = reduce_terms(ORDER, scalars, points, bits)
        if not reduced:
            return IDENTITY
        return G1Point.multiexp_unchecked(
            [decode(point) for point in points], [to_scalar(scalar) for scalar in reduced]
        ).to_compressed_bytes()

    def encode_scalar(self, scalar: int) -> bytes:
        """Encode scalar mod q, big-endian."""
        return (scalar % ORDER).to_bytes(SCALAR_SIZE, "big")

    def decode_scalar(self, data: bytes) -> int:
        """Decode 32 big-endian bytes below q."""
        if len(data) != SCALAR_SIZE:
            raise ScalarError(f"a scalar takes {SCALAR_SIZE} bytes, got {len(data)}")
        scalar = int.from_bytes(data, "big")
        if scalar >= ORDER:
            raise ScalarError("a scalar is below the group order")
        return scalar

    def hash_to_scalar(self, tag: str, *parts: Any) -> int:
        """Hash to a scalar: SHA-512, big-endian, mod q (bias below 2^−256)."""
        return int.from_bytes(hashlib.sha512(encode((tag, *parts))).digest(), "big") % ORDER

    def _base_times(self, scalar: int) -> G1Point:
        digits = (scalar % ORDER).to_bytes(SCALAR_SIZE, "little")
        total = G1Point.identity()
        for row, digit in zip(self._table, digits, strict=True):
            total += row[digit]
        return total


def to_scalar(scalar: int) -> Scalar:
    """Return scalar mod q as the library's type; 40 times faster than its constructor."""
    return Scalar.from_be_bytes((scalar % ORDER).to_bytes(SCALAR_SIZE, "big"))


@lru_cache(CACHED_MAX)
def decode(point: bytes) -> G1Point:
    """Decode 48 bytes strictly: canonical, on the curve, in the subgroup.

    Raises:
        PointError: `point` fails one of them.

    """
    if len(point) != POINT_SIZE:
        raise PointError(f"a point takes {POINT_SIZE} bytes, got {len(point)}")
    try:
        decoded = G1Point.from_compressed_bytes(point)
    except ValueError:
        raise PointError("not a point of the prime-order subgroup") from None
    if decoded.to_compressed_bytes() != point:
        raise PointError("not the canonical encoding of a point")
    return decoded


def _multiples_of_base() -> list[list[G1Point]]:
    """Return d·256^k·G for k = 0..31 and d = 0..255: 8,192 points, made in 10 ms."""
    rows = []
    unit = G1Point()
    for _ in range(SCALAR_SIZE):
        row = [G1Point.identity()]
        for _ in range(256):
            row.append(row[-1] + unit)
        unit = row.pop()
        rows.append(row)
    return rows
