"""What a deal publishes about its polynomial, in two forms behind one interface.

Evaluation form: V_x = f(x)·G for x = 0..n. Checking a share is one base multiplication; that all
values lie on one polynomial of at most t coefficients is public, and is tested once with a random
word of the dual code (SCRAPE: Cascudo, David, ACNS 2017), on a random combination of all deals.

Coefficient form: C_k = a_k·G for k = 0..t−1 (Feldman 1987). The degree is plain from the length; a
holder evaluates in the exponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias

from gmpy2 import invert

from sim.base.codec import tuple_xof
from sim.base.errors import LocalError
from sim.base.spreading import spread
from sim.crypto.group import Group
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial, evaluate_all

Points: TypeAlias = tuple[bytes, ...]
"""A commitment: encoded points, as many as its form says."""

_WEIGHT_BITS: Final = 128

_BATCH: Final = 4
"""Columns that are combined at one go: few enough to be shared out evenly."""


class CommitmentForm(Protocol):
    """How polynomials of t coefficients are committed to, for n holders."""

    @property
    def name(self) -> str:
        """``evaluation`` or ``coefficient``."""
        ...

    def point_count(self, n: int, t: int) -> int:
        """Return how many points a commitment has."""
        ...

    def values(self, polynomial: Polynomial, n: int) -> tuple[int, ...]:
        """Return the scalars that are committed to, one per point."""
        ...

    def commit(self, group: Group, polynomial: Polynomial, n: int, *, zero: bool = False) -> Points:
        """Return the commitment; charges one exp.base per point.

        With `zero` the constant term is 0, everybody knows it, and its point costs nothing.
        """
        ...

    def validate(self, group: Group, points: Points, *, zero: bool = False) -> None:
        """Validate every point; none may be the identity. Their number is the caller's business.

        With `zero` the first point isn't looked at: it must equal the identity, byte for byte, and
        the caller compares.

        Raises:
            PointError: As `Group.validate`.

        """
        ...

    def constant(self, points: Points) -> bytes:
        """Return f(0)·G."""
        ...

    def share_point(self, group: Group, points: Points, x: int) -> bytes:
        """Return V_x = f(x)·G for x in 0..n."""
        ...

    def high_degree(
        self,
        group: Group,
        tag_parts: tuple[Any, ...],
        n: int,
        t: int,
        deals: tuple[tuple[bytes, Points], ...],
        *,
        zero: bool = False,
    ) -> frozenset[bytes]:
        """Return the ids of `deals`, pairs (id, points), whose polynomial has too high a degree.

        Points are validated and of the right number; with `zero` the first is the identity in every
        deal, and enters no combination. `tag_parts` begins with a tag and binds the session. An
        honest deal can't be among them, whatever the others are; one of too high a degree escapes
        with probability 2^−128.
        """
        ...

    def single_high_degree(
        self,
        group: Group,
        tag_parts: tuple[Any, ...],
        n: int,
        t: int,
        deal: bytes,
        points: Points,
        *,
        zero: bool = False,
    ) -> bool:
        """Say whether the deal of id `deal` has too high a degree, from its own bytes alone."""
        ...

    def verification_shares(
        self,
        group: Group,
        rows: Sequence[Points],
        n: int,
        t: int,
        weights: Sequence[int] | None = None,
    ) -> Points:
        """Return V_0..V_n of the sum of the committed polynomials, each times its weight if given.

        Weights charge one combine.full of len(rows) terms per point of a row.
        """
        ...


class _EvaluationForm:
    name: Final = "evaluation"

    def point_count(self, n: int, t: int) -> int:
        del t
        return n + 1

    def values(self, polynomial: Polynomial, n: int) -> tuple[int, ...]:
        return polynomial.evaluate_all(n)

    def commit(self, group: Group, polynomial: Polynomial, n: int, *, zero: bool = False) -> Points:
        return _commit(group, self.values(polynomial, n), zero=zero)

    def validate(self, group: Group, points: Points, *, zero: bool = False) -> None:
        for point in points[1:] if zero else points:
            group.validate(point)

    def constant(self, points: Points) -> bytes:
        return points[0]

    def share_point(self, group: Group, points: Points, x: int) -> bytes:
        del group
        return points[x]

    def high_degree(
        self,
        group: Group,
        tag_parts: tuple[Any, ...],
        n: int,
        t: int,
        deals: tuple[tuple[bytes, Points], ...],
        *,
        zero: bool = False,
    ) -> frozenset[bytes]:
        if not deals:
            return frozenset()
        ids = [deal for deal, _ in deals]
        weights, word = _weights(group, tag_parts, n, t, ids)
        columns = list(zip(*(_row(points, n) for _, points in deals), strict=True))[int(zero) :]
        combined = _combined(group, columns, weights, _WEIGHT_BITS)
        if _in_code(group, word[int(zero) :], combined):
            return frozenset()
        # Each deal alone: bisection would cost more combinations, and the verdict must rest on
        # weights that depend on nothing but the deal, so that it is evidence by itself.
        return frozenset(
            deal
            for deal, points in deals
            if self.single_high_degree(group, tag_parts, n, t, deal, points, zero=zero)
        )

    def single_high_degree(
        self,
        group: Group,
        tag_parts: tuple[Any, ...],
        n: int,
        t: int,
        deal: bytes,
        points: Points,
        *,
        zero: bool = False,
    ) -> bool:
        _, word = _weights(group, tag_parts, n, t, [deal])
        return not _in_code(group, word[int(zero) :], _row(points, n)[int(zero) :])

    def verification_shares(
        self,
        group: Group,
        rows: Sequence[Points],
        n: int,
        t: int,
        weights: Sequence[int] | None = None,
    ) -> Points:
        del t
        return _summed(group, [_row(row, n) for row in rows], n + 1, weights)


class _CoefficientForm:
    name: Final = "coefficient"

    def point_count(self, n: int, t: int) -> int:
        del n
        return t

    def values(self, polynomial: Polynomial, n: int) -> tuple[int, ...]:
        del n
        return polynomial.coefficients

    def commit(self, group: Group, polynomial: Polynomial, n: int, *, zero: bool = False) -> Points:
        return _commit(group, self.values(polynomial, n), zero=zero)

    def validate(self, group: Group, points: Points, *, zero: bool = False) -> None:
        for point in points[1:] if zero else points:
            group.validate(point)

    def constant(self, points: Points) -> bytes:
        return points[0]

    def share_point(self, group: Group, points: Points, x: int) -> bytes:
        return group.horner(points, x)

    def high_degree(
        self,
        group: Group,
        tag_parts: tuple[Any, ...],
        n: int,
        t: int,
        deals: tuple[tuple[bytes, Points], ...],
        *,
        zero: bool = False,
    ) -> frozenset[bytes]:
        return frozenset(
            deal
            for deal, points in deals
            if self.single_high_degree(group, tag_parts, n, t, deal, points, zero=zero)
        )

    def single_high_degree(
        self,
        group: Group,
        tag_parts: tuple[Any, ...],
        n: int,
        t: int,
        deal: bytes,
        points: Points,
        *,
        zero: bool = False,
    ) -> bool:
        del group, tag_parts, n, deal, zero
        return len(points) > t

    def verification_shares(
        self,
        group: Group,
        rows: Sequence[Points],
        n: int,
        t: int,
        weights: Sequence[int] | None = None,
    ) -> Points:
        assert all(len(row) == t for row in rows)
        summed = _summed(group, rows, t, weights)
        return tuple(group.horner(summed, x) for x in range(n + 1))


EVALUATION: Final[CommitmentForm] = _EvaluationForm()
COEFFICIENT: Final[CommitmentForm] = _CoefficientForm()

_FORMS: Final = {form.name: form for form in (EVALUATION, COEFFICIENT)}


def form(name: str) -> CommitmentForm:
    """Return the form called `name`.

    Raises:
        LocalError: There is none. Names are checked where they enter, not here.

    """
    try:
        return _FORMS[name]
    except KeyError:
        raise LocalError(f"no commitment form {name!r}") from None


def _commit(group: Group, values: Sequence[int], *, zero: bool) -> Points:
    if not zero:
        return tuple(map(group.base_mul, values))
    assert values[0] == 0
    return (group.identity, *map(group.base_mul, values[1:]))


def _summed(
    group: Group, rows: Sequence[Points], width: int, weights: Sequence[int] | None
) -> Points:
    """Add rows of `width` points up, point by point, each times its weight if there are weights."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    assert len(columns) == width
    return tuple(_combined(group, columns, weights, group.order.bit_length()))


def _combined(
    group: Group, columns: Sequence[Points], weights: Sequence[int] | None, bits: int
) -> list[bytes]:
    """Combine each of `columns` with `weights` of `bits` bits; without weights add it up."""
    encoded = None if weights is None else [w.to_bytes(-(-bits // 8), "big") for w in weights]
    batches = [columns[place : place + _BATCH] for place in range(0, len(columns), _BATCH)]
    calls = [(group.scheme, batch, encoded, bits) for batch in batches]
    return [point for batch in spread(combine_columns, calls) for point in batch]


def combine_columns(
    scheme: str, columns: Sequence[Points], weights: Sequence[bytes] | None, bits: int
) -> list[bytes]:
    """Do `_combined` for some columns, in whatever process has a hand free."""
    group = get_group(scheme)
    if weights is None:
        return [group.sum_points(column) for column in columns]
    factors = [int.from_bytes(weight, "big") for weight in weights]
    return [group.combine(factors, column, bits) for column in columns]


def _row(points: Points, n: int) -> Points:
    if len(points) != n + 1:
        raise LocalError(f"{len(points)} points where {n + 1} were checked")
    return points


def _weights(
    group: Group, tag_parts: tuple[Any, ...], n: int, t: int, ids: list[bytes]
) -> tuple[list[int], list[int]]:
    """Derive a 128-bit weight per deal and a word of the dual code from everything they judge.

    The dual of {(f(0), …, f(n)) : f of t coefficients} is {(u_x·g(x)) : g of n + 1 − t
    coefficients} with u_x = Π_{y≠x} 1/(x − y).
    """
    free = n + 1 - t
    if free < 1:
        raise LocalError(f"no degree test for t = {t} and n = {n}")
    # 64 bytes per coefficient: reduction mod q leaves no noticeable bias.
    data = tuple_xof(16 * len(ids) + 64 * free, *tag_parts, n, t, ids)
    weights = [int.from_bytes(data[i : i + 16], "little") for i in range(0, 16 * len(ids), 16)]
    drawn = [
        int.from_bytes(data[i : i + 64], "little") % group.order
        for i in range(16 * len(ids), len(data), 64)
    ]
    values = evaluate_all(drawn, n, group.order)
    word = [
        u * value % group.order
        for u, value in zip(_barycentric(n, group.order), values, strict=True)
    ]
    return weights, word


@lru_cache(maxsize=16)
def _barycentric(n: int, order: int) -> tuple[int, ...]:
    """Return u_x = Π_{y≠x} 1/(x − y) = (−1)^(n−x) / (x!·(n−x)!) for x = 0..n."""
    factorials = [1]
    for x in range(1, n + 1):
        factorials.append(factorials[-1] * x % order)
    return tuple(
        int(invert(factorials[x] * factorials[n - x] * (-1) ** (n - x) % order, order))
        for x in range(n + 1)
    )


def _in_code(group: Group, word: Sequence[int], points: Sequence[bytes]) -> bool:
    """Say whether the dual word annihilates the points: Σ word[x]·points[x] is the identity."""
    return group.combine(word, points, group.order.bit_length()) == group.identity
