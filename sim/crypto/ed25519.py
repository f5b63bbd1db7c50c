"""The prime-order subgroup of Ed25519: PyNaCl multiplies and validates, `edwards` adds.

Sources: RFC 8032; libsodium's point*scalar and finite-field interfaces.

libsodium's traps, and what stands here against each:
    Base multiplication ignores bit 255 and doesn't reduce: scalars are reduced mod q first.
    It refuses to multiply by 0 or to return the identity: both are answered without it.
    Its multiplication takes the same time for small scalars: those go through `edwards`.
    Its addition accepts encodings that aren't canonical: points are decoded here, strictly.
    Versions before 1.0.21 take some points of order 2q for valid (CVE-2025-69277): such a build is
    refused when the group is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from nacl import bindings
from nacl.exceptions import CryptoError

from sim.base.codec import encode
from sim.base.errors import LocalError
from sim.base.meters import charge
from sim.crypto import edwards
from sim.crypto.group import CACHED_MAX, PointError, ScalarError, reduce_terms

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""q: prime order of the subgroup that the base point generates (RFC 8032)."""

SIZE: Final = 32
IDENTITY: Final = (1).to_bytes(SIZE, "little")

_ORDER_2Q: Final = bytes.fromhex("95" + 31 * "99")
"""B + (0, −1): the base point plus the point of order 2, canonical and of order 2q."""


class Ed25519:
    """The group behind ``ED25519`` keys; implements `sim.crypto.group.Group`.

    It keeps two bounded caches of public points, neither of which shows in results or charges.
    """

    scheme: Final = "ED25519"
    order: Final = ORDER
    scalar_size: Final = SIZE
    point_size: Final = SIZE
    identity: Final = IDENTITY

    def __init__(self) -> None:
        if bindings.crypto_core_ed25519_is_valid_point(_ORDER_2Q):
            raise LocalError("this libsodium takes points of order 2q for valid: update PyNaCl")
        self._decoded: dict[bytes, edwards.Cached] = {}
        self._valid: set[bytes] = set()

    def base_mul(self, scalar: int) -> bytes:
        """Return scalar·G."""
        charge("exp.base")
        return _base_mul(scalar % ORDER)

    def mul(self, scalar: int, point: bytes) -> bytes:
        """Return scalar·point."""
        charge("exp.full")
        return _mul(scalar % ORDER, point)

    def mul_small(self, factor: int, point: bytes) -> bytes:
        """Return factor·point for a small factor ≥ 0."""
        charge("exp.small")
        return edwards.encode(edwards.times_small(factor, edwards.extend(self._decode(point))))

    def horner(self, coefficients: Sequence[bytes], x: int) -> bytes:
        """Return Σ x^k·coefficients[k] for small x ≥ 0."""
        if not coefficients:
            return IDENTITY
        charge("exp.small", len(coefficients) - 1)
        *lower, leading = map(self._decode, coefficients)
        total = edwards.extend(leading)
        for coefficient in reversed(lower):
            total = edwards.add_cached(edwards.times_small(x, total), coefficient)
        return edwards.encode(total)

    def unmask(self, response: int, challenge: int, public: bytes) -> bytes:
        """Return response·G − challenge·public."""
        return self.add(_base_mul(response % ORDER), _mul(-challenge % ORDER, public))

    def validate(self, point: bytes, *, identity_ok: bool = False) -> None:
        """Refuse whatever is not the canonical encoding of an element, or is the identity."""
        charge("point.validate")
        if point == IDENTITY:
            if not identity_ok:
                raise PointError("the identity is not allowed here")
            return
        if point in self._valid:
            return
        if len(point) != SIZE:
            raise PointError(f"a point takes {SIZE} bytes, got {len(point)}")
        if not bindings.crypto_core_ed25519_is_valid_point(point):
            raise PointError("not a canonical point of the prime-order subgroup")
        if len(self._valid) >= CACHED_MAX:
            self._valid.clear()
        self._valid.add(point)

    def add(self, left: bytes, right: bytes) -> bytes:
        """Return left + right."""
        return self.sum_points((left, right))

    def negate(self, point: bytes) -> bytes:
        """Return −point."""
        return edwards.encode(edwards.extend(edwards.negate(self._decode(point))))

    def sum_points(self, points: Sequence[bytes]) -> bytes:
        """Return Σ points."""
        return edwards.encode(edwards.sum_cached([self._decode(point) for point in points]))

    def combine(self, scalars: Sequence[int], points: Sequence[bytes], bits: int) -> bytes:
        """Return Σ scalars[i]·points[i]."""
        reduced = reduce_terms(ORDER, scalars, points, bits)
        decoded = [self._decode(point) for point in points]
        return edwards.encode(edwards.combine(reduced, decoded, bits))

    def encode_scalar(self, scalar: int) -> bytes:
        """Encode scalar mod q, little-endian."""
        return (scalar % ORDER).to_bytes(SIZE, "little")

    def decode_scalar(self, data: bytes) -> int:
        """Decode 32 little-endian bytes below q."""
        if len(data) != SIZE:
            raise ScalarError(f"a scalar takes {SIZE} bytes, got {len(data)}")
        scalar = int.from_bytes(data, "little")
        if scalar >= ORDER:
            raise ScalarError("a scalar is below the group order")
        return scalar

    def hash_to_scalar(self, tag: str, *parts: Any) -> int:
        """Hash to a scalar: SHA-512, little-endian, mod q (bias below 2^−259)."""
        return int.from_bytes(hashlib.sha512(encode((tag, *parts))).digest(), "little") % ORDER

    def _decode(self, point: bytes) -> edwards.Cached:
        decoded = self._decoded.get(point)
        if decoded is None:
            decoded = edwards.decode(point)
            if len(self._decoded) >= CACHED_MAX:
                self._decoded.clear()
            self._decoded[point] = decoded
        return decoded


def _base_mul(scalar: int) -> bytes:
    if scalar == 0:
        return IDENTITY
    return bindings.crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(SIZE, "little"))


def _mul(scalar: int, point: bytes) -> bytes:
    if len(point) != SIZE:
        raise PointError(f"a point takes {SIZE} bytes, got {len(point)}")
    if scalar == 0 or point == IDENTITY:
        return IDENTITY
    try:
        return bindings.crypto_scalarmult_ed25519_noclamp(scalar.to_bytes(SIZE, "little"), point)
    except CryptoError:
        raise PointError("not a canonical point of the prime-order subgroup") from None
