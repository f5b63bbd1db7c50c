"""Verdicts: exact ones, intervals, how many trials they take, and the second sample."""

from __future__ import annotations

from math import exp, fsum, lgamma, log, log1p

import pytest

from sim import api
from sim.study.oracles.lines import (
    POWER,
    RESOLUTION,
    Chance,
    chance_line,
    exact_lines,
    interval,
    power,
    published_line,
    trials_for,
)
from sim.study.oracles.trials import AGAIN, Question, judged

HALF = Chance("coins", "heads", "by symmetry", 0.5)


def exactly(trials: int, chance: float, count: int) -> float:
    """P[Bin(trials, chance) = count]."""
    ways = lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
    return exp(ways + count * log(chance) + (trials - count) * log1p(-chance))


def test_a_count_that_is_off_by_one_differs_and_so_does_one_without_a_formula() -> None:
    lines = exact_lines("cost", "s", "x", {"a": 3, "b": 4, "c": 1}, {"a": 3, "b": 5, "d": 2}, "")

    found = {line.figure: (line.difference, line.verdict) for line in lines}
    assert found == {
        "a": (0, "equal"),
        "b": (-1, "DIFFERS"),
        "c": (1, "DIFFERS"),
        "d": (-2, "DIFFERS"),
    }


@pytest.mark.parametrize("chance", [0.2, 0.5, 0.9])
def test_so_many_trials_find_odds_that_are_twice_or_half_what_they_should_be(
    chance: float,
) -> None:
    trials = trials_for(chance)

    for odds in (RESOLUTION, 1 / RESOLUTION):
        true = chance * odds / (1 - chance + chance * odds)
        seen = [
            k
            for k in range(trials + 1)
            if not interval(k, trials)[0] <= chance <= interval(k, trials)[1]
        ]
        found = fsum(exactly(trials, true, k) for k in seen)
        assert found >= POWER - 1e-9
        assert power(chance, trials, odds) == pytest.approx(found, abs=1e-9)


def test_a_chance_is_within_if_the_formula_is_in_the_interval_of_what_was_counted() -> None:
    assert chance_line("x", HALF, 52, 100, 100).verdict == "within"
    assert chance_line("x", HALF, 70, 100, 100).verdict == "OUTSIDE"


def test_a_chance_of_nought_bears_no_exception() -> None:
    never = HALF._replace(formula=0.0)

    assert chance_line("x", never, 0, 1000, 10).agrees
    assert not chance_line("x", never, 1, 1000, 10).agrees


def test_a_publication_agrees_if_it_is_what_the_formula_rounds_to() -> None:
    def agrees(computed: float, published: str) -> bool:
        return published_line("x", "", "", "", computed=computed, published=published).agrees

    assert agrees(0.0070107, "7.0e-3")
    assert not agrees(0.0070107, "7.00e-3")
    assert not agrees(3.5046e-13, "3.51e-13")
    assert agrees(40.239, "40.24")


def test_what_is_outside_is_measured_once_more_with_fresh_seeds_which_decide() -> None:
    asked: list[range] = []

    def sample(seeds: range) -> list[int]:
        asked.append(seeds)
        return [1] * len(seeds) if len(asked) == 1 else [seed % 2 for seed in seeds]

    unlucky = Question(HALF, bool)
    fine = Question(HALF._replace(formula=1.0), lambda _: 1)
    first, second = judged("x", [unlucky, fine], 100, sample)

    assert asked == [range(1, 101), range(101, 101 + AGAIN * 100)]
    assert (first.again, first.trials, first.agrees) == (True, AGAIN * 100, True)
    assert (second.again, second.trials) == (False, 100)


def test_what_is_wrong_stays_wrong_the_second_time() -> None:
    (line,) = judged("x", [Question(HALF, bool)], 100, lambda seeds: [1] * len(seeds))

    assert (line.again, line.agrees) == (True, False)


def test_no_oracle_at_all_agrees_with_nothing() -> None:
    with pytest.raises(ValueError, match="no oracle is named: cost"):
        api.oracle(())
