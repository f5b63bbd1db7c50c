"""A long life in few lines: the steps of a key, summed over hours, weeks or months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sim.report.life import Step
from sim.report.words import DAY_US, clock

ROWS: Final = 16
"""Most periods that a life is cut into."""

_FIXED_US: Final = (600_000_000, 3_600_000_000, 6 * 3_600_000_000, DAY_US, 7 * DAY_US)


@dataclass(frozen=True, slots=True)
class Period:
    """The steps of one period.

    Attributes:
        label: When it began: ``2026-03``, ``2026-03-02``, ``6:00:00``.
        steps: By time.

    """

    label: str
    steps: Sequence[Step]

    @property
    def generations(self) -> str:
        """The generations that were activated in it: ``4–8``; ``–`` for none."""
        made = [step for step in self.steps if step.outcome == "activated"]
        if not made:
            return "–"
        first, last = made[0].generation, made[-1].generation
        return str(first) if first == last else f"{first}–{last}"

    def number(self, operation: str) -> int:
        """Return how many rotations of that kind succeeded in it."""
        good = ("activated", "repaired")
        return sum(step.operation == operation and step.outcome in good for step in self.steps)

    @property
    def failed(self) -> int:
        """Rotations that came to nothing."""
        return sum(step.outcome == "failed" for step in self.steps)

    @property
    def joined(self) -> int:
        """Seats that somebody new took; the first committee took none."""
        rotated = [s for s in self.steps if s.operation not in ("dkg", "generate")]
        return sum(len(step.joined) for step in rotated)

    @property
    def left(self) -> int:
        """Seats that were given up."""
        return sum(len(step.left) for step in self.steps)

    @property
    def blamed(self) -> int:
        """Proven faults."""
        return sum(len(step.blamed) for step in self.steps)

    @property
    def absent(self) -> int:
        """Validators that were out of a rotation for a reason that nothing proves."""
        return sum(len(step.excluded) for step in self.steps)

    @property
    def messages(self) -> int:
        """What it cost."""
        return sum(step.messages for step in self.steps)

    @property
    def bytes(self) -> int:
        """What it cost."""
        return sum(step.bytes for step in self.steps)

    @property
    def unavailable_us(self) -> int:
        """How long the generations that began in it could not sign."""
        return sum(step.unavailable_us for step in self.steps)


def periods(steps: Sequence[Step], genesis_us: int) -> list[Period]:
    """Cut a life into about `ROWS` periods of one length at most; empty ones are left out.

    Fixed lengths up to a week count from virtual time 0, months and years follow the UTC calendar.
    """
    timed = [step for step in steps if step.time_us is not None]
    if not timed:
        return []
    first, last = timed[0].time_us or 0, timed[-1].time_us or 0
    label = _labelling(first, last, genesis_us)
    gathered: dict[str, list[Step]] = {}
    for step in timed:
        gathered.setdefault(label(step.time_us or 0), []).append(step)
    return [Period(name, found) for name, found in gathered.items()]


def _labelling(first_us: int, last_us: int, genesis_us: int) -> Callable[[int], str]:
    for length in _FIXED_US:
        if last_us // length - first_us // length < ROWS:
            return lambda time_us: _begun(time_us // length * length, length, genesis_us)
    if (last_us - first_us) // (31 * DAY_US) < ROWS:
        return lambda time_us: f"{_date(time_us, genesis_us):%Y-%m}"
    return lambda time_us: f"{_date(time_us, genesis_us):%Y}"


def _begun(time_us: int, length: int, genesis_us: int) -> str:
    return clock(time_us) if length < DAY_US else _date(time_us, genesis_us).isoformat()


def _date(time_us: int, genesis_us: int) -> date:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=genesis_us + time_us)
    return at.date()
