"""RotateKey, Rollback and RetireKey: what owners, admins and members do to a key that stands."""

from __future__ import annotations

import msgspec

from sim.kchain.draft import Draft
from sim.kchain.payloads import decoded
from sim.kchain.policy import key_in_use, require_manager
from sim.kchain.preparing import prepare
from sim.kchain.queueing import drop_all, enqueue, roll_back, start, supersede
from sim.kchain.records import Key, KeyRecord
from sim.kchain.rotation import Rotation
from sim.protocol.entries import Rejected
from sim.protocol.requests import (
    RetireKey,
    Rollback,
    RotateKey,
)
from sim.protocol.transactions import Transaction


def rotate_key(draft: Draft, transaction: Transaction) -> None:
    """Begin a rotation; repairs wait if one is pending, an emergency takes its place.

    Genesis gives nobody a right to other people's keys: owners and admins rotate them.

    Raises:
        Rejected: Malformed, KeyNotFound, KeyNotActive, KeyRetired, Unauthorized, PolicyExpired,
            RotationPending, or as `preparing.prepare`.

    """
    asked = decoded(transaction, RotateKey)
    _check_shape(asked)
    name = asked.key
    key, record = key_in_use(draft, name)
    _check_authority(draft, key, record, transaction.principal, asked)
    rotation = Rotation(
        asked.operation,
        asked.reason,
        draft.height,
        record.era,
        record.generation,
        asked.committee,
        asked.threshold,
        asked.faults,
        asked.target,
        asked.attempts,
    )
    if asked.operation == "repair" and not _is_asked_for(key, rotation):
        # It begins at the end of the block: who asks for repair in the same one is no helper then.
        prepare(draft, key, rotation)
        enqueue(draft, name, rotation)
    elif key.pending is None and asked.operation != "repair":
        start(draft, key, rotation)
    elif asked.reason == "emergency":
        start(draft, key, rotation)
        supersede(draft, name, rotation)
    else:
        raise Rejected("RotationPending")


def rollback(draft: Draft, transaction: Transaction) -> None:
    """Give the pending rotation up; what waits begins at the end of this height.

    Raises:
        Rejected: Malformed, KeyNotFound, KeyNotActive, KeyRetired, Unauthorized, PolicyExpired or
            NoRotation.

    """
    name = decoded(transaction, Rollback).key
    key, record = key_in_use(draft, name)
    require_manager(key, record.policy, transaction.principal, draft.time_us)
    if key.pending is None:
        raise Rejected("NoRotation")
    roll_back(draft, name, "requested")


def retire_key(draft: Draft, transaction: Transaction) -> None:
    """End a key's use for good: what is pending is rolled back, what waits or is open is dropped.

    Raises:
        Rejected: Malformed, KeyNotFound, KeyNotActive, KeyRetired, Unauthorized or PolicyExpired.

    """
    name = decoded(transaction, RetireKey).key
    key, record = key_in_use(draft, name)
    require_manager(key, record.policy, transaction.principal, draft.time_us)
    if key.pending is not None:
        roll_back(draft, name, "retired")
    drop_all(draft, name, "retired")
    key = draft.keys[name]
    assert key.record is not None, name
    record = msgspec.structs.replace(key.record, retired_at=draft.height)
    draft.set_key(msgspec.structs.replace(key, record=record, counters=()))


def _check_shape(asked: RotateKey) -> None:
    """Refuse fields that the operation doesn't have."""
    repair = asked.operation == "repair"
    chosen = asked.committee is not None or asked.threshold or asked.faults is not None
    if bool(asked.target) != repair or (asked.reason == "lost-share" and not repair):
        raise Rejected("Malformed")
    if chosen and asked.operation in ("refresh", "repair"):
        raise Rejected("Malformed")
    if repair and asked.reason == "emergency":
        raise Rejected("Malformed")


def _check_authority(
    draft: Draft, key: Key, record: KeyRecord, principal: bytes, asked: RotateKey
) -> None:
    """Let owner and admins through, and who has lost its own share.

    That one gets no more attempts than the key's: if it stays silent, the queue waits for them all.
    """
    entry = draft.registry.by_identity.get(principal)
    own = asked.operation == "repair" and entry is not None and entry.name == asked.target
    if own and asked.attempts <= key.request.attempts:
        return
    require_manager(key, record.policy, principal, draft.time_us)


def _is_asked_for(key: Key, repair: Rotation) -> bool:
    """Say whether the same repair is pending or waits already."""
    under_way = () if key.pending is None else (key.pending.rotation,)
    return any(
        (one.operation, one.target, one.generation) == ("repair", repair.target, repair.generation)
        for one in (*under_way, *key.queue)
    )
