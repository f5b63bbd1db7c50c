"""What linear knowledge determines: scalars that are known forms of unknown ones.

Every secret of a key's life is a linear form of the coefficients that dealers drew: a share is a
sum of sub-shares, a refreshed one adds sharings of zero, a reshared one is a sum with Lagrange
weights. So an adversary knows exactly the forms that the ones it stole span.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from flint import fmpz_mod_ctx, fmpz_mod_mat

Unknown: TypeAlias = tuple[str | int, ...]
"""The name of a scalar that somebody drew."""

Form: TypeAlias = dict[Unknown, int]
"""Coefficients mod q; what is missing is 0."""


def combine(order: int, terms: Iterable[tuple[int, Mapping[Unknown, int]]]) -> Form:
    """Return Σ weight·form."""
    total: Form = {}
    for weight, form in terms:
        for unknown, coefficient in form.items():
            total[unknown] = (total.get(unknown, 0) + weight * coefficient) % order
    return {unknown: coefficient for unknown, coefficient in total.items() if coefficient}


def at(order: int, polynomial: Sequence[Form], x: int) -> Form:
    """Return the form of a polynomial's value at `x`; its coefficients' forms come lowest first."""
    return combine(order, ((pow(x, k, order), form) for k, form in enumerate(polynomial)))


class Knowledge:
    """Forms whose values are known.

    Args:
        order: q, a prime.

    """

    def __init__(self, order: int) -> None:
        self._order = order
        self._rows: list[tuple[Form, int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def learn(self, form: Form, value: int) -> None:
        """Note that `form` has this value."""
        self._rows.append((form, value))

    def value(self, form: Form) -> int | None:
        """Return the value of `form` if what is known determines it, else None."""
        unknowns = sorted({u for known, _ in self._rows for u in known} | set(form), key=repr)
        if not form or not self._rows:
            return None if form else 0
        columns = [*(known for known, _ in self._rows), form]
        context = fmpz_mod_ctx(self._order)
        matrix = fmpz_mod_mat([[c.get(u, 0) for c in columns] for u in unknowns], context)
        reduced, rank = matrix.rref()
        weights = [0] * len(self._rows)
        for row in range(rank):
            pivot = next(i for i in range(len(columns)) if int(reduced[row, i]))
            if pivot == len(self._rows):
                return None  # the form is no combination of the known ones
            weights[pivot] = int(reduced[row, len(self._rows)])
        return sum(w * v for w, (_, v) in zip(weights, self._rows, strict=True)) % self._order
