"""What a sweep came to: its rows as tables, and its points with their rates and medians."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from sim.base.samples import Range, chance_range
from sim.study.counting import absent
from sim.study.sweep_folder import RunId, SweepPlan
from sim.world.verdicts import Exit

if TYPE_CHECKING:
    import polars

CONFIDENCE: Final = 0.95
"""Of the intervals around success rates."""

GRAVEST: Final = (
    Exit.SAFETY,
    Exit.INTERNAL,
    Exit.USAGE,
    Exit.LIVENESS,
    Exit.BUDGET,
    Exit.EXPECTATION,
    Exit.PASS,
)
"""A sweep has the exit code that comes first here among those of its runs."""

MEDIANS: Final = ("virtual_seconds", "height", "messages", "bytes", "ledger_bytes")
"""Columns whose medians a point has."""

MACHINE_MEDIANS: Final = ("cpu_seconds", "wall_seconds", "peak_memory_mib")
"""Likewise, of this execution."""

_FIRST: Final = (
    "plan",
    "verdict",
    "exit_code",
    "digest",
    "ending",
    "failed_expectations",
    "violations",
    "disputes",
    "height",
    "virtual_seconds",
    "ledger_bytes",
    "events",
    "messages",
    "bytes",
)


@dataclass(frozen=True)
class SweepPoint:
    """What a point of the grid came to.

    Attributes:
        number: Its place in the grid, from 0.
        values: What it sets, by dotted key.
        runs: Done.
        passed: Of them.
        interval: Where the chance to pass lies, with `CONFIDENCE`: Clopper and Pearson's, exact.
        medians: Over its runs, of `MEDIANS`, and of what keys took; None where no run has a figure.
        machine: Likewise, of `MACHINE_MEDIANS`.

    """

    number: int
    values: Mapping[str, Any]
    runs: int
    passed: int
    interval: Range
    medians: Mapping[str, float | None]
    machine: Mapping[str, float | None]

    @property
    def rate(self) -> float:
        """The part of the runs that passed; NaN without runs."""
        return self.passed / self.runs if self.runs else float("nan")


def point_results(
    plan: SweepPlan, entries: Mapping[RunId, Mapping[str, Any]]
) -> tuple[SweepPoint, ...]:
    """Return what every point came to, in order, from the runs that are done."""
    of: dict[int, list[Mapping[str, Any]]] = {}
    for run, entry in sorted(entries.items()):
        of.setdefault(run.point, []).append(entry)
    return tuple(
        _point(number, values, of.get(number, [])) for number, values in enumerate(plan.points)
    )


def _point(
    number: int, values: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> SweepPoint:
    rows = [entry["row"] for entry in entries]
    passed = sum(row["exit_code"] == 0 for row in rows)
    taken = sorted({name for row in rows for name in row if name.endswith(".create_seconds")})
    return SweepPoint(
        number=number,
        values=values,
        runs=len(rows),
        passed=passed,
        interval=chance_range(passed, len(rows), CONFIDENCE),
        medians=_medians(rows, (*MEDIANS, *taken)),
        machine=_medians([entry["machine"] for entry in entries], MACHINE_MEDIANS),
    )


def _medians(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> dict[str, float | None]:
    found = {name: [row[name] for row in rows if row.get(name) is not None] for name in names}
    return {name: float(median(values)) if values else None for name, values in found.items()}


def verdicts(entries: Mapping[RunId, Mapping[str, Any]]) -> dict[str, int]:
    """Return how many runs have each verdict, the commonest first."""
    found = Counter(entry["row"]["verdict"] for _, entry in sorted(entries.items()))
    return dict(found.most_common())


def gravest(codes: Iterable[int]) -> Exit:
    """Return the code that a sweep of runs with these codes has."""
    found = set(codes)
    return next((code for code in GRAVEST if code in found), Exit.PASS)


def rows_frame(plan: SweepPlan, entries: Mapping[RunId, Mapping[str, Any]]) -> polars.DataFrame:
    """Return the rows: point, seed, what the point sets, and the figures; in order of the grid.

    Figures that count are 0 for runs that have none; other figures that a run lacks are null.
    """
    order = sorted(entries)
    found = {name for run in order for name in entries[run]["row"]}
    names = [*(n for n in _FIRST if n in found), *sorted(found - set(_FIRST))]
    columns: dict[str, list[Any]] = {
        "point": [run.point for run in order],
        "seed": [run.seed for run in order],
    }
    for key in plan.keys:
        columns[key] = _alike([plan.points[run.point][key] for run in order])
    for name in names:
        columns[name] = [entries[run]["row"].get(name, absent(name)) for run in order]
    return _frame(columns)


def machine_frame(entries: Mapping[RunId, Mapping[str, Any]]) -> polars.DataFrame:
    """Return what the runs took, in order of the grid."""
    order = sorted(entries)
    names = list(dict.fromkeys(name for run in order for name in entries[run]["machine"]))
    return _frame(
        {
            "point": [run.point for run in order],
            "seed": [run.seed for run in order],
            **{name: [entries[run]["machine"].get(name) for run in order] for name in names},
        }
    )


def _frame(columns: Mapping[str, list[Any]]) -> polars.DataFrame:
    import polars

    return polars.DataFrame(columns, strict=False, infer_schema_length=None)


def parquet(frame: polars.DataFrame) -> bytes:
    """Return a table as the content of a Parquet file."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def _alike(values: list[Any]) -> list[Any]:
    """Return values of one type: as they are if they have one, else as JSON text."""
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= {int, float, str, bool}:
        return values
    return [value if isinstance(value, str) else json.dumps(value) for value in values]
