"""A sweep's figures, from its stored rows: success rates and latencies against what is swept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sim.base.samples import chance_range, quantile
from sim.report.figures.model import Curve, Figure, Panel, Sample

Row = Mapping[str, Any]

CONFIDENCE: Final = 0.95
NAMES: Final = ("rates", "latency")

_CREATE: Final = ".create_seconds"
"""How the column of a key's latency ends."""


def swept(columns: Sequence[str]) -> list[str]:
    """Return the columns that hold what the grid sets: they stand between the run and its plan."""
    return list(columns[columns.index("seed") + 1 : columns.index("plan")])


def sweep_figure(name: str, rows: Sequence[Row]) -> Figure:
    """Return the figure `name` of a sweep.

    Args:
        name: One of `NAMES`.
        rows: Of `rows.parquet`.

    """
    keys = swept(list(rows[0]))
    along, others = _axis(keys, rows)
    values = list(dict.fromkeys(row[along] for row in rows)) if along else [""]
    numeric = bool(along) and all(isinstance(value, int | float) for value in values)
    places = {value: value if numeric else i for i, value in enumerate(values)}
    curves = []
    for look, (label, group) in enumerate(_groups(others, rows)):
        samples = _rates if name == "rates" else _latencies
        found = tuple(
            sample
            for value in values
            for sample in samples(
                float(places[value]), [row for row in group if not along or row[along] == value]
            )
        )
        curves.append(Curve(label, look, found))
    panel = Panel(
        "",
        along or "all runs",
        "part of the runs that pass" if name == "rates" else "virtual time to the key, s",
        tuple(curves),
        log_x=False,
        log_y=False,
        part=name == "rates",
        words=() if numeric else tuple(map(str, values)),
    )
    return Figure(name, (panel,), _note(name, len(rows)))


def _note(name: str, runs: int) -> str:
    what = (
        "bars: exact 95 % intervals (Clopper and Pearson)"
        if name == "rates"
        else "median over the runs that made a key; bars reach to the 99th percentile"
    )
    return f"{runs} runs; {what}."


def _axis(keys: Sequence[str], rows: Sequence[Row]) -> tuple[str | None, list[str]]:
    """Return what goes along the x axis, the key with most values, and what tells curves apart."""
    count = {key: len({str(row[key]) for row in rows}) for key in keys}
    varied = [key for key in keys if count[key] > 1]
    along = max(varied, key=lambda key: count[key], default=None)
    return along, [key for key in varied if key != along]


def _groups(keys: Sequence[str], rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        label = ", ".join(f"{key.rpartition('.')[2]} {row[key]}" for key in keys) or "all"
        groups.setdefault(label, []).append(row)
    yield from groups.items()


def _rates(x: float, rows: Sequence[Row]) -> Iterator[Sample]:
    if rows:
        passed = sum(row["exit_code"] == 0 for row in rows)
        yield Sample(x, passed / len(rows), *chance_range(passed, len(rows), CONFIDENCE))


def _latencies(x: float, rows: Sequence[Row]) -> Iterator[Sample]:
    times = sorted(
        value
        for row in rows
        for name, value in row.items()
        if name.endswith(_CREATE) and value is not None
    )
    if times:
        median, high = (quantile(times, level) for level in (0.5, 0.99))
        yield Sample(x, median, median, high)
