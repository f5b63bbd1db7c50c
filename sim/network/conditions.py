"""What the network's faults come to, asked by instant and link.

All of them act at send time, on [start, end). What a partition or an isolation cuts is in flight
for nobody; what was in flight before arrives. What a hold stops goes on when the hold is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from sim.base.ids import NEVER_US
from sim.network.losses import Loss
from sim.network.pipes import Queue
from sim.network.rules import (
    Change,
    Clog,
    Filter,
    Heal,
    Hold,
    Isolate,
    Partition,
    Quiet,
    Release,
    Rule,
)

Lasting: TypeAlias = Partition | Isolate | Hold | Clog | Change | Filter
Ending: TypeAlias = Heal | Release | Quiet


class Changed(NamedTuple):
    """What changes to a link come to at an instant.

    Attributes:
        add_us: Added to its latency.
        loss: In the place of its own, or None.
        queue: Of the change that sets one, or None …
        owner: … and that change's position among all, or −1: its pipe is its own.
    """

    add_us: int = 0
    loss: Loss | None = None
    queue: Queue | None = None
    owner: int = -1


UNCHANGED: Final = Changed()


class Filtered(NamedTuple):
    """What filters do to one message.

    Attributes:
        dropped: Whether it goes nowhere.
        add_us: How much longer it takes.
    """

    dropped: bool = False
    add_us: int = 0


UNFILTERED: Final = Filtered()


@dataclass
class _Span:
    """A rule in force, on [start_us, end_us)."""

    rule: Lasting
    start_us: int
    end_us: int
    number: int
    sides: dict[int, int] = field(init=False)
    """Group of each node of a partition; 0 for isolated nodes; empty otherwise."""

    def __post_init__(self) -> None:
        groups: Sequence[tuple[int, ...]] = ()
        if isinstance(self.rule, Partition):
            groups = self.rule.groups
        elif isinstance(self.rule, Isolate):
            groups = (self.rule.nodes,)
        else:
            self._sources = frozenset(self.rule.sources)
            self._targets = frozenset(self.rule.targets)
        self.sides = {node: side for side, group in enumerate(groups) for node in group}

    def covers(self, now_us: int, source: int, target: int) -> bool:
        return self.start_us <= now_us < self.end_us and self.concerns(source, target)

    def concerns(self, source: int, target: int) -> bool:
        if isinstance(self.rule, Isolate):
            return source in self.sides or target in self.sides
        if not isinstance(self.rule, Partition):
            return source in self._sources and target in self._targets
        here, there = self.sides.get(source), self.sides.get(target)
        if here is None or there is None or here == there:
            return False
        if self.rule.direction == "both":
            return True
        return here == (0 if self.rule.direction == "from-to" else 1)


class Conditions:
    """Every rule known so far.

    Args:
        rules: Those that start at times known before the run.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._cuts: list[_Span] = []
        self._holds: list[_Span] = []
        self._clogs: list[_Span] = []
        self._changes: list[_Span] = []
        self._filters: list[_Span] = []
        self._counted: dict[tuple[int, int], int] = {}
        self._ends: list[tuple[int, Ending]] = []
        self._count = 0
        for rule in rules:
            self.add(rule, rule.at_us)

    def add(self, rule: Rule, start_us: int) -> None:
        """Add `rule` as of `start_us`, whatever its own `at_us` says."""
        if isinstance(rule, Heal | Release | Quiet):
            self._ends.append((start_us, rule))
            for span in self._spans():
                _end(span, start_us, rule)
            return
        end_us = NEVER_US if rule.lasts_us is None else start_us + rule.lasts_us
        self._count += 1
        span = _Span(rule, start_us, end_us, self._count)
        match rule:
            case Partition() | Isolate():
                self._cuts.append(span)
            case Hold():
                self._holds.append(span)
            case Clog():
                self._clogs.append(span)
            case Change():
                self._changes.append(span)
                self._changes.sort(key=lambda change: (change.start_us, change.number))
            case Filter():
                self._filters.append(span)
        for known_us, known in self._ends:
            _end(span, known_us, known)

    def _spans(self) -> Iterator[_Span]:
        yield from self._cuts
        yield from self._holds
        yield from self._clogs
        yield from self._changes
        yield from self._filters

    def cut(self, now_us: int, source: int, target: int) -> bool:
        """Return whether a send from `source` to `target` at `now_us` is cut."""
        return any(cut.covers(now_us, source, target) for cut in self._cuts)

    def released_at(self, now_us: int, source: int, target: int) -> int:
        """Return the first instant from `now_us` on at which no hold stops `source` to `target`.

        NEVER_US if no such instant is known.
        """
        return _free_at(self._holds, now_us, source, target) if self._holds else now_us

    def reachable_at(self, now_us: int, source: int, target: int) -> int:
        """Return the first instant from `now_us` on without cut or hold, or NEVER_US."""
        if not (self._cuts or self._holds):
            return now_us
        return _free_at([*self._cuts, *self._holds], now_us, source, target)

    def clog_us(self, now_us: int, source: int, target: int) -> int:
        """Return by how much at most a message sent now takes longer: the worst clog counts."""
        found = 0
        for clog in self._clogs:
            if isinstance(clog.rule, Clog) and clog.covers(now_us, source, target):
                found = max(found, clog.rule.by_us)
        return found

    def changed(self, now_us: int, source: int, target: int) -> Changed:
        """Return what changes of the link come to at `now_us`."""
        found = UNCHANGED
        for span in self._changes:
            rule = span.rule
            if isinstance(rule, Change) and span.covers(now_us, source, target):
                queue = (found.queue, found.owner)
                if rule.queue is not None:
                    queue = (rule.queue, span.number)
                loss = found.loss if rule.loss is None else rule.loss
                found = Changed(found.add_us + rule.add_us, loss, *queue)
        return found

    def filtered(self, now_us: int, source: int, target: int, kind: str) -> Filtered:
        """Count one message, and return what filters do to it. Ask once about every message."""
        found = UNFILTERED
        for span in self._filters:
            rule = span.rule
            if not isinstance(rule, Filter) or rule.kind != kind:
                continue
            if not span.covers(now_us, source, target):
                continue
            number = self._counted.get((span.number, source), 0) + 1
            self._counted[span.number, source] = number
            if rule.first <= number and (rule.count is None or number < rule.first + rule.count):
                dropped = found.dropped or rule.by_us is None
                found = Filtered(dropped, found.add_us + (rule.by_us or 0))
        return found


def _free_at(spans: Iterable[_Span], now_us: int, source: int, target: int) -> int:
    between = [span for span in spans if span.concerns(source, target)]
    go_us = now_us
    while True:
        ends = [span.end_us for span in between if span.start_us <= go_us < span.end_us]
        if not ends:
            return go_us
        go_us = max(ends)


def _end(span: _Span, end_us: int, rule: Ending) -> None:
    """Let `span` end at `end_us` if `rule` means it: what starts at that instant goes on."""
    if span.start_us < end_us and _means(rule, span.rule):
        span.end_us = min(span.end_us, end_us)


def _means(end: Ending, rule: Lasting) -> bool:
    match end:
        case Quiet():
            return True
        case Heal(target=target):
            return isinstance(rule, Partition | Isolate) and target in ("", rule.id)
        case Release(target=target):
            return isinstance(rule, Hold) and target in ("", rule.id)
