"""Signing sessions on the chain: let through or refused, bound to a generation, closed, logged.

A request that the policy allows opens a session, and so does every activation. The session begins
once each of its first seats is free, and ends with a recorded signature, with proof that too many
signers are bad, or at its expiry. The chain doesn't take part in signing: it checks a finished
signature under the key's public record, and evidence as anyone can.
"""

from __future__ import annotations

from typing import Final, NoReturn

import msgspec

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.crypto import verification
from sim.kchain.audit import AuditEntry, ClosedSession, SignSession, message_hash
from sim.kchain.draft import Draft
from sim.kchain.policy import check_request, signings
from sim.kchain.records import KeyRecord
from sim.protocol.entries import Rejected
from sim.protocol.sampling import admitted, session_seed
from sim.protocol.signing_events import EXPIRED, FAILED, SIGNED, Closed, Opened, Rebound, Refused
from sim.protocol.signing_task import (
    DEFAULT_CONTEXT,
    NOBODY,
    PROTOCOLS,
    Purpose,
    SigningTask,
    trial_message,
)
from sim.protocol.transactions import RecordSignSession, RequestSign, Transaction

TIMEOUT_US: Final = 300_000_000
"""How long a session may take: 5 minutes (LP-044), in heights of the chain rounded up."""

_CHAIN_IDS: Final = ("test-", "endorse-")
"""Ids that begin so are for the sessions that the chain opens."""


def request_sign(draft: Draft, transaction: Transaction) -> None:
    """Let a request through, or refuse it; a refusal is logged.

    Raises:
        Rejected: Malformed, ReservedId, Duplicate, QuorumUnreachable, or as
            `policy.check_request`.

    """
    try:
        request = decode_canonical(transaction.payload, RequestSign)
    except DecodeError:
        raise Rejected("Malformed") from None
    try:
        _let_through(draft, transaction.principal, request)
    except Rejected as refusal:
        _refuse(draft, transaction.principal, request, refusal.reason)


def _let_through(draft: Draft, principal: bytes, request: RequestSign) -> None:
    key, record = check_request(draft, principal, request)
    if request.signing.startswith(_CHAIN_IDS):
        raise Rejected("ReservedId")
    name = (request.key, request.signing)
    if name in draft.open_sessions or name in draft.sessions:
        raise Rejected("Duplicate")
    session = _bound(draft, record, request, principal, "request")
    if session.needed > len(session.holders):
        raise Rejected("QuorumUnreachable")
    epoch = draft.before.epoch(draft.height)
    draft.set_key(
        msgspec.structs.replace(key, signings=signings(key, epoch) + 1, signings_epoch=epoch)
    )
    _open(draft, session)


def _refuse(draft: Draft, principal: bytes, request: RequestSign, reason: str) -> NoReturn:
    key = draft.keys.get(request.key)
    record = None if key is None else key.record
    draft.add_audit(
        AuditEntry(
            draft.height,
            draft.time_us,
            request.key,
            0 if record is None else record.era,
            0 if record is None else record.generation,
            principal,
            request.signing,
            request.context,
            message_hash(request.message),
            (),
            reason,
        )
    )
    draft.session_events.append(
        Refused(request.key, request.signing, principal, request.context, reason)
    )
    raise Rejected(reason)


def open_test_session(draft: Draft, key: str) -> None:
    """Ask a key's active generation for its first signature, which proves that it works.

    To be called when a generation has been activated; keys that sign nothing are left alone.
    """
    record = draft.record(key)
    assert record is not None, key
    if record.scheme not in PROTOCOLS:
        return
    context = record.policy.contexts[0] if record.policy.contexts else DEFAULT_CONTEXT
    message = trial_message(draft.genesis.chain, key, record.era, record.generation, context)
    signing = f"test-{record.era}-{record.generation}"
    request = RequestSign(key, signing, context, message)
    _open(draft, _bound(draft, record, request, NOBODY, "test"))


def open_endorsement(draft: Draft, key: str, era: int, message: bytes) -> str:
    """Ask a key's active generation to endorse the public key of `era`, the next one.

    Args:
        draft: Of the block in which the new public key is ready.
        key: The key's name; its record is the old era's still.
        era: The new one.
        message: From `signing_task.endorsement_message`.

    Returns:
        The session's id. `Draft.closed_now` has it when it is over.

    """
    record = draft.record(key)
    assert record is not None, key
    tries = sum(name.startswith(f"endorse-{era}") for of, name in draft.sessions if of == key)
    signing = f"endorse-{era}" if not tries else f"endorse-{era}.{tries + 1}"
    request = RequestSign(key, signing, DEFAULT_CONTEXT, message)
    _open(draft, _bound(draft, record, request, NOBODY, "endorse"))
    return signing


def rebind_sessions(draft: Draft, key: str) -> None:
    """Bind a key's open sessions to the generation that is active now: all rounds start afresh.

    To be called when a later generation has been activated, before `open_test_session`. Tests of an
    earlier generation, and endorsements by it, are nothing that another one could sign: they close.
    """
    record = draft.record(key)
    assert record is not None, key
    for session in draft.sessions_of(key):
        if session.purpose != "request":
            _close(draft, session, EXPIRED)
            continue
        request = RequestSign(key, session.signing, session.context, session.message)
        fresh = _bound(draft, record, request, session.requester, "request")
        if fresh.needed > len(fresh.holders):
            _close(draft, session, FAILED)
            continue
        fresh = msgspec.structs.replace(
            fresh, opened_at=session.opened_at, expires_at=session.expires_at
        )
        draft.set_session(fresh)
        draft.session_events.append(Rebound(draft.signing_task(fresh)))


def close_sessions(draft: Draft, key: str, outcome: str) -> None:
    """Close all open sessions of a key that goes out of use; `outcome` says why (KeyRetired)."""
    for session in draft.sessions_of(key):
        _close(draft, session, outcome)


def close_endorsement(draft: Draft, key: str) -> None:
    """Close the session in which a key was to endorse a rekey that has been rolled back."""
    for session in draft.sessions_of(key):
        if session.purpose == "endorse":
            _close(draft, session, EXPIRED)


def expire_sessions(draft: Draft) -> None:
    """At the end of a height's transactions: close the sessions whose time is up."""
    for session in list(draft.open_sessions.values()):
        if draft.height >= session.expires_at:
            _close(draft, session, EXPIRED)


def begin_sessions(draft: Draft) -> None:
    """At the very end of a height: let sessions begin that find their seats free."""
    waiting: list[SigningTask] = []
    running = []
    for session in draft.open_sessions.values():
        task = draft.signing_task(session)
        number = task.round_at(draft.height)
        if number is None:
            waiting.append(task)
        else:
            running.append(task.seated(number))
    begun = admitted(running, [((task.key, task.signing), task.seated(0)) for task in waiting])
    for name in begun:
        begins = msgspec.structs.replace(draft.open_sessions[name], begins=draft.height)
        draft.set_session(begins)


def record_sign_session(draft: Draft, transaction: Transaction) -> None:
    """Close a session with its signature, or with proof that too few good signers are left.

    Raises:
        Rejected: Malformed, SessionNotFound, SessionClosed, WrongPhase before it has begun,
            Unauthorized, WrongGeneration, OtherMessage, BadEvidence, InvalidSigners or
            InvalidSignature.

    """
    try:
        statement = decode_canonical(transaction.payload, RecordSignSession)
    except DecodeError:
        raise Rejected("Malformed") from None
    name = (statement.key, statement.signing)
    session = draft.open_sessions.get(name)
    if session is None:
        raise Rejected("SessionClosed" if name in draft.sessions else "SessionNotFound")
    task = draft.signing_task(session)
    _check(task, transaction.principal, statement)
    outcome = SIGNED if statement.signature else FAILED
    _close(draft, session, outcome, transaction.principal, statement)


def _check(task: SigningTask, principal: bytes, statement: RecordSignSession) -> None:
    if not task.begins:
        raise Rejected("WrongPhase")
    if all(member.identity != principal for member in task.members):
        raise Rejected("Unauthorized")
    if statement.generation != task.generation:
        raise Rejected("WrongGeneration")
    if (statement.message, statement.context) != (task.message, task.context):
        raise Rejected("OtherMessage")
    bad = [evidence.member for evidence in statement.bad]
    if bad != sorted(set(bad)) or not all(map(task.is_bad, statement.bad)):
        raise Rejected("BadEvidence")
    signers = statement.signers
    if not statement.signature:
        # Without a signature the evidence must leave too few who could still make one.
        if signers or len(task.holders) - len(bad) >= task.needed:
            raise Rejected("InvalidSignature")
        return
    if len(signers) < task.needed or list(signers) != sorted(set(signers)):
        raise Rejected("InvalidSigners")
    if not set(signers) <= set(task.holders) - set(bad):
        raise Rejected("InvalidSigners")
    if not verification.verify(
        task.scheme, task.public_key, statement.message, statement.signature
    ):
        raise Rejected("InvalidSignature")


def _bound(
    draft: Draft, record: KeyRecord, request: RequestSign, requester: bytes, purpose: Purpose
) -> SignSession:
    """Return a session bound to the generation of `record`, opened now; nothing is written."""
    genesis, quorum = draft.genesis, record.policy.quorum
    block = draft.before.finalised_before(draft.height)
    lasts = -(-TIMEOUT_US // genesis.block_time_us)
    threshold = record.threshold[0]
    return SignSession(
        key=request.key,
        signing=request.signing,
        purpose=purpose,
        protocol=PROTOCOLS[record.scheme],
        era=record.era,
        generation=record.generation,
        message=request.message,
        context=request.context,
        requester=requester,
        opened_at=draft.height,
        expires_at=draft.height + lasts,
        seed=session_seed(block, record.id, record.era, record.generation, draft.take_place()),
        holders=draft.holders(record, proven=purpose != "request"),
        needed=max(threshold, quorum) if purpose == "request" else threshold,
    )


def _open(draft: Draft, session: SignSession) -> None:
    draft.set_session(session)
    draft.session_events.append(Opened(draft.signing_task(session)))


def _close(
    draft: Draft,
    session: SignSession,
    outcome: str,
    recorder: bytes = b"",
    statement: RecordSignSession | None = None,
) -> None:
    """End a session and write its line of the audit log."""
    signers = () if statement is None else statement.signers
    bad = () if statement is None else statement.bad
    committee = draft.signing_task(session).members if bad else ()
    draft.close_session(ClosedSession(session, draft.height, outcome, recorder, statement))
    draft.add_audit(
        AuditEntry(
            draft.height,
            draft.time_us,
            session.key,
            session.era,
            session.generation,
            session.requester,
            session.signing,
            session.context,
            message_hash(session.message),
            signers,
            outcome,
            tuple(committee[evidence.member - 1].name for evidence in bad),
        )
    )
    draft.session_events.append(
        Closed(
            session.key,
            session.signing,
            outcome,
            b"" if statement is None else statement.signature,
            signers,
            tuple((evidence.member, evidence.partial) for evidence in bad),
        )
    )
