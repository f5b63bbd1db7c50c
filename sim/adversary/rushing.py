"""Behaviours that want a certain key, and move last; numbers are those of the catalogue of faults.

A key is liked if the lowest bit of the first byte of SHA-256 of its public key is as wanted: an
unbiased ceremony makes such a key with probability 1/2. [Gennaro, Jarecki, Krawczyk, Rabin, 2007.]
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from sim.adversary.deals import redealt, sound_deals
from sim.adversary.registry import Corruption, Foreseen, Occasion, Param, Received, behaviour
from sim.crypto import commitments
from sim.crypto.polynomial import Polynomial
from sim.protocol.effects import Post, SendShares
from sim.protocol.messages import Deal, Justification

BIT: Final = Param("bit", int, 1, "the bit of the key's hash that is wanted", choices=(0, 1))


def liked(public_key: bytes, bit: int) -> bool:
    """Say whether the lowest bit of the first byte of the key's SHA-256 is `bit`."""
    return hashlib.sha256(public_key).digest()[0] & 1 == bit


@behaviour(BIT, operations=["dkg", "rekey"], targeted=True)
def drop_out_rusher(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal honestly, withhold one envelope, and justify only if the key is liked (21).

    Whoever answers no complaint is out. So the dealer chooses between two keys when it knows both;
    k of them, who withhold one envelope each, choose between 2^k alike.

    Expected: a dispute if it answers, excluded as unjustified if it doesn't; nothing is proven.
    Joint-Feldman and commit-reveal make a liked key with probability 1 - 2^-(2^k); extraction
    (GJKR) with 1/2.
    """
    match effect:
        case SendShares(shares):
            victims = corruption.choose_holders(shares)
            yield SendShares({x: share for x, share in shares.items() if x not in victims})
        case Post(Justification()) if corruption.dealer in _dropping(corruption):
            return
        case _:
            yield effect


def _dropping(corruption: Corruption) -> tuple[int, ...]:
    """Return who of those with a missing envelope drops out: as few as make a liked key."""
    state, bit = corruption.state, corruption.count("bit")
    running = state.running()
    missing = {d for (d, _), complaint in state.complaints.items() if complaint.kind == "missing"}
    able = [dealer for dealer in running if dealer in missing]
    form = commitments.form(corruption.ceremony.commitments)
    deals = {dealer: state.deals[dealer].deal for dealer in running}
    constants = {dealer: form.constant(deal.points) for dealer, deal in deals.items() if deal}
    for size in range(len(able) + 1):
        for dropped in combinations(able, size):
            rest = [point for dealer, point in constants.items() if dealer not in dropped]
            if rest and liked(corruption.group.sum_points(rest), bit):
                return dropped
    return ()


@behaviour(
    BIT,
    Param("candidates", int, 8, "polynomials to choose from", least=1),
    operations=["dkg", "rekey"],
    rushing=True,
)
def grinder(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Wait for all deals, and deal what makes a liked key, out of m candidates (21). For t above 1.

    It sees what the next block would hold, and its own deal still comes into it. Every candidate
    is a proper deal, with shares that fit.

    Expected: nobody can see it, and nobody is blamed. Joint-Feldman makes a liked key with
    probability 1 - 2^-m; where deals are hidden until they are fixed, with 1/2.
    """
    match effect:
        case _ if corruption.ceremony.threshold < 2:
            yield effect
        case Post(Deal()) | SendShares():
            corruption.memory.held.append(effect)
        case Foreseen(height) | Received(height) if corruption.memory.held:
            others = sound_deals(corruption)
            complete = len(others) == len(corruption.other_dealers)
            if complete or height >= corruption.state.deadline - 2:
                chosen = _ground(list(others.values()), corruption)
                corruption.memory.done.add(f"candidate {chosen}")
                for held in corruption.release():
                    yield from redealt(held, corruption, _candidate(chosen, corruption))
        case Post(Justification()) if corruption.memory.done:
            yield from redealt(effect, corruption, _candidate(_chosen(corruption), corruption))
        case _:
            yield effect


def _ground(others: list[Deal], corruption: Corruption) -> int:
    """Return the first candidate that makes a liked key with the others' deals, or the last."""
    group, form = corruption.group, commitments.form(corruption.ceremony.commitments)
    rest = group.sum_points([form.constant(deal.points) for deal in others])
    last = corruption.count("candidates") - 1
    for number in range(last):
        mine = group.base_mul(_candidate(number, corruption).coefficients[0])
        if liked(group.add(rest, mine), corruption.count("bit")):
            return number
    return last


def _chosen(corruption: Corruption) -> int:
    done = corruption.memory.done
    return next(k for k in range(corruption.count("candidates")) if f"candidate {k}" in done)


def _candidate(number: int, corruption: Corruption) -> Polynomial:
    """Return a polynomial with another constant, and the machine's own share as it is."""
    given, order = corruption.coefficients, corruption.group.order
    moved = corruption.scalar(f"candidate {number}")
    lead = given[-1] - moved * pow(corruption.holder, 1 - len(given), order)
    return Polynomial([given[0] + moved, *given[1:-1], lead], order)
