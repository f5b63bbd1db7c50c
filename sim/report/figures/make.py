"""Figures and tables from stored results to files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sim.base.errors import FigureError
from sim.base.extras import need
from sim.base.files import write_whole
from sim.report.figures import bench, sweep
from sim.report.figures.drawing import FORMATS, WIDTH_MAX, WIDTH_MIN, csv_rows, draw
from sim.report.figures.model import Figure
from sim.report.figures.tables import FORMATS as TABLE_FORMATS
from sim.report.figures.tables import Table, bench_table, written

Row = dict[str, Any]

TABLE: Final = "table"
ALL: Final = "all"

WIDTH: Final = 3.3
"""Inches of a figure in one column of two."""

_UNITS: Final = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}


def width_inches(text: str) -> float:
    """Return a width such as ``3.3in``, ``84mm`` or ``252pt`` in inches.

    Raises:
        FigureError: It is none, or out of range.

    """
    found = re.fullmatch(r"(\d{1,4}(?:\.\d{1,4})?)\s*(in|cm|mm|pt)", text, re.ASCII)
    if found is None:
        raise FigureError(f'"{text}" is no width: a number and in, cm, mm or pt, as in 3.3in')
    width = float(found[1]) * _UNITS[found[2]]
    if not WIDTH_MIN <= width <= WIDTH_MAX:
        raise FigureError(f"{text}: a figure is {WIDTH_MIN:g} to {WIDTH_MAX:g} inches wide")
    return width


class Results:
    """Stored results: a benchmark's folder, a sweep's folder, or a sweep's `rows.parquet`.

    Attributes:
        names: The figures that can be made of them.
        home: Their folder.

    Raises:
        FigureError: There are none there.
        MissingExtraError: The extra ``report`` isn't installed.

    """

    def __init__(self, path: Path) -> None:
        need("report", "polars", "matplotlib", "scipy")
        self.home = path if path.is_dir() else path.parent
        self._points: list[Row] = []
        self._fits: list[Row] = []
        self._rows: list[Row] = []
        if (path / "points.parquet").is_file():
            self._points = _read(path / "points.parquet")
            fits = path / "fits.parquet"
            self._fits = _read(fits) if fits.is_file() else []
        elif path.suffix == ".parquet" and path.is_file():
            self._rows = _read(path)
        elif (path / "rows.parquet").is_file():
            self._rows = _read(path / "rows.parquet")
        else:
            raise FigureError(
                f"{path}: neither a benchmark's folder (points.parquet) nor a sweep's "
                "(rows.parquet)"
            )
        if self._rows and not {"point", "seed", "plan", "exit_code"} <= self._rows[0].keys():
            raise FigureError(f"{path}: is no table of a sweep's runs")
        if not self._points and not self._rows:
            raise FigureError(f"{path}: has no rows")
        self.names: tuple[str, ...] = (*bench.NAMES, TABLE) if self._points else sweep.NAMES

    def figure(self, name: str) -> Figure:
        """Return a figure, as data."""
        if self._points:
            return bench.bench_figure(name, self._points, self._fits)
        return sweep.sweep_figure(name, self._rows)

    def table(self) -> Table:
        """Return the table of a benchmark."""
        return bench_table(self._points)


def _read(path: Path) -> list[Row]:
    import polars as pl
    from polars.exceptions import PolarsError

    try:
        return pl.read_parquet(path).to_dicts()
    except (PolarsError, OSError) as error:
        raise FigureError(f"{path}: {error}") from None


def make(
    results: Results, name: str, formats: Sequence[str], width: float, folder: Path
) -> list[Path]:
    """Make a figure's files, its data as CSV beside them, or all figures; return the files.

    Args:
        results: What they are made of.
        name: Of the figure, ``table``, or ``all``.
        formats: Of pictures: pdf, svg, png. Tables come as CSV, Markdown and LaTeX.
        width: Inches.
        folder: Where they go.

    Raises:
        FigureError: No such figure or format.
        OSError: They can't be written.

    """
    for kind in formats:
        if kind not in FORMATS:
            raise FigureError(f'no format "{kind}": {", ".join(FORMATS)}')
    if name not in (*results.names, ALL):
        raise FigureError(f'no figure "{name}" of these results: {", ".join(results.names)}, {ALL}')
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for one in results.names if name == ALL else (name,):
        if one == TABLE:
            table = results.table()
            made += (_put(folder / f"{TABLE}.{k}", written(table, k)) for k in TABLE_FORMATS)
        else:
            figure = results.figure(one)
            made += draw(figure, folder, formats, width)
            made.append(_put(folder / f"{one}.csv", _csv(figure)))
            made.append(_put(folder / f"{one}.txt", f"{figure.note}\n"))
    return made


def _csv(figure: Figure) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(csv_rows(figure))
    return stream.getvalue()


def _put(path: Path, text: str) -> Path:
    write_whole(path, text)
    return path
