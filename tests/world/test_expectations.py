"""Expectations against made-up facts: each predicate, and the times they look at."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario.plan import ExpectPlan
from sim.world.expectations import Facts, describe, evaluate
from sim.world.verdicts import Exit, judge_run

SECOND = 1_000_000


def attempt(number: int, outcome: str, **changes: Any) -> dict[str, Any]:
    """One attempt of the key ``beacon``, a minute long."""
    start = (number - 1) * 60 * SECOND
    return {
        "key": "beacon",
        "attempt": number,
        "outcome": outcome,
        "reason": "too-few-dealers" if outcome == "failed" else None,
        "start_us": start,
        "end_us": None if outcome == "open" else start + 60 * SECOND,
        "qual": ["v00", "v01"],
        "excluded": [{"validator": "v02", "reason": "no-deal"}],
        "faults": [],
        "disputes": [],
        **changes,
    }


def facts(*attempts: dict[str, Any], **changes: Any) -> Facts:
    """A run with one key, asked for at 0 s, and those attempts at it."""
    key = {
        "asked_us": 0,
        "created_us": 0,
        "attempts_max": 2,
        "generation": 0,
        "era": 1,
        "shareless": [],
        "test_signature": {"verified": True, "time_us": 70 * SECOND},
        **changes,
    }
    injected = [{"id": "a", "validator": "v02", "behaviour": "silent-dealer", "injected": 2}]
    broken = [{"invariant": "secrecy", "kind": "safety"}]
    return Facts({"beacon": key}, attempts, injected, broken)


def failed(expect: ExpectPlan, known: Facts) -> str:
    """What was wrong with `expect`, or ``""``."""
    (result,) = evaluate([expect], known)
    assert result["passed"] == (result["detail"] == "")
    return str(result["detail"])


def test_a_ceremony_that_succeeds_in_the_second_attempt_is_completed() -> None:
    known = facts(attempt(1, "failed"), attempt(2, "active"))

    assert not failed(ExpectPlan(key="beacon", ceremony="completed", attempts=2), known)
    assert failed(ExpectPlan(key="beacon", ceremony="failed"), known) == "ceremony is completed"
    assert not failed(ExpectPlan(key="beacon", ceremony="either"), known)


def test_within_looks_at_the_key_as_it_stood_then() -> None:
    known = facts(attempt(1, "failed"), attempt(2, "active"))

    late = ExpectPlan(key="beacon", ceremony="completed", within_us=90 * SECOND)
    assert failed(late, known) == "ceremony is pending"
    assert not failed(ExpectPlan(key="beacon", status="pending", at_us=90 * SECOND), known)
    assert not failed(ExpectPlan(key="beacon", status="Active", at_us=120 * SECOND), known)
    assert not failed(ExpectPlan(key="beacon", attempts=1, at_us=59 * SECOND), known)


def test_within_counts_from_the_action_that_asked_for_the_key() -> None:
    known = facts(attempt(1, "active"), asked_us=30 * SECOND)

    assert not failed(ExpectPlan(key="beacon", status="Active", within_us=30 * SECOND), known)
    assert failed(ExpectPlan(key="beacon", status="Active", within_us=29 * SECOND), known)


def test_faults_are_the_exact_set_of_the_proven_ones() -> None:
    faults = [
        {"validator": "v02", "fault": "degree-too-high", "proof": True, "time_us": SECOND},
        {"validator": "v03", "fault": "no-deal", "proof": False, "time_us": SECOND},
    ]
    known = facts(attempt(1, "active", faults=faults))

    assert not failed(ExpectPlan(key="beacon", faults=(("v02", "degree-too-high"),)), known)
    assert failed(ExpectPlan(key="beacon", faults=()), known) == (
        "faults is [[v02, degree-too-high]]"
    )
    assert not failed(ExpectPlan(key="beacon", faults_include=(("v03", "no-deal"),)), known)
    assert failed(ExpectPlan(key="beacon", faults_include=(("v04", "no-deal"),)), known)


def test_disputes_are_the_exact_set_in_any_order() -> None:
    disputes = [
        {"dealer": "v01", "accuser": "v02", "kind": "missing"},
        {"dealer": "v03", "accuser": "v02", "kind": "invalid"},
    ]
    known = facts(attempt(1, "active", disputes=disputes))
    wanted = (("v03", "v02", "invalid"), ("v01", "v02", "missing"))

    assert not failed(ExpectPlan(key="beacon", disputes=wanted), known)
    assert failed(ExpectPlan(key="beacon", disputes=wanted[:1]), known)


@pytest.mark.parametrize(
    ("holds", "breaks"),
    [
        (ExpectPlan(qual=("v01", "v00")), ExpectPlan(qual=("v00",))),
        (ExpectPlan(excluded=("v02",)), ExpectPlan(excluded=())),
        (ExpectPlan(generation=0), ExpectPlan(generation=1)),
        (ExpectPlan(era=1), ExpectPlan(era=2)),
        (ExpectPlan(signs=True), ExpectPlan(signs=False)),
        (ExpectPlan(signs=False, at_us=69 * SECOND), ExpectPlan(signs=True, at_us=69 * SECOND)),
        (ExpectPlan(shareless=False), ExpectPlan(shareless=True)),
        (ExpectPlan(injected=2), ExpectPlan(injected=3)),
        (ExpectPlan(validator="v02", injected=1), ExpectPlan(validator="v01", injected=1)),
        (ExpectPlan(violates="secrecy"), ExpectPlan(violates="one-key-and-one-qual")),
        (ExpectPlan(attempts=1), ExpectPlan(attempts=2)),
    ],
    ids=lambda expect: describe(expect),
)
def test_each_predicate_can_hold_and_can_fail(holds: ExpectPlan, breaks: ExpectPlan) -> None:
    known = facts(attempt(1, "active"))

    assert not failed(holds, known)
    assert failed(breaks, known)


def test_a_reason_is_that_of_the_last_attempt_that_ended() -> None:
    known = facts(attempt(1, "failed"), attempt(2, "open"))

    assert not failed(ExpectPlan(key="beacon", reason="too-few-dealers"), known)
    assert not failed(ExpectPlan(key="beacon", status="pending"), known)


def test_an_attempt_that_never_began_does_not_count() -> None:
    known = facts(attempt(1, "failed"), attempt(2, "open", start_us=None))

    assert not failed(ExpectPlan(key="beacon", attempts=1, status="pending"), known)


def test_a_validator_is_shareless_by_name() -> None:
    known = facts(attempt(1, "active"), shareless=["v05"])

    assert not failed(ExpectPlan(validator="v05", shareless=True), known)
    assert not failed(ExpectPlan(validator="v04", shareless=False), known)
    assert failed(ExpectPlan(validator="v04", shareless=True), known)


def test_an_expectation_is_described_in_one_line() -> None:
    expect = ExpectPlan(
        key="beacon", ceremony="completed", faults=(("v02", "no-deal"),), within_us=6 * 60 * SECOND
    )

    assert describe(expect) == (
        "beacon: ceremony = completed, faults = [[v02, no-deal]] within 360s"
    )


def violation(invariant: str, kind: str = "safety") -> dict[str, Any]:
    return {"invariant": invariant, "kind": kind}


def result(*, passed: bool, violates: str | None = None) -> dict[str, Any]:
    return {"passed": passed, "violates": violates}


@pytest.mark.parametrize(
    ("violations", "expectations", "ending", "code"),
    [
        ([], [], "finished", Exit.PASS),
        ([], [result(passed=False)], "finished", Exit.EXPECTATION),
        ([violation("secrecy")], [], "finished", Exit.SAFETY),
        ([violation("secrecy")], [result(passed=True, violates="secrecy")], "finished", Exit.PASS),
        ([], [result(passed=False, violates="secrecy")], "finished", Exit.EXPECTATION),
        (
            [violation("secrecy"), violation("ledger-prefix")],
            [result(passed=True, violates="secrecy")],
            "finished",
            Exit.SAFETY,
        ),
        ([violation("ceremonies-end", "liveness")], [], "duration", Exit.LIVENESS),
        ([violation("ceremonies-end", "liveness")], [], "message-limit", Exit.BUDGET),
        ([violation("secrecy")], [result(passed=False)], "wall-limit", Exit.SAFETY),
    ],
)
def test_the_gravest_finding_decides_the_exit_code(
    violations: list[dict[str, Any]],
    expectations: list[dict[str, Any]],
    ending: str,
    code: Exit,
) -> None:
    assert judge_run(violations, expectations, ending) is code
