"""The life of a key as the summary tells it: its generations, and what became of rotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sim.kchain.records import Key, KeyRecord
from sim.kchain.rotation import RotationEntry
from sim.protocol.judge import CeremonyState
from sim.world.availability import Uptime, unavailable_us, uptime
from sim.world.chronicle import Chronicle
from sim.world.outcome import RunOutcome

Record = dict[str, Any]
AttemptId = tuple[bytes, int]


@dataclass(frozen=True)
class Attempts:
    """The attempts of a run: the chain's folds, their stories, and what they cost.

    Attributes:
        states: By (session, attempt), in order of opening.
        stories: From `ceremonies.describe_attempt`, likewise.
        traffic: Messages and bytes by (label, attempt).

    """

    states: Mapping[AttemptId, CeremonyState]
    stories: Mapping[AttemptId, Record]
    traffic: Mapping[tuple[str, int], tuple[int, int]]

    def of(self, session: bytes, first: int, number: int) -> list[AttemptId]:
        """Return the ids of `number` attempts of a session, from the `first` on."""
        return [(session, attempt) for attempt in range(first, first + number)]

    def summed(self, ids: Sequence[AttemptId]) -> Record:
        """Return what was proven in attempts, who else was out, disputes, and what they cost.

        A validator is named once per verdict: one that is down fails every attempt alike.
        """
        blamed: dict[tuple[str, str], None] = {}
        excluded: dict[tuple[str, str], None] = {}
        disputes, messages, size = 0, 0, 0
        for one in ids:
            story, ceremony = self.stories[one], self.states[one].ceremony
            for fault in story["faults"]:
                verdicts = blamed if fault["proof"] else excluded
                verdicts[fault["validator"], fault["fault"]] = None
            disputes += len(story["disputes"])
            sent = self.traffic.get((ceremony.label, ceremony.attempt), (0, 0))
            messages, size = messages + sent[0], size + sent[1]
        return {
            "blamed": [{"validator": who, "fault": what} for who, what in blamed],
            "excluded": [{"validator": who, "reason": why} for who, why in excluded],
            "disputes": disputes,
            "messages": messages,
            "bytes": size,
        }


class Lives:
    """Tells the lives of all keys of a run.

    Args:
        outcome: The finished run.
        chronicle: Its chain.
        attempts: Its attempts.
        requests: What principals asked for, as in the summary.

    """

    def __init__(
        self,
        outcome: RunOutcome,
        chronicle: Chronicle,
        attempts: Attempts,
        requests: Sequence[Mapping[str, Any]],
    ) -> None:
        self._state = outcome.state
        self._outcome = outcome
        self._chronicle = chronicle
        self._attempts = attempts
        self._requests = requests
        self._end_us = outcome.end_us
        self._positions = {v.name: index for index, v in enumerate(outcome.plan.validators)}

    @cached_property
    def _uptimes(self) -> list[Uptime]:
        events = self._outcome.events
        return [uptime(events.of(place), self._end_us) for place in self._positions.values()]

    def describe(self, name: str) -> Record:
        """Return `generations`, `rotations`, `retired_us` and `available` of a key."""
        records = self._state.generations(name)
        generations = self._generations(name, records)
        created_us = generations[0]["time_us"] if generations else None
        retired_us = None
        if records and self._state.keys[name].status == "Retired":
            retired_us = self._us(records[-1].retired_at)
        return {
            "generations": generations,
            "rotations": self._rotations(name),
            "retired_us": retired_us,
            "available": self._available(generations, created_us, retired_us),
        }

    def _available(
        self, generations: Sequence[Record], created_us: int | None, retired_us: int | None
    ) -> float | None:
        """Return the share of the key's life in which it could sign, 0 to 1."""
        end_us = self._end_us if retired_us is None else retired_us
        if created_us is None or end_us <= created_us:
            return None
        missing: int = sum(generation["unavailable_us"] for generation in generations)
        return round(1 - missing / (end_us - created_us), 9)

    # Generations

    def _generations(self, name: str, records: Sequence[KeyRecord]) -> list[Record]:
        made = {}
        for entry in self._state.rotations(name):
            if entry.outcome == "activated" and entry.operation != "repair":
                made[entry.era, entry.generation] = entry
        found: list[Record] = []
        for place, record in enumerate(records):
            before = records[place - 1] if place else None
            until = self._us(record.retired_at)
            period = (self._us(record.activated_at) or 0, self._end_us if until is None else until)
            found.append(self._generation(record, before, made, period))
        return found

    def _generation(
        self,
        record: KeyRecord,
        before: KeyRecord | None,
        made: Mapping[tuple[int, int], RotationEntry],
        period: tuple[int, int],
    ) -> Record:
        entry = made.get((record.era, record.generation))
        first = 1 if entry is None else entry.first_attempt
        number = record.attempt - first + 1
        old = () if before is None else before.committee
        ids = self._attempts.of(record.session, first, number)
        started = self._attempts.states[ids[0]].ceremony.start - 1
        return {
            "era": record.era,
            "generation": record.generation,
            "operation": record.operation,
            "trigger": record.trigger,
            "requested_us": self._us(
                self._state.keys[record.name].requested_at if entry is None else entry.requested_at
            ),
            "started_us": self._us(started),
            "height": record.activated_at,
            "time_us": period[0],
            "attempts": number,
            "threshold": record.threshold[0],
            "committee": list(record.committee),
            "public_key": record.public_key.hex(),
            "joined": [name for name in record.committee if name not in old],
            "left": [name for name in old if name not in record.committee],
            **self._attempts.summed(ids),
            "unavailable_us": self._unavailable(record, period),
            "test_signature": self._tested(record),
        }

    def _unavailable(self, record: KeyRecord, period: tuple[int, int]) -> int:
        state = self._attempts.states[record.session, record.attempt]
        holders = {
            self._positions[state.ceremony.member(index).name]: [period[0]]
            for index in sorted(state.confirmed)
        }
        for repair in self._repairs(record):
            shares_us = holders.setdefault(self._positions[repair.target], [])
            shares_us.append(self._us(repair.ended_at) or 0)
        return unavailable_us(holders, record.threshold[0], period, self._uptimes)

    def _repairs(self, record: KeyRecord) -> list[RotationEntry]:
        return [
            entry
            for entry in self._state.rotations(record.name)
            if entry.operation == "repair"
            and entry.outcome == "activated"
            and (entry.era, entry.generation) == (record.era, record.generation)
        ]

    def _tested(self, record: KeyRecord) -> Record | None:
        session = self._chronicle.signing(record)
        if session is None:
            return None
        return {
            "verified": self._chronicle.verifies(record.scheme, record.public_key, session),
            "height": session.height,
            "time_us": self._us(session.height),
        }

    # Rotations

    def _rotations(self, name: str) -> list[Record]:
        ended = [e for e in self._state.rotations(name) if e.trigger != "create"]
        found = [self._rotation(entry) for entry in ended]
        key = self._state.keys.get(name)
        if key is not None and key.pending is not None and key.pending.trigger != "create":
            found.append(self._pending(key))
        return sorted(found, key=lambda rotation: rotation["requested_us"] or 0)

    def _rotation(self, entry: RotationEntry) -> Record:
        ids = self._attempts.of(entry.session, entry.first_attempt, entry.attempts)
        return {
            "request": self._request(entry.key, entry.requested_at, entry.trigger),
            "operation": entry.operation,
            "trigger": entry.trigger,
            "era": entry.era,
            "generation": entry.generation,
            "outcome": entry.outcome,
            "reason": entry.reason or None,
            "target": entry.target or None,
            "requested_us": self._us(entry.requested_at),
            "started_us": self._us(entry.started_at),
            "height": entry.ended_at,
            "time_us": self._us(entry.ended_at),
            "attempts": entry.attempts,
            **self._attempts.summed(ids),
        }

    def _pending(self, key: Key) -> Record:
        pending, name = key.pending, key.request.key
        assert pending is not None
        number = pending.attempt - pending.first_attempt + 1
        ids = self._attempts.of(pending.session, pending.first_attempt, number)
        return {
            "request": self._request(name, pending.requested_at, pending.trigger),
            "operation": pending.operation,
            "trigger": pending.trigger,
            "era": pending.era,
            "generation": pending.generation,
            "outcome": None,
            "reason": None,
            "target": pending.rotation.target or None,
            "requested_us": self._us(pending.requested_at),
            "started_us": self._us(pending.started_at),
            "height": None,
            "time_us": None,
            "attempts": number,
            **self._attempts.summed(ids),
        }

    def _request(self, key: str, height: int, trigger: str) -> str | None:
        """Return the id of the timeline entry that asked for a rotation; None if a rule did."""
        if trigger not in ("manual", "emergency", "lost-share"):
            return None
        for request in self._requests:
            asked = request["do"] in _ROTATIONS and request["refused"] is None
            if asked and (request["key"], request["height"]) == (key, height):
                return None if request["id"] is None else str(request["id"])
        return None

    def _us(self, height: int | None) -> int | None:
        """Return the virtual time of a height."""
        if height is None:
            return None
        return self._chronicle.times_us.get(height)


_ROTATIONS = frozenset({"rotate", "reshare", "refresh", "repair", "rekey", "emergency"})
"""Actions that ask for a rotation."""
