"""The oracle of capture: whole numbers, the race of clocks, the chain's draw, and a rigged one."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import pytest

from sim.study.oracles.capture import (
    Stakes,
    anchors,
    drawn,
    malicious_places,
    pareto_stakes,
)
from sim.study.oracles.committees import Electorate, binomial_tail, hypergeometric
from sim.study.oracles.lines import Chance, chance_line

BAD, GOOD = (5, 1, 1), (2, 3, 7, 1)


def seat_by_seat(size: int, least: int) -> Fraction:
    """P[at least `least` malicious], through every order in which seats can be filled."""
    crowd = [(stake, 1) for stake in BAD] + [(stake, 0) for stake in GOOD]
    total = Fraction()
    for order in permutations(crowd, size):
        left, chance = sum(stake for stake, _ in crowd), Fraction(1)
        for stake, _ in order:
            chance *= Fraction(stake, left)
            left -= stake
        if sum(malicious for _, malicious in order) >= least:
            total += chance
    return total


def test_every_published_anchor_is_what_the_formula_rounds_to() -> None:
    assert [line for line in anchors() if not line.agrees] == []


def test_the_hypergeometric_formula_counts_committees() -> None:
    crowd = [1, 1, 1, 0, 0, 0, 0]
    seats = list(combinations(crowd, 4))

    for least in range(5):
        counted = Fraction(sum(sum(found) >= least for found in seats), len(seats))
        assert hypergeometric(7, 3, 4, least) == counted


def test_the_binomial_tail_by_hand() -> None:
    assert binomial_tail(3, Fraction(1, 3), 2) == Fraction(7, 27)


@pytest.mark.parametrize("size", [2, 4, 6])
def test_the_race_of_clocks_is_the_draw_seat_by_seat(size: int) -> None:
    electorate = Electorate(BAD, GOOD)

    for least in range(1, min(size, len(BAD)) + 1):
        expected = float(seat_by_seat(size, least))
        assert electorate.captured(size, least) == pytest.approx(expected, rel=2e-4)


def test_with_stakes_that_are_almost_alike_the_race_is_hypergeometric() -> None:
    """One part in a million apart, so that the race is run at all."""
    electorate = Electorate([10**6] * 33, [10**6] * 66 + [10**6 + 1], 16)

    for least in (1, 5, 11, 16):
        expected = float(hypergeometric(100, 33, 16, least))
        assert electorate.captured(16, least) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("holders", ["few", "many", "random"])
def test_the_malicious_hold_what_they_may_and_hardly_less(holders: str) -> None:
    weights = pareto_stakes(200, Fraction(6, 5), 3)
    third = Fraction(1, 3) * sum(weights)

    places = malicious_places(weights, Fraction(1, 3), holders, 1)  # type: ignore[arg-type]  # one of them

    held = sum(weights[place] for place in places)
    assert third - min(weights) * 40 < held <= third
    few = malicious_places(weights, Fraction(1, 3), "few", 1)
    many = malicious_places(weights, Fraction(1, 3), "many", 1)
    assert len(few) <= len(places) <= len(many)


def test_the_chains_draw_agrees_and_one_that_favours_the_malicious_does_not() -> None:
    weights = pareto_stakes(60, Fraction(6, 5), 1)
    stakes = Stakes(weights, malicious_places(weights, Fraction(1, 3), "many", 1))
    formula = stakes.electorate(8).captured(8, 4)
    chance = Chance("draws", "≥ 4 malicious", "clocks", formula)

    def line(rigged: Stakes) -> bool:
        found = [bad for seed in range(6) for bad in drawn(rigged, 8, seed)]
        return chance_line("capture", chance, sum(b >= 4 for b in found), len(found), 6).agrees

    assert line(stakes)
    bad = {*stakes.malicious}
    heavier = tuple(w * (2 if place in bad else 1) for place, w in enumerate(weights))
    assert not line(stakes._replace(weights=heavier))
