"""Who sits in a committee: named or drawn, checked against the registry, renewed at epochs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.kchain.draft import Draft
from sim.kchain.drawing import draw_by_stake
from sim.kchain.partitions import renewal, seat
from sim.kchain.records import Draw, Key, KeyRecord, Partition
from sim.kchain.registry import Registry
from sim.kchain.rotation import Seats
from sim.protocol.ceremony import Member
from sim.protocol.entries import Rejected
from sim.protocol.requests import ByStake, InPartition, Policy


class Chosen(NamedTuple):
    """A committee that a request, or a rule, stands for; nothing is recorded yet.

    Attributes:
        names: Of its members, by ascending address.
        seats: How it was asked for, if that is to be kept.
        draw: How it was drawn, if it was.
        partition: The partition that this drew, as a whole.

    """

    names: tuple[str, ...]
    seats: Seats | None = None
    draw: Draw | None = None
    partition: Partition | None = None

    def record(self, draft: Draft) -> None:
        """Record in the block of `draft` what was drawn."""
        if self.partition is not None:
            draft.add_partition(self.partition)
        if self.draw is None:
            return
        if isinstance(self.seats, InPartition):
            draft.seat(self.draw)
        else:
            draft.add_draw(self.draw)


def committee_of(
    draft: Draft, key: str, seats: Seats, policy: Policy, *, anew: bool = False
) -> Chosen:
    """Return the committee that a request stands for.

    Args:
        draft: The block.
        key: The key's name.
        seats: What was asked for.
        policy: The key's.
        anew: Whether a partition may be drawn that was drawn before.

    Raises:
        Rejected: PoolTooSmall, or as `partitions.seat`.

    """
    match seats:
        case ByStake(size=size):
            draw = draw_by_stake(draft, key, size, policy)
            return Chosen(draw.committee, seats, draw)
        case InPartition():
            draw, partition = seat(draft, key, seats, policy, anew=anew)
            return Chosen(draw.committee, seats, draw, partition)
        case names:
            return Chosen(names, names)


def members(registry: Registry, names: tuple[str, ...]) -> tuple[Member, ...]:
    """Return the seats of a new committee: validators that take part, by ascending address.

    Raises:
        Rejected: UnknownValidator; NotActive if one doesn't take part, or no longer;
            InvalidCommittee if it is empty or not strictly ascending by address.

    """
    if not registry.keys() >= set(names):
        raise Rejected("UnknownValidator")
    if not {entry.name for entry in registry.pool} >= set(names):
        raise Rejected("NotActive")
    addresses = [registry[name].address for name in names]
    if not addresses or any(one >= other for one, other in pairwise(addresses)):
        raise Rejected("InvalidCommittee")
    return seated(registry, names)


def seated(registry: Registry, names: Iterable[str]) -> tuple[Member, ...]:
    """Return the seats of a committee as it is; some of its members may be gone."""
    return tuple(
        Member(
            ShareIndex(index),
            ValidatorIndex(registry[name].address),
            name,
            registry[name].identity,
        )
        for index, name in enumerate(names, start=1)
    )


def renewed(draft: Draft, key: Key, since: int) -> Chosen:
    """Return the committee of the epoch that begins: as the present one was asked for.

    One that was drawn is drawn anew, of the same size; a partition is as a whole, once for all its
    keys. Of a committee that was named, the named validators that still take part stay, and the
    chain draws others for those that are gone.

    Args:
        draft: The block.
        key: The key.
        since: Height at which the rule asked for it.

    Raises:
        Rejected: PoolTooSmall.

    """
    record = key.record
    assert record is not None, key.request.key
    name = key.request.key
    match key.seats:
        case ByStake():
            chosen = committee_of(draft, name, ByStake(len(record.committee)), record.policy)
            return chosen._replace(seats=None)
        case InPartition() as seats:
            seats = renewal(draft, seats, since)
            return committee_of(draft, name, seats, record.policy, anew=True)
        case names:
            taking_part = {entry.name for entry in draft.registry.pool}
            kept = tuple(one for one in names if one in taking_part)
            if len(kept) == len(names):
                return Chosen(kept)
            draw = draw_by_stake(draft, name, len(names), record.policy, kept)
            return Chosen(draw.committee, None, draw)


def unfit(key: Key, record: KeyRecord) -> tuple[int, ...]:
    """Return the share indices of members whose repair waits: they help only if nobody else can."""
    lost = {rotation.target for rotation in key.queue if rotation.operation == "repair"}
    return tuple(index for index, name in enumerate(record.committee, start=1) if name in lost)
