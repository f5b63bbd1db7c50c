"""How far honest samples stray: exact tails, order statistics, the spread of bursts."""

from __future__ import annotations

from math import comb, sqrt

import pytest

from sim.base.samples import Range, quantile
from sim.network.draws import CERTAIN
from sim.network.losses import FRAME_SLOTS, Bursts, Loss
from sim.study.statistics import (
    ODDS,
    binomial_range,
    burst_range,
    quantile_range,
)


def tail(trials: int, chance: float, counts: range) -> float:
    return sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in counts)


@pytest.mark.parametrize(("trials", "chance"), [(20, 0.5), (100, 0.01), (150, 0.97), (1000, 0.1)])
def test_the_tails_of_a_binomial_range_are_exact(trials: int, chance: float) -> None:
    found = binomial_range(trials, chance)
    low, high = int(found.low), int(found.high)

    assert tail(trials, chance, range(low)) <= 1 / ODDS
    assert low == 0 or tail(trials, chance, range(low + 1)) > 1 / ODDS
    assert tail(trials, chance, range(high + 1, trials + 1)) <= 1 / ODDS
    assert high == trials or tail(trials, chance, range(high, trials + 1)) > 1 / ODDS


def test_many_trials_come_to_five_deviations() -> None:
    found = binomial_range(1_000_000, 0.25)
    deviation = sqrt(1_000_000 * 0.25 * 0.75)

    assert (found.high - 250_000) / deviation == pytest.approx(5, abs=0.02)
    assert (250_000 - found.low) / deviation == pytest.approx(5, abs=0.02)


@pytest.mark.parametrize(
    ("trials", "chance", "expected"), [(10, 0, (0, 0)), (10, 1, (10, 10)), (0, 0.5, (0, 0))]
)
def test_what_is_certain_has_no_range(
    trials: int, chance: float, expected: tuple[int, int]
) -> None:
    assert binomial_range(trials, chance) == expected


def test_a_quantile_lies_in_its_range_with_ties_or_without() -> None:
    steps = sorted(i * 7_919 % 20_000 for i in range(20_000))
    ties = sorted(i % 4 for i in range(20_000))

    assert quantile(steps, 0.5) == 9_999
    assert quantile_range(steps, 0.5, 0).holds(10_000)
    assert not quantile_range(steps, 0.5, 0).holds(10_600)
    assert quantile_range(ties, 0.9, 1 / 256) == Range(3, 3)
    assert quantile([5], 0.9) == quantile([5], 0.1) == 5


@pytest.mark.parametrize("loss", [Loss(CERTAIN // 1000, 3), Loss(CERTAIN // 20, 8)])
def test_the_spread_of_bursts_is_that_of_the_chain(loss: Loss) -> None:
    """The variance of 20,000 frames' sums against the formula's, from the chain's correlations."""
    bursts = Bursts(11, loss)
    counts = []
    for frame in range(20_000):
        edges = bursts.edges(frame, 0, 1)
        counts.append(sum(edges[1::2]) - sum(edges[::2]))
    mean = sum(counts) / len(counts)
    deviation = sqrt(sum((c - mean) ** 2 for c in counts) / len(counts)) / FRAME_SLOTS
    found = burst_range(1_000_000, FRAME_SLOTS, loss.rate / CERTAIN, loss.burst)

    assert (found.high - found.low) / 10 * 1_000 == pytest.approx(deviation, rel=0.06)
    assert burst_range(20_000, FRAME_SLOTS, loss.rate / CERTAIN, loss.burst).holds(
        mean / FRAME_SLOTS
    )
