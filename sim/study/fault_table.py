"""What comes of every fault in every ceremony: predicted, observed, injected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sim.adversary.catalogue import ROWS, STAGES, Row, Stage
from sim.scenario.load import load_text, resolve
from sim.study.staging import scheme_of, staged
from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from sim.world.summary import summarise

ORDER: Final = ("A", "D", "X", "dispute", "AB", "I")
"""Codes, as they are written."""


CONTROLLED: Final = frozenset(
    {
        "censored-transaction",
        "clock-skew",
        "partition-heal",
        "reshare-fails-repeatedly",
        "response-delayed",
    }
)
"""Rows whose injections are what differs from a run without the fault."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row in one ceremony.

    Attributes:
        row: The row.
        stage: The ceremony.
        scheme: Of the key.
        observed: Codes, as in the catalogue.
        injected: How often the fault changed something.
        signs: Whether the key signed afterwards.
        broken: Invariants that broke.

    """

    row: Row
    stage: Stage
    scheme: str
    observed: str
    injected: int
    signs: bool
    broken: tuple[str, ...]

    @property
    def as_predicted(self) -> bool:
        """Whether it ended as the catalogue says, really happened, and the key still signs."""
        same = self.observed == " ".join(sorted(self.row.predicted[self.stage].split(), key=_place))
        return same and self.injected > 0 and self.signs


def _place(code: str) -> int:
    return ORDER.index(code)


def cells() -> Iterator[tuple[Row, Stage]]:
    """Yield every row with every ceremony in which it can happen."""
    for row in ROWS:
        for stage in STAGES:
            if stage in row.predicted:
                yield row, stage


def play(row: Row, stage: Stage) -> Cell:
    """Run one cell, and say what came of it."""
    outcome, summary = _run(staged(row, stage))
    control = None
    if row.name in CONTROLLED:
        control = _run(staged(row, stage, control=True))
    broken = tuple(dict.fromkeys(found["invariant"] for found in summary["violations"]))
    return Cell(
        row,
        stage,
        scheme_of(row, stage),
        _codes(stage, outcome, summary),
        _injected(row, stage, (outcome, summary), control),
        _signs(summary),
        broken,
    )


def _run(text: str) -> tuple[RunOutcome, Mapping[str, Any]]:
    outcome = run_plan(resolve(load_text(text)))
    return outcome, summarise(outcome, "00000000")


def _signs(summary: Mapping[str, Any]) -> bool:
    """Say whether the signature that is asked for at the end was made."""
    return bool(summary["keys"]["beacon"]["sessions"]["complete"])


def _codes(stage: Stage, outcome: RunOutcome, summary: Mapping[str, Any]) -> str:
    attempts = [one for one in summary["ceremonies"] if one["operation"] == stage]
    faults = [fault for one in attempts for fault in one["faults"]]
    found = {"A" if fault["proof"] else "D" for fault in faults}
    if stage == "signing" and any(entry.bad for entry in outcome.state.audit):
        found.add("A")
    if any(one["outcome"] == "failed" for one in attempts):
        found.add("AB")
    elif any(one["excluded"] for one in attempts):
        found.add("X")
    if any(one["disputes"] for one in attempts):
        found.add("dispute")
    return " ".join(sorted(found or {"I"}, key=_place))


# How often something really was changed


def _injected(
    row: Row,
    stage: Stage,
    played: tuple[RunOutcome, Mapping[str, Any]],
    control: tuple[RunOutcome, Mapping[str, Any]] | None,
) -> int:
    outcome, summary = played
    if row.how == "behaviour":
        return sum(corruption["injected"] for corruption in summary["corruptions"])
    match row.name:
        case "duplicate-and-reorder":
            return _sends(outcome, "duplicate", "held")
        case "share-after-deadline":
            return _sends(outcome, "waiting")
        case "early-message":
            return _early(outcome, summary, stage)
        case "reshare-cancelled":
            return sum(
                one["do"] == "rollback" and not one["refused"] for one in summary["requests"]
            )
        case "clock-skew" if control:
            return len(_times(outcome, (1, 2, 3)) - _times(control[0], (1, 2, 3)))
        case _ if control:
            moved = len(_included(*control) - _included(outcome, summary))
            return _sends(outcome, "cut") + moved
        case _:
            kinds = ("crash", "pause", "slow", "disk-fault")
            # The crash that a repair is for is no fault of the row.
            return sum(event.kind in kinds for event in outcome.events) - (stage == "repair")


def _sends(outcome: RunOutcome, *verdicts: str) -> int:
    return sum(event.kind == "send" and event.verdict in verdicts for event in outcome.events)


def _times(outcome: RunOutcome, validators: Iterable[int]) -> set[tuple[Any, ...]]:
    """Return when each of the validators sent what again, or heard that it need not."""
    return {
        (event.time_us, event.validator, event.kind, event.peer, event.label)
        for event in outcome.events
        if event.validator in validators and (event.kind == "timer" or event.transmission)
    }


def _included(outcome: RunOutcome, summary: Mapping[str, Any]) -> set[str]:
    """Return who said what at which height of which attempt, and when sessions ended."""
    said = [
        str((one["session"], one["attempt"], sorted(statement.items())))
        for one in summary["ceremonies"]
        for statement in one["statements"]
    ]
    return {*said, *(f"{one.signing} {one.height}" for one in outcome.state.audit)}


def _early(outcome: RunOutcome, summary: Mapping[str, Any], stage: Stage) -> int:
    """Count shares that reached the victim before the block that begins the deal phase did."""
    victim = 1 if stage == "repair" else 3
    begins = [
        phase["start"] - 1
        for one in summary["ceremonies"]
        if one["operation"] == stage
        for phase in one["phases"]
        if phase["phase"] == "deal"
    ]
    mine = [
        event for event in outcome.events if event.validator == victim and event.kind == "receive"
    ]
    knows = [e.time_us for e in mine if e.label[:2] == ("block", str(begins[0]))]
    return sum(
        e.label[0] == "share" and e.session.split("/")[1] == stage and e.time_us < knows[0]
        for e in mine
    )
