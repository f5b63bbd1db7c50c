"""Calibration: what operations cost on this machine, as a cost model that scenarios can name.

Every round times every operation once, in the same order, so that a busy spell of the machine
falls on all of them alike. Times are CPU time of this process. A model takes the least of the
rounds: what else runs can only add to it. The median and how far rounds stray stand beside, to be
judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from sim.base.errors import LocalError
from sim.base.meters import Meter, metering
from sim.study.operations import Operation, operations
from sim.validator.costs import FILE_FORMAT, FILE_VERSION, CostModel
from sim.world.machine import describe

ROUNDS: Final = 15
"""Rounds unless told otherwise: a quarter of a minute."""


@dataclass(frozen=True)
class Measured:
    """One operation, timed.

    Attributes:
        name: Of its meter.
        scheme: Of the group; empty for what is the same for all.
        calls: In each round.
        rounds: Nanoseconds of CPU per unit of the meter, by round.

    """

    name: str
    scheme: str
    calls: int
    rounds: tuple[int, ...]

    @property
    def least(self) -> int:
        """The least of the rounds, ns."""
        return min(self.rounds)

    @property
    def median(self) -> int:
        """The median of the rounds, ns."""
        return round(median(self.rounds))

    @property
    def spread(self) -> float:
        """How far the median lies above the least, as a part of it: 0 on a quiet machine."""
        return round(self.median / self.least - 1, 3) if self.least else 0.0


@dataclass(frozen=True)
class Calibration:
    """What a calibration measured.

    Attributes:
        name: As the model is called.
        machine: Versions, CPU and platform.
        date: UTC, ISO 8601, to the minute.
        lines: Every operation.

    """

    name: str
    machine: dict[str, Any]
    date: str
    lines: tuple[Measured, ...]

    def model(self) -> CostModel:
        """Return the cost model: the least of the rounds of every operation."""
        common = {line.name: line.least for line in self.lines if not line.scheme}
        schemes: dict[str, dict[str, int]] = {}
        for line in self.lines:
            if line.scheme:
                schemes.setdefault(line.scheme, {})[line.name] = line.least
        return CostModel(self.name, common, self.source, schemes)

    @property
    def source(self) -> str:
        """Where the figures come from, in one sentence."""
        cpu = self.machine["cpu"]
        return (
            f"measured on {self.date[:10]}: {cpu['model']}, {cpu['count']} CPUs, "
            f"Python {self.machine['python']}, {self.machine['platform']}, "
            f"kchain-sim {self.machine['program']['version']}; "
            f"the least of {len(self.lines[0].rounds)} rounds, CPU time"
        )

    def exported(self) -> dict[str, Any]:
        """Return the file's content: the model, and what it was made from."""
        model = self.model()
        return {
            "format": FILE_FORMAT,
            "version": FILE_VERSION,
            "name": model.name,
            "source": model.source,
            "nanoseconds": dict(model.nanoseconds),
            "schemes": {scheme: dict(table) for scheme, table in model.schemes.items()},
            "measured": [
                {
                    "operation": line.name,
                    **({"scheme": line.scheme} if line.scheme else {}),
                    "calls": line.calls,
                    "rounds": len(line.rounds),
                    "least": line.least,
                    "median": line.median,
                    "most": max(line.rounds),
                }
                for line in self.lines
            ],
        }


def calibrate(
    name: str = "my-machine",
    rounds: int = ROUNDS,
    progress: Callable[[int, int], None] | None = None,
    *,
    timed: Sequence[Operation] | None = None,
    clock: Callable[[], int] = time.process_time_ns,
) -> Calibration:
    """Measure every operation, or those of `timed`.

    Args:
        name: Of the model.
        rounds: How many, at least 1.
        progress: Told (rounds done, rounds).
        timed: For tests: only these.
        clock: For tests: nanoseconds.

    """
    chosen = list(operations() if timed is None else timed)
    for operation in chosen:
        _check_meter(operation)
    times: list[list[int]] = [[] for _ in chosen]
    for done in range(rounds):
        for operation, found in zip(chosen, times, strict=True):
            found.append(_time(operation, clock))
        if progress is not None:
            progress(done + 1, rounds)
    lines = (
        Measured(operation.name, operation.scheme, operation.calls, tuple(found))
        for operation, found in zip(chosen, times, strict=True)
    )
    date = datetime.now(UTC).isoformat(timespec="minutes")
    return Calibration(name, describe(), date, tuple(lines))


def _check_meter(operation: Operation) -> None:
    """Try an operation: it must charge its own meter, by what its figure is divided by."""
    operation.prepare(1)
    with metering(Meter()) as meter:
        operation.call()
    if meter.counts.get(operation.name) != operation.per:
        raise LocalError(f"{operation.name} charges {meter.counts}, not {operation.per} of it")


def _time(operation: Operation, clock: Callable[[], int]) -> int:
    operation.prepare(operation.calls)
    call = operation.call
    start = clock()
    for _ in range(operation.calls):
        call()
    return round((clock() - start) / (operation.calls * operation.per))


def shown(calibration: Calibration) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (operation, scheme, least, median, spread) as texts, times in µs."""
    for line in calibration.lines:
        yield (
            line.name,
            line.scheme or "all",
            f"{line.least / 1000:,.1f}",
            f"{line.median / 1000:,.1f}",
            f"{100 * line.spread:.0f} %",
        )
