"""A key as it stood at one virtual time, read from the summary's records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Record = Mapping[str, Any]


class Attacks(Protocol):
    """What an attacker could do at the end of a run: tried only if an expectation asks."""

    def can_sign(self, key: str, using: Sequence[tuple[str, int]]) -> bool:
        """Say whether shares that (validator, generation) names make a signature.

        Raises:
            LookupError: One of them never held such a share.

        """
        ...

    def exposed(self, key: str) -> bool:
        """Say whether all that the adversary stole and recorded gives the key away."""
        ...


@dataclass(frozen=True)
class Facts:
    """What expectations are checked against: parts of the summary, before it has a verdict.

    Attributes:
        keys: By name.
        ceremonies: In order of their start.
        corruptions: With what each injected.
        violations: All of them, foreseen or not.
        requests: What principals asked for, in order of arrival.
        sessions: Requests for signatures that are over: `key`, `outcome`, `time_us`.
        actions: The timeline.
        attacks: What an attacker could do; None if nobody tried.
        happened: How often an event did, by (event, validator or None), as far as `sometimes` asks.
        fired: When each entry of the timeline that waited for an event began to act, by its id.

    """

    keys: Mapping[str, Record]
    ceremonies: Sequence[Record]
    corruptions: Sequence[Record]
    violations: Sequence[Record]
    requests: Sequence[Record] = ()
    sessions: Sequence[Record] = ()
    actions: Sequence[Record] = ()
    attacks: Attacks | None = None
    happened: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    fired: Mapping[str, int] = field(default_factory=dict)

    def begun_us(self, entry: str) -> int | None:
        """Return when the timeline entry of that id happened; None if it didn't."""
        request = self.request(entry)
        if request is not None:
            return int(request["asked_us"])
        if entry in self.fired:
            return self.fired[entry]
        return next((a.get("at_us") for a in self.actions if a["id"] == entry), None)

    def request(self, entry: str) -> Record | None:
        """Return what the timeline entry of that id asked for, if it asked for something."""
        return next((request for request in self.requests if request["id"] == entry), None)


@dataclass(frozen=True)
class KeyView:
    """A key as it stood at one virtual time.

    Attributes:
        name: Of the key.
        time_us: That time.
        status: ``Absent``, ``Pending``, ``Failed``, ``Active``, ``Rotating`` or ``Retired``.
        attempts: Opened by then.
        record: The key's final record, for what doesn't change.
        generation: The one that was active, or the last one of a retired key; None before.
        rotations: Those asked for by then, in that order; one that was under way has no outcome.
        last: The latest attempt that had ended by then, or None.
        faults: Proven and unproven, of all attempts.
        disputes: Of the attempts that had ended.

    """

    name: str
    time_us: int
    status: str
    attempts: int
    record: Record
    generation: Record | None
    rotations: Sequence[Record] = ()
    last: Record | None = None
    faults: Sequence[Record] = field(default_factory=list)
    disputes: Sequence[Record] = field(default_factory=list)

    @property
    def signs(self) -> bool:
        """Whether a test signature of the active generation was recorded, and verifies."""
        signed = None if self.generation is None else self.generation["test_signature"]
        return signed is not None and signed["verified"] and signed["time_us"] <= self.time_us


def view_key(facts: Facts, name: str, time_us: int) -> KeyView:
    """Return the key `name` as it stood at `time_us`."""
    record = facts.keys[name]
    opened = [c for c in facts.ceremonies if c["key"] == name and passed(c["start_us"], time_us)]
    ended = [c for c in opened if passed(c["end_us"], time_us)]
    last = ended[-1] if ended else None
    made = [g for g in record["generations"] if passed(g["time_us"], time_us)]
    rotations = [
        rotation if passed(rotation["time_us"], time_us) else {**rotation, "outcome": None}
        for rotation in record["rotations"]
        if passed(rotation["requested_us"], time_us)
    ]
    generation = made[-1] if made else None
    return KeyView(
        name=name,
        time_us=time_us,
        status=_status(record, generation, rotations, last, time_us),
        attempts=len(opened),
        record=record,
        generation=generation,
        rotations=rotations,
        last=last,
        faults=[f for c in opened for f in c["faults"] if f["time_us"] <= time_us],
        disputes=[d for c in ended for d in c["disputes"]],
    )


def passed(at_us: int | None, time_us: int) -> bool:
    """Say whether something had happened by `time_us`; None stands for what never did."""
    return at_us is not None and at_us <= time_us


def _status(
    record: Record,
    generation: Record | None,
    rotations: Sequence[Record],
    last: Record | None,
    time_us: int,
) -> str:
    if not passed(record["created_us"], time_us):
        return "Absent"
    if generation is None:
        if last is None or last["outcome"] != "failed":
            return "Pending"
        return "Failed" if last["attempt"] >= record["attempts_max"] else "Pending"
    if passed(record["retired_us"], time_us):
        return "Retired"
    under_way = any(r["outcome"] is None and passed(r["started_us"], time_us) for r in rotations)
    return "Rotating" if under_way else "Active"
