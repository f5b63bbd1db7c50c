"""What the protocols need of a group of prime order.

Written additively: G is the base point, q the order. Elements and scalars cross this interface as
canonical bytes and integers; group objects themselves never leave the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from sim.base.errors import LocalError
from sim.base.meters import charge

CACHED_MAX: Final = 1 << 17
"""Decoded points that a group keeps: twice a 256-member ceremony."""


class PointError(ValueError):
    """Bytes are not the canonical encoding of an acceptable element of the group."""


class ScalarError(ValueError):
    """Bytes are not the canonical encoding of a scalar in 0..q−1."""


class Group(Protocol):
    """A group of prime order with a fixed base point.

    Every operation except `validate` assumes that its points were validated before; it raises
    `PointError` when it cannot even decode one. Scalars are taken mod q. Charges are named as in
    `sim.base.meters`; additions are free.
    """

    @property
    def scheme(self) -> str:
        """Name of the key type, such as ``ED25519``."""
        ...

    @property
    def order(self) -> int:
        """q, a prime."""
        ...

    @property
    def scalar_size(self) -> int:
        """Bytes of an encoded scalar."""
        ...

    @property
    def point_size(self) -> int:
        """Bytes of an encoded element."""
        ...

    @property
    def identity(self) -> bytes:
        """Encoding of the neutral element."""
        ...

    def base_mul(self, scalar: int) -> bytes:
        """Return scalar·G; the identity for 0. Charges one exp.base."""
        ...

    def mul(self, scalar: int, point: bytes) -> bytes:
        """Return scalar·point. Charges one exp.full."""
        ...

    def mul_small(self, factor: int, point: bytes) -> bytes:
        """Return factor·point, cheap for small factors ≥ 0. Charges one exp.small."""
        ...

    def horner(self, coefficients: Sequence[bytes], x: int) -> bytes:
        """Return Σ x^k·coefficients[k] for small x ≥ 0; the identity for no coefficients.

        Charges one exp.small per coefficient but the first.
        """
        ...

    def unmask(self, response: int, challenge: int, public: bytes) -> bytes:
        """Return response·G − challenge·public, the heart of a Schnorr verification.

        Charges nothing: the proof as a whole is what its verifier charges.
        """
        ...

    def validate(self, point: bytes, *, identity_ok: bool = False) -> None:
        """Check length, canonical encoding, curve, prime-order subgroup, and not the identity.

        Charges one point.validate per call, though one encoding is really checked once.

        Raises:
            PointError: `point` fails one of them.

        """
        ...

    def add(self, left: bytes, right: bytes) -> bytes:
        """Return left + right."""
        ...

    def negate(self, point: bytes) -> bytes:
        """Return −point."""
        ...

    def sum_points(self, points: Sequence[bytes]) -> bytes:
        """Return Σ points; the identity for none."""
        ...

    def combine(self, scalars: Sequence[int], points: Sequence[bytes], bits: int) -> bytes:
        """Return Σ scalars[i]·points[i] for scalars below 2^bits after reduction mod q.

        Charges one combine.128 for bits ≤ 128, else one combine.full, and the same name with
        ``.terms`` for every term.

        Raises:
            LocalError: Unequal lengths, or a scalar of more than `bits` bits.

        """
        ...

    def encode_scalar(self, scalar: int) -> bytes:
        """Encode scalar mod q in `scalar_size` bytes."""
        ...

    def decode_scalar(self, data: bytes) -> int:
        """Decode a scalar in 0..q−1.

        Raises:
            ScalarError: Wrong length, or a value of q or more.

        """
        ...

    def hash_to_scalar(self, tag: str, *parts: Any) -> int:
        """Hash codec-encodable `parts` under a domain `tag` to a scalar without noticeable bias."""
        ...


def reduce_terms(
    order: int, scalars: Sequence[int], points: Sequence[bytes], bits: int
) -> list[int]:
    """Begin a combination: check its shape, charge it, and return its scalars mod `order`.

    Libraries cut unequal lengths short without a word; here they are a bug of the caller.

    Raises:
        LocalError: Unequal lengths, or a scalar of more than `bits` bits.

    """
    if len(scalars) != len(points):
        raise LocalError(f"{len(scalars)} scalars for {len(points)} points")
    reduced = [scalar % order for scalar in scalars]
    if any(scalar >> bits for scalar in reduced):
        raise LocalError(f"a scalar has more than {bits} bits")
    name = "combine.128" if bits <= 128 else "combine.full"
    charge(name)
    charge(f"{name}.terms", len(points))
    return reduced
