"""A benchmark from its grid to its folder; what is there already is not measured again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from sim.base.extras import need
from sim.scenario.diagnostics import ScenarioError
from sim.scenario.dump import dump_resolved
from sim.scenario.load import Scenario, resolve
from sim.study.bench.fits import fit_rows
from sim.study.bench.grid import BenchError, Grid, Point
from sim.study.bench.measuring import Job, measure
from sim.study.bench.points import Row, point_rows, run_row
from sim.study.bench.scenarios import CEREMONY_US, base_of, scenario_of
from sim.study.bench.store import RUNS, TABLES, BenchFolder
from sim.study.journal import check_free
from sim.study.pool import Pool, results

_SLOWER: Final[Mapping[str, float]] = {"ED25519": 1.0, "SECP256K1": 1.2, "BLS": 2.5}
"""About how much longer a scheme takes: only what is left of the time is estimated by it."""

_START: Final = 40.0
"""What starting a process weighs, in the unit of `_weight`."""


class Reached(NamedTuple):
    """How far a benchmark is.

    Attributes:
        done: Runs measured, those of earlier sessions included.
        total: Runs in all.
        weight: Estimated work done in this session.
        weight_total: Estimated work of this session.
        last: The run that has just ended; empty at the beginning.

    """

    done: int
    total: int
    weight: float
    weight_total: float
    last: str


@dataclass(frozen=True)
class _Needs:
    """What a point's figures are made from: by seed, its run and the one without the ceremony."""

    point: Point
    seed: int
    run: str
    base: str | None


def bench(
    grid: Grid,
    out: Path,
    *,
    workers: int = 1,
    fresh: bool = False,
    progress: Callable[[Reached], None] | None = None,
) -> BenchFolder:
    """Measure every point of `grid`, and write the folder `out`.

    Args:
        grid: What to measure.
        out: The folder; runs that it holds already are not done again.
        workers: Runs at a time. More than one disturb each other's times; counts don't mind.
        fresh: Whether to begin anew: what the folder holds is deleted.
        progress: Told after every run.

    Raises:
        BenchError: No point can be run, or two have one name.
        FolderError: `out` is no benchmark's folder, or was measured elsewhere.
        MissingExtraError: The extra ``report`` isn't installed.
        OSError: The folder can't be written.
        KeyboardInterrupt: Ctrl-C; what has been measured is kept.

    """
    need("report", "polars", "scipy")  # before anything is measured for nothing
    points, skipped = _usable(grid)
    wanted, needs = _runs(points, grid)
    if fresh and out.exists():
        BenchFolder(out).about()  # nothing but a benchmark is deleted
        check_free(out / RUNS)
        shutil.rmtree(out)
    with BenchFolder.begin(out, grid, skipped) as folder:
        for point, scenario, _ in points:
            folder.write_scenario(point.slug, dump_resolved(resolve(scenario)))
        _measure(folder, wanted, workers, progress)
        _write_tables(folder, needs, grid)
    return folder


def _usable(
    grid: Grid,
) -> tuple[list[tuple[Point, Scenario, Scenario | None]], list[str]]:
    """Return the points that there can be, with their scenarios, and why others can't be."""
    points, skipped = [], []
    for point in grid.points():
        try:
            points.append((point, scenario_of(point), base_of(point)))
        except ScenarioError as error:
            skipped.append(f"{point}: {error.diagnostics[0].message}")
    if not points:
        raise BenchError("nothing can be measured:\n" + "\n".join(skipped))
    return points, skipped


def _runs(
    points: Sequence[tuple[Point, Scenario, Scenario | None]], grid: Grid
) -> tuple[list[Job], list[_Needs]]:
    """Return the runs that are needed, each once, and what each point needs."""
    wanted: dict[str, Job] = {}
    needs = []
    for point, scenario, base in points:
        for seed in range(1, grid.seeds + 1):
            mark_us = CEREMONY_US if base is not None else 0
            run = _want(wanted, point, scenario, seed, mark_us)
            without = None if base is None else _want(wanted, point, base, seed, 0)
            needs.append(_Needs(point, seed, run, without))
    return sorted(wanted.values(), key=lambda job: (_weight(job), job.seed)), needs


def _want(wanted: dict[str, Job], point: Point, scenario: Scenario, seed: int, mark_us: int) -> str:
    resolved = dump_resolved(resolve(scenario, seed))
    text = f"{point.processes}\n{resolved}"
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    if key not in wanted:
        name = str(point) if mark_us or point.ceremony == "dkg" else f"{point} (without it)"
        wanted[key] = Job(key, name, scenario, seed, point.processes, mark_us)
    return key


def _weight(job: Job) -> float:
    """Return about how long a run takes, in a unit of its own.

    Rough: only the order of the runs, and what is said of the time that is left, come of it.
    """
    (key,) = resolve(job.scenario, job.seed).keys
    n = float(len(key.committee or ()))
    work = n**2 if key.commitments == "evaluation" else n**2 + n**3 / 40
    return _START + work * _SLOWER.get(key.scheme, 1.0) * (2 if job.mark_us else 1)


def _measure(
    folder: BenchFolder,
    wanted: Sequence[Job],
    workers: int,
    progress: Callable[[Reached], None] | None,
) -> None:
    missing = [(job, _weight(job)) for job in wanted if job.key not in folder.records]
    weights = {job.key: weight for job, weight in missing}
    total, weight_total = len(wanted), sum(weights.values())
    done, weight = total - len(missing), 0.0
    if progress is not None:
        progress(Reached(done, total, 0.0, weight_total, ""))
    with Pool(workers, fresh=True) as pool:
        for job, record in results(pool, measure, (job for job, _ in missing), ahead=workers):
            folder.add({"run": job.key, "name": str(job), **record})
            done, weight = done + 1, weight + weights[job.key]
            if progress is not None:
                progress(Reached(done, total, weight, weight_total, str(job)))


def _write_tables(folder: BenchFolder, needs: Sequence[_Needs], grid: Grid) -> None:
    """Write runs, points and fits; runs of other grids in the same folder stay out of them."""
    records = folder.records
    rows = [
        run_row(
            need.point,
            need.seed,
            records[need.run],
            None if need.base is None else records[need.base],
        )
        for need in needs
    ]
    learnt = dict(_latencies(records))
    tables: tuple[Sequence[Row], ...] = (
        rows,
        list(point_rows(rows, learnt)),
        list(fit_rows(rows, grid.fit_from)),
    )
    for name, table in zip(TABLES, tables, strict=True):
        folder.write_table(name, table)


def _latencies(records: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[int]]]:
    for run, record in records.items():
        for request, found in record["ceremonies"].items():
            ceremony = "dkg" if request == "create" else request
            yield f"{run}/{ceremony}", found["latencies_us"]
