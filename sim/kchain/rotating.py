"""RotateKey, Rollback and RetireKey: what owners, admins and members do to a key that stands."""

from __future__ import annotations

import msgspec

from sim.kchain.draft import Draft
from sim.kchain.membership import decoded
from sim.kchain.preparing import prepare
from sim.kchain.queueing import drop_all, enqueue, roll_back, start, supersede
from sim.kchain.records import Key
from sim.kchain.rotation import Rotation
from sim.kchain.triggers import active_key
from sim.protocol.entries import Rejected
from sim.protocol.transactions import RetireKey, Rollback, RotateKey, Transaction


def rotate_key(draft: Draft, transaction: Transaction) -> None:
    """Begin a rotation; repairs wait if one is pending, an emergency takes its place.

    Raises:
        Rejected: Malformed, KeyNotFound, Unauthorized, KeyNotActive, KeyRetired, RotationPending,
            or as `preparing.prepare`.

    """
    asked = decoded(transaction, RotateKey)
    _check_shape(asked)
    name = asked.key
    _check_authority(draft, transaction.principal, name, asked)
    key = active_key(draft, name)
    record = key.record
    assert record is not None, name
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
    if key.pending is None:
        start(draft, key, rotation)
    elif asked.reason == "emergency":
        start(draft, key, rotation)
        supersede(draft, name, rotation)
    elif asked.operation == "repair" and not _is_asked_for(key, rotation):
        prepare(draft, key, rotation)
        enqueue(draft, name, rotation)
    else:
        raise Rejected("RotationPending")


def rollback(draft: Draft, transaction: Transaction) -> None:
    """Give the pending rotation up; what waits begins at the end of this height.

    Raises:
        Rejected: Malformed, KeyNotFound, Unauthorized, KeyNotActive, KeyRetired or NoRotation.

    """
    name = decoded(transaction, Rollback).key
    if not manages(draft, transaction.principal, name):
        raise Rejected("Unauthorized")
    if active_key(draft, name).pending is None:
        raise Rejected("NoRotation")
    roll_back(draft, name, "requested")


def retire_key(draft: Draft, transaction: Transaction) -> None:
    """End a key's use for good: what is pending is rolled back, what waits is dropped.

    Raises:
        Rejected: Malformed, KeyNotFound, Unauthorized, KeyNotActive or KeyRetired.

    """
    name = decoded(transaction, RetireKey).key
    if not manages(draft, transaction.principal, name):
        raise Rejected("Unauthorized")
    if active_key(draft, name).pending is not None:
        roll_back(draft, name, "retired")
    drop_all(draft, name, "retired")
    key = draft.keys[name]
    assert key.record is not None, name
    record = msgspec.structs.replace(key.record, retired_at=draft.height)
    draft.set_key(msgspec.structs.replace(key, record=record, counters=()))


def manages(draft: Draft, principal: bytes, name: str) -> bool:
    """Say whether a principal is a key's owner, or one of its admins before the policy expires.

    Raises:
        Rejected: KeyNotFound.

    """
    key = draft.keys.get(name)
    if key is None:
        raise Rejected("KeyNotFound")
    policy = key.request.policy if key.record is None else key.record.policy
    expired = policy.expires_us is not None and draft.time_us >= policy.expires_us
    return principal == key.owner or (principal in policy.admins and not expired)


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


def _check_authority(draft: Draft, principal: bytes, name: str, asked: RotateKey) -> None:
    if manages(draft, principal, name) or principal in draft.genesis.authorised:
        return
    entry = draft.registry.by_identity.get(principal)
    if asked.operation == "repair" and entry is not None and entry.name == asked.target:
        return
    raise Rejected("Unauthorized")


def _is_asked_for(key: Key, repair: Rotation) -> bool:
    """Say whether the same repair is pending or waits already."""
    under_way = () if key.pending is None else (key.pending.rotation,)
    return any(
        (one.operation, one.target, one.generation) == ("repair", repair.target, repair.generation)
        for one in (*under_way, *key.queue)
    )
