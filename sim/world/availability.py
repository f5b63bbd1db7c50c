"""For how long a key could sign: whenever at least t holders of its active generation were up.

A holder is a member whose confirmation shows that it has its share, or whose share was repaired; it
is down while it is crashed or paused, and it has no share after a crash that took its whole store,
until a repair. Links don't count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sim.world.outcome import Event

_DOWN = ("crash", "pause")
_UP = ("start", "resume")


@dataclass
class Uptime:
    """When one validator was down, and when it lost its store.

    Attributes:
        down: Spans [from, until) in µs, ascending, not overlapping.
        lost: Instants at which its store was lost as a whole, ascending.

    """

    down: list[tuple[int, int]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)


def uptimes(events: Iterable[Event], end_us: int) -> dict[int, Uptime]:
    """Return the uptime of every validator that was ever down, by its registry position."""
    found: dict[int, Uptime] = {}
    since: dict[int, int] = {}
    for event in events:
        if event.kind in _DOWN:
            since.setdefault(event.validator, event.time_us)
            if event.verdict == "all":
                found.setdefault(event.validator, Uptime()).lost.append(event.time_us)
        elif event.kind in _UP and event.validator in since:
            begun_us = since.pop(event.validator)
            found.setdefault(event.validator, Uptime()).down.append((begun_us, event.time_us))
    for validator, begun_us in sorted(since.items()):
        found.setdefault(validator, Uptime()).down.append((begun_us, end_us))
    return found


def unavailable_us(
    holders: Mapping[int, Sequence[int]],
    threshold: int,
    period: tuple[int, int],
    known: Mapping[int, Uptime],
) -> int:
    """Return for how long of `period` fewer than `threshold` holders were up.

    Args:
        holders: Of one generation: when each got its share, in µs, again after every repair, by
            registry position.
        threshold: t.
        period: [from, until) in µs.
        known: From `uptimes`.

    """
    first, last = period
    edges: list[tuple[int, int]] = []
    able = 0
    for holder, shares_us in holders.items():
        for begun_us, ended_us in _able(shares_us, known.get(holder, Uptime()), last):
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
        lost_us = next((at for at in uptime.lost if at >= got_us), end_us)
        later_us = next((at for at in shares_us if at > got_us), end_us)
        cursor, limit = got_us, min(lost_us, later_us, end_us)
        for begun_us, ended_us in uptime.down:
            if ended_us > cursor and begun_us < limit:
                yield cursor, begun_us
                cursor = ended_us
        yield cursor, limit
