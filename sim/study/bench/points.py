"""From runs to figures: one row per run, then one row per point over its seeds.

Per validator means mean and maximum over all validators that take part: n, and one more in a
reshare, in which one leaves and one joins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from statistics import median
from typing import Any, Final

import msgspec

from sim.base.samples import quantile
from sim.study.bench.grid import PARAMETERS, Point
from sim.study.bench.measuring import Record, subtracted
from sim.study.counting import absent

Row = dict[str, Any]

COUNTED: Final = ("messages", "bytes", "charged")
"""Counters of every validator."""

TIMES: Final = ("cpu_seconds", "run_cpu_seconds", "checks_cpu_seconds", "wall_seconds")
"""What is measured; each run's own."""

QUANTILES: Final = ((50, 0.5), (90, 0.9), (99, 0.99))

_RECEIVED: Final = "blocks"
"""The one kind of message that is counted by who receives it."""


def run_row(point: Point, seed: int, run: Record, base: Record | None) -> Row:
    """Return the figures of one run as one flat row.

    Args:
        point: What was run.
        seed: Of the run.
        run: What was measured of it.
        base: What was counted in the run without the ceremony, if it is one that follows another.

    """
    request = "create" if base is None else point.ceremony
    ceremony = run["ceremonies"].get(request, {})
    latencies = ceremony.get("latencies_us", [])
    row: Row = {
        **msgspec.structs.asdict(point),
        "t": run["t"],
        "seed": seed,
        "run": run["run"],
        "digest": run["digest"],
        "completed": bool(ceremony.get("completed")) and run["verdict"] == "pass",
        "heights": ceremony.get("heights"),
        "validators": len(run["messages"]),
        "ledger_bytes": run["ledger_bytes"] - (base["ledger_bytes"] if base else 0),
    }
    for percent, level in QUANTILES:
        row[f"latency_p{percent}_s"] = quantile(latencies, level) / 1e6 if latencies else None
    for group in COUNTED:
        row |= _spread(group, _differences(run[group], base[group] if base else None))
    executed = subtracted(run["executed"], base["executed"] if base else {})
    row |= {f"executed.{name}": count for name, count in executed.items()}
    row |= {name: run[name] for name in TIMES}
    if run["cpu_seconds"] is None:
        row["cpu_seconds"] = round(
            run["run_cpu_seconds"] - (base["run_cpu_seconds"] if base else 0), 4
        )
    row["startup_cpu_seconds"] = run["startup_cpu_seconds"]
    row["peak_memory_mib"] = run["peak_memory_mib"]
    return row


def _differences(
    with_it: Sequence[Mapping[str, int]], without: Sequence[Mapping[str, int]] | None
) -> list[dict[str, int]]:
    if without is None:
        return [dict(counts) for counts in with_it]
    return [subtracted(left, right) for left, right in zip(with_it, without, strict=True)]


def _spread(group: str, counts: Sequence[Mapping[str, int]]) -> Row:
    """Return mean and maximum per validator of every counter, and of what they add up to."""
    names = sorted(set().union(*counts))
    row: Row = {}
    match group:
        case "messages":
            totals = [sum(v for k, v in one.items() if k != _RECEIVED) for one in counts]
            row |= _mean_and_max("messages", totals)
        case "bytes":
            row |= _mean_and_max("bytes", [sum(one.values()) for one in counts])
        case _:
            sums = [sum(v for k, v in one.items() if k.startswith("exp.")) for one in counts]
            row |= _mean_and_max("exponentiations", sums)
    for name in names:
        row |= _mean_and_max(f"{group}.{name}", [one.get(name, 0) for one in counts])
    return row


def _mean_and_max(name: str, values: Sequence[int]) -> Row:
    return {f"{name}_mean": fsum(values) / len(values), f"{name}_max": max(values)}


def point_rows(rows: Sequence[Row], latencies: Mapping[str, Sequence[int]]) -> Iterator[Row]:
    """Yield one row per point, in the order of their first runs.

    A point's figures are those of its completed runs; without one it has none.

    Args:
        rows: Of runs.
        latencies: By run, those of its ceremony, µs: a point's quantiles are over all its seeds.

    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in PARAMETERS), []).append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for group in groups.values():
        yield _point_row(group, names, latencies)


def _point_row(
    group: Sequence[Row], names: Sequence[str], latencies: Mapping[str, Sequence[int]]
) -> Row:
    first = group[0]
    row: Row = {name: first[name] for name in (*PARAMETERS, "t", "validators")}
    row["runs"] = len(group)
    completed = [one for one in group if one["completed"]]
    row["completed"] = len(completed)
    pooled = sorted(
        time_us
        for one in completed
        for time_us in latencies.get(f"{one['run']}/{one['ceremony']}", ())
    )
    for percent, level in QUANTILES:
        row[f"latency_p{percent}_s"] = quantile(pooled, level) / 1e6 if pooled else None
    for name in names:
        if name in row or name in ("seed", "run", "digest"):
            continue
        found = (one.get(name, absent(name)) for one in completed)
        values = [value for value in found if value is not None]
        if name in TIMES or name == "startup_cpu_seconds":
            row[name] = median(values) if values else None
            row[f"{name}_least"] = min(values, default=None)
            row[f"{name}_most"] = max(values, default=None)
        elif not values:
            row[name] = None
        elif name.endswith("_max") or name == "peak_memory_mib":
            row[name] = max(values)
        else:
            row[name] = fsum(values) / len(values)
    return row
