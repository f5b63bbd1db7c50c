"""Evidence of what GJKR alone can convict of: wrong extractions, and shares that are none."""

from __future__ import annotations

from sim.protocol.citations import Cited, PublicRecord, by, decode, sound_deal
from sim.protocol.entries import Fault
from sim.protocol.gjkr import Extraction, contradicts, flawed
from sim.protocol.promises import share_matches
from sim.protocol.variant_messages import Expose, Exposed, Extract, Reconstruct


def proves_bad_extraction(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    """Say whether an extraction is none, or isn't what the dealer has dealt to somebody.

    Cited is the extraction alone; or deal, extraction, and a share that fits the first only.
    """
    if by(cited, fault.validator, "extract"):
        return _is_flawed(record, cited[0])
    if not by(cited[:2], fault.validator, "deal", "extract") or len(cited) != 3:
        return False
    deal, extract = sound_deal(record, cited[0]), decode(cited[1], Extract)
    if deal is None or extract is None or _is_flawed(record, cited[1]):
        return False
    holder = cited[2].seat.index
    return any(
        share_matches(record.ceremony, deal.points, holder, share.opening)
        and contradicts(record.ceremony, extract.points, holder, share.opening)
        for share in _exposed(cited[2], cited[0].seat.index)
    )


def proves_false_exposure(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    """Say whether a holder has exposed a share that doesn't fit the deal: deal, exposure."""
    if len(cited) != 2 or cited[0].kind != "deal" or cited[1].seat.name != fault.validator:
        return False
    deal = sound_deal(record, cited[0])
    holder = cited[1].seat.index
    return deal is not None and any(
        not share_matches(record.ceremony, deal.points, holder, share.opening)
        for share in _exposed(cited[1], cited[0].seat.index)
    )


def _is_flawed(record: PublicRecord, cited: Cited) -> bool:
    extract = decode(cited, Extract)
    alone = Extraction(cited.id, b"", None if extract is None else extract.points)
    return bool(flawed(record.ceremony, ((cited.seat.index, alone),)))


def _exposed(cited: Cited, dealer: int) -> list[Exposed]:
    """Return what a holder has exposed of `dealer`."""
    kinds: dict[str, type[Expose | Reconstruct]] = {
        "expose": Expose,
        "reconstruct": Reconstruct,
    }
    if cited.kind not in kinds:
        return []
    statement = decode(cited, kinds[cited.kind])
    return [] if statement is None else [s for s in statement.shares if s.dealer == dealer]
