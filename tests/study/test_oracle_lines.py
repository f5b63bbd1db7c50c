"""Verdicts: exact ones, intervals, how many trials they take, and the second sample."""

from __future__ import annotations

from math import exp, fsum, lgamma, log, log1p

import pytest

from sim import api
from sim.base.errors import LocalError
from sim.study.oracles.lines import (
    POWER,
    RESOLUTION,
    Chance,
    OracleLine,
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


@pytest.mark.parametrize("chance", [0.0, 1e-12, 1 - 2.3e-16, 1.0])
def test_no_number_of_trials_is_computed_for_what_is_next_to_certain(chance: float) -> None:
    with pytest.raises(LocalError, match=r"tells .* from 0 or 1"):
        trials_for(chance)


@pytest.mark.parametrize(
    ("formula", "trials", "why"),
    [
        (0.5, 1, "too few to tell anything"),
        (0.0, 1, "too few to tell anything"),
        (1.0, 3, "too few to tell anything"),
        (0.0, 1000, "a chance above 0.0046 would be seen"),
        (1e-15, 1000, "a chance above 0.0046 would be seen"),
        (1e-4, 1000, "a chance above 0.0066 would be seen"),
        (1.0, 1000, "a chance below 0.995 would be seen"),
        (0.5, 100, "odds 2.85x off would be found"),
    ],
)
def test_a_line_says_what_its_trials_are_enough_for(formula: float, trials: int, why: str) -> None:
    chance = HALF._replace(formula=formula)

    line = chance_line("x", chance, round(formula * trials), trials, trials)

    assert line.why == why
    undecided = why.startswith("too few")
    assert (line.decided, line.verdict) == (not undecided, "undecided" if undecided else "within")


def test_what_a_line_says_would_be_seen_is_left_out_of_the_interval() -> None:
    """The least chance above the formula's: what is counted then is out with `POWER`."""
    seen = 0.0066205
    out = [k for k in range(1001) if interval(k, 1000)[0] > 1e-4]

    assert fsum(exactly(1000, seen, k) for k in out) == pytest.approx(POWER, abs=1e-4)


def test_too_few_trials_are_neither_agreement_nor_measured_again() -> None:
    (line,) = judged("x", [Question(HALF, bool)], 2, lambda seeds: [1] * len(seeds))
    fine = chance_line("x", HALF, 52, 100, 100)
    wrong = chance_line("x", HALF, 90, 100, 100)

    def verdict(*lines: OracleLine) -> tuple[str, int]:
        found = api.Oracle(families=("x",), quick=False, lines=lines)
        return found.verdict, found.exit_code

    assert not line.again
    assert verdict(fine) == ("agrees", 0)
    assert verdict(fine, line) == ("undecided", 1)
    assert verdict(fine, line, wrong) == ("disagrees", 1)


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
