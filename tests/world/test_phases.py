"""Safety, then liveness: the core recovers, or is told to have too few shares, or has stalled."""

from __future__ import annotations

from typing import Any

import pytest

from sim import api
from sim.api.runs import Run
from sim.report import account_text
from sim.scenario.load import load_text, resolve
from sim.scenario.plan import Plan
from sim.scenario.toml_text import document
from sim.validator import life
from sim.world.runner import run_plan
from sim.world.summary import summarise

Record = dict[str, Any]

MEMBERS = [f"v{i:02}" for i in range(7)]


SHORT: Record = {"announce": 6, "deal": 12, "respond": 9, "confirm": 8}
"""Phases, in heights: repairs whose first helpers are lost take more than one attempt."""


def scenario(*entries: Record, core: list[str] | None = None, **tables: Any) -> str:
    """Return 3-of-7 with f* = 2: two of the seven may be lost for good."""
    phases: Record = {"safety": "2m", "settle": "20s", "liveness": "6m"}
    if core is not None:
        phases["core"] = core
    key = {"scheme": "ED25519", "threshold": 3, "faults": 2, "committee": MEMBERS}
    return document(
        {
            "schema": 1,
            "name": "phases",
            "run": {"seed": 5, "phases": phases},
            "validators": {"n": 7},
            "keys": {"beacon": key},
            "ledger": {"phases": SHORT},
            **tables,
            "timeline": [{"at": "0s", "do": "create-key", "key": "beacon"}, *entries],
        }
    )


def run(*entries: Record, **tables: Any) -> Run:
    return api.run(load_text(scenario(*entries, **tables)))


def judged(of: Run) -> Record:
    found: Record = of.summary["recovery"]["keys"]["beacon"]
    return found


STOPPED: list[Record] = [
    {"at": "1s", "do": "isolate", "nodes": MEMBERS[:4]},
    {"at": "2s", "do": "crash", "nodes": MEMBERS[4:6]},
    {"at": "2s", "do": "pause", "node": "v06"},
    {"at": "9s", "do": "halt-ledger"},
]
"""Everything stands still, and nothing that the entries say ends it."""


def test_the_core_recovers_once_everything_that_stood_still_is_healed() -> None:
    found = run(*STOPPED)

    assert (found.exit_code, found.verdict, judged(found)["verdict"]) == (0, "pass", "recovered")
    assert judged(found)["shares"] >= 5
    assert found.summary["keys"]["beacon"]["status"] == "Active"


def test_everybody_outside_the_core_is_lost_for_good() -> None:
    found = run(*STOPPED)

    recovery = found.summary["recovery"]
    lost = [*recovery["crashed"], *recovery["isolated"]]
    assert sorted([*recovery["core"], *lost]) == MEMBERS
    assert len(lost) == 2
    late = [e for e in found.events() if e.time_us > recovery["healed_us"]]
    heard = {MEMBERS[e.validator] for e in late if e.kind == "receive"}
    assert heard == set(recovery["core"])


def test_adversaries_give_up_when_the_safety_phase_ends() -> None:
    plan = resolve(load_text(scenario(adversary=[{"nodes": ["v01"], "behaviour": "bad-proof"}])))

    assert [corruption.until_us for corruption in plan.corruptions] == [120_000_000]


def test_a_trigger_of_a_fault_runs_out_with_the_safety_phase() -> None:
    """The confirmations come after the heal here, in the control before it."""
    crash: Record = {
        "when": {"event": "confirm-submitted", "node": "v00", "nth": 1},
        "do": "crash",
        "node": "v00",
        "restart": "after 1s",
    }

    def crashes(*entries: Record) -> tuple[int, bool]:
        found = run(crash, *entries, core=MEMBERS)
        (told,) = (action for action in found.summary["actions"] if action["do"] == "crash")
        return sum(e.kind == "crash" for e in found.events()), told.get("fired", True)

    assert crashes() == (1, True)
    assert crashes({"at": "1s", "do": "halt-ledger"}) == (0, False)


def test_too_few_shares_are_a_stop_with_its_own_verdict() -> None:
    found = run({"at": "100s", "do": "crash", "nodes": MEMBERS[:5], "lose": "all"})

    assert (found.exit_code, found.verdict) == (0, "unrecoverable")
    key = judged(found)
    assert (key["verdict"], key["needed"], key["shares"] < 3) == ("unrecoverable", 3, True)
    assert set(key["lost"]) == set(MEMBERS[:5]) & set(found.summary["recovery"]["core"])
    assert "unrecoverable" in account_text(found.summary)


def test_with_enough_shares_left_lost_ones_are_repaired() -> None:
    """The control of the test above: the same loss, of fewer."""
    found = run({"at": "100s", "do": "crash", "nodes": MEMBERS[:2], "lose": "all"})

    assert (found.exit_code, judged(found)["verdict"]) == (0, "recovered")


@pytest.mark.parametrize("core", [MEMBERS[:5], MEMBERS[2:]])
def test_the_repair_of_who_is_lost_for_good_is_not_the_cores_to_end(core: list[str]) -> None:
    """v06 forgets its share just before the heal; in the control it is in the core: repaired."""
    crash = {"at": "113s", "do": "crash", "node": "v06", "lose": "all", "restart": "after 2s"}
    found = run(crash, core=core)

    repairs = [one for one in found.summary["ceremonies"] if one["operation"] == "repair"]
    assert {one["target"] for one in repairs} == {"v06"}
    assert (repairs[-1]["outcome"] == "active") == ("v06" in core)
    assert repairs[-1]["start_us"] > found.summary["recovery"]["settled_us"] or "v06" in core
    assert (found.exit_code, judged(found)["verdict"]) == (0, "recovered")


FALLEN: list[Record] = [
    {"at": "110s", "do": "crash", "nodes": MEMBERS},
    {"at": "112s", "do": "refresh", "key": "beacon"},
]
"""Everybody is down when a refresh is asked for."""


def test_a_planted_stall_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restarted validator that never reads the ledger waits for ever, and so does its key."""
    sound = run(*FALLEN)
    monkeypatch.setattr(life.Incarnation, "_catch_up", lambda _: [])
    stalled = run(*FALLEN)

    assert (sound.exit_code, judged(sound)["verdict"]) == (0, "recovered")
    assert (stalled.exit_code, judged(stalled)["verdict"]) == (4, "stalled")
    (violation,) = stalled.summary["violations"]
    assert (violation["invariant"], violation["kind"]) == ("core-recovers", "liveness")
    assert "stalled" in account_text(stalled.summary)


def test_an_expectation_about_the_key_does_not_excuse_a_stall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(life.Incarnation, "_catch_up", lambda _: [])
    spoken = [{"key": "beacon", "ceremony": "either"}]

    found = run(*FALLEN, expect=spoken)

    assert found.exit_code == 4


def test_a_key_that_failed_before_the_heal_has_not_stalled() -> None:
    phases = {"announce": 4, "deal": 4, "respond": 9, "confirm": 4}
    alone = {"scheme": "ED25519", "threshold": 3, "faults": 2, "attempts": 1, "committee": MEMBERS}
    found = run(STOPPED[0], keys={"beacon": alone}, ledger={"phases": phases})

    assert (found.exit_code, judged(found)["verdict"]) == (0, "failed")


def test_the_number_of_processes_does_not_matter() -> None:
    plan = resolve(load_text(scenario(*STOPPED, network={"profile": "lossy-stress"})))

    def digest(of: Plan, processes: int) -> str:
        return str(summarise(run_plan(of, processes), "0" * 8)["digest"])

    assert digest(plan, 2) == digest(plan, 1)
