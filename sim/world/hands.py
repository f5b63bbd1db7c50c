"""How many processes a run is worth: what ``--processes auto`` chooses.

What a run takes is mostly its shares: each is dealt, sealed, opened and checked. What another
process costs is its start. Measured (`docs/performance.md`, Ed25519, a key of 256 members): a share
takes 0.39 ms of processor time in one process, and 0.21 ms of the critical path in two; a worker
needs 0.9 s of processor time before it helps, most of it beside the first process's own start. So
with nothing overlapping two processes break even at 5,000 shares (71 members); with 8,000 (90
members) they pay.
"""

from __future__ import annotations

import os
from typing import Final

from sim.scenario.plan import ActionPlan, Plan

SHARES: Final = 4_000
"""Shares that make a process worth its start."""

_DEALING: Final = frozenset({"create-key", "reshare", "refresh", "rekey", "rotate", "emergency"})


def hands_for(plan: Plan) -> int:
    """Return how many processes should run `plan` on this machine: as many as have enough to do."""
    return max(1, min(_cores(), shares_in(plan) // SHARES))


def shares_in(plan: Plan) -> int:
    """Return how many shares the timeline has dealt, if no ceremony fails; n² for n members."""
    sizes = {key.name: key.size for key in plan.keys}
    return sum(_dealt(action, sizes) for action in plan.timeline if action.do in _DEALING)


def _dealt(action: ActionPlan, sizes: dict[str, int]) -> int:
    size = sizes.get(action.key or "", 0)
    if action.drawn is not None:
        return size * action.drawn
    return size * (size if action.committee is None else len(action.committee))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
