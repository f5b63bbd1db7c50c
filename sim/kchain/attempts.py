"""Attempts at keys and rotations: they open, end at heights, and are followed by others.

An attempt that fails is followed by the next one of its session, with fresh polynomials; after the
last, a rotation is aborted and the generation before goes on, a creation has failed. One that
succeeds makes a generation, repairs a share, or stages the next era's key.
"""

from __future__ import annotations

import dataclasses

import msgspec

from sim.base.codec import tuple_hash
from sim.kchain.committees import unfit
from sim.kchain.draft import Draft
from sim.kchain.records import AttemptId, Key, KeyRecord, Pending
from sim.kchain.rekeying import enter_era, signs, stage
from sim.kchain.rotation import Counter, Outcome, Repair, Rotation, RotationEntry, Seats
from sim.protocol.ceremony import Ceremony
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import open_ceremony
from sim.protocol.phases import Phase
from sim.protocol.repair import next_helpers


def begin(
    draft: Draft, key: Key, rotation: Rotation, ceremony: Ceremony, seats: Seats | None = None
) -> None:
    """Open the first attempt of what was asked for: announce begins at the next height.

    Attempts of a session count on over repeated rotations, so that no two ever draw alike.

    Args:
        draft: The block.
        key: The key, with nothing pending.
        rotation: What was asked for.
        ceremony: Its first attempt; number and start are set here.
        seats: How the new committee was asked for, if that changes.

    """
    assert key.pending is None, key.request.key
    first = key.next_attempt(ceremony.session)
    attempts = rotation.attempts or key.request.attempts
    pending = Pending(
        rotation,
        ceremony.session,
        ceremony.era,
        ceremony.generation,
        draft.height,
        first,
        first,
        first + attempts - 1,
        seats,
    )
    ceremony = dataclasses.replace(ceremony, attempt=first, start=draft.height + 1)
    _open(draft, msgspec.structs.replace(key, pending=pending), ceremony)


def _open(draft: Draft, key: Key, ceremony: Ceremony) -> None:
    session, attempt = ceremony.session, ceremony.attempt
    counter = Counter(session, ceremony.era, ceremony.generation, attempt + 1)
    others = tuple(known for known in key.counters if known.session != session)
    draft.set_key(
        msgspec.structs.replace(key, newest=(session, attempt), counters=(*others, counter))
    )
    draft.open_attempt(open_ceremony(ceremony))


def end_attempts(draft: Draft) -> None:
    """Close the block's height in every live attempt that it, or a deadline, concerns."""
    for attempt in draft.attempts():
        state = draft.peek(attempt)
        assert state is not None
        if state.ended or not (
            draft.is_touched(attempt) or state.due(draft.before.height) == draft.height
        ):
            continue
        state = draft.touch(attempt)
        state.end_height(draft.height)
        if state.phase is Phase.ACTIVE:
            _succeed(draft, state)
        elif state.phase is Phase.FAILED:
            _fail(draft, attempt, state)


def _fail(draft: Draft, attempt: AttemptId, state: CeremonyState) -> None:
    """After a failure: the same members announce afresh, `retry_after` heights later."""
    ceremony = state.ceremony
    key, pending = under_way(draft, ceremony.key)
    assert pending.newest == attempt, attempt
    if pending.attempt == pending.last_attempt:
        finish(draft, key, "aborted", state.reason)
        return
    number = pending.attempt + 1
    start = draft.height + key.request.retry_after
    again = msgspec.structs.replace(pending, attempt=number)
    retry = dataclasses.replace(
        ceremony, attempt=number, start=start, helpers=_helpers(draft, state)
    )
    _open(draft, msgspec.structs.replace(key, pending=again), retry)


def _helpers(draft: Draft, failed: CeremonyState) -> tuple[int, ...]:
    """Return who helps in the attempt after `failed`: in a repair, those who fail least.

    All earlier attempts of the session count, also those of rotations before this one.
    """
    ceremony = failed.ceremony
    if ceremony.operation != "repair":
        return ()
    assert ceremony.base is not None, ceremony.label
    key = draft.keys[ceremony.key]
    assert key.record is not None, ceremony.label
    earlier = draft.earlier_attempts(ceremony.session, ceremony.attempt)
    return next_helpers(ceremony.base, ceremony.target, [*earlier, failed], unfit(key, key.record))


def _succeed(draft: Draft, state: CeremonyState) -> None:
    """Do what the attempt was for: its committee has signed, or its target has confirmed."""
    key, pending = under_way(draft, state.ceremony.key)
    record = key.record
    if pending.operation == "repair":
        assert record is not None, state.ceremony.key
        _note_repair(draft, key, record, state)
    elif record is None:
        made = _record(draft, key, pending, state)
        key = msgspec.structs.replace(key, record=made, created_at=draft.height)
        finish(draft, key, "activated", "")
    elif pending.operation == "rekey":
        made = _record(draft, key, pending, state)
        if signs(record.scheme):
            stage(draft, key, made)
        else:
            enter_era(draft, key, made, b"")
            finish(draft, draft.keys[made.name], "activated", "")
    elif state.public_key != record.public_key:
        # The judge has compared it already; a chain that trusts its judge still looks.
        finish(draft, key, "aborted", "other-public-key")
    else:
        draft.replace_generation(record)
        made = _record(draft, key, pending, state)
        seats = key.seats if pending.seats is None else pending.seats
        key = msgspec.structs.replace(key, record=made, seats=seats)
        finish(draft, key, "activated", "")


def _note_repair(draft: Draft, key: Key, record: KeyRecord, state: CeremonyState) -> None:
    ceremony = state.ceremony
    name = ceremony.member(ceremony.target).name
    repair = Repair(name, draft.height, ceremony.session, ceremony.attempt)
    others = tuple(known for known in record.repaired if known.name != name)
    record = msgspec.structs.replace(record, repaired=(*others, repair))
    finish(draft, msgspec.structs.replace(key, record=record), "activated", "")


def finish(draft: Draft, key: Key, outcome: Outcome, reason: str) -> None:
    """End what is pending; a rotation's end is recorded, a creation's shows in the key's status."""
    pending = key.pending
    assert pending is not None, key.request.key
    if pending.trigger != "create":
        entry = RotationEntry(
            key.request.key,
            pending.operation,
            pending.trigger,
            pending.era,
            pending.generation,
            pending.requested_at,
            pending.started_at,
            draft.height,
            pending.attempt - pending.first_attempt + 1,
            outcome,
            reason,
            pending.rotation.target,
            pending.session,
            pending.first_attempt,
        )
        draft.end_rotation(entry)
    counters = key.counters if key.record is None else _taken_up(key, key.record)
    draft.set_key(msgspec.structs.replace(key, pending=None, counters=counters))


def under_way(draft: Draft, name: str) -> tuple[Key, Pending]:
    """Return a key and what is pending for it, which there must be."""
    key = draft.keys[name]
    assert key.pending is not None, name
    return key, key.pending


def _taken_up(key: Key, record: KeyRecord) -> tuple[Counter, ...]:
    """Return the counters of the sessions that a later rotation may take up again."""
    present = (record.era, record.generation)
    return tuple(known for known in key.counters if (known.era, known.generation) >= present)


def _record(draft: Draft, key: Key, pending: Pending, state: CeremonyState) -> KeyRecord:
    """Return the record of the generation that an attempt has made."""
    ceremony, before = state.ceremony, key.record
    return KeyRecord(
        id=tuple_hash("K-chain/key/v1", ceremony.chain, ceremony.key),
        name=ceremony.key,
        scheme=ceremony.scheme,
        threshold=(ceremony.threshold, ceremony.size),
        public_key=state.public_key,
        share_commitments=tuple(state.verification[1:]),
        created_at_us=draft.time_us if before is None else before.created_at_us,
        status="Active",
        policy=key.request.policy if before is None else before.policy,
        committee=tuple(member.name for member in ceremony.members),
        owner=key.owner,
        epoch=draft.before.epoch(draft.height),
        generation=ceremony.generation,
        era=ceremony.era,
        session=ceremony.session,
        attempt=ceremony.attempt,
        activated_at=draft.height,
        activated_us=draft.time_us,
        qual=tuple(state.qual),
        transcript=state.transcript,
        activation_message=state.activation_message,
        activation_signature=state.activation_signature,
        faults=ceremony.faults,
        operation=pending.operation,
        trigger=pending.trigger,
    )
