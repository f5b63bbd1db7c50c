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
            state = states.get((view.key, view.era, view.generation, view.attempt))
            for complaint in _differences(view, state):
                yield Finding(complaint, view.seen_us, validator.name)


def _differences(view: CeremonyView, state: CeremonyState | None) -> Iterator[str]:
    if state is None:
        yield f"saw {view.key} attempt {view.attempt}, which is not on the chain"
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
