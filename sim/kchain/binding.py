"""Open signing sessions: bound to the active generation, opened, closed with a line in the log."""

from __future__ import annotations

from typing import Final

from sim.kchain.audit import AuditEntry, ClosedSession, SignSession, message_hash
from sim.kchain.draft import Draft
from sim.kchain.records import KeyRecord
from sim.protocol.requests import RecordSignSession, RequestSign
from sim.protocol.sampling import session_seed
from sim.protocol.signing_events import Closed, Opened
from sim.protocol.signing_task import PROTOCOLS, Purpose

TIMEOUT_US: Final = 300_000_000
"""How long a session may take: 5 minutes (LP-044), in heights of the chain rounded up."""


def bound(
    draft: Draft, record: KeyRecord, request: RequestSign, requester: bytes, purpose: Purpose
) -> SignSession:
    """Return a session bound to the generation of `record` and opened now; nothing is written.

    Args:
        draft: The block.
        record: Of the active generation.
        request: What is to be signed; the chain makes its own.
        requester: Who asks.
        purpose: Why. The policy's quorum is for requests alone, and so are holders that gave no
            good partial for the activation: they may have been down.

    """
    genesis, threshold = draft.genesis, record.threshold[0]
    block = draft.before.finalised_before(draft.height)
    asked = purpose == "request"
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
        expires_at=draft.height - (-TIMEOUT_US // genesis.block_time_us),
        seed=session_seed(block, record.id, record.era, record.generation, draft.take_place()),
        holders=draft.holders(record, proven=not asked),
        needed=max(threshold, record.policy.quorum) if asked else threshold,
    )


def open_session(draft: Draft, session: SignSession) -> None:
    """Write a new session; it begins once its seats are free."""
    draft.set_session(session)
    draft.session_events.append(Opened(draft.signing_task(session)))


def close_session(
    draft: Draft,
    session: SignSession,
    outcome: str,
    recorder: bytes = b"",
    statement: RecordSignSession | None = None,
) -> None:
    """End a session and write its line of the audit log.

    Args:
        draft: The block.
        session: An open one.
        outcome: One of `signing_events.OUTCOMES`, or why the key is out of use.
        recorder: Who recorded it, if anyone did.
        statement: What that one recorded, checked.

    """
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
