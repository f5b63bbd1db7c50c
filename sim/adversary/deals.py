"""Behaviours with the deal itself, the commitment and its proof; numbers are the catalogue's.

Where a deal and its shares must be bent alike, both come of the same scalars: drawn under a label
of the corruption, or the machine's own polynomial, which the filter sees on its way to the store.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import cast

import msgspec

from sim.adversary.complaints import answer
from sim.adversary.encodings import BAD_POINTS, Flaw, unreduced
from sim.adversary.registry import Corruption, Occasion, Param, Received, behaviour
from sim.adversary.rewriting import addressed, readdressed
from sim.base.secret import SecretScalar
from sim.crypto import commitments, pedersen
from sim.crypto.commitments import Points
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.deals import deal_fault
from sim.protocol.effects import Filing, Post, SendShares
from sim.protocol.messages import Deal, Justification
from sim.protocol.operations import sharing_of
from sim.protocol.variant_messages import Extract


@behaviour()
def silent_dealer(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Post no deal and send no shares (1). Applies to a dealer, in the deal phase.

    Expected: excluded for no-deal without proof; the ceremony succeeds while t dealers remain.
    """
    match effect:
        case Post(Deal()) | SendShares():
            return
        case _:
            yield effect


@behaviour()
def equivocating_dealer(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
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
def degree_high(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
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


@behaviour()
def degree_low(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal t − 1 coefficients, shares and answers alike (7). Applies to a dealer, for t above 2.

    Expected: in the evaluation form tolerated, since the sum of all polynomials has degree t − 1
    while anyone's has: nobody is blamed, and the deal counts. In the coefficient form a point is
    missing: wrong-point-count, proven by the signed deal alone; excluded.
    """
    low = _lowered(corruption)
    yield from [effect] if low is None else redealt(effect, corruption, low)


def redealt(effect: Occasion, corruption: Corruption, polynomial: Polynomial) -> Iterator[Occasion]:
    """Deal `polynomial` instead of the machine's own: points, shares, answers, extraction alike.

    The proof stays if the constant does, and where there is none; a blinding stays.
    """
    group, ceremony = corruption.group, corruption.ceremony
    match effect:
        case Post(Deal(points, proof) as deal):
            form = commitments.form(ceremony.commitments)
            other = _committed(polynomial, corruption)
            if proof and form.constant(other) != form.constant(points):
                proof = prove(corruption, polynomial.coefficients[0], form.constant(other))
            yield Post(msgspec.structs.replace(deal, points=other, proof=proof))
        case SendShares(shares):
            yield SendShares({x: SecretScalar(polynomial.at(x)) for x in shares})
        case Post(Justification(replies)):
            openings = [_opening(polynomial, r.accuser, corruption) for r in replies]
            answers = [answer(corruption, r, o) for r, o in zip(replies, openings, strict=True)]
            yield Post(Justification(tuple(answers)))
        case Post(Extract()):
            form = commitments.form(ceremony.commitments)
            yield Post(Extract(form.commit(group, polynomial, ceremony.size)))
        case _:
            yield effect


def _committed(polynomial: Polynomial, corruption: Corruption) -> Points:
    """Return the points of a deal of `polynomial`, under the machine's blinding if it has one."""
    group, ceremony, hiding = corruption.group, corruption.ceremony, corruption.blinding
    form = commitments.form(ceremony.commitments)
    if not hiding:
        return form.commit(group, polynomial, ceremony.size)
    if form.name == "coefficient":
        hiding = hiding[: len(polynomial.coefficients)]
    blinding = Polynomial(hiding, group.order)
    return pedersen.commit(group, form, polynomial, blinding, ceremony.size)


def _opening(polynomial: Polynomial, holder: int, corruption: Corruption) -> bytes:
    """Return what opens a deal of `polynomial` for a holder: its share, and what blinds it."""
    group, share = corruption.group, polynomial.at(holder)
    if not corruption.blinding:
        return group.encode_scalar(share)
    blinding = Polynomial(corruption.blinding, group.order)
    return pedersen.opening(group, share, blinding.at(holder))


def _lowered(corruption: Corruption) -> Polynomial | None:
    """Return t − 1 coefficients with the machine's own constant and the machine's own share.

    The machine stays honest, so what it proves and what it holds itself must still fit.
    """
    given, order = corruption.coefficients, corruption.group.order
    if len(given) < 3:
        return None
    *low, lead = given
    low[1] += lead * pow(corruption.holder, len(given) - 2, order)
    return Polynomial(low, order)


@behaviour()
def zero_polynomial(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal the zero polynomial: identity commitments, zero shares (8). Applies to deal and shares.

    Expected: invalid-point, proven by the signed deal alone; excluded.
    """
    match effect:
        case Post(Deal(points) as deal):
            zero = (corruption.group.identity,) * len(points)
            yield Post(msgspec.structs.replace(deal, points=zero))
        case SendShares(shares):
            yield SendShares(dict.fromkeys(shares, SecretScalar(0)))
        case _:
            yield effect


@behaviour(
    Param(
        "flaw",
        str,
        "non-canonical",
        "which rule the deal breaks",
        choices=("non-canonical", "off-curve", "length", "scalar", "body"),
    )
)
def non_canonical_encoding(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal with one encoding that is not canonical (11). Applies to a dealer's deal.

    The last point has a coordinate above the field's modulus (`non-canonical`), is `off-curve`, or
    a byte too short (`length`); or the proof's `scalar` is the group's order; or a byte follows the
    deal's `body`.

    Expected: invalid-point; bad-proof for `scalar`; malformed-deal for `body`. Proven by the signed
    deal alone; excluded.
    """
    flaw = corruption.option("flaw")
    match effect:
        case Post(Deal(_, proof) as deal) if flaw == "scalar":
            tail = unreduced(corruption.group)
            yield Post(msgspec.structs.replace(deal, proof=proof[: -len(tail)] + tail))
        case Post(Deal() as deal) if flaw != "body":
            yield Post(_with_bad_point(deal, corruption, cast("Flaw", flaw)))
        case Filing("deal", payload) if flaw == "body":
            body = addressed(payload).body + b"\0"
            yield dataclasses.replace(effect, payload=readdressed(payload, body=body))
        case _:
            yield effect


@behaviour(
    Param(
        "flaw",
        str,
        "mixed",
        "a point of small order, or an element of the group plus one",
        choices=("mixed", "small-order"),
    ),
    absent={"SECP256K1": "its cofactor is 1, so it has no point of small order"},
)
def small_order_point(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal with a point outside the prime-order subgroup (12). Applies to a dealer's deal.

    Such a point is canonical and on the curve, and can pass algebraic tests by chance.

    Expected: invalid-point, proven by the signed deal alone; excluded. On secp256k1 there is none.
    """
    flaw = cast("Flaw", corruption.option("flaw"))
    match effect:
        case Post(Deal() as deal) if flaw in BAD_POINTS[corruption.ceremony.scheme]:
            yield Post(_with_bad_point(deal, corruption, flaw))
        case _:
            yield effect


def _with_bad_point(deal: Deal, corruption: Corruption, flaw: Flaw) -> Deal:
    bad = BAD_POINTS[corruption.ceremony.scheme][flaw]
    return msgspec.structs.replace(deal, points=(*deal.points[:-1], bad))


@behaviour()
def bad_proof(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Forge the proof of possession: a drawn point and a drawn scalar (22). Applies to a deal.

    Expected: bad-proof, proven by the signed deal alone; excluded. In a refresh and a repair there
    is nothing to prove: malformed-deal.
    """
    match effect:
        case Post(Deal() as deal):
            yield Post(msgspec.structs.replace(deal, proof=_forged(corruption)))
        case _:
            yield effect


def _forged(corruption: Corruption) -> bytes:
    group = corruption.group
    response = group.encode_scalar(corruption.scalar("forged response"))
    return group.base_mul(corruption.scalar("forged commitment")) + response


@behaviour(operations=["dkg", "rekey", "reshare"])
def proof_replay(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Prove possession for the attempt before this one (23). Applies to a dealer's deal.

    It is the proof, valid then and there, of the same polynomial dealt again.

    Expected: bad-proof, since proofs are bound to session and attempt; proven by the signed deal
    alone; excluded.
    """
    ceremony = corruption.ceremony
    match effect:
        case Post(Deal() as deal) if corruption.coefficients:
            before = dataclasses.replace(ceremony, attempt=ceremony.attempt - 1)
            constant = corruption.coefficients[0]
            proof = prove(corruption, constant, deal.points[0], before)
            yield Post(msgspec.structs.replace(deal, proof=proof))
        case _:
            yield effect


@behaviour(operations=["dkg", "rekey", "reshare"], targeted=True)
def wrong_slot(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal with a proof for a victim's index instead of one's own (16). Applies to a deal.

    Expected: bad-proof, since proofs are bound to their dealer; proven by the signed deal alone;
    excluded. The victim, whose slot was meant, is not concerned.
    """
    slots = corruption.choose(corruption.other_dealers)
    match effect:
        case Post(Deal() as deal) if corruption.coefficients and slots:
            slot = min(slots)
            constant = corruption.coefficients[0]
            proof = prove(corruption, constant, deal.points[0], dealer=slot)
            yield Post(msgspec.structs.replace(deal, proof=proof))
        case _:
            yield effect


def prove(
    corruption: Corruption,
    constant: int,
    point: bytes,
    ceremony: Ceremony | None = None,
    dealer: int | None = None,
) -> bytes:
    """Prove `constant` for `point`; for another attempt or as another dealer, if given."""
    ceremony = ceremony or corruption.ceremony
    return sharing_of(ceremony).prove(
        ceremony,
        corruption.state.committee,
        corruption.dealer if dealer is None else dealer,
        SecretScalar(constant),
        point,
        corruption.scalar("proof"),
    )


@behaviour(targeted=True)
def copy_dealer(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Wait for another's deal, and post its points and proof as one's own (19). Applies to a deal.

    Copied contributions would make the key depend on the victim's alone.

    Expected: bad-proof, since proofs are bound to their dealer; proven by the signed deal alone;
    excluded. In a reshare wrong-constant; in a refresh, without proofs, its shares fit nothing:
    accused-by-t. Without any other deal it posts none.
    """
    match effect:
        case Post(Deal()):
            corruption.memory.held.append(effect)
        case Received() if corruption.memory.held:
            others = sound_deals(corruption)
            for victim in sorted(corruption.choose_dealers(others)):
                corruption.release()
                yield Post(others[victim])
        case _:
            yield effect


@behaviour()
def rogue_key(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Wait for all deals, then deal one's own minus their sum (20). Applies to a dealer's deal.

    If it counted, the group's key would be the dealer's alone.

    Expected: bad-proof, since it can't know the logarithm of its own constant; proven by the signed
    deal alone; excluded. In a reshare wrong-constant; in a refresh, without proofs, its shares fit
    nothing: accused-by-t.
    """
    match effect:
        case Post(Deal()):
            corruption.memory.held.append(effect)
        case Received(height) if corruption.memory.held:
            others = list(sound_deals(corruption).values())
            # The last height at which a deal can still come in time is two before the deadline.
            complete = len(others) == len(corruption.other_dealers)
            if complete or height >= corruption.state.deadline - 2:
                for own in corruption.release():
                    assert isinstance(own, Post)
                    assert isinstance(own.statement, Deal)
                    yield Post(_without(own.statement, others, corruption))
        case _:
            yield effect


def _without(own: Deal, others: list[Deal], corruption: Corruption) -> Deal:
    group = corruption.group
    if any(len(deal.points) != len(own.points) for deal in others):
        return own  # a behaviour before this one has changed their number
    columns = zip(own.points, *(deal.points for deal in others), strict=True)
    points = [group.sum_points([mine, *map(group.negate, rest)]) for mine, *rest in columns]
    return Deal(tuple(points), own.proof and _forged(corruption))


def sound_deals(corruption: Corruption) -> dict[int, Deal]:
    """Return the deals of others on the ledger that have no fault of their own, by dealer."""
    state = corruption.state
    return {
        dealer: recorded.deal
        for dealer, recorded in sorted(state.deals.items())
        if dealer != corruption.dealer
        and recorded.deal is not None
        and not deal_fault(
            state.ceremony, state.committee, dealer, recorded.transaction, recorded.body
        )
    }
