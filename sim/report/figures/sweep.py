"""A sweep's figures, from its stored rows: success rates and latencies against what is swept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
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
    made = [column.removesuffix(_CREATE) for column in rows[0] if column.endswith(_CREATE)]
    numeric = bool(along) and all(isinstance(value, int | float) for value in values)
    places = {value: value if numeric else i for i, value in enumerate(values)}
    curves: list[Curve] = []
    for label, group in _groups(others, rows):
        parts = [
            (float(places[value]), [row for row in group if not along or row[along] == value])
            for value in values
        ]
        if name == "rates":
            curves.append(Curve(label, len(curves), _samples(_rates, parts)))
            continue
        for key in made:
            own = partial(_latencies, key + _CREATE)
            named = label if len(made) == 1 else key if not others else f"{label}, {key}"
            curves.append(Curve(named, len(curves), _samples(own, parts)))
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
        else "median over the runs that made the key; bars reach to the 99th percentile"
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


def _samples(
    of: Callable[[float, Sequence[Row]], Iterator[Sample]],
    parts: Sequence[tuple[float, Sequence[Row]]],
) -> tuple[Sample, ...]:
    return tuple(sample for x, rows in parts for sample in of(x, rows))


def _rates(x: float, rows: Sequence[Row]) -> Iterator[Sample]:
    if rows:
        passed = sum(row["exit_code"] == 0 for row in rows)
        yield Sample(x, passed / len(rows), *chance_range(passed, len(rows), CONFIDENCE))


def _latencies(column: str, x: float, rows: Sequence[Row]) -> Iterator[Sample]:
    times = sorted(row[column] for row in rows if row[column] is not None)
    if times:
        median, high = (quantile(times, level) for level in (0.5, 0.99))
        yield Sample(x, median, median, high)
