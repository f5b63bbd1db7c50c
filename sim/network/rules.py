"""Network faults as values: partitions, isolation, holds, clogs, changed links, and their ends.

Nodes are registry positions, and `LEDGER` stands for the ledger. Nodes in no group of a partition
reach everybody, so one that doesn't name the ledger leaves its links up; an isolated node reaches
nobody, the ledger included. `conditions` says what a set of rules comes to at an instant.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import msgspec

from sim.base.codec import decode_canonical, encode
from sim.network.losses import Loss
from sim.network.pipes import Queue

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


class _Links(_Rule, frozen=True, kw_only=True):
    """Attributes of rules about links; each link has one direction.

    Attributes:
        sources: Who sends over the links …
        targets: … and who receives.
        lasts_us: How long the rule is in force, or None: to the end, or to what ends it.
    """

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    lasts_us: int | None = None


class Hold(_Links, frozen=True, kw_only=True, tag="hold"):
    """Links on which messages wait: they travel on when it is over."""


class Release(_Rule, frozen=True, kw_only=True, tag="release"):
    """Ends the hold with the id `target`, or all if it is empty, as `Heal` ends partitions."""

    target: str = ""


class Clog(_Links, frozen=True, kw_only=True, tag="clog"):
    """Links on which each message takes longer, by its own draw.

    Attributes:
        by_us: At most this much longer; uniform from 0.
    """

    by_us: int


class Change(_Links, frozen=True, kw_only=True, tag="change"):
    """Links that are different for a while; of several changes the one that began last counts.

    Attributes:
        add_us: Added to every latency; what several changes add is summed up.
        loss: In the place of the link's own, or None.
        queue: A bandwidth of the link itself, or None.
    """

    add_us: int = 0
    loss: Loss | None = None
    queue: Queue | None = None


class Filter(_Links, frozen=True, kw_only=True, tag="filter"):
    """Messages of one kind that are dropped, or take longer; each sender's are counted by itself.

    Attributes:
        kind: As their labels have it.
        first: From which one on, from 1, of those that a sender sends over these links while the
            rule is in force; repetitions count.
        count: How many, or None: all that follow.
        by_us: They take this much longer, or None: they are dropped.
    """

    kind: str
    first: int = 1
    count: int | None = None
    by_us: int | None = None


class Quiet(_Rule, frozen=True, kw_only=True, tag="quiet"):
    """Ends every rule that started before it."""


Rule: TypeAlias = Partition | Isolate | Heal | Hold | Release | Clog | Change | Filter | Quiet


def encode_rule(rule: Rule) -> bytes:
    """Encode `rule` for the processes that apply it."""
    return encode(rule)


def decode_rule(data: bytes) -> Rule:
    """Decode what `encode_rule` made.

    Raises:
        DecodeError: it is no rule.
    """
    return decode_canonical(data, cast("type[Rule]", Rule))
