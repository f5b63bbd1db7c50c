"""Network faults as values: partitions, isolation, heals, and what they cut when.

A cut acts at send time, on [start, end): what is in flight arrives. Nodes are registry positions,
and `LEDGER` stands for the ledger. Nodes in no group of a partition reach everybody, so one that
doesn't name the ledger leaves its links up; an isolated node reaches nobody, the ledger included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

import msgspec

from sim.base.codec import decode_canonical, encode
from sim.base.ids import NEVER_US, ValidatorIndex

Direction: TypeAlias = Literal["both", "from-to", "to-from"]


class _Rule(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """Attributes of every rule.

    Attributes:
        id: The timeline entry's id.
        at_us: Virtual time at which it starts; a triggered rule starts when it is applied.
    """

    id: str
    at_us: int = 0


class Partition(_Rule, frozen=True, kw_only=True, tag="partition"):
    """Groups that can't reach each other.

    Attributes:
        groups: At least two, disjoint.
        direction: With two groups: ``from-to`` cuts only sends from the first to the second,
            ``to-from`` only those from the second to the first.
        lasts_us: Until it heals by itself, or None.
    """

    groups: tuple[tuple[int, ...], ...]
    direction: Direction = "both"
    lasts_us: int | None = None

    def __post_init__(self) -> None:
        """Check the groups.

        Raises:
            ValueError: too few groups, a node in two, or a direction among more than two.
        """
        nodes = [node for group in self.groups for node in group]
        if len(self.groups) < 2:
            raise ValueError("a partition needs at least two groups")
        if len(set(nodes)) < len(nodes):
            raise ValueError("a partition's groups must be disjoint")
        if self.direction != "both" and len(self.groups) != 2:
            raise ValueError("a one-way partition has exactly two groups")


class Isolate(_Rule, frozen=True, kw_only=True, tag="isolate"):
    """Nodes that neither reach anybody nor are reached.

    Attributes:
        nodes: Each is alone.
        lasts_us: Until it heals by itself, or None.
    """

    nodes: tuple[int, ...]
    lasts_us: int | None = None


class Heal(_Rule, frozen=True, kw_only=True, tag="heal"):
    """Ends the partition or isolation with the id `target`, or all if it is empty.

    It ends what started before it; what starts at the same instant goes on.
    """

    target: str = ""


Rule: TypeAlias = Partition | Isolate | Heal


def encode_rule(rule: Rule) -> bytes:
    """Encode `rule` for the processes that apply it."""
    return encode(rule)


def decode_rule(data: bytes) -> Rule:
    """Decode what `encode_rule` made.

    Raises:
        DecodeError: it is no rule.
    """
    return decode_canonical(data, cast("type[Rule]", Rule))


@dataclass
class _Cut:
    """A partition or an isolation, on [start_us, end_us)."""

    rule: Partition | Isolate
    start_us: int
    end_us: int
    side: dict[int, int] = field(init=False)
    """Group of each node of a partition; any value for isolated nodes."""

    def __post_init__(self) -> None:
        groups = self.rule.groups if isinstance(self.rule, Partition) else (self.rule.nodes,)
        self.side = {node: side for side, group in enumerate(groups) for node in group}

    def separates(self, source: int, target: int) -> bool:
        if isinstance(self.rule, Isolate):
            return source in self.side or target in self.side
        here, there = self.side.get(source), self.side.get(target)
        if here is None or there is None or here == there:
            return False
        if self.rule.direction == "both":
            return True
        return here == (0 if self.rule.direction == "from-to" else 1)


class Cuts:
    """Every partition, isolation and heal known so far, asked by instant and link.

    Args:
        rules: Those that start at times known before the run.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._cuts: list[_Cut] = []
        self._heals: list[tuple[int, str]] = []
        for rule in rules:
            self.add(rule, rule.at_us)

    def add(self, rule: Rule, start_us: int) -> None:
        """Add `rule` as of `start_us`, whatever its own `at_us` says."""
        if isinstance(rule, Heal):
            self._heals.append((start_us, rule.target))
            for cut in self._cuts:
                _heal(cut, start_us, rule.target)
            return
        end_us = NEVER_US if rule.lasts_us is None else start_us + rule.lasts_us
        cut = _Cut(rule, start_us, end_us)
        for heal_us, target in self._heals:
            _heal(cut, heal_us, target)
        self._cuts.append(cut)

    def cut(self, now_us: int, source: ValidatorIndex, target: ValidatorIndex) -> bool:
        """Return whether a send from `source` to `target` at `now_us` is cut."""
        return any(
            cut.start_us <= now_us < cut.end_us and cut.separates(source, target)
            for cut in self._cuts
        )

    def reachable_at(self, now_us: int, source: ValidatorIndex, target: ValidatorIndex) -> int:
        """Return the first instant from `now_us` on at which `source` reaches `target`.

        NEVER_US if no heal is known.
        """
        between = [cut for cut in self._cuts if cut.separates(source, target)]
        go_us = now_us
        while True:
            ends = [cut.end_us for cut in between if cut.start_us <= go_us < cut.end_us]
            if not ends:
                return go_us
            go_us = max(ends)


def _heal(cut: _Cut, heal_us: int, target: str) -> None:
    if cut.start_us < heal_us and target in ("", cut.rule.id):
        cut.end_us = min(cut.end_us, heal_us)
