"""The oracles of a mobile adversary and of bias: formulas, models, real lives, and wrong ones."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import exp, prod

import pytest

from sim.study.bias import CASES
from sim.study.oracles import bias
from sim.study.oracles.lines import Chance, chance_line
from sim.study.oracles.mobile import (
    Life,
    anchors,
    epoch_lost,
    exposed,
    hits,
    key_lost,
    modelled,
    scenario_of,
)
from sim.study.playing import Job, play

LIFE = Life(4, 2, 0.3, 2, refreshed=True)


def test_every_published_anchor_is_what_the_formula_rounds_to() -> None:
    assert [line for line in anchors() if not line.agrees] == []


def test_an_epoch_is_lost_in_the_ways_that_enumeration_finds() -> None:
    hit = 1 - exp(-0.4)
    ways = product((0, 1), repeat=5)
    lost = sum(prod(hit if w else 1 - hit for w in way) for way in ways if sum(way) >= 3)

    assert epoch_lost(5, 3, 0.4, 1.0) == pytest.approx(lost)
    assert key_lost(5, 3, 0.4, 1.0, 2) == pytest.approx(1 - (1 - lost) ** 2)


def shares_stolen(life: Life, seed: int) -> list[int]:
    """How many holders are read in each generation."""
    readings = {(p, int(time) if life.refreshed else 0) for p, time in hits(life, seed)}
    return [sum(epoch == e for _, epoch in readings) for e in range(life.epochs)]


@pytest.mark.parametrize("refreshed", [True, False])
def test_a_real_key_falls_exactly_if_t_shares_of_one_generation_are_stolen(
    refreshed: bool,
) -> None:
    life = LIFE._replace(refreshed=refreshed)
    outcomes = set()

    for seed in range(1, 9):
        found = play(exposed, Job(scenario_of(life, seed), seed))
        assert found == (max(shares_stolen(life, seed)) >= life.t)
        outcomes.add(found)

    assert outcomes == {True, False}


def test_the_model_agrees_and_one_without_refresh_does_not() -> None:
    """The control: lives without refresh, judged by the formula for lives with it."""
    chance = Chance("model", "key lost", "formula", LIFE.formula)
    lost, unrefreshed = modelled(LIFE, 1), modelled(LIFE._replace(refreshed=False), 1)

    assert chance_line("mobile", chance, lost, 10_000, 1).agrees
    assert not chance_line("mobile", chance, unrefreshed, 10_000, 1).agrees


def test_the_chances_of_bias_are_those_that_counting_gives() -> None:
    assert {case.name: case.chance for case in CASES} == {
        name: bias.wanted_bit(keys) for name, keys in bias.KEYS.items()
    }
    assert bias.wanted_bit(4) == Fraction(15, 16)


def test_a_biased_key_is_found_where_none_should_be() -> None:
    """The control: as many ones as a drop-out gets, judged as if nobody could choose."""
    chance = Chance("gjkr", "bit", "formula", 0.5)

    assert not chance_line("bias", chance, 150, 200, 200).agrees
