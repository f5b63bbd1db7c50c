"""Where a chance lies: tails computed here, and figures of textbooks."""

from __future__ import annotations

from math import comb

import pytest

from sim.base.samples import Range, chance_range


def tail(trials: int, chance: float, counts: range) -> float:
    return sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in counts)


@pytest.mark.parametrize(("count", "trials"), [(1, 8), (10, 100), (292, 400), (399, 400)])
def test_the_tails_at_the_ends_of_a_chance_range_are_exact(count: int, trials: int) -> None:
    found = chance_range(count, trials, 0.999)

    assert tail(trials, found.low, range(count, trials + 1)) == pytest.approx(0.0005)
    assert tail(trials, found.high, range(count + 1)) == pytest.approx(0.0005)


def test_a_chance_range_is_that_of_the_tables() -> None:
    """10 of 100 at 95 %: 4.90 % to 17.62 %, as in textbooks."""
    found = chance_range(10, 100, 0.95)

    assert found.low == pytest.approx(0.04900, abs=5e-6)
    assert found.high == pytest.approx(0.17622, abs=5e-6)


def test_what_never_or_always_happens_leaves_one_side_open() -> None:
    end = 0.0005 ** (1 / 300)

    assert chance_range(300, 300, 0.999) == pytest.approx(Range(end, 1))
    assert chance_range(0, 300, 0.999) == pytest.approx(Range(0, 1 - end))
