"""From a rotation that was asked for to its ceremony: what is refused, and why.

What a rotation starts from is taken from the key's record, never from the request: no request can
claim a lower old threshold or other old shares.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from sim.crypto import verification
from sim.kchain.committees import Chosen, committee_of, members, renewed, seated, unfit
from sim.kchain.draft import Draft
from sim.kchain.partitions import check_rotation
from sim.kchain.records import Key, KeyRecord
from sim.kchain.rotation import Rotation
from sim.protocol.ceremony import Base, Ceremony, Member, default_faults
from sim.protocol.entries import Rejected
from sim.protocol.repair import next_helpers
from sim.protocol.requests import InPartition


class Prepared(NamedTuple):
    """A rotation that can begin.

    Attributes:
        ceremony: Its first attempt; number and start are set when it opens.
        chosen: Its committee, if that may change.

    """

    ceremony: Ceremony
    chosen: Chosen | None = None


def prepare(draft: Draft, key: Key, rotation: Rotation) -> Prepared:
    """Return what begins if `rotation` of an active key does; nothing changes yet.

    Raises:
        Rejected: NotShareable, UnknownValidator, NotActive, NotAMember, InvalidCommittee,
            PoolTooSmall, InvalidThreshold, TooFewHelpers, InvalidPartition or WrongRound.

    """
    record = key.record
    assert record is not None, key.request.key
    if record.scheme in verification.SINGLE_PARTY and rotation.operation != "rekey":
        raise Rejected("NotShareable")
    match rotation.operation:
        case "reshare" | "rekey":
            return _with_committee(draft, key, record, rotation)
        case "refresh":
            if record.threshold[0] == 1:
                raise Rejected("NotShareable")
            return Prepared(_ceremony(draft, key, record, rotation))
        case "repair":
            return Prepared(_repair(draft, key, record, rotation))
        case _:
            raise AssertionError(rotation.operation)


def _with_committee(draft: Draft, key: Key, record: KeyRecord, rotation: Rotation) -> Prepared:
    asked = rotation.committee
    if rotation.trigger in ("epoch", "churn"):
        chosen = renewed(draft, key, rotation.requested_at)
    elif asked is None:
        chosen = Chosen(record.committee)
    else:
        if isinstance(asked, InPartition):
            check_rotation(key, asked)
        chosen = committee_of(draft, record.name, asked, record.policy, anew=True)
    committee = members(draft.registry, chosen.names)
    threshold = rotation.threshold or record.threshold[0]
    faults = _faults(record, rotation, threshold, len(committee))
    _check_threshold(record, threshold, faults, len(committee))
    ceremony = _ceremony(draft, key, record, rotation, committee, threshold, faults)
    return Prepared(ceremony, chosen)


def _faults(record: KeyRecord, rotation: Rotation, threshold: int, size: int) -> int:
    if rotation.faults is not None:
        return rotation.faults
    if (threshold, size) == record.threshold:
        return record.faults
    return max(default_faults(threshold, size), 0)


def _check_threshold(record: KeyRecord, threshold: int, faults: int, size: int) -> None:
    """Refuse thresholds that no committee of `size` can have."""
    if not 1 <= threshold <= size or not 0 <= faults <= size - threshold:
        raise Rejected("InvalidThreshold")
    if record.scheme in verification.SINGLE_PARTY and size > 1:
        raise Rejected("NotShareable")


def _repair(draft: Draft, key: Key, record: KeyRecord, rotation: Rotation) -> Ceremony:
    if rotation.target not in draft.registry:
        raise Rejected("UnknownValidator")
    if rotation.target not in record.committee:
        raise Rejected("NotAMember")
    target = record.committee.index(rotation.target) + 1
    base = _base(record, seated(draft.registry, record.committee))
    without = unfit(key, record)
    helpers = next_helpers(base, target, (), without)
    if not helpers:
        raise Rejected("TooFewHelpers")
    ceremony = _ceremony(draft, key, record, rotation, helpers=helpers, target=target)
    # The session may have been tried before: whoever failed then helps last now.
    earlier = draft.earlier_attempts(ceremony.session, key.next_attempt(ceremony.session))
    return dataclasses.replace(ceremony, helpers=next_helpers(base, target, earlier, without))


def _ceremony(
    draft: Draft,
    key: Key,
    record: KeyRecord,
    rotation: Rotation,
    committee: tuple[Member, ...] = (),
    threshold: int = 0,
    faults: int | None = None,
    helpers: tuple[int, ...] = (),
    target: int = 0,
) -> Ceremony:
    """Return the first attempt; without a committee, of the present one as it is."""
    operation = rotation.operation
    rekey = operation == "rekey"
    if rekey and record.scheme in verification.SINGLE_PARTY:
        operation = "generate"
    old = seated(draft.registry, record.committee)
    return Ceremony(
        chain=draft.genesis.chain,
        key=record.name,
        era=record.era + rekey,
        generation=0 if rekey else record.generation + (operation != "repair"),
        attempt=1,
        scheme=record.scheme,
        threshold=threshold or record.threshold[0],
        faults=record.faults if faults is None else faults,
        members=committee or old,
        start=draft.height + 1,
        lengths=draft.genesis.phases,
        justifications=key.request.justifications,
        commitments=key.request.commitments,
        operation=operation,
        base=None if rekey else _base(record, old),
        helpers=helpers,
        target=target,
        transport=draft.genesis.transport,
        protocol=key.request.protocol,
        complaints=key.request.complaints,
    )


def _base(record: KeyRecord, committee: tuple[Member, ...]) -> Base:
    return Base(
        record.generation,
        record.threshold[0],
        committee,
        record.verification,
        record.transcript,
    )
