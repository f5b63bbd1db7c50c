"""Evidence: what convinces a third party, from ledger bytes alone, that a validator broke a rule.

`reverify` looks at the signed transactions that a fault cites and at the attempt's public record,
which anyone gets by folding the ledger's entries. It decides anew, by the rule that was broken,
without asking the judge. Only statements that stand on the ledger with effect count: what a
validator signs elsewhere could pair honest statements with others that nobody answered. Two
different signed deals convict wherever they were seen. What it can't prove, it refuses: silence, a
majority's word, and disputes leave the same bytes whoever is to blame.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from sim.base.extensions import Registry
from sim.protocol.activation import partial_holds
from sim.protocol.citations import Check, Cited, PublicRecord, by, decode, read, sound_deal
from sim.protocol.complaints import judge_opening
from sim.protocol.deals import deal_fault, degree_too_high
from sim.protocol.entries import Fault
from sim.protocol.generate import key_fault
from sim.protocol.messages import (
    Answer,
    Confirm,
    Justification,
    OpenReply,
    Reply,
    Response,
    Sign,
)
from sim.protocol.promises import share_matches
from sim.protocol.provable import judge_disclosure
from sim.protocol.repair_rules import owed, point_matches
from sim.protocol.responses import parse_response
from sim.protocol.result import confirmation_holds

_OPENINGS: Final = (
    ["response", "justification", "open-reply"],
    ["response", "answer", "open-reply"],
)
"""What follows the deals in the evidence of an opening."""


def reverify(record: PublicRecord, fault: Fault) -> bool:
    """Say whether the evidence of `fault` proves it to someone who trusts nobody."""
    check = VERDICTS.get(fault.fault)
    if check is None or not fault.proof:
        return False
    cited = [read(record.ceremony, raw) for raw in fault.evidence]
    known = [transaction for transaction in cited if transaction is not None]
    if not known or len(known) < len(cited):
        return False
    if fault.fault != "equivocation" and any(c.id not in record.recorded for c in known):
        return False
    return check(record, fault, known)


def _bad_deal(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if by(cited, fault.validator, "publish-key"):
        return key_fault(record.ceremony, cited[0].body) == fault.fault
    if not by(cited, fault.validator, "deal"):
        return False
    deal = cited[0]
    found = deal_fault(record.ceremony, record.committee, deal.seat.index, deal.id, deal.body)
    return found == fault.fault


def _high_degree(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if not by(cited, fault.validator, "deal"):
        return False
    deal = sound_deal(record, cited[0])
    return deal is not None and degree_too_high(record.ceremony, cited[0].id, deal.points)


def _equivocation(_record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    return by(cited, fault.validator, "deal", "deal") and cited[0].body != cited[1].body


def _malformed_response(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if not by(cited, fault.validator, "response") or cited[0].id not in record.running:
        return False
    ceremony, own = record.ceremony, record.ceremony.own_dealer(cited[0].seat.index)
    dealing = [dealer.index for dealer in ceremony.dealers]
    running = record.running[cited[0].id]
    sealed = ceremony.always_sealed
    return (
        parse_response(
            cited[0].body,
            own,
            dealing,
            running,
            always_sealed=sealed,
            provable=ceremony.provable,
        )
        is None
    )


def _bad_justification(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    """Look for a wrong share: in the clear (deal, justification), or sealed and then opened."""
    kinds = [c.kind for c in cited]
    if kinds == ["deal", "justification"] and by(cited, fault.validator, *kinds):
        return _bad_clear_reply(record, cited)
    return _opening_verdict(record, fault, cited, dealer_first=True) == "bad-reply"


def _bad_clear_reply(record: PublicRecord, cited: list[Cited]) -> bool:
    deal, justification = sound_deal(record, cited[0]), decode(cited[1], Justification)
    if deal is None or justification is None:
        return False
    first: dict[int, Reply] = {}
    for reply in justification.replies:
        if reply.kind == "clear":
            first.setdefault(reply.accuser, reply)
    dealer = cited[0].seat.index
    return any(
        (dealer, accuser) in record.answered
        and not share_matches(record.ceremony, deal.points, accuser, reply.data)
        for accuser, reply in first.items()
    )


def _bad_share(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    return "bad-share" in _disclosed(record, cited, of=fault.validator)


def _disclosed(record: PublicRecord, cited: list[Cited], of: str = "") -> set[str]:
    """Re-judge what a Response discloses about the cited deals: every verdict that comes of it.

    `of` names one dealer, or none: in a repair the same deals say what each helper owes.
    """
    ceremony, deals, last = record.ceremony, cited[:-1], cited[-1]
    response = decode(last, Response) if last.kind == "response" else None
    verdicts: set[str] = set()
    for complaint in () if response is None or not ceremony.provable else response.complaints:
        dealer = ceremony.dealer_by_index.get(complaint.dealer)
        if dealer is None or complaint.disclosure is None or of not in ("", dealer.name):
            continue
        pair = (complaint.dealer, last.seat.index)
        is_good = _promise(record, deals, pair)
        if is_good is not None:
            public = record.transport.get(last.seat.index)
            verdicts.add(judge_disclosure(ceremony, pair, public, complaint.disclosure, is_good))
    return verdicts


def _false_opening(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if cited[-1].kind == "response":
        own = cited[-1].seat.name == fault.validator
        return own and "false-opening" in _disclosed(record, cited)
    return _opening_verdict(record, fault, cited, dealer_first=False) == "false-opening"


def _opening_verdict(
    record: PublicRecord, fault: Fault, cited: list[Cited], *, dealer_first: bool
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
    response, opening = decode(rest[0], Response), decode(rest[2], OpenReply)
    said: type[Answer | Justification] = Answer if rest[1].kind == "answer" else Justification
    reply = decode(rest[1], said)
    if is_good is None or response is None or reply is None or opening is None:
        return ""
    keys = [c.one_time_key for c in response.complaints if c.dealer == dealer.index]
    sealed = [r.data for r in reply.replies if (r.accuser, r.kind) == (accuser.index, "sealed")]
    seeds = [o.seeds for o in opening.openings if o.dealer == dealer.index]
    if not (keys and sealed and seeds):
        return ""
    return judge_opening(record.ceremony, pair, keys[0], sealed[0], seeds[0], is_good)


def _promise(
    record: PublicRecord, deals: list[Cited], pair: tuple[int, int]
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
        deal = sound_deal(record, cited)
        if deal is None:
            return None
        rows[cited.seat.index] = deal.points
    if repair:
        return partial(point_matches, ceremony, owed(ceremony, rows, dealer, accuser))
    return partial(share_matches, ceremony, rows[dealer], accuser)


def _confirmation(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if not by(cited, fault.validator, "confirm"):
        return False
    confirm = decode(cited[0], Confirm)
    if confirm is None or not record.verification:
        return False
    if fault.fault == "inconsistent-confirmation":
        return confirm.transcript != record.transcript
    index = cited[0].seat.index
    return confirm.transcript == record.transcript and not confirmation_holds(
        record.ceremony, record.committee, index, record.verification[index], confirm
    )


def _contradiction(_record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if not by(cited, fault.validator, "confirm", "confirm"):
        return False
    first, second = (decode(c, Confirm) for c in cited)
    return first is not None and second is not None and first.transcript != second.transcript


def _bad_partial(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    if not by(cited, fault.validator, "sign"):
        return False
    sign = decode(cited[0], Sign)
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


VERDICTS: Final = Registry[Check]("verdict", qualified=False)
"""Verdict name to the check that proves it; `variants` registers those of its own."""


def _register(fault: str, check: Check) -> None:
    VERDICTS.register(fault, __name__, lambda _: check)


for _fault, _check in {
    "malformed-deal": _bad_deal,
    "wrong-point-count": _bad_deal,
    "invalid-point": _bad_deal,
    "wrong-constant": _bad_deal,
    "bad-proof": _bad_deal,
    "degree-too-high": _high_degree,
    "equivocation": _equivocation,
    "bad-share": _bad_share,
    "malformed-response": _malformed_response,
    "bad-justification": _bad_justification,
    "false-opening": _false_opening,
    "inconsistent-confirmation": _confirmation,
    "bad-confirmation": _confirmation,
    "contradictory-confirmation": _contradiction,
    "bad-partial": _bad_partial,
}.items():
    _register(_fault, _check)
