"""When entries that happen again and again do: instants by exact arithmetic, before the run.

A wait of a Poisson process is −mean · ln u, rounded to the nearest microsecond, where u is drawn by
the run's seed, the entry's id and the occurrence's number. Logarithms are those of `decimal`, which
rounds them correctly everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import count, takewhile
from typing import Final

from sim.base.randomness import stream
from sim.scenario.entry_tables import Entry, EveryTable
from sim.scenario.quantities import format_duration
from sim.scenario.registry import Registry
from sim.scenario.source import KeyPath

ENTRIES_MAX: Final = 100_000
"""Entries that a timeline may have once everything in it stands there by itself."""

ID_MAX: Final = 150
"""Longest id of an entry that happens again and again: its number has a place behind it."""

_DECIMAL: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
_DRAWS: Final = Decimal(1 << 64)


def instants(
    entry: Entry, name: str, duration: int | None, registry: Registry, path: KeyPath
) -> tuple[int, ...]:
    """Return when `entry`, which has `every`, happens; reports what has no end, or too much of it.

    Args:
        entry: The entry.
        name: Its id, which keys the draws.
        duration: Of the run, in µs, or None.
        registry: Has the run's seed.
        path: Of the entry.
    """
    table, where, reporter = every(entry), (*path, "every"), registry.reporter
    ends = [end for end in (table.until, duration) if end is not None]
    if entry.when is not None:
        return ()  # reported elsewhere: either the one or the other
    if not ends and table.count is None:
        message = "this never ends: give until or count, or set run.duration"
        reporter.conflict(message, where, ("run", "duration"))
        return ()
    if len(name) > ID_MAX:
        reporter.error(
            (*path, "id"), f"an id with numbers behind it has at most {ID_MAX} characters"
        )
        return ()
    end, start = min(ends, default=None), entry.at or 0
    expected = _expected(table, start, end)
    if expected > ENTRIES_MAX:
        shown = format_duration(table.mean)
        message = f"every {shown} makes {expected} entries: at most {ENTRIES_MAX} in a timeline"
        reporter.error(where, message)
        return ()
    drawn = _drawn(table, entry, name, registry.seed)
    found = tuple(takewhile(lambda at: end is None or at < end, drawn))
    if not found and (table.dist == "fixed" or (end is not None and start >= end)):
        late = [("at", (*path, "at")), ("the end", ("run", "duration"))]
        reporter.error(where, "the first time would come after the end", related=late)
    return found


def every(entry: Entry) -> EveryTable:
    """Return the entry's `every` as a table."""
    assert entry.every is not None
    if isinstance(entry.every, EveryTable):
        return entry.every
    return EveryTable.model_construct(mean=entry.every)


def _expected(table: EveryTable, start: int, end: int | None) -> int:
    """Return how many occurrences there are: on average, if chance decides."""
    bounds = [] if table.count is None else [table.count]
    if end is not None:
        bounds.append(max(0, end - start) // table.mean)
    return min(bounds)


def _drawn(table: EveryTable, entry: Entry, name: str, seed: int) -> Iterator[int]:
    numbers = count(1) if table.count is None else range(1, table.count + 1)
    if table.dist == "fixed":
        first = table.mean if entry.at is None else entry.at
        yield from (first + (k - 1) * table.mean for k in numbers)
        return
    at = entry.at or 0
    for k in numbers:
        at += exponential_us(table.mean, stream(seed, "every", name, k).bytes(8))
        yield at


def exponential_us(mean_us: int, draw: bytes) -> int:
    """Return an exponentially distributed time, in µs, to the nearest.

    Args:
        mean_us: Its mean.
        draw: 8 bytes: u = (draw + 1) / 2**64, so that it is at most 44.4 means.
    """
    share = _DECIMAL.divide(Decimal(int.from_bytes(draw, "big") + 1), _DRAWS)
    wait = _DECIMAL.multiply(_DECIMAL.ln(share), Decimal(-mean_us))
    return int(_DECIMAL.to_integral_value(wait))
