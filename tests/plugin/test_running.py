"""What a passing test leaves, and what a failing one says, keeps, and hands to CI."""

from __future__ import annotations

import json

import pytest

from tests.plugin.stage import EXPECT_LINE, FAILING, Stage, properties

pytest_plugins = ["pytester"]

LINE = EXPECT_LINE + 1
"""Of the expectation in a file of the stage: the tags take one more."""

RERUN = """\
from _pytest.runner import runtestprotocol
from sim import api

honest, calls = api.run, []

def run(scenario, seed):
    calls.append(seed)
    return honest(scenario if len(calls) == 1 else scenario.with_({"expect": []}), seed)

api.run = run

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, log=False, nextitem=item)
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
"""A plugin that runs every test twice and counts the second run, which passes."""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_passing_scenario_keeps_nothing(stage: Stage, workers: str) -> None:
    stage.write("one")

    cases = stage.junit("-n", workers)

    assert not (stage.path / "results").exists()
    assert list(cases["scenarios.one.toml"].iter("failure")) == []
    found = properties(cases["scenarios.one.toml"])
    again = json.loads(stage.ksim(f"{found['replay']} --json").stdout)
    assert (str(again["seed"]), again["digest"]) == (found["seed"], found["digest"])


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_failing_scenario_stands_at_its_expectation_and_replays(
    stage: Stage, workers: str
) -> None:
    stage.write("bad", FAILING)
    stage.write("good")

    case = stage.junit("-n", workers)["scenarios.bad.toml"]

    assert case.attrib["file"] == "scenarios/bad.toml"
    assert int(case.attrib["line"]) + 1 == LINE
    (failure,) = case.iter("failure")
    assert failure.text is not None
    verdict, cause, folder, replay = failure.text.splitlines()
    assert verdict == "expectation failed (exit 1): bad, seed 1"
    assert cause.startswith(f"scenarios/bad.toml:{LINE}: expected beacon: ceremony = failed")
    found = properties(case)
    assert found["seed"] == "1"
    assert (folder, replay) == (f"run: {found['run']}", f"replay: {found['replay']}")
    summary = json.loads((stage.path / found["run"] / "summary.json").read_text(encoding="utf-8"))
    assert summary["digest"] == found["digest"]
    again = json.loads(stage.ksim(f"{found['replay']} --json").stdout)
    assert again["exit_code"] == 0
    assert again["digest"] == {"stored": found["digest"], "replayed": found["digest"]}


def test_the_terminal_shows_the_four_lines_and_the_place(stage: Stage) -> None:
    stage.write("bad", FAILING)

    result = stage.pytest("--ksim-out", "kept", "--ksim-seed", "5")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*bad, seed 5*",
            "expectation failed (exit 1): bad, seed 5",
            f"scenarios/bad.toml:{LINE}: expected *",
            "run: kept/bad/5-*",
            "replay: ksim replay kept/bad/5-*",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    short = stage.pytest("--tb=line").stdout
    short.fnmatch_lines([f"scenarios/bad.toml:{LINE}: expectation failed*"])


def test_an_expectation_of_a_base_fails_in_the_base(stage: Stage) -> None:
    stage.write("base", FAILING)
    stage.put("scenarios/deep/child.toml", 'schema = 1\nextends = "../base.toml"\nname = "child"\n')

    case = stage.junit("scenarios/deep")["scenarios.deep.child.toml"]

    assert case.attrib["file"] == "scenarios/base.toml"
    assert int(case.attrib["line"]) + 1 == LINE


@pytest.mark.parametrize(
    ("key", "value"), [("message_limit", "3"), ("wall_limit", '"1us"')], ids=["messages", "wall"]
)
def test_a_used_up_budget_fails(stage: Stage, key: str, value: str) -> None:
    stage.write("short", ("seed = 1", f"seed = 1\n{key} = {value}"))

    result = stage.pytest()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["budget exceeded (exit 7): short, seed 1", f"run.{key} was used up at *"]
    )


def test_a_seed_under_which_a_scenario_cannot_be_is_told_with_its_place(stage: Stage) -> None:
    stage.write("one")

    result = stage.pytest("--ksim-seed", str(2**53 - 1), "--ksim-seeds", "2")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["error: a seed is in 0*", "*--> --seed:1:*"])


def test_a_rerun_hides_no_failure(stage: Stage) -> None:
    stage.put("conftest.py", RERUN)
    stage.write("bad", FAILING)

    result = stage.pytest()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["expectation failed (exit 1): bad, seed 1"])
