"""Ceremony transactions: the chain finds the attempt, the judge says what they mean."""

from __future__ import annotations

from sim.base.errors import DecodeError
from sim.kchain.draft import Draft
from sim.kchain.payloads import decoded
from sim.kchain.records import AttemptId
from sim.protocol.entries import Entry, Rejected
from sim.protocol.requests import ReportEquivocation
from sim.protocol.transactions import (
    CeremonyPayload,
    Transaction,
    decode_transaction,
    is_signed,
    transaction_id,
)


def apply_statement(draft: Draft, transaction: Transaction, raw: bytes) -> None:
    """Hand a statement to the judge of its attempt.

    Raises:
        Rejected: Malformed, UnknownSession, WrongPhase if the attempt is long over, or the judge's
            reason.

    """
    attempt, body = _addressed(transaction)
    if draft.peek(attempt) is None:
        raise Rejected("WrongPhase" if draft.is_archived(attempt) else "UnknownSession")
    draft.touch(attempt).apply(_entry(draft, transaction, raw, body))


def note_second_deal(draft: Draft, transaction: Transaction, raw: bytes) -> None:
    """Show the judge a validly signed deal whose nonce is wrong: it may be an equivocation.

    Both deals of an equivocating dealer usually carry the same nonce, and only one can have it.
    """
    if transaction.kind != "deal":
        return
    try:
        attempt, body = _addressed(transaction)
    except Rejected:
        return
    if draft.peek(attempt) is not None:
        draft.touch(attempt).note_rejected(_entry(draft, transaction, raw, body))


def report_equivocation(draft: Draft, transaction: Transaction) -> None:
    """Take two signed deals that somebody saw off the ledger.

    Raises:
        Rejected: Unauthorized, Malformed, UnknownSession, WrongPhase if the attempt is long over,
            or NoEquivocation.

    """
    principal = transaction.principal
    if principal not in draft.registry.by_identity and principal not in draft.genesis.authorised:
        raise Rejected("Unauthorized")
    report = decoded(transaction, ReportEquivocation)
    try:
        deals = [decode_transaction(raw) for raw in (report.first, report.second)]
    except DecodeError:
        raise Rejected("Malformed") from None
    first, second = (_addressed(deal) for deal in deals)
    if first[0] != second[0]:
        raise Rejected("NoEquivocation")
    if draft.peek(first[0]) is None:
        raise Rejected("WrongPhase" if draft.is_archived(first[0]) else "UnknownSession")
    if not all(deal.chain == draft.genesis.chain and is_signed(deal) for deal in deals):
        raise Rejected("NoEquivocation")
    draft.touch(first[0]).note_report(
        _entry(draft, deals[0], report.first, first[1]),
        _entry(draft, deals[1], report.second, second[1]),
    )


def _addressed(transaction: Transaction) -> tuple[AttemptId, bytes]:
    """Return the attempt that a ceremony transaction belongs to, and its statement's bytes."""
    payload = decoded(transaction, CeremonyPayload)
    return (payload.session, payload.attempt), payload.body


def _entry(draft: Draft, transaction: Transaction, raw: bytes, body: bytes) -> Entry:
    return Entry(
        draft.height, transaction_id(raw), transaction.principal, transaction.kind, body, raw
    )
