"""Partitions: several committees that share no validator, each for a key of its own.

Whichever request of a round stands first draws all its committees; the later ones, in the same
block or another, name the round and take their places in that draw. So everybody who holds the
blocks knows which draw a request means, and draws it again, however the requests came to be spread
over blocks.

A rule that renews keys at an epoch's boundary asks for nobody's number: the first key that begins
then draws the next round, and the others join any round that is at least as new as the boundary.
"""

from __future__ import annotations

import msgspec

from sim.kchain.draft import Draft
from sim.kchain.drawing import draw_round
from sim.kchain.records import Draw, Key, Partition
from sim.protocol.entries import Rejected
from sim.protocol.requests import CreateKey, InPartition, Policy


def check_creation(draft: Draft, request: CreateKey, seats: InPartition, principal: bytes) -> None:
    """Refuse a key that can't have the place that it asks for.

    One committee can't be renewed without the others: there is no rule for members that have gone.

    Raises:
        Rejected: InvalidPartition, PlaceTaken, or Unauthorized if the partition is somebody else's.

    """
    if "churn" in request.rotation.on:
        raise Rejected("InvalidPartition")
    for key in draft.keys.values():
        theirs = key.request.committee
        if not isinstance(theirs, InPartition) or theirs.partition != seats.partition:
            continue
        if key.owner != principal:
            raise Rejected("Unauthorized")
        if theirs.place == seats.place:
            raise Rejected("PlaceTaken")


def check_rotation(key: Key, seats: InPartition) -> None:
    """Refuse a key that isn't of the partition, or has another place in it.

    Raises:
        Rejected: InvalidPartition.

    """
    own = key.request.committee
    if not isinstance(own, InPartition) or (own.partition, own.place, own.count) != (
        seats.partition,
        seats.place,
        seats.count,
    ):
        raise Rejected("InvalidPartition")


def seat(
    draft: Draft, key: str, seats: InPartition, policy: Policy, *, anew: bool
) -> tuple[Draw, Partition | None]:
    """Return the committee at a place, and its partition if this request draws that.

    Args:
        draft: The block.
        key: The key's name.
        seats: What is asked for.
        policy: The key's.
        anew: Whether a round may be drawn that comes after another.

    Raises:
        Rejected: WrongRound if it is neither the newest nor one that may be drawn now;
            InvalidPartition for other numbers than the round's; PoolTooSmall.

    """
    known = draft.partitions.get(seats.partition)
    if seats.place >= seats.count:
        raise Rejected("InvalidPartition")
    if known is not None and known.round == seats.round:
        if (len(known.committees), len(known.committees[0])) != (seats.count, seats.size):
            raise Rejected("InvalidPartition")
        return known.draw(key, seats.place), None
    following = 0 if known is None else known.round + 1
    if seats.round != following or (known is not None and not anew):
        raise Rejected("WrongRound")
    partition = draw_round(draft, seats, policy)
    return partition.draw(key, seats.place), partition


def renewal(draft: Draft, seats: InPartition, since: int) -> InPartition:
    """Return the place of a key in the round that a rule asked for at height `since`."""
    newest = draft.partitions[seats.partition]
    number = newest.round if newest.height >= since else newest.round + 1
    size = len(newest.committees[0])
    return msgspec.structs.replace(seats, round=number, size=size)
