"""Behaviours of all dealers together; numbers are those of the catalogue of faults.

Who colludes needn't speak: each draws the part of its polynomial that the others must know from a
stream that all of them can draw from. The rest it keeps from its machine, its own share above all,
so that its machine can go on honestly.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.adversary.deals import redealt, sound_deals
from sim.adversary.registry import Corruption, Foreseen, Occasion, Param, Received, behaviour
from sim.crypto.polynomial import Polynomial
from sim.protocol.effects import Post
from sim.protocol.messages import Deal


@behaviour(operations=["dkg", "rekey"])
def identity_group_key(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal constants that add up to 0 (9). Applies to all dealers: fewer can't reach it.

    Each proves its own constant, and no deal is the identity. As long as one dealer of QUAL is
    honest, its constant is unknown to the others, and the sum is what it is.

    Expected: the attempt fails, identity-key, and nobody is blamed; the next one draws afresh.
    """
    given = corruption.coefficients
    if not given:
        yield effect
        return
    constant = _share_of_zero(corruption, "constant")
    lead = given[-1] + (given[0] - constant) * _power(corruption, 1 - len(given))
    bent = [constant, *given[1:-1], lead]
    yield from redealt(effect, corruption, Polynomial(bent, corruption.group.order))


@behaviour(
    Param(
        "knowing",
        str,
        "all",
        "whose polynomials the last dealer knows",
        choices=("all", "none"),
    ),
    operations=["dkg", "rekey"],
    rushing=True,
)
def cancelled_leading_coefficient(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Lower the degree of the sum: leading coefficients add up to 0 (10). For t above 2.

    Of all dealers together (`all`), the last by index cancels what the others deal. Alone
    (`none`), a dealer waits for all deals and takes their leading commitments away from its own;
    then it knows no share that fits its points.

    Expected: `all` is tolerated: the deals count, shares fit, and a later reshare restores the
    degree. `none` is excluded by the holders' complaints, accused-by-t, without proof.
    """
    given = corruption.coefficients
    if len(given) < 3:
        yield effect
    elif corruption.option("knowing") == "none":
        yield from _alone(effect, corruption)
    else:
        constant, second, *rest, lead = given
        own = _share_of_zero(corruption, "lead")
        second += (lead - own) * _power(corruption, len(given) - 2)
        bent = [constant, second, *rest, own]
        yield from redealt(effect, corruption, Polynomial(bent, corruption.group.order))


def _share_of_zero(corruption: Corruption, label: str) -> int:
    """Return this dealer's part of scalars that all dealers know and that add up to 0."""
    dealers = corruption.ceremony.dealers
    parts = {int(d.index): corruption.pact(d, label) for d in dealers[:-1]}
    parts[dealers[-1].index] = -sum(parts.values())
    return parts[corruption.dealer] % corruption.group.order


def _power(corruption: Corruption, exponent: int) -> int:
    """Return a power of the dealer's own index: where its polynomial must keep its value."""
    return pow(corruption.holder, exponent, corruption.group.order)


def _alone(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    match effect:
        case Post(Deal()):
            corruption.memory.held.append(effect)
        case Foreseen(height) | Received(height) if corruption.memory.held:
            others = list(sound_deals(corruption).values())
            complete = len(others) == len(corruption.other_dealers)
            if complete or height >= corruption.state.deadline - 2:
                for held in corruption.release():
                    assert isinstance(held, Post)
                    assert isinstance(held.statement, Deal)
                    yield Post(_cancelling(held.statement, others, corruption))
        case _:
            yield effect


def _cancelling(own: Deal, others: list[Deal], corruption: Corruption) -> Deal:
    """Take the leading commitments of all deals, its own too, out of the points of its own."""
    group, t = corruption.group, corruption.ceremony.threshold
    leads = group.sum_points([_leading(deal, corruption) for deal in (own, *others)])
    if corruption.ceremony.commitments == "coefficient":
        rest = group.negate(group.sum_points([_leading(deal, corruption) for deal in others]))
        return Deal((*own.points[:-1], rest), own.proof)
    points = [
        group.add(V, group.negate(group.mul(pow(x, t - 1, group.order), leads)))
        for x, V in enumerate(own.points)
    ]
    return Deal(tuple(points), own.proof)


def _leading(deal: Deal, corruption: Corruption) -> bytes:
    """Return the commitment to a deal's coefficient of x^(t-1): a divided difference of values."""
    group, t = corruption.group, corruption.ceremony.threshold
    if corruption.ceremony.commitments == "coefficient":
        return deal.points[t - 1]
    terms = []
    for x in range(t):
        below = 1
        for y in range(t):
            below = below * (x - y if y != x else 1) % group.order
        terms.append(group.mul(pow(below, -1, group.order), deal.points[x]))
    return group.sum_points(terms)
