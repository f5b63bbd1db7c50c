"""A whole life of a key in one run: what the summary, the account and `verify` say about it."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from sim import api
from sim.report import account_text
from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.plan import ActionPlan, Plan, PolicyPlan, PrincipalPlan, RotatePlan
from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from sim.world.summary import summarise
from tests.world.plans import key_plan, make_plan

SECOND = 1_000_000


def entry(at: int, do: str, **fields: Any) -> ActionPlan:
    """Return an entry at so many seconds, with the id ``<do>-<at>``."""
    return ActionPlan(id=f"{do}-{at}", do=do, at_us=at * SECOND, **{"key": "beacon", **fields})


def life() -> Plan:
    """Five of seven validators hold 3 of 5; everything happens to their key that can."""
    policy = PolicyPlan(contexts=("pay",))
    rules = RotatePlan(on=("policy-violation",))
    timeline = (
        entry(0, "create-key"),
        entry(30, "sign", context="pay", message=b"one"),
        entry(60, "reshare", joins=(5, 6), leaves=(1,)),
        entry(61, "refresh"),
        entry(120, "sign", context="spend", message=b"two"),
        entry(180, "crash", nodes=(2,), lose="all", until_us=20 * SECOND, key=""),
        entry(300, "reshare", committee=(0, 2, 3), threshold=2),
        entry(330, "sign", context="pay", message=b"three", by="mallory"),
        entry(360, "retire"),
        entry(390, "sign", context="pay", message=b"four"),
    )
    plan = make_plan(7, 3, keys=(key_plan(5, 3, policy=policy, rotate=rules),), timeline=timeline)
    mallory = PrincipalPlan(name="mallory", authorised=False)
    return msgspec.structs.replace(
        plan,
        principals=(*plan.principals, mallory),
        expects=(
            ExpectPlan(key="beacon", rotation="completed", of="reshare-60", within_us=20 * SECOND),
            ExpectPlan(key="beacon", refused="RotationPending", of="refresh-61"),
            ExpectPlan(key="beacon", public_key="kept", rotations=4, signings=1, status="Retired"),
            ExpectPlan(key="beacon", signs=True, using=(("v00", 0), ("v01", 0), ("v03", 0))),
            ExpectPlan(key="beacon", signs=False, using=(("v00", 0), ("v01", 0), ("v05", 1))),
            ExpectPlan(key="beacon", exposed=False),
        ),
    )


@cache
def ran() -> tuple[RunOutcome, dict[str, Any]]:
    outcome = run_plan(life())
    return outcome, summarise(outcome, "0" * 8)


def key() -> dict[str, Any]:
    found: dict[str, Any] = ran()[1]["keys"]["beacon"]
    return found


def test_the_run_ends_by_itself_as_expected() -> None:
    _, summary = ran()

    assert summary["ending"] == "finished"
    assert [r["detail"] for r in summary["expectations"]] == [""] * 6
    assert (summary["verdict"], summary["violations"]) == ("pass", [])


def test_every_generation_tells_how_it_came_and_who_changed() -> None:
    told = [
        (g["generation"], g["operation"], g["trigger"], g["joined"], g["left"])
        for g in key()["generations"]
    ]

    assert told == [
        (0, "dkg", "create", ["v00", "v01", "v02", "v03", "v04"], []),
        (1, "reshare", "manual", ["v05", "v06"], ["v01"]),
        (2, "refresh", "policy-violation", [], []),
        (3, "reshare", "manual", [], ["v04", "v05", "v06"]),
    ]
    assert {g["public_key"] for g in key()["generations"]} == {key()["public_key"]}
    assert all(g["test_signature"]["verified"] for g in key()["generations"])
    assert all(g["messages"] > 40 and g["bytes"] > 10_000 for g in key()["generations"])


def test_rotations_name_the_entry_that_asked_for_them_and_whose_share_was_repaired() -> None:
    told = [(r["request"], r["operation"], r["trigger"], r["target"]) for r in key()["rotations"]]

    assert told == [
        ("reshare-60", "reshare", "manual", None),
        (None, "refresh", "policy-violation", None),
        (None, "repair", "lost-share", "v02"),
        ("reshare-300", "reshare", "manual", None),
    ]
    assert {r["outcome"] for r in key()["rotations"]} == {"activated"}


def test_surveillance_reports_a_violation_at_the_instant_of_the_block_that_shows_it() -> None:
    _, summary = ran()
    (refused,) = [r for r in summary["requests"] if r["id"] == "sign-120"]
    (report,) = [r for r in summary["requests"] if r["by"] == "surveillance"]

    assert refused["refused"] == "PolicyViolation"
    assert report["asked_us"] == refused["time_us"]
    assert report["height"] == refused["height"] + 1
    assert report["refused"] is None


def test_sessions_count_the_requests_and_the_t_chain_counts_its_own_tests_too() -> None:
    _, summary = ran()

    assert key()["sessions"] == {
        "complete": 1,
        "expired": 0,
        "failed": 0,
        "open": 0,
        "refused": {"KeyRetired": 1, "PolicyViolation": 1, "Unauthorized": 1},
    }
    assert summary["tchain"]["complete"] == 1 + len(key()["generations"])
    assert summary["tchain"]["refused"] == key()["sessions"]["refused"]


def test_the_account_shows_the_life_and_what_was_refused() -> None:
    told = account_text(ran()[1])

    assert "refresh, after a policy violation" in told
    assert "repair, a share was lost" in told
    assert "joined v05, v06; left v01" in told
    assert "refused: RotationPending" in told
    assert "Old shares stay valid" in told
    assert "retired, generation 3" in told


def test_verify_derives_every_generation_again() -> None:
    (found,) = api.verify(ran()[0].ledger).keys.values()

    assert (found.status, found.generation, found.generations) == ("Retired", 3, 4)
    assert (found.activations, found.endorsements) == (4, 0)


def test_a_validator_on_standby_registers_joins_and_is_drawn() -> None:
    """It is in no genesis; the epoch after it has joined may seat it."""
    plan = make_plan(5, 2, keys=(key_plan(3, 2, rotate=RotatePlan(on=("epoch",))),))
    validators = tuple(
        msgspec.structs.replace(v, standby=index == 4, stake=1_000_000 if index == 4 else 1)
        for index, v in enumerate(plan.validators)
    )
    timeline = (
        entry(0, "create-key"),
        entry(30, "join", nodes=(4,), key=""),
        entry(30, "leave", nodes=(1,), key=""),
    )
    plan = msgspec.structs.replace(
        plan,
        keys=(msgspec.structs.replace(plan.keys[0], committee=(), drawn=3),),
        validators=validators,
        timeline=timeline,
        duration_us=400 * SECOND,
        ledger=msgspec.structs.replace(plan.ledger, epoch_heights=60),
    )

    outcome = run_plan(plan)
    (record,) = summarise(outcome, "0" * 8)["keys"].values()

    assert {v.name for v in outcome.state.genesis.validators} == {"v00", "v01", "v02", "v03"}
    assert "v04" in outcome.state.registry
    assert outcome.state.registry["v01"].status == "left"
    assert [g["trigger"] for g in record["generations"][:2]] == ["create", "epoch"]
    assert "v04" in record["generations"][1]["joined"]
    assert "v01" not in record["committee"]


def test_a_run_does_not_wait_for_schedules_that_only_come_round_again() -> None:
    plan = make_plan(3, 2, keys=(key_plan(3, 2, rotate=RotatePlan(on=("epoch",), every=500)),))

    outcome = run_plan(plan)

    assert outcome.ending == "finished"
    assert outcome.state.height < 30
