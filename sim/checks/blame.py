"""Who is excluded, who is blamed, and whether the evidence holds for a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sim.checks.observation import Observation, ValidatorView, title
from sim.checks.registry import Finding, check, liveness_check
from sim.protocol.citations import PublicRecord
from sim.protocol.evidence import reverify
from sim.protocol.judge import CeremonyState

ABSENCE: Final = frozenset({"no-deal", "unjustified"})
"""Exclusions that silence brings about: whoever is late earns them, honest or not."""


@check
def honest_dealers_stay(observation: Observation) -> Iterator[Finding]:
    """No honest dealer is disqualified for anything that it or others said.

    [GJKR07, Lemma 1: honest parties are never disqualified; protocols, "Reshare": a leaving dealer
    answers complaints like any other.] What a late dealer is excluded for is
    its absence: see `honest_dealers_are_heard`.
    """
    for _, why, finding in _honest_exclusions(observation):
        if why not in ABSENCE:
            yield finding


@liveness_check
def honest_dealers_are_heard(observation: Observation) -> Iterator[Finding]:
    """No honest dealer that the run let act in time is excluded as absent.

    [GJKR07, Section 2: a synchronous broadcast, on which whoever speaks is heard in time.] Phases
    too short for the links to the ledger break it. A dealer that the timeline crashed, paused,
    slowed or cut from the ledger may be missed.
    """
    for dealer, why, finding in _honest_exclusions(observation):
        if why in ABSENCE and not dealer.disturbed:
            yield finding


def _honest_exclusions(observation: Observation) -> Iterator[tuple[ValidatorView, str, Finding]]:
    """Yield every honest dealer that is out, the verdict's name, and the finding that it makes."""
    for state in observation.ceremonies:
        for dealer, why in sorted(state.excluded.items()):
            member = state.ceremony.dealer_by_index[dealer]
            view = observation.view(member)
            if not view.corrupted:
                finding = Finding(
                    f"{title(state)}: the honest dealer {member.name} is out: {why}",
                    _verdict_us(observation, state, member.name, why),
                    member.name,
                )
                yield view, why, finding


def _verdict_us(observation: Observation, state: CeremonyState, name: str, why: str) -> int:
    heights = [f.height for f in state.faults if (f.validator, f.fault) == (name, why)]
    return observation.at_us(heights[0] if heights else state.ended_at)


@check
def evidence_spares_the_honest(observation: Observation) -> Iterator[Finding]:
    """No proven fault names an honest validator.

    [protocols, "Checks that others missed": verdicts never blame the victim.] Nor does the audit
    log, as a signer whose partial signature was proven bad.
    """
    for state in observation.ceremonies:
        for fault in state.faults:
            if fault.proof and not observation.by_name[fault.validator].corrupted:
                yield Finding(
                    f"{title(state)}: the honest {fault.validator} is blamed for {fault.fault}",
                    observation.at_us(fault.height),
                    fault.validator,
                )
    for line in observation.audit:
        for name in line.bad:
            if not observation.by_name[name].corrupted:
                yield Finding(
                    f"{line.key}/{line.signing}: the honest {name} is blamed for a bad partial",
                    observation.at_us(line.height),
                    name,
                )


@check
def evidence_reverifies(observation: Observation) -> Iterator[Finding]:
    """Every proven fault of a ceremony convinces a third party from ledger bytes alone.

    [protocols, "Checks that others missed": faults with proof.]
    """
    for state in observation.ceremonies:
        record = PublicRecord.of(state)
        for fault in state.faults:
            if fault.proof and not reverify(record, fault):
                yield Finding(
                    f"{title(state)}: the evidence against {fault.validator} for {fault.fault} "
                    "does not re-verify",
                    observation.at_us(fault.height),
                    fault.validator,
                )
