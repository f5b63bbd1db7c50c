"""How figures grow with n: power laws, fitted by least squares on logarithms.

A size is one sample, whatever the number of seeds: what is counted is often the same under all of
them, and runs of one size say nothing about how the next one differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from statistics import median
from typing import Any, Final

from sim.study.bench.grid import SERIES

Row = dict[str, Any]

METRICS: Final = (
    "run_cpu_seconds",
    "cpu_seconds",
    "bytes_mean",
    "messages_mean",
    "exponentiations_mean",
    "ledger_bytes",
    "peak_memory_mib",
)
"""What growth is fitted of."""

CONFIDENCE: Final = 0.95

SIZES_MIN: Final = 3
"""Sizes that a fit takes at least: two always lie on a line, and tell nothing about how well."""


def fit_rows(rows: Sequence[Row], fit_from: int) -> Iterator[Row]:
    """Yield a row per curve and figure: y = factor·n^exponent, with the exponent's interval.

    The samples are the sizes, each with the median over its completed runs. Student's t gives the
    interval, with two degrees of freedom fewer than sizes: it covers the scatter about a line, and
    says nothing about whether a line is what there is.

    Args:
        rows: Of runs.
        fit_from: Smallest n that counts, if `SIZES_MIN` sizes are left; else all sizes count.

    """
    curves: dict[tuple[Any, ...], list[Row]] = {}
    for row in (one for one in rows if one["completed"]):
        curves.setdefault(tuple(row[name] for name in SERIES), []).append(row)
    for series, group in curves.items():
        for metric in METRICS:
            samples = list(_medians(group, metric))
            fitted = fit([s for s in samples if s[0] >= fit_from]) or fit(samples)
            if fitted is not None:
                yield {**dict(zip(SERIES, series, strict=True)), "metric": metric, **fitted}


def _medians(rows: Sequence[Row], metric: str) -> Iterator[tuple[int, float]]:
    """Yield every size with the median over its runs, small ones first."""
    values: dict[int, list[float]] = {}
    for row in rows:
        if row.get(metric) is not None:
            values.setdefault(row["n"], []).append(row[metric])
    for n, found in sorted(values.items()):
        yield n, median(found)


def fit(samples: Sequence[tuple[int, float]]) -> Row | None:
    """Return the power law through (n, y), one y per n, or None if there are too few sizes."""
    from scipy import stats

    samples = sorted((n, y) for n, y in samples if y > 0)
    if len(samples) < SIZES_MIN:
        return None
    line = stats.linregress([log(n) for n, _ in samples], [log(y) for _, y in samples])
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(samples) - 2) * line.stderr)
    return {
        "exponent": float(line.slope),
        "exponent_low": float(line.slope) - half,
        "exponent_high": float(line.slope) + half,
        "log_factor": float(line.intercept),
        "r_squared": float(line.rvalue) ** 2,
        "n_from": samples[0][0],
        "n_to": samples[-1][0],
        "samples": len(samples),
    }
