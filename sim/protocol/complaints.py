"""Respond, justify, open: complaints, their answers, and what the answers prove.

A complaint answered well leaves a dispute: the same ledger bytes arise when the network lost the
share and when the dealer never sent it. Shares that were merely *missing* are answered sealed to a
one-time key, so that whatever the network drops, an honest dealer publishes no honest share.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.base.secret import Secret
from sim.crypto import sealing
from sim.protocol import provable
from sim.protocol.ceremony import Ceremony
from sim.protocol.entries import Entry, Rejected
from sim.protocol.messages import Complaint, Justification, OpenReply, Reply
from sim.protocol.promises import keeps_promise
from sim.protocol.responses import parse_response
from sim.protocol.state import Notes, OpeningVerdict, Pair

SEEDS_SIZE: Final = 96
"""Bytes of seeds behind a one-time key: 64 for ML-KEM-768 (d ‖ z), 32 for X25519."""


def record_response(notes: Notes, member: int, entry: Entry) -> None:
    """Take a member's one Response; a malformed one is its sender's fault and counts as posted."""
    if member in notes.responses:
        raise Rejected("Duplicate")
    running = notes.running()
    ceremony = notes.ceremony
    dealing = [dealer.index for dealer in ceremony.dealers]
    response = parse_response(
        entry.body,
        ceremony.own_dealer(member),
        dealing,
        running,
        always_sealed=ceremony.always_sealed,
        provable=ceremony.provable,
    )
    notes.responses[member] = response
    notes.response_raw[member] = entry.raw
    notes.ran_at[entry.transaction] = tuple(running)
    if response is None:
        notes.blame(ceremony.member(member), "malformed-response", entry.height, entry.raw)
        return
    for complaint in response.complaints:
        if complaint.dealer not in running:
            continue
        if complaint.disclosure is None:
            notes.complaints[complaint.dealer, member] = complaint
        else:
            provable.settle(notes, (complaint.dealer, member), complaint, entry)


def exclude_accused_by_t(notes: Notes, height: int) -> None:
    """At the end of respond: with t distinct `invalid` accusers, one of them is honest."""
    for dealer in notes.running():
        accusers = [
            accuser
            for (accused, accuser), complaint in sorted(notes.complaints.items())
            if accused == dealer and complaint.kind == "invalid"
        ]
        if len(accusers) >= notes.ceremony.threshold:
            notes.exclude(dealer, "accused-by-t")
            notes.suspect(notes.dealer(dealer), "accused-by-t", height)


def record_justification(notes: Notes, dealer: int, entry: Entry) -> None:
    """Take an accused dealer's one Justification; a wrong clear share proves its fault."""
    if dealer in notes.justified:
        raise Rejected("Duplicate")
    if dealer not in notes.running() or all(pair[0] != dealer for pair in notes.complaints):
        raise Rejected("NothingToJustify")
    try:
        replies = decode_canonical(entry.body, Justification).replies
    except DecodeError:
        raise Rejected("Malformed") from None
    notes.justified[dealer] = entry.raw
    for reply in replies:
        pair = (dealer, reply.accuser)
        if _answers(notes, pair, reply):
            notes.replies[pair] = reply
            if reply.kind == "clear":
                _judge_clear(notes, pair, reply, entry.height)


def _answers(notes: Notes, pair: Pair, reply: Reply) -> bool:
    complaint = notes.complaints.get(pair)
    if complaint is None or pair in notes.replies:
        return False
    return reply.kind == reply_kind(notes.ceremony, complaint)


def reply_kind(ceremony: Ceremony, complaint: Complaint) -> Literal["sealed", "clear"]:
    """Return how `complaint` is answered: what was only missing is never shown to everybody."""
    if ceremony.always_sealed:
        return "sealed"
    missing = complaint.kind == "missing" and ceremony.justifications == "sealed"
    return "sealed" if missing else "clear"


def _judge_clear(notes: Notes, pair: Pair, reply: Reply, height: int) -> None:
    dealer, accuser = pair
    if keeps_promise(notes, dealer, accuser, reply.data):
        notes.published.append(pair)
        return
    notes.exclude(dealer, "bad-justification")
    evidence = notes.deals[dealer].raw, notes.justified[dealer]
    notes.blame(notes.dealer(dealer), "bad-justification", height, *evidence)


def suspect_unanswered(notes: Notes, height: int) -> None:
    """At the end of justify: a dealer that left a complaint unanswered is out, without proof."""
    for dealer, _ in notes.unanswered():
        notes.exclude(dealer, "unjustified")
        notes.suspect(notes.dealer(dealer), "unjustified", height)


def record_open_reply(notes: Notes, member: int, entry: Entry) -> None:
    """Take an accuser's one OpenReply: seeds let everybody open the reply and see who lies."""
    if member in notes.open_posts:
        raise Rejected("Duplicate")
    awaited = [pair for pair in notes.sealed_replies() if pair[1] == member]
    if not awaited:
        raise Rejected("NothingToOpen")
    try:
        openings = decode_canonical(entry.body, OpenReply).openings
    except DecodeError:
        raise Rejected("Malformed") from None
    notes.open_posts.add(member)
    for opening in openings:
        pair = (opening.dealer, member)
        if pair in awaited and pair not in notes.openings:
            verdict = judge_opening(
                notes.ceremony,
                pair,
                notes.complaints[pair].one_time_key,
                notes.replies[pair].data,
                opening.seeds,
                partial(keeps_promise, notes, *pair),
            )
            notes.openings[pair] = verdict
            _act_on_opening(notes, pair, verdict, entry)


def _act_on_opening(notes: Notes, pair: Pair, verdict: OpeningVerdict, entry: Entry) -> None:
    dealer, accuser = pair
    said = notes.response_raw[accuser], notes.reply_raw(pair), entry.raw
    evidence = (*notes.promises(pair), *said)
    if verdict == "bad-reply":
        notes.exclude(dealer, "bad-justification")
        notes.blame(notes.dealer(dealer), "bad-justification", entry.height, *evidence)
    elif verdict == "false-opening":
        notes.published.append(pair)  # whoever reads the seeds can read the share
        accuser_seat = notes.ceremony.member(accuser)
        notes.blame(accuser_seat, "false-opening", entry.height, *evidence)


def judge_opening(
    ceremony: Ceremony,
    pair: Pair,
    one_time_key: bytes,
    sealed: bytes,
    seeds: bytes,
    is_good: Callable[[bytes], bool],
) -> OpeningVerdict:
    """Say what one opening shows; empty `seeds` accept. `is_good` judges the encoded share.

    Seeds that don't reproduce the posted key, or that open a good share, are the accuser's fault; a
    reply that doesn't open, or opens to a wrong share, is the dealer's.
    """
    if not seeds:
        return "accepted"
    if len(seeds) != SEEDS_SIZE:
        return "false-opening"
    key = sealing.TransportKey.from_seeds(Secret(seeds))
    if key.public != one_time_key:
        return "false-opening"
    scalar = open_reply(ceremony, pair, key, sealed)
    if scalar is not None and is_good(scalar):
        return "false-opening"
    return "bad-reply"


def open_reply(
    ceremony: Ceremony, pair: Pair, key: sealing.TransportKey, sealed: bytes
) -> bytes | None:
    """Open a sealed reply with a one-time key; None when it doesn't open."""
    dealer, accuser = pair
    try:
        return sealing.open_sealed(
            sealed,
            key,
            "reply",
            ceremony.chain,
            ceremony.session,
            ceremony.attempt,
            dealer,
            accuser,
        )
    except sealing.SealError:
        return None
