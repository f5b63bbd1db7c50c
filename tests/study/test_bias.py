"""How far dealers bend a key: the chances, the intervals, what the behaviours do, and the page."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import pytest

from sim.study.bias import (
    CASES,
    SCENARIOS,
    Case,
    Measured,
    drop_out_chance,
    grinding_chance,
    measure,
)
from sim.study.bias_page import PAGE, SEEDS, line_of, render
from sim.study.pool import Pool

ROOT = Path(__file__).parents[2]
BY_NAME = {case.name: case for case in CASES}
FEW = range(1, 17)


@cache
def few(name: str) -> Measured:
    return measure(BY_NAME[name], FEW, folder=ROOT / SCENARIOS)


def bits(name: str) -> list[int]:
    return [trial.bit for trial in few(name).trials]


def keys(name: str) -> list[bytes]:
    return [trial.public_key for trial in few(name).trials]


@pytest.mark.parametrize("dealers", [1, 2, 3])
def test_the_chance_of_drop_outs_counts_the_keys_that_they_choose_from(dealers: int) -> None:
    tosses = list(product((0, 1), repeat=2**dealers))  # the bit of each key, by who has left

    assert drop_out_chance(dealers) == pytest.approx(sum(map(max, tosses)) / len(tosses))


@pytest.mark.parametrize("candidates", [1, 3, 8])
def test_the_chance_of_a_grinder_counts_its_candidates(candidates: int) -> None:
    tosses = list(product((0, 1), repeat=candidates))

    assert grinding_chance(candidates) == pytest.approx(sum(map(max, tosses)) / len(tosses))


@pytest.mark.parametrize("name", ["drop-out", "commit-reveal drop-out", "commit-reveal grinder"])
def test_who_may_leave_leaves_only_a_key_that_it_dislikes_for_one_that_it_likes(name: str) -> None:
    """The same seed without an adversary is the control: the key with everybody in it."""
    honest = few("honest").trials
    for control, trial in zip(honest, few(name).trials, strict=True):
        assert (trial.public_key != control.public_key) == trial.left
        if trial.left:
            assert (control.bit, trial.bit) == (0, 1)
    assert any(trial.left for trial in few(name).trials)
    assert sum(bits(name)) > sum(bits("honest"))


def test_two_that_may_leave_get_at_least_what_one_gets() -> None:
    pairs = list(zip(bits("drop-out"), bits("two drop-outs"), strict=True))

    assert all(two >= one for one, two in pairs)
    assert sum(two for _, two in pairs) > sum(one for one, _ in pairs)


def test_a_grinder_gets_its_bit_with_everybody_in_the_key() -> None:
    assert all(bits("grinder"))
    assert not any(trial.left for trial in few("grinder").trials)
    assert not set(keys("grinder")) & set(keys("honest"))


def test_under_gjkr_who_refuses_to_extract_gets_the_key_that_it_dislikes() -> None:
    """Dealers that were silent are in the key: it is the one that everybody's deals add up to."""
    trials = few("GJKR drop-out").trials
    silent = [trial for trial in trials if trial.silent]
    stayed = [trial for trial in trials if not trial.left]
    honest = {trial.seed: trial.public_key for trial in few("honest").trials}

    assert silent
    assert any(trial.left for trial in trials)
    assert not any(trial.bit for trial in silent)
    assert all(trial.bit for trial in stayed if not trial.silent)
    assert all(trial.public_key == honest[trial.seed] for trial in stayed)


def test_a_grinder_moves_the_key_under_gjkr_and_cannot_aim() -> None:
    assert not any(trial.left or trial.silent for trial in few("GJKR grinder").trials)
    assert not set(keys("GJKR grinder")) & set(keys("honest"))
    assert 0 in bits("GJKR grinder")


def test_processes_share_the_runs_and_change_nothing() -> None:
    alone = measure(BY_NAME["drop-out"], range(1, 4), folder=ROOT / SCENARIOS)
    with Pool(2) as pool:
        shared = measure(BY_NAME["drop-out"], range(1, 4), pool, ROOT / SCENARIOS)

    assert shared == alone


def test_the_page_has_every_case_and_what_is_modelled() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    text = render([])

    head, _, model = text.partition("|---|---|---|---|---|---|---|---|---|\n")
    assert page.startswith(head)
    assert page.endswith(model)
    for case in CASES:
        assert f"| {case.protocol} | {case.who} | {len(SEEDS)} | " in page


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_the_bias_is_what_the_formula_says(case: Case) -> None:
    """Over enough seeds for intervals of 99.9 %; the page says the same."""
    measured = measure(case, SEEDS, folder=ROOT / SCENARIOS)

    interval = measured.interval
    assert interval.holds(float(case.chance))
    assert case.chance == 0.5 or not interval.holds(0.5)
    assert case.chance == 0.75 or not interval.holds(0.75)
    if case.name == "grinder":
        assert interval.low > 0.95
    assert line_of(measured) in (ROOT / PAGE).read_text(encoding="utf-8")
