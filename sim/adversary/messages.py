"""Behaviours with whole messages: replayed, misplaced, foreign, too large; numbers as catalogued.

They act on bytes, beside what the validator's machine says: it goes on honestly.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import msgspec

from sim.adversary.complaints import bitmap
from sim.adversary.encodings import BASE_POINTS, another_scheme
from sim.adversary.registry import Corruption, Occasion, Param, Received, behaviour
from sim.adversary.rewriting import addressed, readdressed
from sim.base.codec import decode_canonical, encode
from sim.crypto import sealing
from sim.protocol.ceremony import Member
from sim.protocol.effects import Filing, Packet, Post, Put, Relay
from sim.protocol.messages import (
    STATEMENTS,
    Announce,
    Deal,
    NonceCommitment,
    Response,
    ShareEnvelope,
    Statement,
)
from sim.protocol.phases import Phase
from sim.protocol.transactions import TRANSACTION_MAX


@behaviour()
def deal_replay(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Send what honest dealers said again, byte for byte (24). Applies to a member.

    Envelopes that it gets go to every other member at once; deals go to the ledger again when deal
    is over; and in a later attempt everything of the earlier ones once more.

    Expected: ignored. An envelope counts only from its dealer, for its recipient and attempt; the
    ledger drops bytes that it knows. The dealers whose words are abused are not blamed.
    """
    yield effect
    match effect:
        case Put(key, value) if key.startswith("envelope/"):
            index = decode_canonical(value, ShareEnvelope).dealer
            dealer = corruption.ceremony.dealer_by_index[index]
            copies = [
                Packet(member.validator, "share", dealer.name, value)
                for member in corruption.others
            ]
            corruption.memory.held += copies
            yield from copies
        case Received() if corruption.state.deal_end is not None and corruption.once("deals"):
            deals = [
                Relay("deal", corruption.ceremony.dealer_by_index[dealer].name, recorded.raw)
                for dealer, recorded in sorted(corruption.state.deals.items())
                if dealer != corruption.dealer
            ]
            corruption.memory.held += deals
            yield from deals
        case Received() if corruption.state.phase is Phase.DEAL and corruption.once("earlier"):
            for memory in corruption.earlier:
                yield from memory.held
        case _:
            pass


@behaviour()
def cross_session_mix(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Say and send everything for another session too (25). Applies to a member.

    The other session is that of the key's next generation.

    Expected: ignored and no fault. The ledger rejects the statements, UnknownSession; holders keep
    the envelopes for a session that never comes, up to a bound.
    """
    ceremony = corruption.ceremony
    other = dataclasses.replace(ceremony, generation=ceremony.generation + 1).session
    match effect:
        case Packet(_, "share", _, payload):
            envelope = decode_canonical(payload, ShareEnvelope)
            moved = msgspec.structs.replace(envelope, session=other)
            yield dataclasses.replace(effect, payload=encode(moved))
        case Filing(kind, payload) if kind in STATEMENTS:
            yield Filing(kind, readdressed(payload, session=other), None)
        case _:
            pass
    yield effect


@behaviour()
def cross_scheme_mix(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Say and send what belongs to a ceremony of another scheme (26). Applies to a member.

    Its deals and envelopes, with that scheme's points and that ceremony's session; and, when the
    new key signs, nonce commitments of the other curve.

    Expected: ignored and no fault. The ledger rejects the deal, UnknownSession; holders keep the
    envelopes for a session that never comes; the coordinator passes over what is no point here.
    """
    ceremony, scheme = corruption.ceremony, another_scheme(corruption.ceremony.scheme)
    session = dataclasses.replace(ceremony, key=f"{ceremony.key}-{scheme}", scheme=scheme).session
    point = BASE_POINTS[scheme]
    match effect:
        case Packet(_, "share", _, payload):
            envelope = decode_canonical(payload, ShareEnvelope)
            foreign = msgspec.structs.replace(envelope, session=session)
            yield dataclasses.replace(effect, payload=encode(foreign))
        case Packet(_, "nonce-commitment", _, payload):
            commitment = decode_canonical(payload, NonceCommitment)
            elsewhere = msgspec.structs.replace(commitment, nonces=(point, point))
            yield dataclasses.replace(effect, payload=encode(elsewhere))
        case Filing("deal", payload, Deal(points)):
            deal = Deal((point,) * len(points), point + bytes(32))
            yield Filing("deal", readdressed(payload, session=session, body=encode(deal)), None)
        case _:
            pass
    yield effect


@behaviour(outsider=True)
def unknown_sender(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Take part in a ceremony without a seat in it (15). Applies to validators off the committee.

    In each phase it sends every member an envelope in another member's name; it announces, deals
    and complains about everyone.

    Expected: ignored. Members know from whom a message comes; the ledger rejects the statements,
    NotAMember; nobody is blamed.
    """
    match effect:
        case Received() if corruption.once(corruption.state.phase.value):
            for member in corruption.ceremony.members:
                forged = encode(_forged(member, corruption))
                yield Packet(member.validator, "share", corruption.me.name, forged)
            statement = _uninvited(corruption)
            if statement is not None:
                yield Post(statement)
        case _:
            yield effect


def _forged(recipient: Member, corruption: Corruption) -> ShareEnvelope:
    ceremony, dealers = corruption.ceremony, corruption.ceremony.dealers
    noise = corruption.draw("forged", recipient.name)
    return ShareEnvelope(
        session=ceremony.session,
        attempt=ceremony.attempt,
        dealer=dealers[recipient.index % len(dealers)].index,
        recipient=recipient.index,
        sealed=noise.bytes(sealing.SEALED_SIZE),
        path=(noise.bytes(32),) * (ceremony.size - 1).bit_length(),
        signature=noise.bytes(64),
    )


def _uninvited(corruption: Corruption) -> Statement | None:
    """Return what a member would say in this phase."""
    match corruption.state.phase:
        case Phase.ANNOUNCE:
            return Announce(corruption.draw("announce").bytes(sealing.PUBLIC_SIZE))
        case Phase.DEAL:
            points = (corruption.group.base_mul(1),) * (corruption.ceremony.size + 1)
            return Deal(points, corruption.draw("proof").bytes(64))
        case Phase.RESPOND:
            return Response(bitmap([], corruption.ceremony), ())
        case _:
            return None


PADDING_MAX: Final = 1 << 26
"""Bytes of padding at most: every receiver's copy is in memory at once."""


@behaviour(
    Param(
        "size", int, TRANSACTION_MAX, "bytes that follow each message", least=1, most=PADDING_MAX
    ),
    Param("via", str, "both", "where it floods", choices=("both", "wire", "ledger")),
)
def oversized_message(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Pad messages beyond what anyone accepts (50). Applies to a dealer's shares and deal.

    On the wire a padded copy follows each envelope. On the ledger the deal itself is padded: one
    transaction, validly signed, above the chain's limit.

    Expected: receivers refuse the copies by their length and take the envelopes. The ledger drops
    the deal, and whatever else that account says waits for its nonce: excluded for no-deal, without
    proof, and the ceremony succeeds. With `wire` alone nobody is excluded.
    """
    size, via = corruption.count("size"), corruption.option("via")
    match effect:
        case Packet(_, "share", _, payload) if via != "ledger":
            yield effect
            yield dataclasses.replace(effect, payload=payload + bytes(size))
        case Filing("deal", payload) if via != "wire":
            body = addressed(payload).body + bytes(size)
            yield dataclasses.replace(effect, payload=readdressed(payload, body=body))
        case _:
            yield effect
