"""Benchmarks: what ceremonies cost; see `docs/benchmarks.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.study.bench.grid import PARAMETERS, PRESETS, BenchError, Grid, Point
from sim.world.folder import FolderError

if TYPE_CHECKING:
    import polars

    from sim.study.bench.running import Reached

BENCHES: Final = Path("results") / "bench"
"""Where benchmarks' folders go unless told otherwise."""


class Bench:
    """A stored benchmark.

    Attributes:
        folder: Its folder.
        machine: Program, Python, libraries, platform and CPU that it was measured with.
        created: When it was begun, UTC, ISO 8601.
        skipped: Combinations of parameters that there can't be, each with the reason.

    """

    def __init__(self, folder: Path) -> None:
        from sim.study.bench.store import BenchFolder

        about = BenchFolder(folder).about()
        self.folder = folder
        self.machine = about.machine
        self.created = about.created
        self.skipped = about.skipped

    def __repr__(self) -> str:
        return f"<Bench {self.folder}, {self.created}>"

    @cached_property
    def points(self) -> polars.DataFrame:
        """One row per point, over its seeds; `docs/results.md` lists the columns."""
        return self._table("points")

    @cached_property
    def runs(self) -> polars.DataFrame:
        """One row per run and ceremony."""
        return self._table("runs")

    @cached_property
    def fits(self) -> polars.DataFrame | None:
        """How figures grow with n: exponents with intervals; None where there are too few sizes."""
        return self._table("fits") if (self.folder / "fits.parquet").is_file() else None

    @property
    def failing(self) -> dict[Point, tuple[int, int]]:
        """The points with runs that failed: how many completed, and how many there are.

        Raises:
            FolderError: The benchmark isn't complete, or is damaged.

        """
        return {
            Point(**{name: row[name] for name in PARAMETERS}): (row["completed"], row["runs"])
            for row in self.points.iter_rows(named=True)
            if row["completed"] < row["runs"]
        }

    @property
    def exit_code(self) -> int:
        """1 if a point has no completed run, and so no figures, else 0."""
        return int(any(completed == 0 for completed, _ in self.failing.values()))

    def scenario(self, point: Point) -> str:
        """Return the scenario of a point, TOML: `ksim run` does what was measured.

        Raises:
            FolderError: The benchmark has no such point.

        """
        from sim.study.bench.store import SCENARIOS

        path = self.folder / SCENARIOS / f"{point.slug}.toml"
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise FolderError(f"{path}: {error.strerror}") from None

    def exported(self) -> dict[str, Any]:
        """Return the object that ``ksim bench --json`` prints."""
        from sim.study.bench.store import FORMAT, VERSION

        return {
            "format": FORMAT,
            "version": VERSION,
            "folder": str(self.folder),
            "created": self.created,
            "machine": self.machine,
            "skipped": list(self.skipped),
            "points": self.points.to_dicts(),
            "fits": [] if self.fits is None else self.fits.to_dicts(),
            "exit_code": self.exit_code,
        }

    def _table(self, name: str) -> polars.DataFrame:
        from sim.study.tables import read_table

        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            raise FolderError(f"{path}: is not there: the benchmark is not complete")
        return read_table(path)


def bench(
    grid: Grid | str = "quick",
    out: str | Path | None = None,
    *,
    workers: int = 1,
    fresh: bool = False,
    progress: Callable[[Reached], None] | None = None,
) -> Bench:
    """Measure every point of a grid; what its folder holds already is not measured again.

    Every run has a process of its own, started anew: unguarded scripts and notebooks may call this.

    Args:
        grid: What to measure, or the name of a preset in `PRESETS`; `Grid.changed` changes axes.
        out: The folder; None is ``results/bench/<digest of the grid>``.
        workers: Runs at a time. More than one disturb each other's times, never counts.
        fresh: Whether to begin anew.
        progress: Told after every run.

    Raises:
        BenchError: There is no such preset, no point can be run, or two have one name.
        FolderError: `out` is no benchmark's folder, or was measured elsewhere.
        MissingExtraError: The extra `report` isn't installed.
        KeyboardInterrupt: Ctrl-C; what is done is kept.

    """
    from sim.study.bench.running import bench as run_bench

    if isinstance(grid, str) and grid not in PRESETS:
        raise BenchError(f'no preset "{grid}": {", ".join(PRESETS)}')
    chosen = PRESETS[grid] if isinstance(grid, str) else grid
    folder = BENCHES / chosen.digest() if out is None else Path(out)
    run_bench(chosen, folder, workers=workers, fresh=fresh, progress=progress)
    return Bench(folder)


def open_bench(folder: str | Path) -> Bench:
    """Open a stored benchmark.

    Raises:
        FolderError: There is none.

    """
    return Bench(Path(folder))


def plot(
    results: str | Path,
    figure: str = "all",
    formats: Sequence[str] = ("pdf", "svg", "png"),
    width: str = "3.3in",
    out: str | Path | None = None,
) -> list[Path]:
    """Draw figures of stored results, with their data as CSV beside them; return the files.

    Args:
        results: A benchmark's folder, a sweep's, or a sweep's `rows.parquet`.
        figure: Its name, ``table``, or ``all``.
        formats: Of pictures.
        width: With its unit: in, cm, mm or pt.
        out: Where the files go; None is ``figures`` in the results' folder.

    Raises:
        FigureError: No such results, figure, format or width.
        MissingExtraError: The extra `report` isn't installed.
        OSError: They can't be written.

    """
    from sim.report.figures.make import Results, make, width_inches

    inches = width_inches(width)
    found = Results(Path(results))
    return make(found, figure, formats, inches, Path(out) if out else found.home / "figures")
