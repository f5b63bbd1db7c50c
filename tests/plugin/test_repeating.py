"""The check of determinism catches a run that depends on more than its scenario and seed."""

from __future__ import annotations

import pytest

from ksim_pytest.repeating import sampled
from tests.plugin.stage import Stage, properties

pytest_plugins = ["pytester"]

PLANTED = """\
import sim.network.draws as draws

honest = draws.tuple_hash
draws.tuple_hash = lambda *parts: honest(*parts, str(hash("planted")))
"""
"""Loaded by every Python here: the fate of messages depends on how a process hashes strings."""


def test_a_sound_run_passes_the_check(stage: Stage) -> None:
    stage.write("one")

    result = stage.pytest("--ksim-check-determinism=1")

    result.assert_outcomes(passed=1)
    assert not (stage.path / "results").exists()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_check_names_the_first_event_of_a_planted_divergence(
    stage: Stage, workers: str
) -> None:
    stage.put("sitecustomize.py", PLANTED)
    stage.write("one", ('profile = "ideal"', 'profile = "lan"\nloss = "5%"'))

    case = stage.junit("--ksim-check-determinism=1", "-n", workers)["scenarios.one.toml"]

    (failure,) = case.iter("failure")
    assert failure.text is not None
    verdict, cause, stored, replayed, folder, replay = failure.text.splitlines()
    assert verdict == "not reproducible (exit 5): one, seed 1"
    assert cause.startswith("first differing record: time ")
    assert stored.split() != replayed.split()
    found = properties(case)
    assert (folder, replay) == (f"run: {found['run']}", f"replay: {found['replay']}")
    assert (stage.path / found["run"] / "events.msgpack").is_file()


def test_a_sample_has_the_size_that_its_rate_says_and_grows_with_it() -> None:
    def sample(rate: float) -> set[int]:
        return {seed for seed in range(2000) if sampled("one", seed, rate)}

    assert sample(0) == set()
    assert 140 < len(sample(0.1)) < 260
    assert sample(0.1) < sample(0.4) < sample(1)
    assert sample(1) == set(range(2000))


def test_what_is_not_in_the_sample_is_not_checked(stage: Stage) -> None:
    stage.put("sitecustomize.py", PLANTED)
    stage.write("one")

    stage.pytest("--ksim-check-determinism=0").assert_outcomes(passed=1)
