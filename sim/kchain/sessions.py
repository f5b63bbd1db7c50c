"""Signing sessions on the chain: requests let through or refused, signatures recorded, all logged.

A request that the policy allows opens a session, and so does every activation. The session begins
once each of its first seats is free, and ends with a recorded signature, with proof that too many
signers are bad, or at its expiry. The chain doesn't take part in signing: it checks a finished
signature under the key's public record, and evidence as anyone can.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

import msgspec

from sim.crypto import verification
from sim.kchain.audit import AuditEntry, message_hash
from sim.kchain.binding import bound, close_session, open_session
from sim.kchain.draft import Draft
from sim.kchain.payloads import decoded
from sim.kchain.policy import check_request, signings
from sim.protocol.entries import Rejected
from sim.protocol.requests import RecordSignSession, RequestSign
from sim.protocol.signing_events import FAILED, SIGNED, Refused
from sim.protocol.signing_task import SigningTask
from sim.protocol.transactions import Transaction

_CHAIN_IDS: Final = re.compile(r"test-\d+-\d+|endorse-\d+(\.\d+)?", re.ASCII)
"""Ids of this form are for the sessions that the chain opens."""


def request_sign(draft: Draft, transaction: Transaction) -> None:
    """Let a request through, or refuse it; a refusal is logged.

    Raises:
        Rejected: Malformed, ReservedId, Duplicate, QuorumUnreachable, or as
            `policy.check_request`.

    """
    request = decoded(transaction, RequestSign)
    try:
        _let_through(draft, transaction.principal, request)
    except Rejected as refusal:
        _refuse(draft, transaction.principal, request, refusal.reason)


def _let_through(draft: Draft, principal: bytes, request: RequestSign) -> None:
    key, record = check_request(draft, principal, request)
    if _CHAIN_IDS.fullmatch(request.signing):
        raise Rejected("ReservedId")
    name = (request.key, request.signing)
    if name in draft.open_sessions or name in draft.sessions:
        raise Rejected("Duplicate")
    session = bound(draft, record, request, principal, "request")
    if session.needed > len(session.holders):
        raise Rejected("QuorumUnreachable")
    epoch = draft.before.epoch(draft.height)
    draft.set_key(
        msgspec.structs.replace(key, signings=signings(key, epoch) + 1, signings_epoch=epoch)
    )
    open_session(draft, session)


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


def record_sign_session(draft: Draft, transaction: Transaction) -> None:
    """Close a session with its signature, or with proof that too few good signers are left.

    Raises:
        Rejected: Malformed, SessionNotFound, SessionClosed, WrongPhase before it has begun,
            Unauthorized, WrongGeneration, OtherMessage, BadEvidence, InvalidSigners or
            InvalidSignature.

    """
    statement = decoded(transaction, RecordSignSession)
    name = (statement.key, statement.signing)
    session = draft.open_sessions.get(name)
    if session is None:
        raise Rejected("SessionClosed" if name in draft.sessions else "SessionNotFound")
    task = draft.signing_task(session)
    _check(task, transaction.principal, statement)
    outcome = SIGNED if statement.signature else FAILED
    close_session(draft, session, outcome, transaction.principal, statement)


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
