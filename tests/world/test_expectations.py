"""Expectations against made-up facts: each predicate, and the times they look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sim.scenario.expect_plan import ExpectPlan
from sim.world.expectations import describe, evaluate
from sim.world.verdicts import Exit, judge_run
from sim.world.views import Facts

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


def generation(number: int, time_us: int, **changes: Any) -> dict[str, Any]:
    """A generation that signs ten seconds after it was activated."""
    return {
        "generation": number,
        "era": 1,
        "public_key": "aa",
        "time_us": time_us,
        "test_signature": {"verified": True, "time_us": time_us + 10 * SECOND},
        **changes,
    }


def rotation(start: int, outcome: str | None = "activated", **changes: Any) -> dict[str, Any]:
    """A rotation that was asked for at `start` seconds by the entry ``r<start>``, for a minute."""
    return {
        "request": f"r{start}",
        "operation": "reshare",
        "outcome": outcome,
        "reason": None,
        "requested_us": start * SECOND,
        "started_us": start * SECOND,
        "time_us": None if outcome is None else (start + 60) * SECOND,
        **changes,
    }


def request(entry: str, refused: str | None = None, **changes: Any) -> dict[str, Any]:
    """What a principal asked for at 100 s, and got in the block at 102 s."""
    return {
        "id": entry,
        "key": "beacon",
        "asked_us": 100 * SECOND,
        "time_us": 102 * SECOND,
        "refused": refused,
        **changes,
    }


class Stolen:
    """An attacker that can sign with one set of shares, and knows one key."""

    def can_sign(self, key: str, using: Sequence[tuple[str, int]]) -> bool:
        if ("v09", 0) in using:
            raise LookupError("v09 never held a share")
        return ("v00", 0) in using

    def exposed(self, key: str) -> bool:
        return key == "other"


def facts(*attempts: dict[str, Any], beside: Any = None, **changes: Any) -> Facts:
    """A run with one key, asked for at 0 s, and those attempts at it."""
    key = {
        "asked_us": 0,
        "created_us": 0,
        "attempts_max": 2,
        "retired_us": None,
        "shareless": [],
        "generations": [
            generation(0, end_us)
            for end_us in (a["end_us"] for a in attempts if a["outcome"] == "active")
        ][:1],
        "rotations": [],
        **changes,
    }
    injected = [{"id": "a", "validator": "v02", "behaviour": "silent-dealer", "injected": 2}]
    broken = [{"invariant": "secrecy", "kind": "safety"}]
    return Facts({"beacon": key}, attempts, injected, broken, **(beside or {}))


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


def test_what_failed_says_why_and_who_is_named() -> None:
    fault = {"validator": "v02", "fault": "no-deal", "proof": False, "time_us": 0}
    known = facts(attempt(1, "failed", faults=[fault]))
    expect = ExpectPlan(key="beacon", ceremony="completed")

    why = "(attempt 1: too-few-dealers: v02 no-deal)"
    assert failed(expect, known) == f"ceremony is pending {why}"


def test_a_rotation_that_was_refused_says_so() -> None:
    asked = {"requests": [request("swap", refused="KeyNotActive")]}
    known = facts(attempt(1, "active"), beside=asked)

    expect = ExpectPlan(key="beacon", rotation="completed")
    assert failed(expect, known) == "rotation is none (swap was refused, KeyNotActive)"


def test_within_looks_at_the_key_as_it_stood_then() -> None:
    known = facts(attempt(1, "failed"), attempt(2, "active"))

    late = ExpectPlan(key="beacon", ceremony="completed", within_us=90 * SECOND)
    assert failed(late, known) == "ceremony is pending (attempt 1: too-few-dealers)"
    assert not failed(ExpectPlan(key="beacon", status="pending", at_us=90 * SECOND), known)
    assert not failed(ExpectPlan(key="beacon", status="Active", at_us=120 * SECOND), known)
    assert not failed(ExpectPlan(key="beacon", attempts=1, at_us=59 * SECOND), known)


def test_within_counts_from_the_action_that_asked_for_the_key() -> None:
    known = facts(attempt(1, "active"), asked_us=30 * SECOND)

    assert not failed(ExpectPlan(key="beacon", status="Active", within_us=30 * SECOND), known)
    assert failed(ExpectPlan(key="beacon", status="Active", within_us=29 * SECOND), known)


def test_within_counts_from_when_an_entry_that_waited_began_to_act() -> None:
    action = {"id": "boom", "do": "crash", "when": {"event": "deal-submitted"}}
    beside = {"actions": [action], "fired": {"boom": 30 * SECOND}}
    known = facts(attempt(1, "active"), beside=beside)
    expects = [
        ExpectPlan(key="beacon", status="Active", of="boom", within_us=seconds * SECOND)
        for seconds in (30, 29)
    ]

    assert not failed(expects[0], known)
    assert failed(expects[1], known)


def test_a_key_that_was_never_made_has_no_generation() -> None:
    known = facts(attempt(1, "failed"))

    assert failed(ExpectPlan(key="beacon", generation=0), known) == "generation is none"
    assert failed(ExpectPlan(key="beacon", era=1), known) == "era is none"


def test_an_invariant_that_does_not_exist_is_not_just_unbroken() -> None:
    known = facts(attempt(1, "active"))

    said = failed(ExpectPlan(violates="secrecyy"), known)
    assert said == "violates is no invariant: did you mean secrecy?"


def test_within_of_an_entry_that_waited_in_vain_fails() -> None:
    action = {"id": "boom", "do": "crash", "when": {"event": "never"}, "fired": False}
    known = facts(attempt(1, "active"), beside={"actions": [action]})
    expect = ExpectPlan(key="beacon", status="Active", of="boom", within_us=60 * SECOND)

    assert failed(expect, known) == "boom never happened"


def test_faults_are_the_exact_set_of_the_proven_ones() -> None:
    faults = [
        {"validator": "v02", "fault": "degree-too-high", "proof": True, "time_us": SECOND},
        {"validator": "v03", "fault": "no-deal", "proof": False, "time_us": SECOND},
    ]
    known = facts(attempt(1, "active", faults=faults))

    assert not failed(ExpectPlan(key="beacon", faults=(("v02", "degree-too-high"),)), known)
    assert failed(ExpectPlan(key="beacon", faults=()), known) == ("faults is [v02 degree-too-high]")
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


def rotated() -> Facts:
    """A key created at 60 s, reshared from 100 to 160 s, whose refresh from 200 s was aborted."""
    others: dict[str, Any] = {
        "requests": [
            request("r100"),
            request("r200", asked_us=200 * SECOND, time_us=202 * SECOND),
            request("evil", "Unauthorized"),
            request("out", "UnknownValidator", key=None),
        ],
        "sessions": [
            {"key": "beacon", "outcome": "signed", "time_us": 170 * SECOND},
            {"key": "beacon", "outcome": "expired", "time_us": 180 * SECOND},
            {"key": "other", "outcome": "signed", "time_us": 180 * SECOND},
        ],
        "actions": [{"id": "join", "at_us": 90 * SECOND}],
        "attacks": Stolen(),
    }
    return facts(
        attempt(1, "active"),
        beside=others,
        generations=[generation(0, 60 * SECOND), generation(1, 160 * SECOND)],
        rotations=[rotation(100), rotation(200, "aborted", operation="refresh")],
        retired_us=400 * SECOND,
    )


@pytest.mark.parametrize(
    ("holds", "breaks", "found"),
    [
        (ExpectPlan(generation=1), ExpectPlan(generation=0), "1"),
        (
            ExpectPlan(generation=0, at_us=159 * SECOND),
            ExpectPlan(generation=1, at_us=159 * SECOND),
            "0",
        ),
        (ExpectPlan(rotation="aborted"), ExpectPlan(rotation="completed"), "aborted"),
        (
            ExpectPlan(rotation="completed", of="r100"),
            ExpectPlan(rotation="aborted", of="r100"),
            "completed",
        ),
        (
            ExpectPlan(rotation="completed", of="r100", within_us=60 * SECOND),
            ExpectPlan(rotation="completed", of="r100", within_us=59 * SECOND),
            "pending",
        ),
        (ExpectPlan(rotation="either"), ExpectPlan(rotation="failed"), "aborted"),
        (
            ExpectPlan(refused="Unauthorized", of="evil"),
            ExpectPlan(rotation="either", of="evil"),
            "refused: Unauthorized",
        ),
        (ExpectPlan(rotations=1), ExpectPlan(rotations=2), "only 1"),
        (ExpectPlan(public_key="kept"), ExpectPlan(public_key="changed"), "kept"),
        (ExpectPlan(signings=1, key="beacon"), ExpectPlan(signings=2), "only 1"),
        (
            ExpectPlan(signings=1),
            ExpectPlan(signings=1, at_us=169 * SECOND),
            "only 0",
        ),
        (ExpectPlan(refused="Unauthorized"), ExpectPlan(refused="KeyRetired"), "Unauthorized"),
        (
            ExpectPlan(refused="UnknownValidator"),
            ExpectPlan(refused="UnknownValidator", key="beacon"),
            "[Unauthorized]",
        ),
        (ExpectPlan(exposed=False), ExpectPlan(exposed=True), "false for beacon"),
        (
            ExpectPlan(signs=True, using=(("v00", 0), ("v01", 0))),
            ExpectPlan(signs=True, using=(("v01", 0),)),
            "false",
        ),
        (
            ExpectPlan(signs=False, using=(("v01", 0),)),
            ExpectPlan(signs=False, using=(("v09", 0),)),
            "v09 never held a share",
        ),
        (ExpectPlan(status="Retired"), ExpectPlan(status="Active"), "Retired"),
        (
            ExpectPlan(status="Rotating", at_us=159 * SECOND),
            ExpectPlan(status="Rotating", at_us=160 * SECOND),
            "Active",
        ),
        (
            ExpectPlan(generation=0, of="join", within_us=69 * SECOND),
            ExpectPlan(generation=0, of="join", within_us=70 * SECOND),
            "1",
        ),
        (ExpectPlan(ceremony="completed"), ExpectPlan(ceremony="failed"), "completed"),
    ],
    ids=lambda value: describe(value) if isinstance(value, ExpectPlan) else "",
)
def test_each_predicate_about_a_keys_life_can_hold_and_can_fail(
    holds: ExpectPlan, breaks: ExpectPlan, found: str
) -> None:
    assert not failed(holds, rotated())
    assert found in failed(breaks, rotated())


def test_a_rekey_whose_key_generation_failed_has_failed() -> None:
    known = facts(attempt(1, "active"), rotations=[rotation(70, "aborted", operation="rekey")])

    assert not failed(ExpectPlan(rotation="failed"), known)
    assert not failed(ExpectPlan(rotation="aborted"), known)


def test_the_public_key_of_a_second_era_is_another_one() -> None:
    eras = [generation(0, 60 * SECOND), generation(0, 160 * SECOND, era=2, public_key="bb")]
    known = facts(attempt(1, "active"), generations=eras)

    assert not failed(ExpectPlan(public_key="changed", era=2), known)
    assert not failed(ExpectPlan(public_key="kept", era=1, at_us=100 * SECOND), known)


def test_an_expectation_is_described_in_one_line() -> None:
    expect = ExpectPlan(
        key="beacon", ceremony="completed", faults=(("v02", "no-deal"),), within_us=6 * 60 * SECOND
    )

    assert describe(expect) == ("beacon: ceremony = completed, faults = [v02 no-deal] within 6m")


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
