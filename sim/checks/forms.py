"""What travels in an attempt, as linear forms of what its dealers drew.

A dealer of a DKG draws a whole polynomial, of a refresh all but a constant of zero, of a reshare
all but a constant that is its old share; a helper of a repair draws all masks but the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sim.checks.algebra import Form, at, combine
from sim.crypto.groups import get_group
from sim.crypto.polynomial import lagrange
from sim.protocol.deals import DEAL_FAULTS
from sim.protocol.judge import CeremonyState
from sim.protocol.promises import share_matches
from sim.protocol.repair_rules import owed, point_matches, weight

Polynomials = Mapping[int, Sequence[Form]]
"""Generation → the forms of its polynomial's coefficients, lowest first."""

SHARING: Final = frozenset({"dkg", "rekey", "reshare", "refresh"})
"""Operations that make a generation."""


class Parts:
    """The sub-shares, masks and sums of one attempt.

    Args:
        state: The attempt.
        generations: Of the same public key, as far as they were made before.

    """

    def __init__(self, state: CeremonyState, generations: Polynomials) -> None:
        self._state = state
        self._ceremony = state.ceremony
        self._generations = generations
        self._order = get_group(state.ceremony.scheme).order
        self._rows = {
            dealer: self._drawn(dealer)
            for dealer, recorded in sorted(state.deals.items())
            # What a deal with a fault commits to is nobody's secret but its dealer's.
            if recorded.deal is not None and state.excluded.get(dealer) not in DEAL_FAULTS
        }

    def _drawn(self, dealer: int) -> list[Form]:
        """Return a dealer's row: coefficients, or a helper's masks in the helpers' order."""
        ceremony, base = self._ceremony, self._ceremony.base
        place = ceremony.label, ceremony.attempt, dealer
        row: list[Form] = [{(*place, k): 1} for k in range(ceremony.threshold)]
        if ceremony.operation == "refresh":
            row[0] = {}
        elif ceremony.operation == "reshare" and base is not None:
            row[0] = at(self._order, self._generations[base.generation], dealer)
        elif ceremony.operation == "repair":
            share = at(self._order, self._generations[ceremony.generation], dealer)
            terms = [(weight(ceremony, dealer), share), *((-1, mask) for mask in row[:-1])]
            row[-1] = combine(self._order, terms)
        return row

    def row(self, dealer: int) -> Sequence[Form]:
        """Return what a dealer drew, or nothing if its deal is at fault."""
        return self._rows.get(dealer, ())

    def form(self, dealer: int, holder: int) -> Form:
        """Return the form of what a dealer with a sound deal owes a holder."""
        ceremony = self._ceremony
        if ceremony.operation != "repair":
            return at(self._order, self._rows[dealer], holder)
        if holder != ceremony.target:
            return self._rows[dealer][ceremony.helpers.index(holder)]
        place = ceremony.helpers.index(dealer)
        return combine(self._order, ((1, self._rows[i][place]) for i in ceremony.helpers))

    def fits(self, dealer: int, holder: int, scalar: bytes) -> bool:
        """Say whether `scalar` is what the ledger's bytes say that a dealer owes a holder."""
        ceremony = self._ceremony
        if dealer not in self._rows:
            return False
        if ceremony.operation != "repair":
            return share_matches(ceremony, self._points()[dealer], holder, scalar)
        if len(self._rows) < len(ceremony.helpers):
            return False
        if holder not in (*ceremony.helpers, ceremony.target):
            return False
        point = owed(ceremony, self._points(), dealer, holder)
        return point_matches(ceremony, point, scalar)

    def _points(self) -> dict[int, tuple[bytes, ...]]:
        rows = {}
        for dealer in self._rows:
            deal = self._state.deals[dealer].deal
            assert deal is not None
            rows[dealer] = deal.points
        return rows

    def made(self) -> list[Form]:
        """Return the polynomial of the generation that the attempt made."""
        state, ceremony, base = self._state, self._ceremony, self._ceremony.base
        weights = [1] * len(state.qual)
        if ceremony.operation == "reshare":
            weights = lagrange(state.qual, 0, self._order)
        made = [
            combine(
                self._order,
                ((w, self._rows[d][k]) for w, d in zip(weights, state.qual, strict=True)),
            )
            for k in range(ceremony.threshold)
        ]
        if ceremony.operation == "refresh" and base is not None:
            old = self._generations[base.generation]
            made = [combine(self._order, ((1, a), (1, b))) for a, b in zip(made, old, strict=True)]
        return made
