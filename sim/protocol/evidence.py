"""Evidence: what convinces a third party, from ledger bytes alone, that a validator broke a rule.

`reverify` looks at the signed transactions that a fault cites and at the attempt's public record,
which anyone gets by folding the ledger's entries. It decides anew, by the rule that was broken,
without asking the judge. Only statements that stand on the ledger with effect count: what a
validator signs elsewhere could pair honest statements with others that nobody answered. Two
different signed deals convict wherever they were seen. What it can't prove, it refuses: silence, a
majority's word, and disputes leave the same bytes whoever is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.crypto.signatures import CommitmentList
from sim.protocol.activation import list_hash, partial_holds
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.complaints import judge_opening, share_matches
from sim.protocol.deals import deal_fault, degree_too_high, parse_deal
from sim.protocol.entries import Fault
from sim.protocol.generate import key_fault
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import (
    Answer,
    Confirm,
    Deal,
    Justification,
    OpenReply,
    Reply,
    Response,
    Sign,
)
from sim.protocol.repair_rules import owed, point_matches
from sim.protocol.responses import parse_response
from sim.protocol.result import confirmation_holds
from sim.protocol.transactions import (
    CeremonyPayload,
    Transaction,
    decode_transaction,
    is_signed,
    transaction_id,
)

T = TypeVar("T")

_OPENINGS: Final = (
    ["response", "justification", "open-reply"],
    ["response", "answer", "open-reply"],
)
"""What follows the deals in the evidence of an opening."""


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
        replied: (dealer, accuser) of the complaints that the ledger shows a reply to.

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
    replied: frozenset[tuple[int, int]]

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
            replied=frozenset(state.replies),
        )


@dataclass(frozen=True, slots=True)
class _Cited:
    """One cited transaction: validly signed from a seat, for this session and attempt."""

    id: bytes
    kind: str
    seat: Member
    body: bytes


def reverify(record: PublicRecord, fault: Fault) -> bool:
    """Say whether the evidence of `fault` proves it to someone who trusts nobody."""
    check = _CHECKS.get(fault.fault)
    if check is None or not fault.proof:
        return False
    cited = [_read(record.ceremony, raw) for raw in fault.evidence]
    known = [transaction for transaction in cited if transaction is not None]
    if not known or len(known) < len(cited):
        return False
    if fault.fault != "equivocation" and any(c.id not in record.recorded for c in known):
        return False
    return check(record, fault, known)


def _read(ceremony: Ceremony, raw: bytes) -> _Cited | None:
    try:
        transaction: Transaction = decode_transaction(raw)
        payload = decode_canonical(transaction.payload, CeremonyPayload)
    except DecodeError:
        return None
    dealt = transaction.kind in ("deal", "justification", "answer")
    seats = ceremony.dealer_by_identity if dealt else ceremony.by_identity
    seat = seats.get(transaction.principal)
    if seat is None or transaction.chain != ceremony.chain or not is_signed(transaction):
        return None
    if (payload.session, payload.attempt) != (ceremony.session, ceremony.attempt):
        return None
    return _Cited(transaction_id(raw), transaction.kind, seat, payload.body)


def _decode(cited: _Cited, kind: type[T]) -> T | None:
    try:
        return decode_canonical(cited.body, kind)
    except DecodeError:
        return None


def _by(cited: list[_Cited], name: str, *kinds: str) -> bool:
    """Say whether exactly these kinds are cited, all signed by the validator `name`."""
    return [c.kind for c in cited] == list(kinds) and all(c.seat.name == name for c in cited)


def _bad_deal(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    if _by(cited, fault.validator, "publish-key"):
        return key_fault(record.ceremony, cited[0].body) == fault.fault
    if not _by(cited, fault.validator, "deal"):
        return False
    deal = cited[0]
    found = deal_fault(record.ceremony, record.committee, deal.seat.index, deal.id, deal.body)
    return found == fault.fault


def _high_degree(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    if not _by(cited, fault.validator, "deal"):
        return False
    deal = _sound_deal(record, cited[0])
    return deal is not None and degree_too_high(record.ceremony, cited[0].id, deal.points)


def _sound_deal(record: PublicRecord, cited: _Cited) -> Deal | None:
    """Return a dealer's first deal, if its points are as many as they must be, and valid.

    A second one, recorded as an equivocation, could put honest statements in another light.
    """
    dealer = cited.seat.index
    if cited.id != record.deals.get(dealer):
        return None
    fault = deal_fault(record.ceremony, record.committee, dealer, cited.id, cited.body)
    return parse_deal(cited.body) if fault in ("", "bad-proof") else None


def _equivocation(_record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    return _by(cited, fault.validator, "deal", "deal") and cited[0].body != cited[1].body


def _malformed_response(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    if not _by(cited, fault.validator, "response") or cited[0].id not in record.running:
        return False
    ceremony, own = record.ceremony, record.ceremony.own_dealer(cited[0].seat.index)
    dealing = [dealer.index for dealer in ceremony.dealers]
    running = record.running[cited[0].id]
    sealed = ceremony.always_sealed
    return parse_response(cited[0].body, own, dealing, running, always_sealed=sealed) is None


def _bad_justification(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    """Look for a wrong share: in the clear (deal, justification), or sealed and then opened."""
    kinds = [c.kind for c in cited]
    if kinds == ["deal", "justification"] and _by(cited, fault.validator, *kinds):
        return not record.ceremony.always_sealed and _bad_clear_reply(record, cited)
    return _opening_verdict(record, fault, cited, dealer_first=True) == "bad-reply"


def _bad_clear_reply(record: PublicRecord, cited: list[_Cited]) -> bool:
    deal, justification = _sound_deal(record, cited[0]), _decode(cited[1], Justification)
    if deal is None or justification is None:
        return False
    first: dict[int, Reply] = {}
    for reply in justification.replies:
        if reply.kind == "clear":
            first.setdefault(reply.accuser, reply)
    dealer = cited[0].seat.index
    return any(
        (dealer, accuser) in record.replied
        and not share_matches(record.ceremony, deal.points, accuser, reply.data)
        for accuser, reply in first.items()
    )


def _false_opening(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    return _opening_verdict(record, fault, cited, dealer_first=False) == "false-opening"


def _opening_verdict(
    record: PublicRecord, fault: Fault, cited: list[_Cited], *, dealer_first: bool
) -> str:
    """Re-judge an opening from deals, response, reply and open-reply; ``""`` if they are unfit."""
    deals, rest = cited[:-3], cited[-3:]
    if [c.kind for c in rest] not in _OPENINGS:
        return ""
    accuser, dealer = rest[0].seat, rest[1].seat
    if rest[2].seat != accuser or fault.validator != (dealer if dealer_first else accuser).name:
        return ""
    pair = (dealer.index, accuser.index)
    is_good = _promise(record, deals, pair)
    response, opening = _decode(rest[0], Response), _decode(rest[2], OpenReply)
    reply: Answer | Justification | None
    if rest[1].kind == "answer":
        reply = _decode(rest[1], Answer)
    else:
        reply = _decode(rest[1], Justification)
    if is_good is None or response is None or reply is None or opening is None:
        return ""
    keys = [c.one_time_key for c in response.complaints if c.dealer == dealer.index]
    sealed = [r.data for r in reply.replies if (r.accuser, r.kind) == (accuser.index, "sealed")]
    seeds = [o.seeds for o in opening.openings if o.dealer == dealer.index]
    if not (keys and sealed and seeds):
        return ""
    return judge_opening(record.ceremony, pair, keys[0], sealed[0], seeds[0], is_good)


def _promise(
    record: PublicRecord, deals: list[_Cited], pair: tuple[int, int]
) -> Callable[[bytes], bool] | None:
    """Return what judges the share that `pair` is about, from exactly the deals that bind it."""
    ceremony = record.ceremony
    dealer, accuser = pair
    repair = ceremony.operation == "repair"
    needed = ceremony.helpers if repair and accuser == ceremony.target else (dealer,)
    if tuple(deal.seat.index for deal in deals) != needed:
        return None
    rows: dict[int, tuple[bytes, ...]] = {}
    for cited in deals:
        deal = _sound_deal(record, cited)
        if deal is None:
            return None
        rows[cited.seat.index] = deal.points
    if repair:
        return partial(point_matches, ceremony, owed(ceremony, rows, dealer, accuser))
    return partial(share_matches, ceremony, rows[dealer], accuser)


def _confirmation(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    if not _by(cited, fault.validator, "confirm"):
        return False
    confirm = _decode(cited[0], Confirm)
    if confirm is None or not record.verification:
        return False
    if fault.fault == "inconsistent-confirmation":
        return confirm.transcript != record.transcript
    index = cited[0].seat.index
    return confirm.transcript == record.transcript and not confirmation_holds(
        record.ceremony, record.committee, index, record.verification[index], confirm
    )


def _contradiction(_record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    if not _by(cited, fault.validator, "confirm", "confirm"):
        return False
    first, second = (_decode(c, Confirm) for c in cited)
    return first is not None and second is not None and first.transcript != second.transcript


def _bad_partial(record: PublicRecord, fault: Fault, cited: list[_Cited]) -> bool:
    if not _by(cited, fault.validator, "sign"):
        return False
    sign = _decode(cited[0], Sign)
    pairs = None if sign is None else record.lists.get(sign.list_hash)
    index = cited[0].seat.index
    if sign is None or pairs is None or not record.verification:
        return False
    if index not in [member for member, _, _ in pairs]:
        return False
    return not partial_holds(
        record.ceremony.scheme,
        record.verification[0],
        record.verification[index],
        index,
        record.message,
        pairs,
        sign.partial,
    )


_CHECKS: Final[Mapping[str, Callable[[PublicRecord, Fault, list[_Cited]], bool]]] = {
    "malformed-deal": _bad_deal,
    "wrong-point-count": _bad_deal,
    "invalid-point": _bad_deal,
    "wrong-constant": _bad_deal,
    "bad-proof": _bad_deal,
    "degree-too-high": _high_degree,
    "equivocation": _equivocation,
    "malformed-response": _malformed_response,
    "bad-justification": _bad_justification,
    "false-opening": _false_opening,
    "inconsistent-confirmation": _confirmation,
    "bad-confirmation": _confirmation,
    "contradictory-confirmation": _contradiction,
    "bad-partial": _bad_partial,
}
"""Verdict name to the check that proves it."""
