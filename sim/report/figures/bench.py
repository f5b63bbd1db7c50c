"""A benchmark's figures, from its stored points and fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sim.report.figures.model import Curve, Figure, Fit, Panel, Sample

Row = Mapping[str, Any]

SERIES: Final = (
    "ceremony",
    "scheme",
    "protocol",
    "commitments",
    "threshold",
    "profile",
    "loss",
    "cost",
    "processes",
)
"""Columns that tell curves apart, in the order in which a label names them."""

INSTANT: Final = "instant"
"""The cost model under which computing takes no time: latency is the network's alone."""


@dataclass(frozen=True)
class _Metric:
    """How a figure of a point is drawn.

    Attributes:
        label: Of the y axis, where it stands alone.
        title: Of its panel among others.
        unit: Of the y axis there.
        column: What is drawn.
        low: One end of the bar, if there is one.
        high: The other.
        by_cost: Whether it depends on the cost model.
        log_y: Whether the axis is logarithmic; None: if figures differ much.

    """

    label: str
    title: str
    unit: str
    column: str
    low: str | None = None
    high: str | None = None
    by_cost: bool = False
    log_y: bool | None = True


def _per_validator(what: str, column: str) -> _Metric:
    """Return a figure that every validator has: its mean, and the maximum as a bar."""
    label, mean = f"{what.lower()} per validator", f"{column}_mean"
    return _Metric(label, what, "per validator", mean, mean, f"{column}_max")


def _seconds(label: str, title: str, column: str) -> _Metric:
    """Return a time that was measured: its median, least and most."""
    return _Metric(label, title, "s", column, f"{column}_least", f"{column}_most")


_METRICS: Final = {
    "cost": _seconds("CPU time of the ceremony, s", "CPU time", "cpu_seconds"),
    "total": _seconds("CPU time of the run, s", "CPU time of the run", "run_cpu_seconds"),
    "latency": _Metric(
        "virtual latency, s",
        "Virtual latency",
        "s",
        "latency_p50_s",
        "latency_p50_s",
        "latency_p99_s",
        by_cost=True,
        log_y=False,
    ),
    "bytes": _per_validator("Bytes sent", "bytes"),
    "messages": _per_validator("Messages sent", "messages"),
    "operations": _per_validator("Exponentiations", "exponentiations"),
    "ledger": _Metric("bytes on the ledger", "Ledger", "bytes", "ledger_bytes"),
    "memory": _Metric("peak memory, MiB", "Peak memory", "MiB", "peak_memory_mib", log_y=None),
}

_MUCH: Final = 4
"""Ratio from which an axis is logarithmic that needn't be."""

_NOTES: Final = {
    "cost": "Markers: median over seeds; bars: least and most. Dashed: power laws fitted to the "
    "medians, with 95 % intervals of their exponents.",
    "total": "Whole runs, checks included, without start-up. Markers: median over seeds; bars: "
    "least and most. Dashed: power laws fitted to the medians, with 95 % intervals of their "
    "exponents.",
    "latency": "From the request until a validator knows: the median over validators and seeds; "
    "bars reach to the 99th percentile. Blocks come every two seconds unless the scenario says "
    "otherwise, so latencies come in steps.",
    "bytes": "Mean over validators; bars reach to the maximum.",
    "messages": "Mean over validators; bars reach to the maximum.",
    "operations": "Charged to each validator, by a full or small scalar: mean; bars reach to the "
    "maximum.",
    "ledger": "Mean over seeds.",
    "memory": "Of the whole process, interpreter and libraries included; the most over seeds.",
}

_FITTED: Final = {
    "cost": "cpu_seconds",
    "total": "run_cpu_seconds",
    "bytes": "bytes_mean",
    "messages": "messages_mean",
    "operations": "exponentiations_mean",
    "ledger": "ledger_bytes",
}
"""Figures with a fit, and its name among the stored ones."""

_PANELS: Final = ("cost", "latency", "bytes", "messages", "operations", "memory")
"""The page of small multiples."""

MULTIPLES: Final = "multiples"
NAMES: Final = (*_METRICS, MULTIPLES)


def bench_figure(name: str, points: Sequence[Row], fits: Sequence[Row]) -> Figure:
    """Return the figure `name` of a benchmark.

    Args:
        name: One of `NAMES`.
        points: Rows of `points.parquet`.
        fits: Rows of `fits.parquet`.

    """
    labels = _Labels(points)
    if name == MULTIPLES:
        panels = tuple(_panel(one, points, (), labels, titled=True) for one in _PANELS)
        note = "Markers and bars as in the figures of each kind."
    else:
        panels = (_panel(name, points, fits, labels, titled=False),)
        note = _NOTES[name]
    return Figure(name, panels, f"{labels.shared}. {note}" if labels.shared else note)


class _Labels:
    """How curves are called: by what varies between them.

    Attributes:
        shared: What is the same for all, in words.

    """

    def __init__(self, points: Sequence[Row]) -> None:
        varies = [name for name in SERIES if len({row[name] for row in points}) > 1]
        self._varies = [name for name in varies if name != "cost"]
        self._compared = "cost" in varies
        same = [name for name in SERIES if name not in varies]
        self.shared = ", ".join(_said(name, points[0][name]) for name in same) if points else ""
        self._looks: dict[tuple[Any, ...], int] = {}
        for row in points:
            self._looks.setdefault(self._of(row), len(self._looks))

    def _of(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._varies)

    def look(self, row: Row) -> int:
        """Return the number of the curve's look: its cost model doesn't count."""
        return self._looks[self._of(row)]

    def label(self, row: Row) -> str:
        """Return the curve's label: its cost model is its kind."""
        words = [_said(name, row[name]) for name in self._varies]
        return ", ".join(words) or _said("ceremony", row["ceremony"])

    def kind(self, row: Row) -> str:
        """Return what the curve's cost model makes of it, if there are several."""
        if not self._compared:
            return ""
        return "network alone" if row["cost"] == INSTANT else f"and computing ({row['cost']})"


def _said(name: str, value: Any) -> str:
    match name:
        case "ceremony":
            return "DKG" if value == "dkg" else str(value)
        case "scheme":
            return {"ED25519": "Ed25519", "SECP256K1": "secp256k1"}.get(value, str(value))
        case "commitments":
            return f"{value} form"
        case "threshold":
            return f"t = {value}"
        case "loss":
            return f"loss {value}"
        case "cost":
            return f"cost model {value}"
        case "processes":
            return f"{value} process" if value == 1 else f"{value} processes"
        case _:
            return str(value)


def _panel(
    name: str, points: Sequence[Row], fits: Sequence[Row], labels: _Labels, *, titled: bool
) -> Panel:
    metric = _METRICS[name]
    chosen = points if metric.by_cost else _one_cost(points)
    curves = tuple(_curves(metric, _FITTED.get(name), chosen, fits, labels))
    return Panel(
        metric.title if titled else "",
        "committee size n",
        metric.unit if titled else metric.label,
        curves,
        log_y=_differ_much(curves) if metric.log_y is None else metric.log_y,
    )


def _differ_much(curves: Sequence[Curve]) -> bool:
    values = [sample.y for curve in curves for sample in curve.samples]
    return bool(values) and min(values) > 0 and max(values) / min(values) > _MUCH


def _one_cost(points: Sequence[Row]) -> list[Row]:
    """Return the points of one cost model: what isn't virtual time hardly depends on it."""
    costs = {row["cost"] for row in points}
    kept = INSTANT if INSTANT in costs else next(iter(sorted(costs)), INSTANT)
    return [row for row in points if row["cost"] == kept]


def _curves(
    metric: _Metric,
    fitted: str | None,
    points: Sequence[Row],
    fits: Sequence[Row],
    labels: _Labels,
) -> Iterator[Curve]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in points:
        groups.setdefault(tuple(row[name] for name in SERIES), []).append(row)
    for series, group in groups.items():
        samples = tuple(_samples(metric, sorted(group, key=lambda row: int(row["n"]))))
        if not samples:
            continue
        same = _same(series)
        found = [fit for fit in fits if fit["metric"] == fitted and same(fit)]
        first = group[0]
        yield Curve(
            labels.label(first),
            labels.look(first),
            samples,
            _fit(found[0]) if found else None,
            labels.kind(first) if metric.by_cost else "",
            hollow=metric.by_cost and first["cost"] != INSTANT,
        )


def _same(series: tuple[Any, ...]) -> Callable[[Row], bool]:
    return lambda row: tuple(row[name] for name in SERIES) == series


def _samples(metric: _Metric, rows: Sequence[Row]) -> Iterator[Sample]:
    for row in rows:
        y = row.get(metric.column)
        if y is None or (metric.log_y and y <= 0):
            continue
        low = None if metric.low is None else row[metric.low]
        high = None if metric.high is None else row[metric.high]
        yield Sample(row["n"], y, low, high)


def _fit(row: Row) -> Fit:
    return Fit(
        row["exponent"],
        row["exponent_low"],
        row["exponent_high"],
        row["log_factor"],
        row["n_from"],
        row["n_to"],
    )
