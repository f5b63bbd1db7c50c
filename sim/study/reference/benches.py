"""The reference run's benchmarks: measured in a working folder, shown in the reference's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from sim.report.figures.make import Results, make
from sim.study.bench.grid import PRESETS, Grid
from sim.study.bench.running import Reached, bench
from sim.study.bench.store import BENCH, BenchFolder, differing, machine_record
from sim.study.reference.lines import WORK, Line, growth

SIZES: Final = (8, 16, 32, 64)

QUICK: Final[Mapping[str, Grid]] = {
    "ceremonies": PRESETS["sizes"],
    "schemes": PRESETS["schemes"].changed(ceremonies=("dkg",), costs=("instant",)),
    "forms": PRESETS["forms"],
}

LONG: Final[Mapping[str, Grid]] = {
    "protocols": PRESETS["protocols"],
    "network": PRESETS["network"],
    "large-coefficient": Grid(
        sizes=(32, 64, 128, 256),
        commitments=("coefficient",),
        ceremonies=("dkg",),
        costs=("instant",),
        seeds=1,
        fit_from=32,
    ),
    "large": Grid(
        sizes=(32, 64, 128, 256),
        ceremonies=("dkg", "reshare"),
        costs=("instant",),
        seeds=3,
        fit_from=32,
    ),
}

_KEPT: Final = ("bench.json", "points", "runs", "fits")
_WIDTHS: Final = {"column": 3.3, "page": 7.0}
_FIGURES: Final = "all"


def measure(name: str, grid: Grid, out: Path, progress: Callable[[Reached], None]) -> Path:
    """Measure a benchmark, and put its tables and figures into `out`; return the working folder."""
    work = WORK / "bench" / name
    going_on = not (work / BENCH).is_file() or is_current(work, machine_record())
    bench(grid, work, fresh=not going_on, progress=progress)
    home = out / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for kept in _KEPT:
        for file in work.glob(kept if "." in kept else f"{kept}.*"):
            shutil.copy(file, home / file.name)
    results = Results(work)
    for part, width in _WIDTHS.items():
        make(results, _FIGURES, ("pdf", "png"), width, home / part)
    return work


def is_current(work: Path, machine: Mapping[str, Any]) -> bool:
    """Whether a working folder is of this program and machine; another's is measured again.

    Args:
        work: A benchmark's folder.
        machine: What there is now, as `machine_record` has it.

    Raises:
        FolderError: It is none, or is damaged.

    """
    return not differing(BenchFolder(work).about().machine, machine)


def bench_lines(works: Mapping[str, Path]) -> Iterator[Line]:
    """Yield the lines that benchmarks answer: growth, and reshares against DKGs."""
    evaluation, coefficient = works.get("large"), works.get("large-coefficient")
    if evaluation is not None:
        yield growth(_fit(evaluation), "2", "exponent of CPU, evaluation form", 2.3)
        yield _reshare(evaluation, 256)
    if coefficient is not None:
        what = "exponent of CPU, coefficient form"
        yield growth(_fit(coefficient), "2.coefficient", what, None)
    if "forms" in works:
        for form in ("evaluation", "coefficient"):
            what = f"exponent of CPU, {form} form"
            yield growth(_fit(works["forms"], form), f"2.small.{form}", what, None)
    if "ceremonies" in works:
        yield _reshare(works["ceremonies"], 64)


def _fit(work: Path, form: str | None = None) -> dict[str, Any] | None:
    path = work / "fits.parquet"
    if not path.is_file():
        return None
    found = pl.read_parquet(path).filter(
        (pl.col("metric") == "run_cpu_seconds") & (pl.col("ceremony") == "dkg")
    )
    if form is not None:
        found = found.filter(pl.col("commitments") == form)
    return found.row(0, named=True) if found.height else None


def _reshare(work: Path, n: int) -> Line:
    points = pl.read_parquet(work / "points.parquet").filter(
        (pl.col("n") == n) & (pl.col("cost") == "instant")
    )
    taken = dict(zip(points["ceremony"], points["cpu_seconds"], strict=True))
    line = Line(
        id=f"1.n{n}.reshare",
        what=f"reshare against DKG, n = {n}",
        bound="≤ 2 ×",
        measured="no run completed",
        holds=None,
        how="ksim bench: CPU time of the ceremony, medians over seeds",
    )
    if taken["reshare"] is None or taken["dkg"] is None:
        return line
    ratio = taken["reshare"] / taken["dkg"]
    return msgspec.structs.replace(
        line,
        measured=f"{ratio:.2f} × ({taken['reshare']:.2f} s and {taken['dkg']:.2f} s of CPU)",
        holds=ratio <= 2,
    )
