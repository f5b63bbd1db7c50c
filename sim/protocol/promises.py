"""What a dealer owes a holder, by the ledger's bytes."""

from __future__ import annotations

from sim.protocol.ceremony import Ceremony
from sim.protocol.operations import sharing_of
from sim.protocol.repair_rules import owed, point_matches
from sim.protocol.state import Notes


def deal_points(notes: Notes, dealer: int) -> tuple[bytes, ...]:
    """Return the commitment of a dealer whose deal passed."""
    deal = notes.deals[dealer].deal
    assert deal is not None
    return deal.points


def share_matches(ceremony: Ceremony, points: tuple[bytes, ...], holder: int, data: bytes) -> bool:
    """Say whether `data` is the share of `holder` under the commitment `points`, encoded."""
    return sharing_of(ceremony).matches(ceremony, points, holder, data)


def keeps_promise(notes: Notes, dealer: int, holder: int, data: bytes) -> bool:
    """Say whether `data` is what `dealer` owes `holder` by what was published."""
    ceremony = notes.ceremony
    if ceremony.operation == "repair":
        rows = {helper: deal_points(notes, helper) for helper in ceremony.helpers}
        return point_matches(ceremony, owed(ceremony, rows, dealer, holder), data)
    return share_matches(ceremony, deal_points(notes, dealer), holder, data)
