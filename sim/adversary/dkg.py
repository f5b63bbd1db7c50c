"""Behaviours during a DKG; numbers are those of the catalogue of faults.

Each is a filter of a dozen lines. Where a deal and its shares must be bent alike (`degree_high`),
both sides draw the same scalar from the corruption's labelled stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from sim.adversary.registry import Corruption, Param, behaviour
from sim.base.ids import ShareIndex
from sim.base.secret import SecretBytes, SecretScalar
from sim.crypto.sealing import TransportKey
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.messages import Complaint, Deal, Justification, Response
from sim.protocol.responses import good_bits, has_bit


@behaviour()
def silent_dealer(effect: Effect, corruption: Corruption) -> Iterator[Effect]:  # noqa: ARG001  # a filter's signature
    """Post no deal and send no shares (1). Applies to a dealer, in the deal phase.

    Expected: excluded for no-deal without proof; the ceremony succeeds while t dealers remain.
    """
    match effect:
        case Post(Deal()) | SendShares():
            return
        case _:
            yield effect


@behaviour(
    Param("victims", int, 1, "how many members get no share, when none are named", least=1),
    targeted=True,
)
def silent_to_some(effect: Effect, corruption: Corruption) -> Iterator[Effect]:
    """Send the victims no share (2). Applies to a dealer, in the deal phase.

    Expected: each victim complains `missing`; the sealed answer is good, so the dealer stays in
    QUAL and one dispute per victim is recorded; nobody is blamed.
    """
    match effect:
        case SendShares(shares):
            victims = corruption.choose(shares, corruption.count("victims"))
            yield SendShares({x: share for x, share in shares.items() if x not in victims})
        case _:
            yield effect


@behaviour(targeted=True)
def bad_share_one(effect: Effect, corruption: Corruption) -> Iterator[Effect]:
    """Send a victim a share off the committed polynomial (3). Applies to a dealer's shares.

    Expected: the victim complains `invalid`; the answer in the clear is good, so the dealer stays
    in QUAL and the dispute is recorded. With no-justification the dealer is excluded (unjustified).
    """
    match effect:
        case SendShares(shares):
            yield SendShares({**shares, **_moved(shares, corruption)})
        case _:
            yield effect


def _moved(
    shares: Mapping[ShareIndex, SecretScalar], corruption: Corruption
) -> dict[ShareIndex, SecretScalar]:
    order = corruption.group.order
    victims = corruption.choose(shares)
    return {x: SecretScalar((s.reveal() + 1) % order) for x, s in shares.items() if x in victims}


@behaviour()
def equivocating_dealer(effect: Effect, corruption: Corruption) -> Iterator[Effect]:
    """Sign a second deal, of the polynomial moved by a constant (17). Applies to a dealer's deal.

    Expected: equivocation, proven by the two signed deals; excluded by everyone alike if the second
    one is on the ledger before justify ends, afterwards named while its deal stays.
    """
    yield effect
    match effect:
        case Post(Deal(points) as deal):
            group = corruption.group
            step = group.base_mul(corruption.scalar("second"))
            # A constant moves every evaluation, but of the coefficients only the first.
            reach = len(points) if corruption.ceremony.commitments == "evaluation" else 1
            moved = tuple(group.add(V, step) for V in points[:reach]) + points[reach:]
            yield Post(msgspec.structs.replace(deal, points=moved))
        case _:
            pass


@behaviour()
def no_justification(effect: Effect, corruption: Corruption) -> Iterator[Effect]:  # noqa: ARG001  # a filter's signature
    """Never answer a complaint (37). Applies to an accused dealer, in the justify phase.

    Expected: excluded as unjustified, without proof, when the phase ends; without a complaint,
    nothing happens.
    """
    match effect:
        case Post(Justification()):
            return
        case _:
            yield effect


@behaviour(
    Param("kind", str, "invalid", "what is claimed of the share", choices=("invalid", "missing")),
    targeted=True,
)
def false_complaint(effect: Effect, corruption: Corruption) -> Iterator[Effect]:
    """Complain about the good share of a victim, a dealer (27). Applies to a member's Response.

    Expected: the dealer answers, stays in QUAL, and a dispute is recorded; a false `missing` is
    answered sealed and can never be proven, a false `invalid` only under `provable`.
    """
    match effect:
        case Post(Response(good, complaints)):
            n = corruption.ceremony.size
            held = [dealer for dealer in range(1, n + 1) if has_bit(good, dealer)]
            victims = corruption.choose(d for d in held if d != corruption.me.index)
            lies = [_complaint(dealer, corruption) for dealer in sorted(victims)]
            bits = good_bits([dealer for dealer in held if dealer not in victims], n)
            yield Post(Response(bits, tuple(sorted((*complaints, *lies), key=lambda c: c.dealer))))
        case _:
            yield effect


def _complaint(dealer: int, corruption: Corruption) -> Complaint:
    if corruption.params["kind"] == "invalid":
        return Complaint(dealer, "invalid", b"")
    seeds = SecretBytes(corruption.draw("one-time", dealer).bytes(96))
    return Complaint(dealer, "missing", TransportKey.from_seeds(seeds).public)


@behaviour()
def degree_high(effect: Effect, corruption: Corruption) -> Iterator[Effect]:
    """Add a term in x^t to the polynomial: t + 1 coefficients (6). Applies to deal and shares.

    Points and shares agree, so no holder can tell; only the degree gives it away.

    Expected: degree-too-high (evaluation form) or wrong-point-count (coefficient form), proven by
    the signed deal alone; excluded, and the ceremony succeeds.
    """
    group, t = corruption.group, corruption.ceremony.threshold
    lead = corruption.scalar("leading coefficient")
    match effect:
        case Post(Deal(points) as deal) if corruption.ceremony.commitments == "evaluation":
            terms = [lead * pow(x, t, group.order) for x in range(len(points))]
            raised = [group.add(V, group.base_mul(a)) for V, a in zip(points, terms, strict=True)]
            yield Post(msgspec.structs.replace(deal, points=tuple(raised)))
        case Post(Deal(points) as deal):
            yield Post(msgspec.structs.replace(deal, points=(*points, group.base_mul(lead))))
        case SendShares(shares):
            bent = {x: s.reveal() + lead * pow(x, t, group.order) for x, s in shares.items()}
            yield SendShares({x: SecretScalar(s % group.order) for x, s in bent.items()})
        case _:
            yield effect
