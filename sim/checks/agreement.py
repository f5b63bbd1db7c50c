"""One key, one QUAL, one chain: what honest validators must see alike."""

from __future__ import annotations

from collections.abc import Iterator

from sim.checks.observation import CeremonyView, Observation, attempt_of, title
from sim.checks.registry import Finding, check
from sim.protocol.judge import CeremonyState


@check
def one_key_and_one_qual(observation: Observation) -> Iterator[Finding]:
    """All honest validators that saw QUAL fixed have the chain's QUAL, key and verification shares.

    [GJKR07, Lemma 1 (correctness, 1–2): all honest parties end with one public key.]
    """
    states = {attempt_of(state): state for state in observation.ceremonies}
    for validator in observation.honest:
        for view in validator.ceremonies:
            state = states.get((view.session, view.attempt))
            for complaint in _differences(view, state):
                yield Finding(complaint, view.seen_us, validator.name)


def _differences(view: CeremonyView, state: CeremonyState | None) -> Iterator[str]:
    if state is None:
        yield f"saw {view.session}#{view.attempt}, which is not on the chain"
        return
    if not view.verification:
        return  # it has not followed the chain that far
    if view.qual != state.qual:
        yield f"{title(state)}: QUAL is {_seats(view.qual)} here, {_seats(state.qual)} on the chain"
    if view.public_key != state.public_key:
        yield (
            f"{title(state)}: the key is {view.public_key.hex()[:16]}… here, "
            f"{state.public_key.hex()[:16]}… on the chain"
        )
    elif view.verification != state.verification:
        yield f"{title(state)}: the verification shares differ from the chain's"


def _seats(qual: tuple[int, ...]) -> str:
    return "{" + ", ".join(map(str, qual)) + "}"


@check
def one_record_per_generation(observation: Observation) -> Iterator[Finding]:
    """Every generation of a key is activated once, by a rotation of the one before it.

    [kchain, "Rotation semantics": one active generation, at most one pending rotation; generations
    only grow.]
    """
    for (key, era, generation), states in sorted(observation.generations.items()):
        for state in states[1:]:
            yield Finding(
                f"{title(state)}: generation {generation} of {key} was active before, by "
                f"{title(states[0])}",
                observation.at_us(state.ended_at),
            )
        made = states[0]
        before = observation.generations.get((key, era, generation - 1))
        if generation and before is None:
            yield Finding(
                f"{title(made)}: nothing made generation {generation - 1}",
                observation.at_us(made.ended_at),
            )
        elif before and (made.ended_at or 0) <= (before[0].ended_at or 0):
            yield Finding(
                f"{title(made)}: active before generation {generation - 1}",
                observation.at_us(made.ended_at),
            )


@check
def public_key_is_kept(observation: Observation) -> Iterator[Finding]:
    """Within an era every generation has the one public key, and starts from the one before.

    [protocols, "Reshare": V'_0 must equal the public key; V_0 equals the old V_i byte for byte.]
    """
    for (key, era, generation), (made, *_) in sorted(observation.generations.items()):
        first = observation.generations.get((key, era, 0), [made])[0]
        at_us = observation.at_us(made.ended_at)
        if made.public_key != first.public_key:
            yield Finding(
                f"{title(made)}: the public key is {made.public_key.hex()[:16]}…, and era {era} "
                f"began with {first.public_key.hex()[:16]}…",
                at_us,
            )
        before = observation.generations.get((key, era, generation - 1))
        base = made.ceremony.base
        if before and (base is None or base.verification != before[0].verification):
            yield Finding(f"{title(made)}: it doesn't start from {title(before[0])}", at_us)


@check
def ledger_prefix(observation: Observation) -> Iterator[Finding]:
    """Every block that an honest validator followed is the chain's block of that height.

    [design, "The ledger in the loop": idealised consensus shows everyone one chain.]
    """
    chain = {block.height: block.hash for block in observation.blocks}
    for validator in observation.honest:
        for height, seen, at_us in validator.heads:
            if chain.get(height) != seen:
                known = chain.get(height)
                there = "no such block" if known is None else f"{known.hex()[:16]}…"
                yield Finding(
                    f"followed block {seen.hex()[:16]}… at height {height}; the chain has {there}",
                    at_us,
                    validator.name,
                )
