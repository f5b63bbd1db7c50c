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
from sim.protocol.commit_reveal import CommitRevealState
from sim.protocol.effects import Post, SendShares
from sim.protocol.gjkr import GjkrState
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Deal, Justification
from sim.protocol.variant_messages import Extract

BIT: Final = Param("bit", int, 1, "the bit of the key's hash that is wanted", choices=(0, 1))


def liked(public_key: bytes, bit: int) -> bool:
    """Say whether the lowest bit of the first byte of the key's SHA-256 is `bit`."""
    return hashlib.sha256(public_key).digest()[0] & 1 == bit


@behaviour(BIT, operations=["dkg", "rekey"], targeted=True)
def drop_out_rusher(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal honestly, withhold one envelope, and justify only if the key is liked (21).

    Its deal is fixed before it sees another. But whoever answers no complaint is out, so it chooses
    between two keys when it knows both; k of them, who withhold one envelope each, choose together
    between 2^k. Where the key shows only once QUAL is fixed (GJKR), it answers by what it sees of
    the deals, waits for the others' extractions, and doesn't extract if it doesn't like the key.

    Expected: a dispute if it answers, excluded as unjustified if it doesn't; nothing is proven.
    Joint-Feldman and commit-reveal make a liked key with probability 1 - 2^-(2^k); extraction
    (GJKR) with 1/2, since who doesn't extract is reconstructed.
    """
    match effect:
        case SendShares(shares):
            victims = corruption.choose_holders(shares)
            yield SendShares({x: share for x, share in shares.items() if x not in victims})
        case Post(Justification()) if corruption.dealer in _dropping(corruption):
            return
        case Post(Extract()):
            corruption.memory.held = [effect]
        case Received(height) if corruption.memory.held:
            yield from _extracting(height, corruption)
        case _:
            yield effect


def _dropping(corruption: Corruption) -> tuple[int, ...]:
    """Return which accomplices drop out: as few as make a liked key, and no more than QUAL bears.

    All of them see the same ledger when they have to answer, so all come to the same set.
    """
    state, ceremony = corruption.state, corruption.ceremony
    accomplices = {d.index for d in ceremony.dealers if d.validator in corruption.fellows}
    accused = {dealer for dealer, _ in state.complaints}
    able = [dealer for dealer in state.running() if dealer in accomplices & accused]
    constants = _constants(state)
    for size in range(min(len(able), len(constants) - ceremony.needed) + 1):
        for dropped in combinations(able, size):
            rest = [point for dealer, point in constants.items() if dealer not in dropped]
            if liked(corruption.group.sum_points(rest), corruption.count("bit")):
                return dropped
    return ()


def _constants(state: CeremonyState) -> dict[int, bytes]:
    """Return each running dealer's part of the key as its deal has it; under GJKR it is blinded."""
    form = commitments.form(state.ceremony.commitments)
    deals = {dealer: state.deals[dealer].deal for dealer in state.running()}
    return {dealer: form.constant(deal.points) for dealer, deal in deals.items() if deal}


def _extracting(height: int, corruption: Corruption) -> Iterator[Occasion]:
    """Extract once all others have, and the key with one's own part is liked, or time is up."""
    state, group = corruption.state, corruption.group
    assert isinstance(state, GjkrState)
    form = commitments.form(corruption.ceremony.commitments)
    seen = {d: extraction.points for d, extraction in state.extractions.items()}
    parts = [form.constant(points) for d, points in seen.items() if points is not None]
    complete = {*seen, corruption.dealer} >= {*state.contributors}
    if complete:
        own = group.base_mul(corruption.coefficients[0])
        held = corruption.release()
        if liked(group.sum_points([*parts, own]), corruption.count("bit")):
            yield from held
    elif height >= state.deadline - 2:
        yield from corruption.release()


@behaviour(
    BIT,
    Param("candidates", int, 8, "polynomials to choose from", least=1),
    operations=["dkg", "rekey"],
    rushing=True,
)
def grinder(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Wait for all deals, and deal what makes a liked key, out of m candidates (21). For t above 1.

    It sees what the next block would hold, and its own deal still comes into it. Every candidate
    is a proper deal, with shares that fit. After a commitment (commit-reveal) there are two
    candidates: its own deal, and none.

    Expected: nobody can see it, and nobody is blamed; who doesn't reveal is out for no-deal,
    without proof. Joint-Feldman makes a liked key with probability 1 - 2^-m, commit-reveal 3/4;
    where deals hide what they add (GJKR), 1/2.
    """
    match effect:
        case _ if corruption.ceremony.threshold < 2:
            yield effect
        case Post(Deal()) | SendShares():
            corruption.memory.held.append(effect)
        case Foreseen(height) | Received(height) if corruption.memory.held:
            others = sound_deals(corruption)
            complete = len(others) == len(corruption.other_dealers)
            due = complete or height >= corruption.state.deadline - 2
            if due and isinstance(corruption.state, CommitRevealState):
                yield from _revealed(list(others.values()), corruption)
            elif due:
                chosen = _ground(list(others.values()), corruption)
                corruption.memory.done.add(f"candidate {chosen}")
                for held in corruption.release():
                    yield from redealt(held, corruption, _candidate(chosen, corruption))
        case Post(Justification() | Extract()) if corruption.memory.done:
            yield from redealt(effect, corruption, _candidate(_chosen(corruption), corruption))
        case _:
            yield effect


def _revealed(others: list[Deal], corruption: Corruption) -> Iterator[Occasion]:
    """Reveal the deal that was committed to, unless the key is liked without it alone."""
    group, form = corruption.group, commitments.form(corruption.ceremony.commitments)
    without = group.sum_points([form.constant(deal.points) for deal in others])
    own = group.base_mul(corruption.coefficients[0])
    bit, held = corruption.count("bit"), corruption.release()
    if liked(group.add(without, own), bit) or not liked(without, bit):
        yield from held


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
