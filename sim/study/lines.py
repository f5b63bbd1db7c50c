"""One figure of a check: what is declared, what was sampled, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from sim.base.samples import Range, quantile
from sim.study.statistics import binomial_range, quantile_range

_RESOLUTION: Final = 1 / 256  # latencies come out of tables with so many entries
_ROUNDING_US: Final = 0.5  # … of whole microseconds


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One figure.

    Attributes:
        link: The class of links.
        figure: What was measured.
        unit: ``ms``, ``share``, ``slots``, ``bit/s``, ``bytes`` or ``messages``.
        declared: What the scenario and its profile say.
        sampled: What came out.
        low: Where an honest sample of that size lies at least …
        high: … and at most. For latencies: where the declared figure lies, by the sample.
        samples: How many messages, slots or bursts that is.
        honest: The verdict.
    """

    link: str
    figure: str
    unit: str
    declared: float
    sampled: float
    low: float
    high: float
    samples: int
    honest: bool


def share_line(link: str, figure: str, count: int, trials: int, declared: float) -> Line:
    """Return the line of something that happens or not, independently in every trial."""
    found = binomial_range(trials, declared)
    return Line(
        link=link,
        figure=figure,
        unit="share",
        declared=declared,
        sampled=count / trials if trials else 0.0,
        low=found.low / trials if trials else 0.0,
        high=found.high / trials if trials else 0.0,
        samples=trials,
        honest=found.holds(count),
    )


def latency_lines(
    link: str, declared_us: tuple[float, float], delays: Sequence[int]
) -> Iterator[Line]:
    """Yield p50, p90 and what is between them, if anything arrived at all."""
    if not delays:
        return
    ranges = [quantile_range(delays, level, _RESOLUTION) for level in (0.5, 0.9)]
    figures = [quantile(delays, level) for level in (0.5, 0.9)]
    for label, declared, sampled, found in zip(
        ("latency p50", "latency p90"), declared_us, figures, ranges, strict=True
    ):
        yield _latency(link, label, declared, sampled, found, len(delays))
    jitter = Range(ranges[1].low - ranges[0].high, ranges[1].high - ranges[0].low)
    yield _latency(
        link,
        "jitter p90 − p50",
        declared_us[1] - declared_us[0],
        figures[1] - figures[0],
        Range(jitter.low - _ROUNDING_US, jitter.high + _ROUNDING_US),
        len(delays),
    )


def _latency(
    link: str, figure: str, declared_us: float, sampled_us: float, found: Range, samples: int
) -> Line:
    wide = Range(found.low - _ROUNDING_US, found.high + _ROUNDING_US)
    return Line(
        link=link,
        figure=figure,
        unit="ms",
        declared=declared_us / 1000,
        sampled=sampled_us / 1000,
        low=found.low / 1000,
        high=found.high / 1000,
        samples=samples,
        honest=wide.holds(declared_us),
    )
