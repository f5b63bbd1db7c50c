"""CreateKey, and what follows from it: attempts open, end, and leave a key record or a failure."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import msgspec

from sim.base.codec import decode_canonical, tuple_hash
from sim.base.errors import DecodeError
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.crypto import verification
from sim.kchain.drawing import draw_by_stake
from sim.kchain.genesis import Genesis
from sim.kchain.records import FIRST_ERA, Key, KeyRecord
from sim.kchain.sessions import open_test_session, rebind_sessions
from sim.kchain.state import AttemptId, Draft
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.entries import Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase
from sim.protocol.transactions import ByStake, CreateKey, Transaction


def create_key(draft: Draft, transaction: Transaction) -> None:
    """Take a name and open the first attempt: announce begins at the next height.

    Raises:
        Rejected: Unauthorized, Malformed, UnknownScheme, KeyExists, UnknownValidator,
            InvalidCommittee, PoolTooSmall or InvalidThreshold.

    """
    genesis = draft.genesis
    if transaction.principal not in genesis.authorised:
        raise Rejected("Unauthorized")
    try:
        request = decode_canonical(transaction.payload, CreateKey)
    except DecodeError:
        raise Rejected("Malformed") from None
    if request.scheme not in verification.SCHEMES:
        raise Rejected("UnknownScheme")
    if request.key in draft.keys:
        raise Rejected("KeyExists")
    draw, names = None, request.committee
    if isinstance(names, ByStake):
        draw = draw_by_stake(draft, request.key, names.size, request.policy)
        names = draw.committee
    committee = members(genesis, names)
    size = len(committee)
    if not 1 <= request.threshold <= size or not 0 <= request.faults <= size - request.threshold:
        raise Rejected("InvalidThreshold")
    ceremony = Ceremony(
        chain=genesis.chain,
        key=request.key,
        era=FIRST_ERA,
        generation=0,
        attempt=1,
        scheme=request.scheme,
        threshold=request.threshold,
        faults=request.faults,
        members=committee,
        start=draft.height + 1,
        lengths=genesis.phases,
        justifications=request.justifications,
        commitments=request.commitments,
    )
    if draw is not None:
        draft.add_draw(draw)
    key = Key(request, transaction.principal, draft.height, ceremony.session, attempts=1)
    draft.set_key(key)
    draft.open_attempt(CeremonyState.open(ceremony))


def members(genesis: Genesis, committee: tuple[str, ...]) -> tuple[Member, ...]:
    """Return the seats of a committee given by names in the registry's order.

    Raises:
        Rejected: UnknownValidator, or InvalidCommittee if it is empty or not strictly ascending.

    """
    position = {validator.name: index for index, validator in enumerate(genesis.validators)}
    if not position.keys() >= set(committee):
        raise Rejected("UnknownValidator")
    positions = [position[name] for name in committee]
    if not positions or any(a >= b for a, b in pairwise(positions)):
        raise Rejected("InvalidCommittee")
    return tuple(
        Member(
            ShareIndex(share),
            ValidatorIndex(index),
            genesis.validators[index].name,
            genesis.validators[index].identity,
        )
        for share, index in enumerate(positions, start=1)
    )


def end_height(draft: Draft) -> None:
    """Close the block's height in every attempt that it, or a deadline, concerns."""
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
            _activate(draft, state)
        elif state.phase is Phase.FAILED:
            _try_again(draft, attempt, state)


def _try_again(draft: Draft, attempt: AttemptId, state: CeremonyState) -> None:
    """After a failure: the same members announce afresh, `retry_after` heights later."""
    ceremony = state.ceremony
    key = draft.keys[ceremony.key]
    if attempt[1] == key.request.attempts:
        draft.set_key(msgspec.structs.replace(key, failed=True))
        return
    draft.set_key(msgspec.structs.replace(key, attempts=attempt[1] + 1))
    start = draft.height + key.request.retry_after
    retry = dataclasses.replace(ceremony, attempt=attempt[1] + 1, start=start)
    draft.open_attempt(CeremonyState.open(retry))


def _activate(draft: Draft, state: CeremonyState) -> None:
    """Write the key's record: its committee has signed."""
    ceremony = state.ceremony
    key = draft.keys[ceremony.key]
    record = KeyRecord(
        id=tuple_hash("K-chain/key/v1", ceremony.chain, ceremony.key),
        name=ceremony.key,
        scheme=ceremony.scheme,
        threshold=(ceremony.threshold, ceremony.size),
        public_key=state.public_key,
        share_commitments=tuple(state.verification[1:]),
        created_at_us=draft.time_us,
        status="Active",
        policy=key.request.policy,
        committee=tuple(member.name for member in ceremony.members),
        owner=key.owner,
        epoch=draft.before.epoch(draft.height),
        generation=ceremony.generation,
        era=ceremony.era,
        session=ceremony.session,
        attempt=ceremony.attempt,
        activated_at=draft.height,
        qual=tuple(state.qual),
        transcript=state.transcript,
        activation_message=state.activation_message,
        activation_signature=state.activation_signature,
    )
    draft.set_key(msgspec.structs.replace(key, record=record))
    rebind_sessions(draft, ceremony.key)
    open_test_session(draft, ceremony.key)
