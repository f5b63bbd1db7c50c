"""Shares and the public polynomial: every share fits it, t of them make the key, fewer don't."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sim.base.randomness import stream
from sim.checks.observation import (
    GenerationId,
    Holding,
    Observation,
    ValidatorView,
    generation_of,
    id_of,
    title,
)
from sim.checks.registry import Finding, check
from sim.crypto.group import Group
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from sim.protocol.ceremony import Member
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase

SAMPLES: Final = 4
"""Subsets drawn per key and size: one costs an interpolation and a base multiplication."""


@check
def shares_on_the_polynomial(observation: Observation) -> Iterator[Finding]:
    """Every share of an honest holder satisfies s·G = V_i, and a holder without one says so.

    [GJKR07, Lemma 1 (correctness, 1) with Feldman's check; protocols, step 4: such a holder is
    shareless.]
    """
    for state, validator, holding in _held(observation):
        where = f"{title(state)}, holder {holding.index}"
        if holding.share is None:
            if not holding.shareless and validator.alive and not validator.disturbed:
                yield Finding(
                    f"{where}: no share, and not marked shareless",
                    observation.at_us(state.ended_at),
                    validator.name,
                )
        elif not _fits(state, holding):
            yield Finding(
                f"{where}: s·G is not V_{holding.index}",
                observation.at_us(state.ended_at),
                validator.name,
            )


def _held(observation: Observation) -> Iterator[tuple[CeremonyState, ValidatorView, Holding]]:
    """Yield what honest members hold of every key that became active; of a repair, the target.

    A dealer that leaves holds nothing of what its attempt made: its index is 0. A single party has
    the whole key, which is no scalar of a group.
    """
    for state in observation.ceremonies:
        if state.phase is Phase.ACTIVE and state.ceremony.operation != "generate":
            target = state.ceremony.target
            for validator, holding in observation.holdings(state):
                if holding.index and not validator.corrupted and target in (0, holding.index):
                    yield state, validator, holding


def _fits(state: CeremonyState, holding: Holding) -> bool:
    assert holding.share is not None
    group = get_group(state.ceremony.scheme)
    return group.base_mul(holding.share.reveal()) == state.verification[holding.index]


@check
def threshold_is_exact(observation: Observation) -> Iterator[Finding]:
    """Every sampled set of t honest shares makes the one key; no set of t − 1 does.

    [Shamir 1979; GJKR07, Lemma 1 (correctness, 1).]
    """
    shares: dict[GenerationId, dict[int, int]] = {}
    for state, _, holding in _held(observation):
        if holding.share is not None:
            # A repaired share takes the place of the one that was lost.
            known = shares.setdefault(generation_of(state), {})
            known[holding.index] = holding.share.reveal()
    for generation, held in shares.items():
        for state in observation.generations.get(generation, []):
            at_us = observation.at_us(state.ended_at)
            for detail in _wrong_samples(observation.seed, state, held):
                yield Finding(f"{title(state)}: {detail}", at_us)


@check
def enough_honest_holders(observation: Observation) -> Iterator[Finding]:
    """At least t honest holders have a share of what is activated, if the liars are within f*.

    [protocols, step 5: the quorum is t + f*.] A holder is who wrote its share down, whatever it
    lost since.
    """
    for state in observation.ceremonies:
        if state.phase is not Phase.ACTIVE or state.ceremony.target:
            continue
        if state.ceremony.operation == "generate":
            continue  # one party has the whole key; there are no points to compare it with
        ceremony = state.ceremony
        honest = [m for m in ceremony.members if not observation.view(m).corrupted]
        liars = sum(
            member not in honest for member in ceremony.members if member.index in state.confirmed
        )
        holders = [m.name for m in honest if _wrote(observation, state, m)]
        if liars <= ceremony.faults and len(holders) < ceremony.threshold:
            yield Finding(
                f"{title(state)}: {len(holders)} honest holders ({', '.join(holders) or 'none'}), "
                f"t = {ceremony.threshold}",
                observation.at_us(state.ended_at),
            )


def _wrote(observation: Observation, state: CeremonyState, member: Member) -> bool:
    """Say whether a member ever wrote down a share that fits."""
    group = get_group(state.ceremony.scheme)
    return any(
        group.base_mul(group.decode_scalar(kept.value.reveal())) == state.verification[member.index]
        for kept in observation.view(member).kept
        if (kept.session, kept.attempt) == id_of(state) and kept.name == "share"
    )


def _wrong_samples(seed: int, state: CeremonyState, shares: dict[int, int]) -> Iterator[str]:
    group, t = get_group(state.ceremony.scheme), state.ceremony.threshold
    for holders in _subsets(seed, state, sorted(shares), t):
        if not _makes_key(group, state, {x: shares[x] for x in holders}):
            yield f"the {t} shares of holders {holders} reconstruct another key"
    for holders in _subsets(seed, state, sorted(shares), t - 1):
        if _makes_key(group, state, {x: shares[x] for x in holders}):
            yield f"the {t - 1} shares of holders {holders} are enough for the key"


def _subsets(seed: int, state: CeremonyState, holders: list[int], size: int) -> list[list[int]]:
    """Draw distinct subsets of `size` holders; none if there are too few, or `size` is 0."""
    if not 1 <= size <= len(holders):
        return []
    ceremony = state.ceremony
    place = (ceremony.label, ceremony.era, ceremony.attempt)
    drawn = (
        tuple(sorted(stream(seed, "check", *place, "subset", size, i).sample(holders, size)))
        for i in range(SAMPLES)
    )
    return [list(subset) for subset in dict.fromkeys(drawn)]


def _makes_key(group: Group, state: CeremonyState, shares: dict[int, int]) -> bool:
    return group.base_mul(interpolate_constant(shares, group.order)) == state.public_key
