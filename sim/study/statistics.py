"""How far honest samples stray from what is declared.

Every range here holds an honest sample but once in `ODDS` on either side: five standard deviations
of a normal distribution. So hundreds of figures may be judged, for any seed, without a false alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp, floor, lgamma, log, log1p, sqrt
from typing import Final

from sim.base.samples import Range

ODDS: Final = 3_488_556
"""One over the chance to be more than five standard deviations above the mean."""

DEVIATIONS: Final = 5.0
"""Standard deviations that stand for the same odds."""


@lru_cache(maxsize=4096)
def binomial_range(trials: int, chance: float) -> Range:
    """Return how often something of this chance happens in independent trials: exact tails.

    Args:
        trials: How many, at least 0.
        chance: 0..1.
    """
    if chance <= 0 or trials == 0:
        return Range(0, 0)
    if chance >= 1:
        return Range(trials, trials)
    middle = floor(trials * chance)
    return Range(
        _tail_end(trials, chance, middle, -1),
        _tail_end(trials, chance, middle, 1),
    )


def _tail_end(trials: int, chance: float, middle: int, step: int) -> int:
    """Return the last count on one side whose tail, itself included, is likely enough."""
    # Far out the tail is no larger than its first term by more than the terms' falling ratio, so
    # it is summed from the middle outwards until nothing is left, then taken from the end.
    terms = []
    count = middle
    while 0 <= count <= trials:
        term = exp(_log_chance(trials, chance, count))
        terms.append(term)
        if term < 1e-30 and len(terms) > 1:
            break
        count += step
    tail = 0.0
    for place in range(len(terms) - 1, -1, -1):
        tail += terms[place]
        if tail > 1 / ODDS:
            return middle + step * place
    return middle


def _log_chance(trials: int, chance: float, count: int) -> float:
    ways = lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
    return ways + count * log(chance) + (trials - count) * log1p(-chance)


def quantile_range(ascending: Sequence[int], level: float, resolution: float) -> Range:
    """Return where the quantile lies that `ascending` values, independent samples, stand for.

    By order statistics, so that it holds for every distribution, with ties or without.

    Args:
        ascending: The samples, sorted, at least one.
        level: 0..1.
        resolution: How far the level itself may be off, as in a table of 1/resolution entries.
    """
    count = len(ascending)
    low = binomial_range(count, max(0.0, level - resolution)).low
    high = binomial_range(count, min(1.0, level + resolution)).high
    return Range(
        ascending[min(count - 1, max(0, int(low) - 1))],
        ascending[min(count - 1, int(high))],
    )


def burst_range(frames: int, slots: int, rate: float, burst: float) -> Range:
    """Return the share of bad slots in frames of a two-state chain that starts stationary.

    Frames are independent; within one, states k slots apart have the correlation λ^k with
    λ = 1 − r − p, from which the variance of a frame's sum follows. Many frames make it normal.

    Args:
        frames: How many.
        slots: Of each frame.
        rate: Loss rate L, 0..1.
        burst: Mean burst B in slots, at least 1.
    """
    leave = 1 / burst
    enter = leave * rate / (1 - rate)
    keeps = 1 - leave - enter
    covariances = sum((slots - k) * keeps**k for k in range(1, slots))
    variance = rate * (1 - rate) * (slots + 2 * covariances)
    stray = DEVIATIONS * sqrt(variance / frames) / slots
    # A share of few bursts is skewed: what one burst adds may always happen.
    most = burst * 5 / (frames * slots)
    return Range(max(0.0, rate - stray - most), min(1.0, rate + stray + most))
