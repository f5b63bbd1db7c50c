"""The group secp256k1, of prime order: everything by coincurve, which wraps libsecp256k1.

Source: SEC 2 section 2.4.1; encodings SEC 1 section 2.3.3, compressed alone. The neutral element,
which SEC 1 writes as one zero byte, takes 33 zero bytes here, so that every element has one length.

coincurve's traps, and what stands here against each:
    `combine_keys([])` aborts the process: an empty sum never reaches it.
    It knows no neutral element: sums that vanish raise, and multiplication refuses 0. Here None
    stands for the neutral element, and neither is asked of the library.
    Its parser takes uncompressed and hybrid encodings too: points have 33 bytes here.
    `from_valid_secret` reads 32 bytes whatever it is given: scalars are reduced and padded first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from coincurve import PublicKey

from sim.base.codec import encode
from sim.base.meters import charge
from sim.crypto.group import CACHED_MAX, PointError, ScalarError, reduce_terms

ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""q, the order of the group: every point of the curve but the neutral one generates it."""

SCALAR_SIZE: Final = 32
POINT_SIZE: Final = 33
IDENTITY: Final = bytes(POINT_SIZE)

_NEGATED: Final = {2: b"\x03", 3: b"\x02"}
"""First byte of a point (the parity of y) to that of its negative."""

_Element: TypeAlias = PublicKey | None
"""A decoded element; None is the neutral one."""


class Secp256k1:
    """The group behind ``SECP256K1`` keys; implements `sim.crypto.group.Group`."""

    scheme: Final = "SECP256K1"
    order: Final = ORDER
    scalar_size: Final = SCALAR_SIZE
    point_size: Final = POINT_SIZE
    identity: Final = IDENTITY

    def base_mul(self, scalar: int) -> bytes:
        """Return scalar·G."""
        charge("exp.base")
        return _encode(_base_times(scalar))

    def mul(self, scalar: int, point: bytes) -> bytes:
        """Return scalar·point."""
        charge("exp.full")
        return _encode(_times(scalar, _decode(point)))

    def mul_small(self, factor: int, point: bytes) -> bytes:
        """Return factor·point for a small factor ≥ 0."""
        charge("exp.small")
        return _encode(_times(factor, _decode(point)))

    def horner(self, coefficients: Sequence[bytes], x: int) -> bytes:
        """Return Σ x^k·coefficients[k] for small x ≥ 0."""
        if not coefficients:
            return IDENTITY
        charge("exp.small", len(coefficients) - 1)
        *lower, total = map(_decode, coefficients)
        for coefficient in reversed(lower):
            total = _sum((_times(x, total), coefficient))
        return _encode(total)

    def unmask(self, response: int, challenge: int, public: bytes) -> bytes:
        """Return response·G − challenge·public."""
        return _encode(_sum((_base_times(response), _times(-challenge, _decode(public)))))

    def validate(self, point: bytes, *, identity_ok: bool = False) -> None:
        """Refuse whatever is not the canonical encoding of an element, or is the identity."""
        charge("point.validate")
        if _decode(point) is None and not identity_ok:
            raise PointError("the identity is not allowed here")

    def add(self, left: bytes, right: bytes) -> bytes:
        """Return left + right."""
        return self.sum_points((left, right))

    def negate(self, point: bytes) -> bytes:
        """Return −point: the other parity of y."""
        return IDENTITY if _decode(point) is None else _NEGATED[point[0]] + point[1:]

    def sum_points(self, points: Sequence[bytes]) -> bytes:
        """Return Σ points."""
        return _encode(_sum([_decode(point) for point in points]))

    def combine(self, scalars: Sequence[int], points: Sequence[bytes], bits: int) -> bytes:
        """Return Σ scalars[i]·points[i]: one multiplication per term, and one sum."""
        reduced = reduce_terms(ORDER, scalars, points, bits)
        terms = zip(reduced, points, strict=True)
        return _encode(_sum([_times(scalar, _decode(point)) for scalar, point in terms]))

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
        """Hash to a scalar: SHA-512, big-endian, mod q (bias below 2^−255)."""
        return int.from_bytes(hashlib.sha512(encode((tag, *parts))).digest(), "big") % ORDER


def _decode(point: bytes) -> _Element:
    return None if point == IDENTITY else _parse(point)


@lru_cache(CACHED_MAX)
def _parse(point: bytes) -> PublicKey:
    if len(point) != POINT_SIZE:
        raise PointError(f"a point takes {POINT_SIZE} bytes, got {len(point)}")
    try:
        return PublicKey(point)
    except ValueError:
        raise PointError("not a canonical point of the curve") from None


def _encode(element: _Element) -> bytes:
    return IDENTITY if element is None else element.format()


def _base_times(scalar: int) -> _Element:
    reduced = scalar % ORDER
    if reduced == 0:
        return None
    return PublicKey.from_valid_secret(reduced.to_bytes(SCALAR_SIZE, "big"))


def _times(scalar: int, element: _Element) -> _Element:
    reduced = scalar % ORDER
    if element is None or reduced == 0:
        return None
    return element.multiply(reduced.to_bytes(SCALAR_SIZE, "big"))


def _sum(elements: Sequence[_Element]) -> _Element:
    present = [element for element in elements if element is not None]
    if not present:
        return None
    try:
        return PublicKey.combine_keys(present)
    except ValueError:
        return None  # the one sum that libsecp256k1 refuses is the neutral element
