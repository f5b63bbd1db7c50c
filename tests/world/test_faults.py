"""Faults from the scenario to the ledger: each does what it says, and nothing without it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from sim import api
from sim.api.runs import Run
from sim.scenario.load import load_text
from sim.scenario.toml_text import document

Record = dict[str, Any]

BASE: Record = {
    "schema": 1,
    "name": "faults",
    "run": {"seed": 1},
    "validators": {"n": 6},
    "keys": {
        "beacon": {
            "scheme": "ED25519",
            "threshold": 3,
            "faults": 1,
            "committee": ["v00", "v01", "v02", "v03", "v04"],
        }
    },
}
CREATE: Record = {"at": "0s", "do": "create-key", "key": "beacon"}


def run(*entries: Record, **tables: Any) -> Run:
    """Run 3-of-5 on the ideal network with these faults."""
    text = document({**BASE, **tables, "timeline": [CREATE, *entries]})
    return api.run(load_text(text))


@cache
def quiet() -> Run:
    """Return the control: the same without any fault."""
    return run()


def verdicts(of: Run, kind: str = "send") -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in of.events():
        if event.kind == kind:
            counts[event.verdict] = counts.get(event.verdict, 0) + 1
    return counts


def phases(of: Run, attempt: int = 0) -> dict[str, tuple[int, int]]:
    story = of.summary["ceremonies"][attempt]
    return {phase["phase"]: (phase["start"], phase["end"]) for phase in story["phases"]}


def crashes(of: Run) -> list[str]:
    return [event.verdict for event in of.events() if event.kind == "crash"]


def test_a_filter_drops_the_nth_share_of_a_dealer_which_is_sent_again() -> None:
    found = run({"at": "0s", "do": "filter", "from": "v01", "kind": "share", "nth": 2, "count": 1})

    assert (verdicts(found).get("dropped"), verdicts(quiet()).get("dropped")) == (1, None)
    assert found.summary["messages"]["retransmissions"] == 1
    assert (found.exit_code, found.summary["disputes"]) == (0, [])


def test_a_filter_on_every_share_of_a_dealer_makes_complaints_and_no_fault() -> None:
    found = run({"at": "0s", "do": "filter", "from": "v01", "to": "v02", "kind": "share"})

    disputes = [(d["dealer"], d["accuser"], d["kind"]) for d in found.summary["disputes"]]
    assert disputes == [("v01", "v02", "missing")]
    assert (found.exit_code, found.faults, quiet().summary["disputes"]) == (0, (), [])


def test_a_filter_waits_for_an_event() -> None:
    when = {"event": "announce-submitted", "node": "v01", "nth": 1}
    found = run({"when": when, "do": "filter", "from": "v03", "kind": "ack", "delay": "9s"})

    sent = [e for e in found.events() if e.kind == "send" and e.label[0] == "ack"]
    slow = [e for e in sent if e.extra and int(e.extra[0]) - e.time_us >= 9_000_000]
    assert slow
    assert {event.validator for event in slow} == {3}


def test_an_entry_whose_event_never_comes_is_marked() -> None:
    often = {"event": "deal-submitted", "node": "v01", "nth": 9}
    once = {"event": "deal-submitted", "node": "v01", "nth": 1}
    found = run(
        {"id": "vain", "when": often, "do": "crash", "node": "v01"},
        {"id": "real", "when": once, "do": "crash", "node": "v01", "restart": "after 2s"},
        {"id": "known", "at": "40s", "do": "crash", "node": "v02", "restart": "after 2s"},
    )

    marked = {action["id"]: action.get("fired") for action in found.summary["actions"]}
    assert (marked["vain"], marked["real"], marked["known"]) == (False, None, None)
    assert crashes(found) == ["unsynced"] * 2


def test_a_restart_loop_at_an_event_runs_its_course() -> None:
    when = {"event": "deal-submitted", "node": "v01", "nth": 1}
    loop = {"node": "v01", "restart": "after 500ms", "times": 4, "up": "700ms"}
    found = run({"when": when, "do": "crash", **loop})

    assert crashes(found) == ["unsynced"] * 4
    assert (found.exit_code, crashes(quiet())) == (0, [])
    assert found.summary["keys"]["beacon"]["status"] == "Active"


@pytest.mark.parametrize(
    ("lose", "restore", "seen"),
    [("unsynced", None, "stale"), ("all", None, "all"), ("all", "after 3s", "unsynced")],
)
def test_a_disk_that_failed_before_a_crash_costs_a_share_that_is_repaired(
    lose: str, restore: str | None, seen: str
) -> None:
    ends = {} if restore is None else {"restore": restore}
    found = run(
        {"at": "1s", "do": "disk-fault", "node": "v02", "lose": lose, **ends},
        {"at": "40s", "do": "crash", "node": "v02", "restart": "after 5s"},
        {"at": "70s", "do": "quiet"},
    )

    key = found.summary["keys"]["beacon"]
    repaired = [r["target"] for r in key["rotations"] if r["outcome"] == "activated"]
    assert crashes(found) == [seen]
    assert repaired == ([] if seen == "unsynced" else ["v02"])
    assert (found.exit_code, key["shareless"], found.faults) == (0, [], ())


def test_a_dealer_whose_disk_forgets_its_deal_stays_silent_and_is_not_blamed() -> None:
    """Row 18's assumption broken: a store that lost the deal must not deal again."""
    when = {"event": "deal-submitted", "node": "v02", "nth": 1}
    found = run(
        {"at": "1s", "do": "disk-fault", "node": "v02"},
        {"when": when, "do": "crash", "node": "v02", "restart": "after 3s"},
    )

    assert crashes(found) == ["stale"]
    assert found.summary["violations"] == []
    assert [fault.validator for fault in found.faults if fault.proof] == []


def test_a_censored_response_is_missed_until_its_phase_is_over_and_nobody_is_blamed() -> None:
    found = run({"at": "0s", "do": "censor", "nodes": ["v02"], "kinds": ["response"]})

    start, end = phases(quiet())["respond"]
    late, ends = phases(found)["respond"]
    assert (end - start, ends - late) == (0, 14)
    assert (found.exit_code, found.faults) == (0, ())


def test_a_censored_owner_waits_for_its_key() -> None:
    found = run({"at": "0s", "do": "censor", "principals": ["owner"], "restore": "after 20s"})

    assert quiet().summary["requests"][0]["height"] == 1
    assert found.summary["requests"][0]["height"] == 10


def test_delays_of_everybodys_transactions_make_phases_longer() -> None:
    found = run({"at": "0s", "do": "delay-ledger", "by": "6s"})

    before, after = (phases(of)["deal"] for of in (quiet(), found))
    assert (after[1] - after[0]) - (before[1] - before[0]) == 3
    assert found.exit_code == 0


@pytest.mark.parametrize("do", ["clog", "hold", "link"])
def test_blocks_reach_a_validator_late_over_its_ledger_link(do: str) -> None:
    how = {
        "clog": {"by": "9s", "restore": "after 30s"},
        "hold": {"release": "after 9s"},
        "link": {"add_latency": "9s", "restore": "after 30s"},
    }
    found = run({"at": "1s", "do": do, "from": "ledger", "to": "v02", **how[do]})

    def received(of: Run, validator: int) -> list[int]:
        return [
            event.time_us
            for event in of.events()
            if (event.kind, event.label[0], event.validator) == ("receive", "block", validator)
        ]

    assert received(found, 2)[0] > received(found, 1)[0] + 1_000_000
    assert received(quiet(), 2)[0] < received(quiet(), 1)[0] + 1_000_000
    assert found.exit_code == 0


def test_quiet_ends_all_that_is_wrong_and_the_key_is_made() -> None:
    faults: list[Record] = [
        {"at": "0s", "do": "isolate", "nodes": ["v00", "v01"]},
        {"at": "1s", "do": "crash", "node": "v02"},
        {"at": "1s", "do": "pause", "node": "v03"},
        {"at": "1s", "do": "censor", "nodes": ["v04"]},
        {"at": "5s", "do": "halt-ledger"},
    ]
    lasting = {"run": {"seed": 1, "duration": "3m"}}

    noisy = run(*faults, **lasting)
    found = run(*faults, {"at": "30s", "do": "quiet"}, **lasting)

    assert (noisy.summary["height"] < 3, noisy.exit_code) == (True, 4)
    assert (found.exit_code, found.summary["keys"]["beacon"]["status"]) == (0, "Active")


def test_quiet_waits_for_an_event() -> None:
    split = {"at": "0s", "do": "isolate", "nodes": ["v00", "v01"]}
    when = {"event": "announce-submitted", "node": "v04", "nth": 1}

    found = run(split, {"when": when, "do": "quiet"})

    assert found.summary["keys"]["beacon"]["qual"] == ["v00", "v01", "v02", "v03", "v04"]
