"""RecordSignSession: what keys signed, what they may sign, and the log of both.

Refusals are logged as well as successes. The chain doesn't take part in signing: it checks a
finished signature under the key's public record.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.crypto import verification
from sim.kchain.draft import Draft
from sim.kchain.records import AuditEntry, Key, KeyRecord, SignSession
from sim.protocol.activation import ACTIVATE
from sim.protocol.entries import Rejected
from sim.protocol.transactions import RecordSignSession, Transaction

SIGNED: Final = "signed"
"""The audit log's outcome of a session that was recorded."""


def record_sign_session(draft: Draft, transaction: Transaction) -> None:
    """Record a signature and log it; a refusal is logged too.

    Raises:
        Rejected: Malformed, KeyNotFound, KeyNotActive, Unauthorized, WrongGeneration, Duplicate,
            InvalidSigners, InvalidSignature or PolicyViolation.

    """
    try:
        statement = decode_canonical(transaction.payload, RecordSignSession)
    except DecodeError:
        raise Rejected("Malformed") from None
    try:
        _check(draft, transaction.principal, statement)
    except Rejected as refusal:
        _log(draft, transaction.principal, statement, refusal.reason)
        raise
    key = draft.keys[statement.key]
    epoch = draft.before.epoch(draft.height)
    draft.set_key(
        msgspec.structs.replace(key, signings=_signings(key, epoch) + 1, signings_epoch=epoch)
    )
    draft.add_session(SignSession(draft.height, transaction.principal, statement))
    _log(draft, transaction.principal, statement, SIGNED)


def _check(draft: Draft, principal: bytes, statement: RecordSignSession) -> None:
    key = draft.keys.get(statement.key)
    if key is None:
        raise Rejected("KeyNotFound")
    record = key.record
    if record is None:
        raise Rejected("KeyNotActive")
    if record.retired_at is not None:
        raise Rejected("KeyRetired")
    entry = draft.registry.by_identity.get(principal)
    if entry is None or entry.name not in record.committee:
        raise Rejected("Unauthorized")
    if statement.generation != record.generation:
        raise Rejected("WrongGeneration")
    if (statement.key, statement.signing) in draft.sessions:
        raise Rejected("Duplicate")
    _check_signature(record, statement)
    _check_policy(key, record, statement, draft.before.epoch(draft.height))


def _check_signature(record: KeyRecord, statement: RecordSignSession) -> None:
    threshold, size = record.threshold
    signers = statement.signers
    if len(signers) < threshold or list(signers) != sorted(set(signers)):
        raise Rejected("InvalidSigners")
    if signers[0] < 1 or signers[-1] > size:
        raise Rejected("InvalidSigners")
    if not verification.verify(
        record.scheme, record.public_key, statement.message, statement.signature
    ):
        raise Rejected("InvalidSignature")


def _check_policy(key: Key, record: KeyRecord, statement: RecordSignSession, epoch: int) -> None:
    """Hold a valid signature against the policy: only what was really signed can violate it."""
    policy = record.policy
    if policy.contexts and statement.context not in policy.contexts:
        raise Rejected("PolicyViolation")
    limit = policy.max_signings_per_epoch
    if limit is not None and _signings(key, epoch) >= limit:
        raise Rejected("PolicyViolation")
    # Activation messages are signed over the ledger, by a pending generation, and by nothing else.
    if statement.message.startswith(ACTIVATE.encode()):
        raise Rejected("PolicyViolation")


def _signings(key: Key, epoch: int) -> int:
    return key.signings if key.signings_epoch == epoch else 0


def _log(draft: Draft, requester: bytes, statement: RecordSignSession, outcome: str) -> None:
    draft.add_audit(
        AuditEntry(
            draft.height,
            draft.time_us,
            statement.key,
            statement.generation,
            requester,
            statement.signing,
            statement.context,
            hashlib.sha256(statement.message).digest(),
            statement.signers,
            outcome,
        )
    )
