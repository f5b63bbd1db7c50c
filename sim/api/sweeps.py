"""Sweeps: many runs of one scenario over a grid and seeds; see `docs/sweeps.md`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.base.extensions import ExtensionError
from sim.base.extras import need
from sim.scenario.diagnostics import ScenarioError
from sim.world.folder import FolderError
from sim.world.verdicts import VERDICTS, Exit

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import polars

    from sim.scenario.grid import SweepGrid
    from sim.scenario.load import Scenario
    from sim.study.sweep_folder import RunId, SweepFolder, SweepPlan
    from sim.study.sweep_table import SweepPoint

SweepProgress = Callable[[int, int], None]
"""Told how many runs are done, and how many there are."""

_LIBRARIES: Final = ("polars", "scipy")


@dataclass(frozen=True)
class SweepFailure:
    """A run of a sweep that failed.

    Attributes:
        point: Of the grid, from 0.
        seed: Of the run.
        verdict: In words.
        exit_code: That `ksim run` gives it.
        folder: Its folder, which `replay` takes; None if the sweep has none.

    """

    point: int
    seed: int
    verdict: str
    exit_code: int
    folder: Path | None


@dataclass(frozen=True)
class Sometimes:
    """A `sometimes` expectation over a whole sweep.

    Attributes:
        text: What it says.
        file: Where it stands, as seen from the scenario's folder.
        line: Likewise, from 1.
        runs: In how many runs the event happened.
        met: Whether it did in one at least; None of a shard, or of a sweep with runs missing in
            which it didn't.

    """

    text: str
    file: str
    line: int
    runs: int
    met: bool | None


class Sweep:
    """A sweep, or a shard of one: what is done of it.

    Attributes:
        scenario: The scenario's name.
        id: 8 hex digits that stand for all its scenarios.
        keys: The dotted keys that the grid sets.
        shard: Which part of a sweep this is: ``1/1`` of a whole one.
        total: How many runs it has.
        folder: Its folder, or None.
        errors: Of each run that couldn't be done, which it was and why.
        spared: Folders of failing runs with another digest that were left alone: what failed here
            went beside them.

    """

    def __init__(
        self,
        plan: SweepPlan,
        entries: Mapping[RunId, Mapping[str, Any]],
        folder: Path | None,
        errors: Sequence[tuple[str, Exception]] = (),
        spared: Sequence[Path] = (),
    ) -> None:
        self.scenario = plan.scenario
        self.id = plan.sweep
        self.keys = plan.keys
        self.shard = str(plan.shard)
        self.total = len(plan.runs())
        self.folder = folder
        self.errors = tuple(errors)
        self.spared = tuple(spared)
        self._plan = plan
        wanted = set(plan.runs())
        self._entries = {run: entry for run, entry in entries.items() if run in wanted}

    def __repr__(self) -> str:
        return (
            f"<Sweep {self.scenario} {self.id}: {self.done} of {self.total} runs, {self.verdict}>"
        )

    @property
    def done(self) -> int:
        """How many runs are done."""
        return len(self._entries)

    @property
    def complete(self) -> bool:
        """Whether every run is done."""
        return self.done == self.total

    @cached_property
    def rows(self) -> polars.DataFrame:
        """One row per run, by point and seed: parameters, verdict, digest, figures.

        All of it follows from the scenario: equal sweeps have equal rows, however they were done.

        Raises:
            MissingExtraError: polars isn't installed.

        """
        need("report", "polars")
        from sim.study.sweep_table import rows_frame

        return rows_frame(self._plan, self._entries)

    @cached_property
    def machine(self) -> polars.DataFrame:
        """One row per run, by point and seed: what it took on the machine that did it.

        Raises:
            MissingExtraError: polars isn't installed.

        """
        need("report", "polars")
        from sim.study.sweep_table import machine_frame

        return machine_frame(self._entries)

    @cached_property
    def points(self) -> tuple[SweepPoint, ...]:
        """What every point of the grid came to: success rate with interval, medians.

        Raises:
            MissingExtraError: scipy isn't installed.

        """
        need("report", "scipy")
        from sim.study.sweep_table import point_results

        return point_results(self._plan, self._entries)

    @property
    def verdicts(self) -> dict[str, int]:
        """How many runs have each verdict, the commonest first."""
        from sim.study.sweep_table import verdicts

        return verdicts(self._entries)

    @property
    def failures(self) -> tuple[SweepFailure, ...]:
        """The runs that failed, by point and seed."""
        return tuple(self._failures())

    def _failures(self) -> Iterator[SweepFailure]:
        from sim.study.sweep_folder import FAILURES

        for run, entry in sorted(self._entries.items()):
            row = entry["row"]
            if row["exit_code"]:
                # Journals didn't always say it: it is this unless something else stood there.
                name = entry.get("folder") or f"{run.seed}-{row['plan']}"
                home = None if self.folder is None else self.folder / FAILURES / self.scenario
                folder = None if home is None else home / name
                yield SweepFailure(*run, row["verdict"], row["exit_code"], folder)

    @property
    def sometimes(self) -> tuple[Sometimes, ...]:
        """What had to happen in some run, and in how many it did."""
        from sim.study.sweep_rows import sometimes

        whole = self.complete and self._plan.shard.of == 1
        found = []
        for hope in self._plan.sometimes:
            column = sometimes(hope)
            runs = sum(bool(entry["row"].get(column)) for entry in self._entries.values())
            met = True if runs else False if whole else None
            found.append(Sometimes(hope["text"], hope["file"], hope["line"], runs, met))
        return tuple(found)

    @property
    def exit_code(self) -> int:
        """The gravest of its runs: 3, 6, 2, 4, 7, 1, in this order; 1 for an unmet hope, too.

        6 and 2 stand for runs that couldn't be done: 2 if the scenario or an extension is to
        blame.
        """
        from sim.study.sweep_table import gravest

        codes = [int(entry["row"]["exit_code"]) for entry in self._entries.values()]
        codes += [_code_of(error) for _, error in self.errors]
        codes += [Exit.EXPECTATION for hope in self.sometimes if hope.met is False]
        return int(gravest(codes))

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return VERDICTS[Exit(self.exit_code)]

    def exported(self) -> dict[str, Any]:
        """Return the object that ``ksim sweep --json`` prints."""
        return {
            "scenario": self.scenario,
            "sweep": self.id,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "shard": self.shard,
            "runs": self.total,
            "done": self.done,
            "seeds": {"first": self._plan.first_seed, "each": self._plan.seeds},
            "keys": list(self.keys),
            "verdicts": self.verdicts,
            "points": [_point(point) for point in self.points],
            "sometimes": [hope.__dict__ for hope in self.sometimes],
            "failures": [
                {**failure.__dict__, "folder": failure.folder and str(failure.folder)}
                for failure in self.failures
            ],
            "errors": [{"run": run, "error": _told(error)} for run, error in self.errors],
            "folder": None if self.folder is None else str(self.folder),
        }


def _code_of(error: Exception) -> Exit:
    return Exit.USAGE if isinstance(error, ScenarioError | ExtensionError) else Exit.INTERNAL


def _told(error: Exception) -> str:
    return "\n".join((f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())))


def _point(point: SweepPoint) -> dict[str, Any]:
    return {
        "point": point.number,
        "values": dict(point.values),
        "runs": point.runs,
        "passed": point.passed,
        "rate": None if math.isnan(point.rate) else point.rate,
        "interval": list(point.interval),
        "medians": dict(point.medians),
        "machine": dict(point.machine),
    }


def sweep(
    scenario: Scenario | SweepGrid,
    grid: Mapping[str, Any] | None = None,
    *,
    processes: int | None = None,
    cluster: str | None = None,
    shard: tuple[int, int] = (1, 1),
    out: str | Path | None = None,
    fresh: bool = False,
    resume: bool = False,
    progress: SweepProgress | None = None,
) -> Sweep:
    """Run a scenario over a grid and seeds, on all cores, and return what came of it.

    Args:
        scenario: As loaded; or a grid from `load_grid`.
        grid: What takes the place of the scenario's `[sweep]`: values by dotted key, arrays
            multiply, and `seeds` and `zip` as there.
        processes: How many runs at a time; None is one per core.
        cluster: Address of a Dask scheduler whose workers do the runs instead.
        shard: (I, N): only every N-th run, the I-th and so on; `merge` puts them together.
        out: Where the sweep's folder goes, as ``<out>/<scenario>/sweep-<id>``. What is done there
            already is not done again. None keeps nothing but the result.
        fresh: Whether to forget what is done there.
        resume: Whether it is an error if nothing is done there yet.
        progress: Told after every run.

    Raises:
        ScenarioError: The grid or a point of it is wrong: nothing has run.
        MissingExtraError: A library of the extra `report` or `cluster` isn't installed.
        FolderError: Another program began the sweep, or another process is at it; or there is
            nothing to resume.
        ClusterError: There is no such cluster.
        ValueError: `shard` isn't (I, N) with I from 1 to N.
        KeyboardInterrupt: Ctrl-C; with `out`, the same call goes on later.

    """
    from sim.scenario.grid import SweepGrid, grid_of
    from sim.study.sweep_folder import Shard, SweepFolder, plan_sweep
    from sim.study.sweeping import sweep as do

    need("report", *_LIBRARIES)
    whole = scenario if isinstance(scenario, SweepGrid) else grid_of(scenario, grid)
    number, of = shard
    if not 1 <= number <= of:
        raise ValueError(f"shard {number}/{of}: it is I/N with I from 1 to N")
    plan = plan_sweep(whole, Shard(number, of))
    tell = progress or (lambda _done, _all: None)
    if out is None:
        with _pool(processes, cluster) as (pool, ahead):
            ended = do(whole, plan, pool, ahead=ahead, progress=tell)
        return Sweep(plan, ended.entries, None, ended.errors)
    folder = SweepFolder(Path(out) / plan.scenario / plan.folder)
    if resume and not folder.exists():
        raise FolderError(f"{folder.path}: there is nothing to resume")
    folder.begin(plan, fresh=fresh)
    with folder.journal(plan) as journal, _pool(processes, cluster) as (pool, ahead):
        ended = do(
            whole,
            plan,
            pool,
            journal=journal,
            failures=folder.failures,
            local=cluster is None,
            ahead=ahead,
            progress=tell,
        )
    done = Sweep(plan, ended.entries, folder.path, ended.errors, ended.spared)
    return _settled(done, folder)


@contextmanager
def _pool(processes: int | None, cluster: str | None) -> Iterator[tuple[Executor, int | None]]:
    if cluster is not None:
        from sim.study.cluster import clustered

        with clustered(cluster) as (executor, ahead):
            yield executor, ahead
        return
    from sim.study.pool import Pool

    with Pool(processes) as pool:
        yield pool, None


def _settled(done: Sweep, folder: SweepFolder) -> Sweep:
    """Write the tables of a sweep that is complete."""
    from sim.study.sweep_folder import MACHINE, ROWS
    from sim.study.sweep_table import parquet

    if done.complete:
        folder.replace(ROWS, parquet(done.rows))
        folder.replace(MACHINE, parquet(done.machine))
    return done


def open_sweep(folder: str | Path) -> Sweep:
    """Open a sweep's folder: what is done of it so far.

    Raises:
        FolderError: It is none, or is damaged.

    """
    from sim.study.sweep_folder import SweepFolder, by_run

    found = SweepFolder(Path(folder))
    plan = found.plan()
    return Sweep(plan, by_run(found.entries(plan)), found.path)


def merge(shards: Sequence[str | Path], out: str | Path) -> Sweep:
    """Put shards together to the sweep that they are; its rows are those of an undivided one.

    Args:
        shards: Their folders.
        out: As of `sweep`.

    Raises:
        MissingExtraError: A library of the extra `report` isn't installed.
        FolderError: One of them is no sweep's folder, or is damaged.
        MergeError: They aren't all the shards of one sweep, each once and finished.
        OSError: It can't be written: what stood there still does.

    """
    from sim.study.merging import merge as put_together

    need("report", *_LIBRARIES)
    folder = put_together([Path(shard) for shard in shards], Path(out))
    return _settled(open_sweep(folder.path), folder)
