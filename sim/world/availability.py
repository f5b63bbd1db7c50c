"""For how long a key could sign: whenever at least t holders of its active generation were up.

A holder is a member whose confirmation shows that it has its share, or whose share was repaired; it
is down while it is crashed or paused, and it has no share after a crash that took its store, or a
failing disk's writes with the share among them, until a repair. Links don't count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sim.world.eventlog import Event

_DOWN = ("crash", "pause")
_UP = ("start", "resume")


@dataclass
class Uptime:
    """When one validator was down, and when it lost its store.

    Attributes:
        down: Spans [from, until) in µs, ascending, not overlapping.
        lost: Instants at which its store was lost as a whole, ascending.
        stale: (since, at): at a crash, ascending, its store lost what was written since.

    """

    down: list[tuple[int, int]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    stale: list[tuple[int, int]] = field(default_factory=list)


def uptime(events: Iterable[Event], end_us: int) -> Uptime:
    """Return the uptime of the validator that has the records `events`, in their order."""
    found = Uptime()
    since_us: int | None = None
    failing_us = 0
    for event in events:
        if event.kind == "disk":
            failing_us = event.time_us
        if event.kind in _DOWN:
            since_us = event.time_us if since_us is None else since_us
            if event.verdict == "all":
                found.lost.append(event.time_us)
            if event.verdict == "stale":
                found.stale.append((failing_us, event.time_us))
        elif event.kind in _UP and since_us is not None:
            found.down.append((since_us, event.time_us))
            since_us = None
    if since_us is not None:
        found.down.append((since_us, end_us))
    return found


def unavailable_us(
    holders: Mapping[int, Sequence[int]],
    threshold: int,
    period: tuple[int, int],
    known: Sequence[Uptime],
) -> int:
    """Return for how long of `period` fewer than `threshold` holders were up.

    Args:
        holders: Of one generation: when each got its share, in µs, again after every repair, by
            registry position.
        threshold: t.
        period: [from, until) in µs.
        known: Of everyone, from `uptime`.

    """
    first, last = period
    edges: list[tuple[int, int]] = []
    able = 0
    for holder, shares_us in holders.items():
        for begun_us, ended_us in _able(shares_us, known[holder], last):
            begun_us, ended_us = max(begun_us, first), min(ended_us, last)
            if begun_us < ended_us:
                edges += [(begun_us, 1), (ended_us, -1)]
    missing, before_us = 0, first
    for at_us, change in [*sorted(edges), (last, 0)]:
        if able < threshold:
            missing += at_us - before_us
        able, before_us = able + change, at_us
    return missing


def _able(shares_us: Sequence[int], uptime: Uptime, end_us: int) -> Iterable[tuple[int, int]]:
    """Yield the spans in which a holder is up and has its share."""
    for got_us in shares_us:
        losses = [at for at in uptime.lost if at >= got_us]
        losses += [at for since, at in uptime.stale if since <= got_us < at]
        lost_us = min(losses, default=end_us)
        later_us = next((at for at in shares_us if at > got_us), end_us)
        cursor, limit = got_us, min(lost_us, later_us, end_us)
        for begun_us, ended_us in uptime.down:
            if ended_us > cursor and begun_us < limit:
                yield cursor, begun_us
                cursor = ended_us
        yield cursor, limit
