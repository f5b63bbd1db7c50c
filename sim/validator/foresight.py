"""What a rushing adversary sees: an attempt as the next block would make it."""

from __future__ import annotations

from collections.abc import Iterable

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.protocol.entries import Entry, Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import STATEMENTS
from sim.protocol.transactions import CeremonyPayload, decode_transaction, transaction_id


def foreseen(state: CeremonyState, height: int, transactions: Iterable[bytes]) -> CeremonyState:
    """Return a copy of `state` with what a block at `height` would add to it so far.

    Signatures aren't checked: whoever rushes believes what stands in the ledger's queue.
    """
    soon = state.copy()
    for raw in transactions:
        entry = _entry(state, height, raw)
        if entry is not None:
            try:
                soon.apply(entry)
            except Rejected:
                continue
    return soon


def _entry(state: CeremonyState, height: int, raw: bytes) -> Entry | None:
    """Return what a transaction says in this attempt; None if it is about something else."""
    ceremony = state.ceremony
    try:
        transaction = decode_transaction(raw)
        if transaction.kind not in STATEMENTS:
            return None
        payload = decode_canonical(transaction.payload, CeremonyPayload)
    except DecodeError:
        return None
    if (payload.session, payload.attempt) != (ceremony.session, ceremony.attempt):
        return None
    return Entry(
        height, transaction_id(raw), transaction.principal, transaction.kind, payload.body, raw
    )
