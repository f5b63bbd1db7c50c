"""The check of determinism catches a run that depends on more than its scenario and seed."""

from __future__ import annotations

import pytest

from tests.plugin.stage import Stage, properties

pytest_plugins = ["pytester"]

PLANTED = """\
import sim.base.randomness as randomness

honest = randomness.stream

def stream(seed, *labels):
    return honest(seed, *labels, hash("planted"))

randomness.stream = stream
"""
"""Loaded by every Python here: each draw depends on how this process hashes strings."""


def test_a_sound_run_passes_the_check(stage: Stage) -> None:
    stage.write("one")

    result = stage.pytest("--ksim-check-determinism=1")

    result.assert_outcomes(passed=1)
    assert not (stage.path / "results").exists()


def test_without_the_check_a_planted_divergence_goes_unnoticed(stage: Stage) -> None:
    stage.put("sitecustomize.py", PLANTED)
    stage.write("one")

    stage.pytest().assert_outcomes(passed=1)


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


def test_a_rate_takes_a_sample_that_depends_on_name_and_seed_alone(stage: Stage) -> None:
    stage.put("sitecustomize.py", PLANTED)
    stage.write("one", ('profile = "ideal"', 'profile = "lan"'))

    def caught(*arguments: str) -> set[str]:
        out = stage.pytest("--ksim-check-determinism=0.4", "-rf", *arguments).outlines
        return {line.split(" ")[1] for line in out if line.startswith("FAILED ")}

    some = caught("--ksim-seeds", "8")

    assert 0 < len(some) < 8
    assert caught("--ksim-seeds", "4") == {name for name in some if int(name[-1]) <= 4}
