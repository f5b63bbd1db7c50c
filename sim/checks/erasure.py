"""Shares go when, and only when, others have taken their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sim.checks.observation import Observation, ValidatorView, id_of, title
from sim.checks.registry import Finding, check
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase

LASTING: Final = frozenset({"share", "dek/share"})
"""What stays of an attempt while its share counts: the share, and the key that locks it."""


@check
def shares_outlive_rotations(observation: Observation) -> Iterator[Finding]:
    """No honest holder's share is erased before the next generation is active on the ledger.

    [protocols, step 6: old shares are erased only then; kchain, "Rotation semantics": a rotation
    that fails leaves the old generation as it was.]

    Shares that a crash took, and those of a retired key, are another matter.
    """
    made = {id_of(state): state for state in observation.ceremonies}
    for validator in observation.honest:
        if validator.disturbed:
            continue
        for kept in validator.kept:
            state = made.get((kept.session, kept.attempt))
            gone = kept.erased_us
            if kept.name != "share" or gone is None or state is None:
                continue
            if state.phase is Phase.ACTIVE and gone < _free_from_us(observation, state):
                yield Finding(
                    f"{title(state)}: the share of {validator.name} was erased while it was needed",
                    gone,
                    validator.name,
                )


def _free_from_us(observation: Observation, state: CeremonyState) -> int:
    """Virtual time from which shares of a generation may go; after the end if they never may."""
    activated, key = observation.activated, state.ceremony.key
    unendorsed = activated is not None and id_of(state) not in activated
    if unendorsed and state.ceremony.operation == "rekey":
        return 0  # the old key never signed for this one
    ends = [observation.retired[key]] if key in observation.retired else []
    later = observation.successor(state)
    if later is not None:
        ends.append(observation.active_from_us(later))
    return min(ends, default=observation.end_us + 1)


@check
def erased_means_erased(observation: Observation) -> Iterator[Finding]:
    """Once a generation is active, honest stores hold nothing of older ones, and of it the share.

    [protocols, "Refresh": transport keys, polynomials, sub-shares, one-time keys and envelopes go
    with the old shares.]

    Of an attempt that failed they hold nothing at all. Whoever is down, or hasn't received the
    block that says so, can't know yet.
    """
    states = {id_of(state): state for state in observation.ceremonies}
    for validator in observation.honest:
        if not validator.alive:
            continue
        found: dict[tuple[bytes, int], list[str]] = {}
        for session, attempt, name in validator.left:
            found.setdefault((session, attempt), []).append(name)
        for attempt_id, names in found.items():
            state = states.get(attempt_id)
            if state is not None and not _is_over(observation, state, validator):
                continue
            stays = state is not None and _lasts(observation, state, validator)
            stale = sorted(set(names) - (LASTING if stays else frozenset()))
            if stale:
                where = "an attempt that is not on the chain" if state is None else title(state)
                yield Finding(
                    f"{where}: {validator.name} still holds {', '.join(stale)}",
                    observation.end_us,
                    validator.name,
                )


def _followed(observation: Observation, validator: ValidatorView, height: int) -> bool:
    """Say whether a validator has acted on `height`."""
    last = max((seen for seen, _, _ in validator.heads), default=-1)
    return last >= height + observation.finality


def _is_over(observation: Observation, state: CeremonyState, validator: ValidatorView) -> bool:
    """Say whether a validator knows that an attempt has ended."""
    return state.ended_at is not None and _followed(observation, validator, state.ended_at)


def _lasts(observation: Observation, state: CeremonyState, validator: ValidatorView) -> bool:
    """Say whether the share that an attempt made or repaired still counts, as far as one knows."""
    if state.phase is not Phase.ACTIVE:
        return False
    key = state.ceremony.key
    last_us = max((at_us for _, _, at_us in validator.heads), default=0)
    if key in observation.retired and observation.retired[key] < last_us:
        return False
    later = observation.successor(state)
    if later is None or later.ended_at is None:
        return True
    return not _followed(observation, validator, later.ended_at)
