"""What evidence is read from: the cited transactions, and the attempt's public record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.crypto.signatures import CommitmentList
from sim.protocol.activation import list_hash
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.deals import deal_fault, parse_deal
from sim.protocol.entries import Fault
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import DEALERS_SAY, Deal
from sim.protocol.transactions import (
    CeremonyPayload,
    Transaction,
    decode_transaction,
    is_signed,
    transaction_id,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PublicRecord:
    """What the ledger says about an attempt, besides the cited transactions.

    Attributes:
        ceremony: The attempt.
        committee: Digest of identity and transport keys.
        verification: V_0..V_n, or empty.
        transcript: The transcript's digest, or empty.
        message: The activation message, or empty.
        lists: Commitment lists of the signing sets, by their hash.
        running: For a malformed response: the dealers that ran at its place in the ledger.
        deals: Id of every dealer's first deal.
        recorded: Ids of the entries that had an effect.
        answered: (dealer, accuser) of the complaints that the ledger shows an answer to in the
            clear, which is the first clear one that the dealer gave.
        transport: Transport keys by member, as announced.

    """

    ceremony: Ceremony
    committee: bytes
    verification: tuple[bytes, ...]
    transcript: bytes
    message: bytes
    lists: Mapping[bytes, CommitmentList]
    running: Mapping[bytes, tuple[int, ...]]
    deals: Mapping[int, bytes]
    recorded: frozenset[bytes]
    answered: frozenset[tuple[int, int]]
    transport: Mapping[int, bytes]

    @classmethod
    def of(cls, state: CeremonyState) -> PublicRecord:
        """Read the record off the fold of the attempt's entries."""
        ceremony = state.ceremony
        lists = {
            list_hash(ceremony.session, ceremony.generation, state.activation_message, pairs): pairs
            for pairs in state.lists
        }
        return cls(
            ceremony=ceremony,
            committee=state.committee,
            verification=state.verification,
            transcript=state.transcript,
            message=state.activation_message,
            lists=lists,
            running=state.ran_at,
            deals={dealer: deal.transaction for dealer, deal in state.deals.items()},
            recorded=frozenset(transaction for _, transaction in state.log),
            answered=frozenset(
                pair for pair, reply in state.replies.items() if reply.kind == "clear"
            ),
            transport=dict(state.transport),
        )


@dataclass(frozen=True, slots=True)
class Cited:
    """One cited transaction: validly signed from a seat, for this session and attempt."""

    id: bytes
    kind: str
    seat: Member
    body: bytes


def read(ceremony: Ceremony, raw: bytes) -> Cited | None:
    """Read a cited transaction; None if it isn't one of this attempt, signed from a seat."""
    try:
        transaction: Transaction = decode_transaction(raw)
        payload = decode_canonical(transaction.payload, CeremonyPayload)
    except DecodeError:
        return None
    dealt = transaction.kind in DEALERS_SAY
    seats = ceremony.dealer_by_identity if dealt else ceremony.by_identity
    seat = seats.get(transaction.principal)
    if seat is None or transaction.chain != ceremony.chain or not is_signed(transaction):
        return None
    if (payload.session, payload.attempt) != (ceremony.session, ceremony.attempt):
        return None
    return Cited(transaction_id(raw), transaction.kind, seat, payload.body)


def decode(cited: Cited, kind: type[T]) -> T | None:
    """Decode the statement that is cited; None if it isn't one of that kind."""
    try:
        return decode_canonical(cited.body, kind)
    except DecodeError:
        return None


def by(cited: list[Cited], name: str, *kinds: str) -> bool:
    """Say whether exactly these kinds are cited, all signed by the validator `name`."""
    return [c.kind for c in cited] == list(kinds) and all(c.seat.name == name for c in cited)


def sound_deal(record: PublicRecord, cited: Cited) -> Deal | None:
    """Return a dealer's first deal, if its points are as many as they must be, and valid.

    A second one, recorded as an equivocation, could put honest statements in another light.
    """
    dealer = cited.seat.index
    if cited.id != record.deals.get(dealer):
        return None
    fault = deal_fault(record.ceremony, record.committee, dealer, cited.id, cited.body)
    return parse_deal(cited.body) if fault in ("", "bad-proof") else None


Check: TypeAlias = Callable[[PublicRecord, Fault, list[Cited]], bool]
"""Says whether the cited transactions prove a fault, by the rule that was broken."""
