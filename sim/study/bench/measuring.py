"""One run, measured in a process that does nothing else.

A worker is a fresh interpreter for every run: no cache is warm, and its peak of memory is the
run's. What the interpreter took to start and to import is told apart. Counts come as every
validator has them; `points` makes means and maxima.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.base.meters import Meter
from sim.protocol.signing_events import SIGNED
from sim.scenario.dump import dump_resolved
from sim.scenario.load import Scenario, resolve
from sim.world.executing import Executed, execute
from sim.world.outcome import Progress, RunOutcome

Record = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A run to measure.

    Attributes:
        key: What the run is known by.
        name: What it is, for the reader of a progress line.
        scenario: As loaded, with all changes.
        seed: The run's.
        processes: How many share it.
        mark_us: Virtual time at which the part begins whose CPU time is wanted.

    """

    key: str
    name: str
    scenario: Scenario
    seed: int
    processes: int
    mark_us: int

    def __str__(self) -> str:
        return f"{self.name}, seed {self.seed}"


class _Clock:
    """CPU time of this process at the marks that the run passes.

    Attributes:
        before: When the last exchange before the mark was over: all of it belongs to what came
            before, since nothing happens between.
        end: When the last exchange was over: what follows are checks and the summary.

    """

    def __init__(self, mark_us: int) -> None:
        self._mark_us = mark_us
        self.before = self.end = time.process_time()

    def report(self, reached: Progress) -> None:
        self.end = time.process_time()
        if reached.time_us < self._mark_us:
            self.before = self.end


def measure(job: Job) -> Record:
    """Do the run and return its figures, as plain data."""
    startup_s = time.process_time()
    plan = resolve(job.scenario, job.seed)
    resolved = dump_resolved(plan)
    clock = _Clock(job.mark_us)
    start_s = time.process_time()
    done = execute(plan, resolved, job.processes, clock.report)
    end_s, helpers = time.process_time(), os.times()
    helpers_s = helpers.children_user + helpers.children_system  # to 10 ms, and when they ended
    return {
        **_counted(done),
        "wall_seconds": done.seconds["wall_seconds"],
        "run_cpu_seconds": round(end_s - start_s + helpers_s, 4),
        # With more processes than this one, nobody sees theirs before they end.
        "cpu_seconds": None
        if job.processes > 1
        else round(clock.end - (clock.before if job.mark_us else start_s), 4),
        "checks_cpu_seconds": round(end_s - clock.end, 4),
        "startup_cpu_seconds": round(startup_s, 4),
        "peak_memory_mib": done.peak_memory_mib,
    }


def _counted(done: Executed) -> Record:
    outcome, summary = done.outcome, done.summary
    names = [validator.name for validator in done.plan.validators]
    (key,) = done.plan.keys
    return {
        "pid": os.getpid(),
        "digest": summary["digest"],
        "verdict": summary["verdict"],
        "t": key.threshold,
        "virtual_seconds": summary["virtual_seconds"],
        "ledger_bytes": len(outcome.ledger),
        "messages": [dict(outcome.traffic_of[name].messages) for name in names],
        "bytes": [dict(outcome.traffic_of[name].bytes) for name in names],
        "charged": [dict(outcome.charged[name]) for name in names],
        "executed": dict(outcome.machine["executed"]),
        "ceremonies": {
            request["id"]: _ceremony(request, summary, outcome)
            for request in summary["requests"]
            if request["id"] is not None
        },
    }


def _ceremony(
    request: Mapping[str, Any], summary: Mapping[str, Any], outcome: RunOutcome
) -> Record:
    """Return what became of one request, and when each validator knew.

    For a key or a generation that is its activation, for a signature the block that records it.
    """
    if request["do"] == "sign":
        ended, learnt = _signed(request["id"], outcome)
    else:
        ended, learnt = _activated(request["do"], summary, outcome)
    asked_us, height = request["asked_us"], request["height"]
    done = ended is not None and height is not None
    return {
        "completed": done,
        "heights": ended - height if done and ended is not None else None,
        "latencies_us": sorted(time_us - asked_us for time_us in learnt) if done else [],
    }


def _activated(
    do: str, summary: Mapping[str, Any], outcome: RunOutcome
) -> tuple[int | None, list[int]]:
    operation = "dkg" if do == "create-key" else do
    (key,) = summary["keys"].values()
    found = [made for made in key["generations"] if made["operation"] == operation]
    if not found:
        return None, []
    at_us = found[0]["time_us"]
    learnt = [
        event.time_us
        for validator in range(len(outcome.plan.validators))
        for event in outcome.events.of(validator)
        if event.kind == "activate" and event.session.split("/")[1] == operation
    ]
    return found[0]["height"], [time_us for time_us in learnt if time_us >= at_us]


def _signed(session: str, outcome: RunOutcome) -> tuple[int | None, list[int]]:
    ended = [
        entry.height
        for entry in outcome.state.audit
        if entry.signing == session and entry.outcome == SIGNED
    ]
    if not ended:
        return None, []
    learnt = [
        event.time_us
        for validator in range(len(outcome.plan.validators))
        for event in outcome.events.of(validator)
        if event.kind == "receive" and event.label[:2] == ("block", str(ended[0]))
    ]
    return ended[0], learnt


def subtracted(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    """Return counters less others, without those that are 0 then."""
    rest = Meter(left)
    rest.merge({name: -count for name, count in right.items()})
    return {name: count for name, count in rest.sorted().items() if count}
