"""Behaviours with complaints and answers to them; numbers are those of the catalogue of faults.

A statement is too late once its phase is over: what is held back for that is released when the
validator sees the ledger in a later phase.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, Literal

import msgspec

from sim.adversary.encodings import unreduced
from sim.adversary.opening import opening_of
from sim.adversary.registry import Corruption, Occasion, Param, Received, behaviour
from sim.base.secret import SecretBytes
from sim.crypto import sealing
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Post
from sim.protocol.messages import Announce, Complaint, Justification, Reply, Response
from sim.protocol.phases import Phase
from sim.protocol.responses import good_bits, good_dealers

KIND: Final = Param(
    "kind", str, "invalid", "what is claimed of the share", choices=("invalid", "missing")
)


@behaviour(KIND, targeted=True)
def false_complaint(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Complain about the good share of a victim, a dealer (27). Applies to a member's Response.

    Expected: the dealer answers, stays in QUAL, and a dispute is recorded; a false `missing` is
    answered sealed and can never be proven. Under `provable` a false `invalid` has to show the good
    share, and is proven by it: false-opening by the accuser, and no dispute.
    """
    match effect:
        case Post(Response() as response):
            yield Post(lying(response, corruption, corruption.option("kind")))
        case _:
            yield effect


@behaviour(targeted=True)
def late_complaint(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Complain about a victim's good share once respond is over (30). Applies to a Response.

    Expected: respond lasts to its deadline for want of it; then it is rejected, WrongPhase, and
    does nothing: no dispute, nobody blamed, the late member's own deal counts.
    """
    match effect:
        case Post(Response() as response):
            corruption.memory.held.append(Post(lying(response, corruption, "invalid")))
        case Received() if corruption.state.phase is not Phase.RESPOND:
            yield from corruption.release()
        case _:
            yield effect


@behaviour(targeted=True)
def early_accusation(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Accuse a victim before anybody has dealt (31). Applies to a member, in the announce phase.

    Expected: the ledger rejects it, WrongPhase; the true Response counts when its time comes, and
    nobody is blamed.
    """
    yield effect
    match effect:
        case Post(Announce()):
            everyone = bitmap(_dealing(corruption), corruption.ceremony)
            yield Post(lying(Response(everyone, ()), corruption, "invalid"))
        case _:
            pass


@behaviour(targeted=True)
def duplicate_complaint(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Post a second Response, which accuses a victim (32). Applies to a member's Response.

    Expected: the first counts; the second is rejected, Duplicate, which is no fault: no dispute.
    """
    yield effect
    match effect:
        case Post(Response() as response):
            yield Post(lying(response, corruption, "invalid"))
        case _:
            pass


@behaviour(
    Param(
        "flaw",
        str,
        "both",
        "which rule the Response breaks",
        choices=(
            "bitmap",
            "spare-bit",
            "both",
            "neither",
            "order",
            "twice",
            "own",
            "nobody",
            "short-key",
            "unreduced-key",
            "low-order-key",
        ),
    ),
    targeted=True,
)
def malformed_response(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Post a Response that breaks its form (33). Applies to a member's Response.

    The bitmap is too long or has a spare bit; a dealer has `both` bit and complaint, or `neither`;
    complaints stand in the wrong `order`, `twice`, about one's `own` deal or `nobody`'s; or a
    one-time key is too short, not reduced (FIPS 203) or of low order (X25519).

    Expected: malformed-response by its sender, proven by it; it counts as posted and contains no
    complaint, so nobody answers and the sender's own deal counts.
    """
    match effect:
        case Post(Response() as response):
            yield Post(_malformed(response, corruption))
        case _:
            yield effect


def _malformed(response: Response, corruption: Corruption) -> Response:
    flaw, good = corruption.option("flaw"), response.good
    dealing = _dealing(corruption)
    accusing = lying(response, corruption, "missing" if flaw.endswith("-key") else "invalid")
    lies = accusing.complaints
    match flaw:
        case "bitmap":
            return Response(good + b"\0", response.complaints)
        case "spare-bit":
            bits = int.from_bytes(good, "little") | 1 << len(dealing)
            return Response(bits.to_bytes(len(dealing) // 8 + 1, "little"), ())
        case "both":
            return Response(good, lies)
        case "neither":
            return Response(accusing.good, ())
        case "order":
            return Response(bytes(len(good)), tuple(map(_accusation, reversed(dealing))))
        case "twice":
            return Response(accusing.good, (*lies, *lies))
        case "own":
            # A newcomer has no deal of its own: it accuses a dealer that has a good bit.
            return Response(good, (_accusation(corruption.dealer or dealing[0]),))
        case "nobody":
            return Response(good, (_accusation(dealing[-1] + 1),))
        case _:
            bad = [msgspec.structs.replace(c, one_time_key=_bad_key(c, flaw)) for c in lies]
            return Response(accusing.good, tuple(bad))


def _bad_key(complaint: Complaint, flaw: str) -> bytes:
    key, kem = complaint.one_time_key, sealing.KEM_PUBLIC_SIZE
    match flaw:
        case "short-key":
            return key[:-1]
        case "unreduced-key":
            return b"\xff" * kem + key[kem:]
        case _:
            return key[:kem] + bytes(len(key) - kem)


def _dealing(corruption: Corruption) -> list[int]:
    return [dealer.index for dealer in corruption.ceremony.dealers]


def bitmap(good: Collection[int], ceremony: Ceremony) -> bytes:
    """Return a Response's bitmap with the bits of the dealers `good`."""
    return good_bits(good, [dealer.index for dealer in ceremony.dealers])


def lying(
    response: Response, corruption: Corruption, kind: str, about: Collection[int] | None = None
) -> Response:
    """Return `response` with complaints about victims, one if none are named, put in.

    Only dealers whose shares are good are lied about; `about` narrows it down further.
    """
    held = sorted(good_dealers(response.good, _dealing(corruption)))
    mine = corruption.dealer
    victims = corruption.choose_dealers(
        (d for d in held if d != mine and (about is None or d in about)),
        1 if about is None else len(about),
    )
    lies = [complaint_about(dealer, corruption, kind) for dealer in sorted(victims)]
    complaints = sorted((*response.complaints, *lies), key=lambda complaint: complaint.dealer)
    good = [dealer for dealer in held if dealer not in victims]
    return Response(bitmap(good, corruption.ceremony), tuple(complaints))


def complaint_about(dealer: int, corruption: Corruption, kind: str) -> Complaint:
    """Return a complaint about a dealer, with whatever belongs to it.

    A one-time key if the answer is to be sealed; if `invalid` is to be proven, what the dealer
    sent, opened: so everybody sees that it is good.
    """
    if kind == "invalid" and corruption.ceremony.provable:
        return Complaint(dealer, "invalid", b"", opening_of(dealer, corruption))
    if kind == "invalid" and corruption.ceremony.operation != "repair":
        return _accusation(dealer)
    seeds = SecretBytes(corruption.draw("one-time", dealer).bytes(sealing.SEEDS_SIZE))
    said: Literal["invalid", "missing"] = "invalid" if kind == "invalid" else "missing"
    return Complaint(dealer, said, sealing.TransportKey.from_seeds(seeds).public)


def _accusation(dealer: int) -> Complaint:
    return Complaint(dealer, "invalid", b"")


@behaviour()
def no_justification(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Never answer a complaint (37). Applies to an accused dealer, in the justify phase.

    Expected: excluded as unjustified, without proof, when the phase ends; without a complaint,
    nothing happens.
    """
    match effect:
        case Post(Justification()):
            return
        case _:
            yield effect


@behaviour()
def late_justification(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Answer complaints once justify is over (38). Applies to an accused dealer.

    Expected: excluded as unjustified, without proof, when the phase ends; the late answer is
    rejected, WrongPhase. Without a complaint, nothing happens.
    """
    match effect:
        case Post(Justification()):
            corruption.memory.held.append(effect)
        case Received() if corruption.state.phase is not Phase.JUSTIFY:
            yield from corruption.release()
        case _:
            yield effect


@behaviour(
    Param(
        "flaw",
        str,
        "share",
        "what the answers contain instead of the share",
        choices=("share", "unreduced", "garbage"),
    )
)
def bad_justification(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Answer every complaint with something else than the share (36). Applies to an accused dealer.

    In the clear to `invalid`, sealed to `missing`: another scalar (`share`), a scalar of the
    group's order (`unreduced`), or `garbage` that neither opens nor is a scalar.

    Expected: bad-justification, proven: in the clear by deal and answer; sealed by the accuser's
    opening of its one-time key. Excluded. Without a complaint, nothing happens.
    """
    match effect:
        case Post(Justification(replies)):
            yield Post(Justification(tuple(_spoiled(reply, corruption) for reply in replies)))
        case _:
            yield effect


def _spoiled(reply: Reply, corruption: Corruption) -> Reply:
    group = corruption.group
    match corruption.option("flaw"):
        case "share":
            other = group.encode_scalar(corruption.scalar(f"reply {reply.accuser}"))
            return answer(corruption, reply, other)
        case "unreduced":
            return answer(corruption, reply, unreduced(group))
        case _:
            noise = corruption.draw("garbage", reply.accuser).bytes(len(reply.data) - 1)
            return msgspec.structs.replace(reply, data=noise)


def answer(corruption: Corruption, reply: Reply, opening: bytes) -> Reply:
    """Return `reply` with `opening`, a scalar or two, instead: sealed afresh if it was sealed."""
    ceremony, me = corruption.ceremony, corruption.dealer
    if reply.kind == "clear":
        return msgspec.structs.replace(reply, data=opening)
    draw = corruption.draw("reply", reply.accuser)
    sealed = sealing.seal(
        opening,
        corruption.state.complaints[me, reply.accuser].one_time_key,
        sealing.Ephemeral(SecretBytes(draw.bytes(32))),
        "reply",
        ceremony.chain,
        ceremony.session,
        ceremony.attempt,
        me,
        reply.accuser,
        draw.bytes(32),
    )
    return msgspec.structs.replace(reply, data=sealed)
