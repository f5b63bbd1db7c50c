"""Latency matrices that scenarios bring along: CSV files, or rows in the scenario itself.

A file is either *square*, with a region for every column and every row, or a *list* of links with
the header ``from,to,p50,p90``. Figures are milliseconds, ``P50/P90`` in a square; without p90 there
is no jitter. Empty cells and ``-`` stand for the figures of the way back. Commas, semicolons or
tabs separate cells; blank lines and lines that begin with ``#`` are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from sim.network.matrix import ROUND_TRIP_US_MAX, ROUND_TRIP_US_MIN
from sim.scenario.diagnostics import Diagnostic, ScenarioError, Span, nearest, whole_file
from sim.scenario.fields import NAME_BEGINS, NAME_PATTERN
from sim.scenario.network_plan import MatrixPlan
from sim.scenario.network_tables import ProfileTable
from sim.scenario.quantities import format_milliseconds
from sim.scenario.reporter import Reporter
from sim.scenario.source import KeyPath, read_file

Trip: TypeAlias = tuple[int, int]
"""p50 and p90 of a round trip in µs."""

PROFILE: Final[KeyPath] = ("network", "profile")
LIST_HEADER: Final = ("from", "to", "p50", "p90")

_NUMBER: Final = r"\d{1,12}(?:\.\d{1,12})?"
_CELL: Final = re.compile(rf"({_NUMBER})(?:\s*/\s*({_NUMBER}))?", re.ASCII)


@dataclass
class Matrix:
    """What a scenario says about latencies.

    Attributes:
        regions: In the order of the matrix.
        trips: By positions of source and target; some may be missing.
    """

    regions: tuple[str, ...]
    trips: dict[tuple[int, int], Trip] = field(default_factory=dict)

    def between(self, source: int, target: int) -> Trip | None:
        """Return the figures of a way, or else those of the way back."""
        return self.trips.get((source, target)) or self.trips.get((target, source))


class _Cell(NamedTuple):
    text: str
    span: Span


def read_matrix(table: ProfileTable, reporter: Reporter, folder: Path) -> Matrix | None:
    """Return the matrix of a profile, or None if there is an error in it, which is reported.

    Args:
        table: The profile.
        reporter: Where errors go.
        folder: Where paths start if they stand in no file.
    """
    inline = table.regions is not None or table.cells is not None
    if (table.matrix is None) != inline:
        reporter.error(PROFILE, "a profile of your own needs a matrix, or regions and cells")
        return None
    reader = _Reader(reporter, 2 if table.figures == "one-way" else 1)
    if table.matrix is None:
        found = reader.inline(table.regions or [], table.cells or [])
    else:
        path = (*PROFILE, "matrix")
        span = reporter.span(path)
        home = Path(span.file).parent if Path(span.file).is_file() else folder
        shown = str(home / table.matrix)
        try:
            text = read_file(home / table.matrix, shown, span)
        except ScenarioError as error:
            reporter.report(*error.diagnostics)
            return None
        found = reader.file(shown, text)
    return None if reader.failed else found


class _Reader:
    """Reads one matrix; notes what is wrong.

    Args:
        reporter: Where errors go.
        factor: Of the figures, to make round trips of them.
    """

    def __init__(self, reporter: Reporter, factor: int) -> None:
        self._reporter = reporter
        self._factor = factor
        self.failed = False

    def _error(self, cell: _Cell, message: str, allowed: Sequence[str] = ()) -> None:
        self.failed = True
        meant = nearest(cell.text, allowed)
        hint = None if meant is None else f'"{meant}"'
        self._reporter.report(Diagnostic(message, cell.span, hint, tuple(allowed)))

    def inline(self, regions: Sequence[str], cells: Sequence[Sequence[str]]) -> Matrix:
        """Read what stands in the scenario."""
        names = [self._at(name, "regions", i) for i, name in enumerate(regions)]
        matrix = Matrix(self._regions(names))
        side = len(names)
        if [len(row) for row in cells] != [side] * side:
            path = (*PROFILE, "cells")
            self._error(
                _Cell("", self._reporter.span(path)),
                f"{side} regions need {side} rows of {side} cells",
            )
            return matrix
        for i, row in enumerate(cells):
            for j, text in enumerate(row):
                self._put(matrix, i, j, self._at(text, "cells", i, j))
        return matrix

    def _at(self, text: str, *path: str | int) -> _Cell:
        return _Cell(text.strip(), self._reporter.span((*PROFILE, *path)))

    def file(self, name: str, text: str) -> Matrix:
        """Read a CSV file."""
        rows = list(_rows(name, text))
        if len(rows) < 2:
            what = "no figures in it: a header and a row for every region, or for every link"
            self._error(_Cell("", whole_file(name)), what)
            return Matrix(())
        header = tuple(cell.text.lower() for cell in rows[0])
        if header in (LIST_HEADER, LIST_HEADER[:3]):
            return self._list(rows)
        return self._square(rows)

    def _square(self, rows: Sequence[Sequence[_Cell]]) -> Matrix:
        header = rows[0][1:]
        matrix = Matrix(self._regions(header))
        first: dict[str, _Cell] = {}
        for row in rows[1:]:
            source = row[0]
            place = self._place(matrix, source)
            if place is None:
                continue
            if source.text in first:
                self._error(source, f'a second row for "{source.text}"')
            first.setdefault(source.text, source)
            if len(row) != len(header) + 1:
                message = f"{len(row) - 1} figures for {len(header)} regions"
                self._error(row[-1], message)
                continue
            for j, cell in enumerate(row[1:]):
                self._put(matrix, place, j, cell)
        for cell in header:
            if cell.text not in first and not self.failed:
                self._error(cell, f'no row for "{cell.text}"')
        return matrix

    def _list(self, rows: Sequence[Sequence[_Cell]]) -> Matrix:
        width = len(rows[0])
        named: dict[str, _Cell] = {}
        for row in rows[1:]:
            for cell in row[:2]:
                named.setdefault(cell.text, cell)
        matrix = Matrix(self._regions(list(named.values())))
        for row in rows[1:]:
            if len(row) != width:
                self._error(row[-1], f"{len(row)} cells under a header of {width}")
                continue
            source, target = (matrix.regions.index(cell.text) for cell in row[:2])
            if (source, target) in matrix.trips:
                self._error(row[0], f"a second row from {row[0].text} to {row[1].text}")
            figures = _Cell("/".join(cell.text for cell in row[2:] if cell.text), row[2].span)
            self._put(matrix, source, target, figures)
        return matrix

    def _regions(self, cells: Sequence[_Cell]) -> tuple[str, ...]:
        seen: set[str] = set()
        for cell in cells:
            if not re.fullmatch(NAME_PATTERN, cell.text, re.ASCII):
                self._error(
                    cell, f'"{cell.text}" names no region: a name begins with {NAME_BEGINS}'
                )
            elif cell.text in seen:
                self._error(cell, f'the region "{cell.text}" stands twice')
            seen.add(cell.text)
        return tuple(cell.text for cell in cells)

    def _place(self, matrix: Matrix, cell: _Cell) -> int | None:
        if cell.text in matrix.regions:
            return matrix.regions.index(cell.text)
        self._error(cell, f'the header has no region "{cell.text}"', matrix.regions)
        return None

    def _put(self, matrix: Matrix, source: int, target: int, cell: _Cell) -> None:
        if cell.text in ("", "-"):
            return
        found = _CELL.fullmatch(cell.text)
        if found is None:
            self._error(
                cell, f'"{cell.text}" is no latency: p50/p90 in milliseconds, as in "70/75"'
            )
            return
        p50, p90 = (
            Fraction(text) * 1000 * self._factor for text in (found[1], found[2] or found[1])
        )
        problem = _problem(p50, p90)
        if problem is not None:
            self._error(cell, f'"{cell.text}": {problem}')
            return
        matrix.trips[source, target] = int(p50), int(p90)


def _problem(p50: Fraction, p90: Fraction) -> str | None:
    """Say what is wrong with a round trip in µs, if anything is."""
    if p50.denominator != 1 or p90.denominator != 1:
        return "finer than a microsecond"
    if p90 < p50:
        return "p90 is below p50"
    if p50 < ROUND_TRIP_US_MIN:
        least = format_milliseconds(ROUND_TRIP_US_MIN)
        return f"a round trip takes {least} ms at least"
    if p90 > ROUND_TRIP_US_MAX:
        return "longer than ten minutes"
    return None


def _rows(name: str, text: str) -> Iterator[list[_Cell]]:
    """Yield the rows of a CSV file that hold anything, as cells that know where they stand."""
    separator = None
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if separator is None:
            separator = next((mark for mark in "\t;" if mark in line), ",")
        row, column = [], 1
        for raw in line.split(separator):
            inner = raw.strip().strip('"').strip()
            start = column + (raw.index(inner) if inner else 0)
            row.append(_Cell(inner, Span(name, number, start, max(1, len(inner)), line)))
            column += len(raw) + 1
        yield row


def matrix_plan(matrix: Matrix, regions: Sequence[str], reporter: Reporter) -> MatrixPlan:
    """Return the figures between the regions in which there are validators.

    Args:
        matrix: All figures.
        regions: Each validator's region.
        reporter: Where missing figures are reported.
    """
    used = [i for i, region in enumerate(matrix.regions) if region in regions]
    rows = []
    for source in used:
        alone = regions.count(matrix.regions[source]) == 1 and len(used) > 1
        row = [matrix.between(source, target) for target in used]
        for target, trip in zip(used, row, strict=True):
            if trip is None and not (alone and source == target):
                where = f"from {matrix.regions[source]} to {matrix.regions[target]}"
                reporter.error(PROFILE, f"the matrix has no latency {where}")
        known = [trip for trip in row if trip is not None]
        # A lone validator has no link within its region: any figure will do.
        least = min(known, default=(ROUND_TRIP_US_MIN, ROUND_TRIP_US_MIN))
        rows.append(tuple(trip or least for trip in row))
    return MatrixPlan(regions=tuple(matrix.regions[i] for i in used), round_trips_us=tuple(rows))
