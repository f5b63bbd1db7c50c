"""Public checks on deals: what every validator finds out about them from ledger bytes alone.

Source: Pedersen 1991 as in Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007), with the degree
test of SCRAPE (Cascudo, David 2017) in the evaluation form. Where a rotation pins the constant
term, its encoded bytes are compared, before and outside any combination.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sim.base.codec import decode_canonical, tuple_hash
from sim.base.errors import DecodeError
from sim.base.memo import foresee, verdict
from sim.crypto import commitments
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Base, Ceremony
from sim.protocol.messages import Deal
from sim.protocol.operations import sharing_of
from sim.protocol.repair_rules import masks_fault

_DEGREE: Final = "K-chain/degree/v1"

DEAL_FAULTS: Final = frozenset(
    {
        "wrong-reveal",
        "malformed-deal",
        "wrong-point-count",
        "invalid-point",
        "wrong-constant",
        "bad-proof",
        "degree-too-high",
    }
)
"""What a deal alone can be convicted of; a deal gets one verdict, and these come first."""


@dataclass(frozen=True, slots=True)
class RecordedDeal:
    """A dealer's first deal on the ledger.

    Attributes:
        transaction: Its id, 32 bytes.
        body: The statement's bytes; other bytes by the same dealer are an equivocation.
        raw: The signed transaction.
        deal: The decoded deal, or None when malformed.

    """

    transaction: bytes
    body: bytes
    raw: bytes
    deal: Deal | None


def parse_deal(body: bytes) -> Deal | None:
    """Decode a deal; None when it is malformed."""
    try:
        return decode_canonical(body, Deal)
    except DecodeError:
        return None


def committee_digest(ceremony: Ceremony, transport: Mapping[int, bytes]) -> bytes:
    """Hash the ordered identity and transport keys; who announced none has an empty key.

    In a rotation, also what it starts from: the old committee, its threshold, every V_x.
    """
    members = [(m.index, m.identity, transport.get(m.index, b"")) for m in ceremony.members]
    base = ceremony.base
    if base is None:
        return tuple_hash("committee", members)
    return tuple_hash("committee", members, base_digest(base))


def base_digest(base: Base) -> bytes:
    """Hash the generation that a rotation starts from: holders, threshold, V_0..V_n, transcript."""
    return tuple_hash(
        "base",
        base.generation,
        base.threshold,
        [(member.index, member.identity) for member in base.members],
        base.verification,
        base.transcript,
    )


def _about_deal(
    ceremony: Ceremony, committee: bytes, dealer: int, transaction: bytes, body: bytes
) -> tuple[Any, ...]:
    return ceremony.digest, committee, dealer, transaction, sha256(body).digest()


@verdict(_about_deal)
def deal_fault(
    ceremony: Ceremony, committee: bytes, dealer: int, transaction: bytes, body: bytes
) -> str:
    """Name the first fault of one deal, ``""`` when there is none; the degree is left aside.

    `transaction` is the deal's id. The order is the protocol's: malformed-deal, wrong-point-count,
    invalid-point, wrong-constant, bad-proof.
    """
    if ceremony.operation == "repair":
        return masks_fault(ceremony, dealer, parse_deal(body))
    fault = _point_fault(*_points_of(ceremony, transaction, body))
    if fault:
        return fault
    deal = parse_deal(body)
    assert deal is not None
    sharing = sharing_of(ceremony)
    constant = commitments.form(ceremony.commitments).constant(deal.points)
    pinned = sharing.pinned(ceremony, dealer)
    if pinned is not None and constant != pinned:
        return "wrong-constant"
    if not sharing.proves:
        return ""
    proven = sharing.proven(ceremony, committee, dealer, constant, deal.proof)
    return "" if proven else "bad-proof"


class _Points(NamedTuple):
    """A deal's points, and how they are looked at; `transaction` is there to tell deals apart."""

    scheme: str
    form: str
    wanted: int
    zero: bool
    proves: bool
    transaction: bytes
    body: bytes


def _points_of(ceremony: Ceremony, transaction: bytes, body: bytes) -> _Points:
    sharing, form = sharing_of(ceremony), commitments.form(ceremony.commitments)
    return _Points(
        ceremony.scheme,
        form.name,
        form.point_count(ceremony.size, ceremony.threshold),
        sharing.zero,
        sharing.proves,
        transaction,
        body,
    )


@verdict(lambda *points: (*points[:-1], sha256(points[-1]).digest()))
def _point_fault(
    scheme: str, form: str, wanted: int, zero: bool, proves: bool, transaction: bytes, body: bytes
) -> str:
    """Like `deal_fault`, for what comes before the proof; see `_Points`."""
    del transaction
    deal = parse_deal(body)
    if deal is None or (deal.proof and not proves):
        return "malformed-deal"
    if len(deal.points) != wanted:
        return "wrong-point-count"
    try:
        commitments.form(form).validate(get_group(scheme), deal.points, zero=zero)
    except PointError:
        return "invalid-point"
    return ""


def deal_faults(
    ceremony: Ceremony, committee: bytes, deals: Mapping[int, RecordedDeal]
) -> dict[int, str]:
    """Judge all deals at the height that ended the deal phase: dealer → its first fault.

    The combined degree test covers every deal whose points are valid and whose constant is what it
    must be, whatever else is wrong with it; its verdict counts where nothing earlier applies.
    """
    faults: dict[int, str] = {}
    sound: list[tuple[int, RecordedDeal]] = []
    if ceremony.operation != "repair":
        calls = [_points_of(ceremony, deal.transaction, deal.body) for deal in deals.values()]
        foresee(_point_fault, calls)
    for dealer in sorted(deals):
        recorded = deals[dealer]
        fault = deal_fault(ceremony, committee, dealer, recorded.transaction, recorded.body)
        if fault:
            faults[dealer] = fault
        if fault in ("", "bad-proof"):
            sound.append((dealer, recorded))
    if ceremony.operation == "repair":
        return faults  # masks are no polynomials
    ids = tuple((recorded.transaction, recorded.body) for _, recorded in sound)
    high = _high_degree(ceremony, ids)
    for dealer, recorded in sound:
        if recorded.transaction in high:
            faults.setdefault(dealer, "degree-too-high")
    return faults


def _degree_tag(ceremony: Ceremony) -> tuple[Any, ...]:
    return (_DEGREE, ceremony.session, ceremony.attempt, ceremony.scheme)


def _about_deals(ceremony: Ceremony, deals: tuple[tuple[bytes, bytes], ...]) -> tuple[Any, ...]:
    return ceremony.digest, [(transaction, sha256(body).digest()) for transaction, body in deals]


@verdict(_about_deals)
def _high_degree(ceremony: Ceremony, deals: tuple[tuple[bytes, bytes], ...]) -> frozenset[bytes]:
    parsed = []
    for transaction, body in deals:
        deal = parse_deal(body)
        assert deal is not None
        parsed.append((transaction, deal.points))
    return commitments.form(ceremony.commitments).high_degree(
        get_group(ceremony.scheme),
        _degree_tag(ceremony),
        ceremony.size,
        ceremony.threshold,
        tuple(parsed),
        zero=sharing_of(ceremony).zero,
    )


def degree_too_high(ceremony: Ceremony, transaction: bytes, points: tuple[bytes, ...]) -> bool:
    """Say whether one deal alone, with weights from its own id, has too high a degree."""
    return commitments.form(ceremony.commitments).single_high_degree(
        get_group(ceremony.scheme),
        _degree_tag(ceremony),
        ceremony.size,
        ceremony.threshold,
        transaction,
        points,
        zero=sharing_of(ceremony).zero,
    )
