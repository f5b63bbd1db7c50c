"""What samples say: their quantiles, and where the chance lies that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from sim.base.extras import need

N = TypeVar("N", int, float)


class Range(NamedTuple):
    """From low to high, bounds included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether `value` is in it."""
        return self.low <= value <= self.high


def quantile(ascending: Sequence[N], level: float) -> N:
    """Return the sample quantile: the least value that at least this share doesn't exceed.

    Args:
        ascending: The samples, sorted, at least one.
        level: 0..1.
    """
    return ascending[max(0, -int(-level * len(ascending) // 1) - 1)]


def chance_range(count: int, trials: int, confidence: float) -> Range:
    """Return the chances under which `count` of `trials` isn't unlikely: Clopper and Pearson, 1934.

    Exact: whatever the chance is, it lies in the range with at least this confidence. On each side
    the tail, `count` included, has (1 − confidence)/2.

    Args:
        count: How often it happened, 0..trials.
        trials: Independent ones; without any the chance may be whatever it likes.
        confidence: Between 0 and 1.

    Raises:
        MissingExtraError: scipy isn't installed.
    """
    if trials == 0:
        return Range(0.0, 1.0)
    need("report", "scipy")
    from scipy.stats import binomtest

    found = binomtest(count, trials).proportion_ci(confidence, method="exact")
    return Range(float(found.low), float(found.high))
