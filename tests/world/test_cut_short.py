"""Runs that end before what they were asked for is done: how they are told, and judged."""

from __future__ import annotations

from typing import Any

import pytest

from sim import api
from sim.report import account_text
from tests.support.tiny import write_tiny

SILENT = {
    "expect": [],
    "adversary": [{"nodes": "*", "behaviour": "silent-dealer"}],
    "ledger.phases.deal": 3,
    "keys.beacon.retry_after": 50,
    "keys.beacon.attempts": 2,
}
"""Every attempt fails at the end of deal, and the second begins 50 heights after the first."""

HALT = {"at": "0s", "do": "halt-ledger"}
CREATE = {"at": "0s", "do": "create-key", "key": "beacon"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> api.Scenario:
    return api.load(write_tiny(tmp_path_factory.mktemp("tiny")))


def details(run: api.Run) -> list[tuple[str, str]]:
    return [(v["invariant"], v["detail"]) for v in run.summary["violations"]]


def test_an_attempt_that_the_run_was_over_before_never_began(tiny: api.Scenario) -> None:
    run = api.run(tiny.with_({**SILENT, "run.duration": "30s"}))

    first, second = run.summary["ceremonies"]
    assert (first["outcome"], second["outcome"]) == ("failed", "open")
    assert (second["start_us"], second["end_us"]) == (None, None)
    assert [(p["phase"], p["start_us"]) for p in second["phases"]] == [("announce", None)]
    key = run.keys["beacon"]
    assert (key.status, key.attempts, key.reason) == ("Pending", 1, "too-few-dealers")
    assert run.exit_code == 4
    assert details(run) == [
        ("ceremonies-end", "beacon/dkg/0#2 had not begun when the run was over")
    ]


def test_expectations_and_the_account_know_attempts_that_never_began(tiny: api.Scenario) -> None:
    pending = {"key": "beacon", "attempts": 1, "reason": "too-few-dealers", "status": "Pending"}
    run = api.run(tiny.with_({**SILENT, "run.duration": "30s", "expect": [pending]}))

    assert (run.exit_code, run.summary["expectations"][0]["detail"]) == (0, "")
    assert "beacon/dkg/0, attempt 2  2 of 3  not begun" in account_text(run.summary)


def test_a_retry_that_the_run_sees_has_its_times(tiny: api.Scenario) -> None:
    run = api.run(tiny.with_(SILENT))

    first, second = run.summary["ceremonies"]
    assert second["start"] == first["end"] + 50
    assert second["start_us"] == first["end_us"] + 49 * 2_000_000
    assert (run.keys["beacon"].status, run.keys["beacon"].attempts) == ("Failed", 2)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"run.duration": "30s", "timeline": [HALT, CREATE]}, id="halted"),
        pytest.param({"run.duration": "1s"}, id="too short"),
    ],
)
def test_a_key_that_was_asked_for_and_never_came_is_a_liveness_violation(
    tiny: api.Scenario, changes: dict[str, Any]
) -> None:
    run = api.run(tiny.with_({**changes, "expect": []}))

    assert (run.exit_code, run.keys["beacon"].status) == (4, "Absent")
    assert details(run) == [
        (
            "ceremonies-end",
            "create-key of beacon was asked for, and no block held it when the run was over",
        )
    ]


def test_an_expectation_about_the_key_excuses_its_absence(tiny: api.Scenario) -> None:
    absent = {"key": "beacon", "status": "Absent"}

    run = api.run(tiny.with_({"run.duration": "1s", "expect": [absent]}))

    assert (run.exit_code, details(run)) == (0, [])


def test_a_key_whose_event_never_came_was_not_asked_for(tiny: api.Scenario) -> None:
    waits = {"when": {"event": "deal-submitted"}, "do": "create-key", "key": "beacon"}

    run = api.run(tiny.with_({"run.duration": "30s", "timeline": [waits], "expect": []}))

    assert (run.exit_code, run.keys["beacon"].status) == (0, "Absent")


def test_a_key_whose_event_came_was_asked_for(tiny: api.Scenario) -> None:
    waits = {"when": {"event": "started", "node": "v01"}, "do": "create-key", "key": "beacon"}

    run = api.run(tiny.with_({"run.duration": "1s", "timeline": [waits], "expect": []}))

    assert (run.exit_code, run.keys["beacon"].status) == (4, "Absent")
