"""The queue: at most one rotation of a key is under way, and rules and repairs wait for it.

A queued reshare would renew all that a queued refresh would, so one takes the other's place. What
never begins is recorded as dropped, with its reason.
"""

from __future__ import annotations

from typing import Final

import msgspec

from sim.kchain.attempts import begin, finish, under_way
from sim.kchain.draft import Draft
from sim.kchain.preparing import prepare
from sim.kchain.records import Key, KeyRecord
from sim.kchain.rotation import Rotation, RotationEntry
from sim.protocol.entries import Rejected

_REACH: Final = {"refresh": 1, "reshare": 2, "rekey": 3}


def subsumes(one: Rotation, other: Rotation) -> bool:
    """Say whether `one` brings about all that `other` would."""
    if "repair" in (one.operation, other.operation):
        return (one.operation, one.target, one.era, one.generation) == (
            other.operation,
            other.target,
            other.era,
            other.generation,
        )
    return _REACH[one.operation] >= _REACH[other.operation]


def enqueue(draft: Draft, name: str, rotation: Rotation) -> None:
    """Let `rotation` wait; it begins at this height if nothing of the key is under way."""
    key = draft.keys[name]
    if any(subsumes(waiting, rotation) for waiting in key.queue):
        drop(draft, name, rotation, "coalesced")
        return
    supersede(draft, name, rotation)
    key = draft.keys[name]
    draft.set_key(msgspec.structs.replace(key, queue=(*key.queue, rotation)))


def supersede(draft: Draft, name: str, rotation: Rotation) -> None:
    """Drop what waits and what `rotation` brings about as well."""
    key = draft.keys[name]
    for waiting in key.queue:
        if subsumes(rotation, waiting):
            drop(draft, name, waiting, "coalesced")
    rest = tuple(waiting for waiting in key.queue if not subsumes(rotation, waiting))
    draft.set_key(msgspec.structs.replace(key, queue=rest))


def drop_all(draft: Draft, name: str, reason: str) -> None:
    """Empty a key's queue."""
    key = draft.keys[name]
    for waiting in key.queue:
        drop(draft, name, waiting, reason)
    draft.set_key(msgspec.structs.replace(key, queue=()))


def drop(draft: Draft, name: str, rotation: Rotation, reason: str) -> None:
    """Record a rotation that never begins."""
    draft.end_rotation(
        RotationEntry(
            name,
            rotation.operation,
            rotation.trigger,
            rotation.era,
            rotation.generation,
            rotation.requested_at,
            None,
            draft.height,
            0,
            "dropped",
            reason,
            rotation.target,
        )
    )


def advance(draft: Draft) -> None:
    """Begin what waits of every key that has nothing under way."""
    for name in list(draft.keys):
        while draft.keys[name].pending is None and draft.keys[name].queue:
            key = draft.keys[name]
            rotation = key.queue[0]
            key = msgspec.structs.replace(key, queue=key.queue[1:])
            draft.set_key(key)
            reason = _stale(key, rotation) or _try(draft, key, rotation)
            if reason:
                drop(draft, name, rotation, reason)


def _try(draft: Draft, key: Key, rotation: Rotation) -> str:
    try:
        start(draft, key, rotation)
    except Rejected as refusal:
        return refusal.reason
    return ""


def start(draft: Draft, key: Key, rotation: Rotation) -> None:
    """Begin a rotation at once, in place of any that is pending.

    Raises:
        Rejected: As `prepare`; then nothing has changed.

    """
    prepared = prepare(draft, key, rotation)
    if key.pending is not None:
        roll_back(draft, key.request.key, rotation.trigger)
    seats = None
    if prepared.chosen is not None:
        prepared.chosen.record(draft)
        seats = prepared.chosen.seats
    begin(draft, draft.keys[key.request.key], rotation, prepared.ceremony, seats)


def roll_back(draft: Draft, name: str, reason: str) -> None:
    """Give the pending rotation up: the generation before is as usable as ever."""
    key, pending = under_way(draft, name)
    state = draft.peek(pending.newest)
    if state is not None and not state.ended:
        draft.touch(pending.newest).give_up(draft.height, "rolled-back", reason)
    finish(draft, key, "rolled-back", reason)


def _stale(key: Key, rotation: Rotation) -> str:
    """Say why a rotation that has waited is no longer of any use, or ``""``."""
    record: KeyRecord | None = key.active
    assert record is not None, key.request.key
    gone = (record.era, record.generation) != (rotation.era, rotation.generation)
    if rotation.operation == "repair" and gone:
        return "generation-gone"
    if rotation.trigger == "max-age" and gone:
        return "renewed"
    return ""
