"""Runs: executing a scenario, keeping the result, opening it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from sim.api.ledgers import Ledger
from sim.api.records import Dispute, Fault, Key
from sim.api.scenarios import resolve
from sim.api.thread import Errand
from sim.base.errors import LocalError
from sim.base.extensions import Source
from sim.world.eventlog import Event
from sim.world.folder import RunFiles, RunFolder, write_run
from sim.world.outcome import Progress, ProgressCallback, Switches

if TYPE_CHECKING:
    from sim.scenario.load import Scenario
    from sim.scenario.plan import Plan

RESULTS: Final = Path("results")
"""Where the command line puts runs' folders unless told otherwise."""


class Run:
    """A finished run: in memory, in its folder, or both.

    Attributes:
        summary: Everything deterministic that is known about the run; `docs/results.md` lists it.
        folder: The run's folder, or None if it was not stored.
        spared: The folder of an earlier, failing run of the same plan with another digest, which
            storing this run left alone; else None.

    """

    def __init__(
        self, summary: Mapping[str, Any], source: RunFiles | RunFolder, spared: Path | None = None
    ) -> None:
        self.summary: dict[str, Any] = dict(summary)
        self.folder: Path | None = source.path if isinstance(source, RunFolder) else None
        self.spared = spared
        self._source = source

    def __repr__(self) -> str:
        return (
            f"<Run {self.summary['scenario']} seed {self.summary['seed']}: {self.verdict}, "
            f"digest {self.digest[:12]}>"
        )

    @property
    def verdict(self) -> str:
        """The verdict in words, such as ``pass`` or ``safety violated``."""
        return str(self.summary["verdict"])

    @property
    def exit_code(self) -> int:
        """The exit code that ``ksim run`` gives: 0 pass, 1 expectation, 3 safety, 4, 7."""
        return int(self.summary["exit_code"])

    @property
    def digest(self) -> str:
        """The run's digest, 64 hex digits: histories, ledger head and summary."""
        return str(self.summary["digest"])

    @cached_property
    def keys(self) -> dict[str, Key]:
        """What has become of every key of the scenario, by name."""
        return {name: msgspec.convert(record, Key) for name, record in self.summary["keys"].items()}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All keys' faults, proven and not, by key and attempt."""
        return tuple(fault for key in self.keys.values() for fault in key.faults)

    @cached_property
    def disputes(self) -> tuple[Dispute, ...]:
        """Accusations that nothing decides, by key and attempt."""
        return tuple(msgspec.convert(record, Dispute) for record in self.summary["disputes"])

    def machine(self) -> dict[str, Any]:
        """Return what the run took of which machine: the contents of ``machine.json``."""
        source = self._source
        return dict(source.machine) if isinstance(source, RunFiles) else source.machine()

    def plan(self) -> Plan:
        """Return what was run: the scenario with everything resolved."""
        source = self._source
        return source.plan if isinstance(source, RunFiles) else source.plan()

    def ledger(self) -> Ledger:
        """Return the run's chain."""
        source = self._source
        return Ledger(source.ledger if isinstance(source, RunFiles) else source.ledger())

    def events(self) -> Iterator[Event]:
        """Yield every validator's records, by (time, validator, sequence)."""
        source = self._source
        yield from source.events if isinstance(source, RunFiles) else source.events()

    def save(self, root: str | Path = RESULTS) -> Path:
        """Write the run's folder ``<root>/<scenario>/<seed>-<plan>`` and return it.

        A folder of a failing run with another digest is left alone: this one goes beside it.

        Raises:
            LocalError: The run is in a folder already.
            OSError: It can't be written.

        """
        if isinstance(self._source, RunFolder):
            raise LocalError(f"{self.folder}: this run is stored already")
        self.folder, self.spared = write_run(Path(root), self._source)
        return self.folder

    def exported(self) -> dict[str, Any]:
        """Return the object that ``ksim run --json`` prints."""
        return {**self.summary, "run": None if self.folder is None else str(self.folder)}


def run(
    scenario: Scenario,
    seed: int | None = None,
    processes: int | Literal["auto"] = 1,
    *,
    out: str | Path | None = None,
    progress: ProgressCallback | None = None,
    switches: Switches | None = None,
) -> Run:
    """Execute `scenario` and return what came of it.

    The run has a thread of its own, so this works inside a running event loop (which waits).

    Args:
        scenario: As loaded.
        seed: Replaces the scenario's own; a scenario that says "random" draws one if None.
        processes: How many share the work; the result is the same for every number. "auto" takes
            as many as have enough to do, and one for a small run.
        out: Where to put the run's folder, as ``<out>/<scenario>/<seed>-<plan>``; None stores
            nothing (`Run.save` does it later).
        progress: Called now and then, in the run's thread, with how far it is.
        switches: For tests of the simulator itself: no part of the scenario or the digest.

    Raises:
        ScenarioError: The scenario can't be resolved with that seed.
        KeyboardInterrupt: Ctrl-C; the run and its workers have ended.

    """
    plan, resolved = resolve(scenario, seed)
    files = execute(plan, resolved, hands(processes, plan), progress, switches, scenario.extensions)
    done = Run(files.summary, files)
    if out is not None:
        done.save(out)
    return done


def hands(processes: int | Literal["auto"], plan: Plan) -> int:
    """Return how many processes run `plan`."""
    if processes != "auto":
        return processes
    from sim.world.hands import hands_for

    return hands_for(plan)


def execute(
    plan: Plan,
    resolved: str,
    processes: int,
    progress: ProgressCallback | None,
    switches: Switches | None,
    extensions: tuple[Source, ...] = (),
) -> RunFiles:
    """Run `plan` in a thread of its own; `resolved` is the resolved scenario as TOML.

    Raises:
        ExtensionError: One of `extensions`, the code from outside that the plan uses, failed.

    """
    from sim.world import executing

    def report(reached: Progress) -> None:
        errand.check()
        if progress is not None:
            progress(reached)

    errand = Errand(
        lambda: executing.execute(plan, resolved, processes, report, switches, extensions)
    )
    return errand.run().files()


def open_run(folder: str | Path) -> Run:
    """Open a stored run: its folder, or a folder with exactly one run below it.

    Raises:
        FolderError: It is none, or is damaged.

    """
    found = RunFolder.find(Path(folder))
    summary = found.summary()
    kept: Sequence[str] = [name for name in summary if name not in ("format", "version")]
    return Run({name: summary[name] for name in kept}, found)
