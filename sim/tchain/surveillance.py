"""Surveillance: whoever watches requests, and reports those that a key's policy forbids.

Source: rotation trigger 2 of LP-043, "a policy violation seen by T-chain surveillance". The K-chain
has refused the request already and logged it; the report makes it rotate the key, if the key's
rules say so.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.protocol.requests import ReportViolation
from sim.protocol.signing_events import VIOLATION, Refused, SessionEvent


def reports(height: int, events: Sequence[SessionEvent]) -> tuple[ReportViolation, ...]:
    """Return what surveillance reports of a block: the first violation of each key in it.

    One report per key and block is enough: whoever floods a key with requests can't make
    surveillance flood the ledger.

    Args:
        height: Of the block.
        events: What it has done to signing sessions.

    """
    first: dict[str, ReportViolation] = {}
    for event in events:
        if isinstance(event, Refused) and event.reason == VIOLATION:
            first.setdefault(event.key, ReportViolation(event.key, event.signing, height))
    return tuple(first.values())
