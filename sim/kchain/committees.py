"""Who sits in a committee: named or drawn, checked against the registry, renewed at epochs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.kchain.draft import Draft
from sim.kchain.drawing import draw_by_stake
from sim.kchain.records import Draw, Key, KeyRecord
from sim.kchain.registry import Registry
from sim.kchain.rotation import Seats
from sim.protocol.ceremony import Member
from sim.protocol.entries import Rejected
from sim.protocol.requests import ByStake, Policy


def committee_of(
    draft: Draft, key: str, seats: Seats, policy: Policy
) -> tuple[tuple[str, ...], Draw | None]:
    """Return the names that a request stands for, and the draw if they were drawn.

    Raises:
        Rejected: PoolTooSmall.

    """
    if not isinstance(seats, ByStake):
        return seats, None
    draw = draw_by_stake(draft, key, seats.size, policy)
    return draw.committee, draw


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


def renewed(draft: Draft, key: Key) -> tuple[tuple[str, ...], Draw | None]:
    """Return the committee of the epoch that begins: as the present one was asked for.

    One that was drawn is drawn anew, of the same size. Of one that was named, the named validators
    that still take part stay, and the chain draws others for those that are gone.

    Raises:
        Rejected: PoolTooSmall.

    """
    record = key.record
    assert record is not None, key.request.key
    name = key.request.key
    if isinstance(key.seats, ByStake):
        return committee_of(draft, name, ByStake(len(record.committee)), record.policy)
    taking_part = {entry.name for entry in draft.registry.pool}
    kept = tuple(one for one in key.seats if one in taking_part)
    if len(kept) == len(key.seats):
        return kept, None
    draw = draw_by_stake(draft, name, len(key.seats), record.policy, kept)
    return draw.committee, draw


def unfit(key: Key, record: KeyRecord) -> tuple[int, ...]:
    """Return the share indices of members whose repair waits: they help only if nobody else can."""
    lost = {rotation.target for rotation in key.queue if rotation.operation == "repair"}
    return tuple(index for index, name in enumerate(record.committee, start=1) if name in lost)
