"""The life of a key: what gave it its shares, one generation after the other, as data.

A step is a generation that was activated, or a rotation that ended otherwise, or a repair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sim.report.words import (
    ENDS,
    FAULTS,
    OPERATIONS,
    OUTCOMES,
    REASONS,
    TRIGGERS,
    count,
    lasting,
    names,
)
from sim.report.words import size as size_of

Record: TypeAlias = Mapping[str, Any]

Outcome: TypeAlias = Literal["activated", "repaired", "failed", "open"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a key.

    Attributes:
        outcome: Whether it made a generation, repaired a share, came to nothing, or goes on.
        generation: The generation that it made or repaired, or would have made.
        era: Likewise.
        operation: As in the summary: ``dkg``, ``reshare`` …
        trigger: Likewise.
        time_us: When it was activated, or over; None if it isn't.
        height: Likewise.
        shape: ``3 of 5``, or empty.
        joined: Names of those who came in.
        left: Names of those who went.
        blamed: (validator, fault) of all attempts, proven.
        excluded: (validator, reason) of all attempts, not proven: nobody is blamed for a crash.
        disputes: Accusations that nothing decides.
        attempts: How many it took.
        messages: What it cost.
        bytes: Likewise.
        unavailable_us: How long too few holders were up while this generation was active.
        detail: What else there is to say of it, such as why it failed.

    """

    outcome: Outcome
    generation: int
    era: int
    operation: str
    trigger: str
    time_us: int | None
    height: int | None
    shape: str
    joined: Sequence[str]
    left: Sequence[str]
    blamed: Sequence[tuple[str, str]]
    excluded: Sequence[tuple[str, str]]
    disputes: int
    attempts: int
    messages: int
    bytes: int
    unavailable_us: int
    detail: str

    @property
    def eventful(self) -> bool:
        """Whether it is worth a line of its own even in a long life."""
        return (
            self.outcome != "activated"
            or bool(self.blamed or self.disputes)
            or self.operation in ("dkg", "generate", "rekey")
            or self.trigger in ("manual", "emergency", "policy-violation")
        )


def steps(key: Record) -> list[Step]:
    """Return the steps of a key's life, a record of the summary's ``keys``, by their time."""
    found = [_generation(record) for record in key["generations"]]
    found += [
        _rotation(record)
        for record in key["rotations"]
        if record["outcome"] != "activated" or record["operation"] == "repair"
    ]
    last = max((step.time_us or 0 for step in found), default=0)
    return sorted(found, key=lambda step: last + 1 if step.time_us is None else step.time_us)


def _generation(record: Record) -> Step:
    tested = record["test_signature"]
    return Step(
        outcome="activated",
        shape=f"{record['threshold']} of {len(record['committee'])}",
        joined=record["joined"],
        left=record["left"],
        unavailable_us=record["unavailable_us"],
        detail="" if tested is None or tested["verified"] else "its test signature is bad",
        **_common(record),
    )


def _rotation(record: Record) -> Step:
    outcome: Outcome = "failed"
    detail = ""
    if record["outcome"] == "activated":
        outcome = "repaired"
    elif record["outcome"] is None:
        outcome, detail = "open", "still open when the run was over"
    else:
        ended, reason = str(record["outcome"]), str(record["reason"] or "")
        word, why = OUTCOMES.get(ended, ended), ENDS.get(reason, REASONS.get(reason, reason))
        detail = f"{word}: {why}" if why else word
    return Step(
        outcome=outcome,
        shape=record["target"] or "",
        joined=(),
        left=(),
        unavailable_us=0,
        detail=detail,
        **_common(record),
    )


def _common(record: Record) -> dict[str, Any]:
    return {
        "generation": record["generation"],
        "era": record["era"],
        "operation": record["operation"],
        "trigger": record["trigger"],
        "time_us": record["time_us"],
        "height": record["height"],
        "blamed": [(fault["validator"], fault["fault"]) for fault in record["blamed"]],
        "excluded": [(out["validator"], out["reason"]) for out in record["excluded"]],
        "disputes": record["disputes"],
        "attempts": record["attempts"],
        "messages": record["messages"],
        "bytes": record["bytes"],
    }


def title(step: Step) -> str:
    """Return what the step is in a few words: ``reshare, a member was gone``."""
    operation = OPERATIONS.get(step.operation, step.operation)
    trigger = TRIGGERS.get(step.trigger, step.trigger)
    return f"{operation}, {trigger}" if trigger else operation


def notes(step: Step) -> Iterator[str]:
    """Yield what there is to say of a step beside its title, in short phrases."""
    if step.detail:
        yield step.detail
    if step.joined and step.operation not in ("dkg", "generate"):
        yield f"joined {names(step.joined)}"
    if step.left:
        yield f"left {names(step.left)}"
    yield from (f"blamed {who}: {why}" for who, why in _gathered(step.blamed))
    yield from (f"without {who}: {why}" for who, why in _gathered(step.excluded))
    if step.disputes:
        yield count(step.disputes, "dispute")
    if step.attempts > 1:
        yield count(step.attempts, "attempt")
    if step.unavailable_us:
        yield f"could not sign for {lasting(step.unavailable_us)}"


def _gathered(verdicts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield who, and for what: ``v03, v04`` and ``no deal came in time``."""
    by_verdict: dict[str, list[str]] = {}
    for validator, verdict in verdicts:
        by_verdict.setdefault(verdict, []).append(validator)
    for verdict, who in by_verdict.items():
        yield names(sorted(who), most=4), FAULTS.get(verdict, verdict)


def cost(step: Step) -> str:
    """Return what a step cost, ``1,204 messages, 210.0 kB``; empty if it never began."""
    if not step.attempts:
        return ""
    return f"{count(step.messages, 'message')}, {size_of(step.bytes)}"
