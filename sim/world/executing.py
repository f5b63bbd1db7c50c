"""From a plan to its run, summed up: what every run goes through, whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.base.extensions import ExtensionError, Source, culprit, extended
from sim.engine.usage import usage
from sim.world.folder import RunFiles, plan_id
from sim.world.inlined import inlined
from sim.world.machine import Stopwatch, describe
from sim.world.outcome import ProgressCallback, RunOutcome, Switches
from sim.world.runner import run_plan
from sim.world.summary import digests, summarise

if TYPE_CHECKING:
    from sim.scenario.plan import Plan


@dataclass(frozen=True)
class Executed:
    """A run that is over.

    Attributes:
        plan: What was run.
        resolved: The resolved scenario, TOML.
        outcome: What it left behind.
        summary: Without format and version.
        seconds: ``wall_seconds`` and ``cpu_seconds``, child processes included.
        execution: What the engine counted, and what each process used of the machine.
        processes: How many shared the work.
        extensions: The code from outside that was run.

    """

    plan: Plan
    resolved: str
    outcome: RunOutcome
    summary: Mapping[str, Any]
    seconds: Mapping[str, float]
    execution: Mapping[str, Any]
    processes: int
    extensions: tuple[Source, ...]

    @property
    def peak_memory_mib(self) -> float:
        """The most that each of its processes had in memory, added up."""
        peaks: list[float] = self.execution["process_peak_mib"]
        return round(sum(peaks), 1)

    def files(self) -> RunFiles:
        """Return the contents of the run's folder."""
        with extended(self.extensions):
            return RunFiles(
                scenario=self.resolved,
                plan=self.plan,
                inlined=inlined(self.plan),
                ledger=self.outcome.ledger,
                events=self.outcome.events,
                digests=digests(self.outcome, self.summary),
                summary=self.summary,
                machine=self._machine(),
                extensions=self.extensions,
            )

    def _machine(self) -> dict[str, Any]:
        return {
            **describe(),
            "processes": self.processes,
            "digest": self.summary["digest"],
            **self.seconds,
            "peak_memory_mib": self.peak_memory_mib,
            "execution": dict(self.execution),
            **(
                {"extensions": {s.name: s.origin for s in self.extensions}}
                if self.extensions
                else {}
            ),
        }


def execute(
    plan: Plan,
    resolved: str,
    processes: int = 1,
    progress: ProgressCallback | None = None,
    switches: Switches | None = None,
    extensions: tuple[Source, ...] = (),
) -> Executed:
    """Run `plan`, and sum it up; the calling thread must not be in a Trio loop.

    Args:
        plan: What to do.
        resolved: The resolved scenario that it was made from, as TOML.
        processes: How many share the work.
        progress: Told at every exchange.
        switches: For tests of the simulator itself.
        extensions: The code from outside that the plan uses.

    Raises:
        ExtensionError: One of `extensions` failed.

    """
    watch = Stopwatch()
    with extended(extensions):
        try:
            outcome = run_plan(plan, processes, switches, progress, extensions)
            summary = summarise(outcome, plan_id(resolved))
        except Exception as error:
            source = culprit(error, extensions)
            if source is None:
                raise
            raise ExtensionError(source, error) from error
    seconds, execution = watch.read(), _execution(outcome)
    return Executed(plan, resolved, outcome, summary, seconds, execution, processes, extensions)


def _execution(outcome: RunOutcome) -> dict[str, Any]:
    """Return what the engine counted, with this process's own figures as they are by now.

    Its checks and its summary come after the run; workers have ended with that.
    """
    own, counted = usage(), outcome.machine
    cpu_s = [round(own.cpu_s, 3), *counted["process_cpu_seconds"][1:]]
    peaks = [round(own.peak_bytes / (1 << 20), 1), *counted["process_peak_mib"][1:]]
    return {**counted, "process_cpu_seconds": cpu_s, "process_peak_mib": peaks}
