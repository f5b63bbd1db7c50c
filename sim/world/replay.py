"""Replay: run a stored plan again, and find the first record in which the two runs part.

Records are compared in the order (time, validator, sequence). A send's record carries its arrival
times, so a message with another fate is named at its sender, at that send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sim.world.eventlog import Event


@dataclass(frozen=True)
class Divergence:
    """The first difference between a stored run and its replay.

    Attributes:
        what: ``event``, or the file that differs though every event is the same: ``ledger``,
            ``histories``, ``summary``.
        time_us: Virtual time of the first differing record, or None for a file.
        validator: Its validator's name, or None.
        sequence: Its place in that validator's history, or None.
        stored: That record, or None if the stored run has none there.
        replayed: That record, or None if the replay has none there.

    """

    what: str
    time_us: int | None = None
    validator: str | None = None
    sequence: int | None = None
    stored: Event | None = None
    replayed: Event | None = None


def first_difference(
    stored: Iterable[Event], replayed: Iterable[Event], names: Sequence[str]
) -> Divergence | None:
    """Return the first record, by (time, validator, sequence), that isn't in both."""
    for old, new in zip_longest(stored, replayed):
        if old == new:
            continue
        if old is None or (new is not None and _place(new) < _place(old)):
            old, first = None, new
        elif new is None or _place(old) < _place(new):
            new, first = None, old
        else:
            first = old
        return Divergence("event", first.time_us, names[first.validator], first.sequence, old, new)
    return None


def _place(event: Event) -> tuple[int, int, int]:
    return event.time_us, event.validator, event.sequence


def cut(events: Iterable[Event], like: Iterable[Event]) -> list[Event]:
    """Return the part of `events` that a run which stopped early, `like`, could have.

    A used-up wall limit stops validators at whatever record they had reached.
    """
    lengths: dict[int, int] = {}
    for event in like:
        lengths[event.validator] = lengths.get(event.validator, 0) + 1
    return [event for event in events if event.sequence < lengths.get(event.validator, 0)]


def digest_difference(stored: Mapping[str, Any], replayed: Mapping[str, Any]) -> Divergence | None:
    """Return the first digest that differs when no event does."""
    for what in ("histories", "ledger", "summary", "run"):
        if stored.get(what) != replayed.get(what):
            return Divergence(what)
    return None
