"""The oracle of losses: chances by enumeration, spot values, real runs, and a wrong formula."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest

from sim.scenario.load import load_text
from sim.study.oracles.lines import RESOLUTION
from sim.study.oracles.loss import (
    STUDIES,
    Study,
    Trial,
    all_arrive,
    contribution_exposed,
    lost,
    nobody_out,
    questions,
    runs_for,
    trial_of,
)
from sim.study.oracles.trials import Question, judged
from sim.study.playing import Job, play


def weight(fates: tuple[int, ...], q: float) -> float:
    return prod(q if gone else 1 - q for gone in fates)


@pytest.mark.parametrize(
    ("n", "r", "success"),
    [(21, 1, 0.122), (21, 2, 0.900), (21, 3, 0.995), (64, 2, 0.365), (64, 3, 0.951)],
)
def test_all_must_arrive_as_published_for_broadcasts_that_are_unicasts(
    n: int, r: int, success: float
) -> None:
    """costs.md, "Loss", p = .05: there both rounds are private, hence twice the exponent."""
    q = lost(5, r)

    assert all_arrive(n, q) ** 2 == pytest.approx(success, abs=0.0005)


def test_the_leak_as_published() -> None:
    """costs.md: n = 100, t = 34, f = 33, q = .01 gives .485."""
    assert contribution_exposed(100, 34, 33, 0.01) == pytest.approx(0.485, abs=0.0015)


def test_chances_are_what_going_through_every_pattern_of_losses_gives() -> None:
    n, t, f, q = 5, 3, 1, 0.3
    ways = list(product((0, 1), repeat=n - 1))

    spared = sum(weight(fates, q) for fates in ways if sum(fates) < t)
    assert nobody_out(n, t, q) == pytest.approx(spared**n)
    leaked = sum(weight(fates, q) for fates in ways if sum(fates[f:]) >= t - f)
    assert contribution_exposed(n, t, f, q) == pytest.approx(leaked)
    assert all_arrive(3, q) == pytest.approx(
        sum(weight(fates, q) for fates in product((0, 1), repeat=6) if not any(fates))
    )


def sample(study: Study, seeds: range) -> list[Trial]:
    scenario = load_text(study.scenario)
    return [play(trial_of, Job(scenario, seed)) for seed in seeds]


def test_a_share_is_missing_if_each_of_its_transmissions_was_lost() -> None:
    study = Study("pedersen", 4, 2, 50, 1)
    never = Study("pedersen", 4, 2, 0, 1)

    assert sum(trial.complaints for trial in sample(study, range(4))) > 0
    assert all(trial.created and not trial.out for trial in sample(study, range(4)))
    assert sum(trial.complaints for trial in sample(never, range(2))) == 0


def test_frost_makes_its_key_exactly_if_nothing_is_missing() -> None:
    trials = sample(Study("frost", 4, 2, 20, 0), range(12))

    assert {trial.created for trial in trials} == {True, False}
    assert all(trial.created == (trial.complaints == 0) for trial in trials)


def test_the_key_falls_exactly_if_every_honest_contribution_does() -> None:
    study = Study("pedersen", 4, 3, 50, 0, readers=2)
    exposed, whole = (question.hits for question in questions(study))

    trials = sample(study, range(12))

    assert {trial.exposed for trial in trials} == {True, False}
    for trial in trials:
        assert whole(trial) == (exposed(trial) == study.n - study.readers)


def test_a_wrong_exponent_is_found() -> None:
    """The control: as if the broadcasts of FROST's first round could be lost, too."""
    study = Study("frost", 4, 2, 10, 0)
    (question,) = questions(study)
    wrong = Question(question.chance._replace(formula=all_arrive(4, study.q) ** 2), *question[1:])
    trials = sample(study, range(1, 61)) * 5  # the second sample is the first one again: no luck

    (line,) = judged("loss", [wrong], 60, lambda seeds: trials[: len(seeds)])

    assert not line.agrees


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.subject)
def test_every_study_asks_for_chances_that_a_thousand_runs_can_tell_from_others(
    study: Study,
) -> None:
    assert 100 <= runs_for(study, RESOLUTION) <= 1000
