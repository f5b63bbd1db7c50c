"""Provable complaints: a holder that was sent a bad share shows everybody what it was sent.

The complaint `invalid` carries the envelope, which the dealer has signed, and what opens it alone
(see `crypto.disclosing`). So the ledger's bytes say who is at fault, when the Response is recorded:
the dealer, if the envelope doesn't open or doesn't hold the share (`bad-share`, and it is out); the
accuser, if the share is good or it shows something else than what the dealer signed
(`false-opening`). Nothing is left to justify. Of an envelope with which nothing can be proven, a
holder says that it is `missing`, and gets a sealed answer like anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal

from sim.base.memo import memoised
from sim.crypto import disclosing, sealing
from sim.protocol.ceremony import Ceremony
from sim.protocol.entries import Entry
from sim.protocol.envelopes import signed_by_dealer
from sim.protocol.messages import Complaint, ShareEnvelope
from sim.protocol.promises import keeps_promise
from sim.protocol.state import Notes, Pair
from sim.protocol.variant_messages import Disclosed

BAD_SHARE: Final = "bad-share"
FALSE_OPENING: Final = "false-opening"


def disclose(
    ceremony: Ceremony, envelope: ShareEnvelope, key: sealing.TransportKey, nonce: int
) -> Disclosed | None:
    """Return what shows the content of `envelope`, sealed to `key`; None if nothing is provable.

    Args:
        ceremony: The attempt.
        envelope: Signed by its dealer.
        key: The recipient's, for this attempt.
        nonce: Uniform, drawn for this alone.

    """
    pair = envelope.dealer, envelope.recipient
    found = disclosing.disclose(key, envelope.sealed, nonce, *_context(ceremony, pair))
    if found is None:
        return None
    return Disclosed(envelope.sealed, envelope.path, envelope.signature, *found)


def settle(notes: Notes, pair: Pair, complaint: Complaint, entry: Entry) -> None:
    """Say who is at fault in a complaint with a disclosure: exclude the dealer, or not."""
    assert complaint.disclosure is not None
    dealer, accuser = pair
    verdict = judge_disclosure(
        notes.ceremony,
        pair,
        notes.transport.get(accuser),
        complaint.disclosure,
        partial(keeps_promise, notes, *pair),
    )
    evidence = (*notes.promises(pair), entry.raw)
    if verdict == BAD_SHARE:
        notes.exclude(dealer, BAD_SHARE)
        notes.blame(notes.dealer(dealer), BAD_SHARE, entry.height, *evidence)
        return
    notes.published.append(pair)  # if it is the share, everybody can read it now
    notes.blame(notes.ceremony.member(accuser), FALSE_OPENING, entry.height, *evidence)


def judge_disclosure(
    ceremony: Ceremony,
    pair: Pair,
    public: bytes | None,
    disclosure: Disclosed,
    is_good: Callable[[bytes], bool],
) -> Literal["bad-share", "false-opening"]:
    """Say whose fault one disclosure proves, the dealer's or the accuser's.

    Args:
        ceremony: The attempt.
        pair: Dealer and accuser.
        public: The accuser's announced transport key, or None.
        disclosure: What it shows.
        is_good: Judges the encoded share.

    """
    dealer, accuser = pair
    envelope = ShareEnvelope(
        session=ceremony.session,
        attempt=ceremony.attempt,
        dealer=dealer,
        recipient=accuser,
        sealed=disclosure.sealed,
        path=disclosure.path,
        signature=disclosure.signature,
    )
    if public is None or not signed_by_dealer(ceremony, envelope):
        return "false-opening"
    try:
        data = _opened(ceremony, pair, public, disclosure)
    except disclosing.DisclosureError:
        return "false-opening"
    return "false-opening" if data is not None and is_good(data) else "bad-share"


@memoised
def _opened(ceremony: Ceremony, pair: Pair, public: bytes, disclosure: Disclosed) -> bytes | None:
    dealer, accuser = pair
    return disclosing.disclosed(
        disclosure.sealed,
        public,
        disclosing.Disclosure(disclosure.coins, disclosure.exchange, disclosure.proof),
        ("share", ceremony.chain, ceremony.session, ceremony.attempt, dealer, accuser),
        *_context(ceremony, pair),
    )


def _context(ceremony: Ceremony, pair: Pair) -> tuple[Any, ...]:
    return (ceremony.chain, ceremony.session, ceremony.attempt, *pair)
