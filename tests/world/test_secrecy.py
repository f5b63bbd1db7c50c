"""The attack of a network that drops shares: it must make no honest dealer publish them.

Each honest dealer's links to t − f honest holders are cut, one way, while shares are sent; f
holders are corrupted. Answers in the clear would then give the corrupted t points of every
polynomial.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from sim import api

FIRST_KEY: Final = Path(__file__).parents[2] / "scenarios" / "first-key.toml"
SIZE: Final = 7
THRESHOLD: Final = 5
CUT_US: Final = 24_000_000
NAMES: Final = tuple(f"v{i:02}" for i in range(SIZE))

BROKEN: Final = [{"violates": "secrecy"}, {"key": "beacon", "status": "Active"}]


def links(corrupted: int) -> dict[str, tuple[str, ...]]:
    """Return for each honest dealer the t − f honest holders that its shares don't reach."""
    honest = NAMES[corrupted:]
    others = {dealer: tuple(name for name in honest if name != dealer) for dealer in honest}
    return {dealer: holders[: THRESHOLD - corrupted] for dealer, holders in others.items()}


def cuts(corrupted: int) -> list[dict[str, Any]]:
    return [
        {
            "at": "0s",
            "do": "partition",
            "groups": [[dealer], list(holders)],
            "direction": "from-to",
            "heal": f"at {CUT_US // 1_000_000}s",
        }
        for dealer, holders in links(corrupted).items()
    ]


@cache
def attack(corrupted: int, justifications: str, *, foreseen: bool = False) -> api.Run:
    """Run it; the corrupted validators do nothing that shows, they only look."""
    scenario = api.load(FIRST_KEY).with_(
        {
            "network.profile": "ideal",
            "network.loss": "0%",
            "validators": {"n": SIZE},
            "keys.beacon.justifications": justifications,
            "timeline": [{"at": "0s", "do": "create-key", "key": "beacon"}, *cuts(corrupted)],
            "adversary": [
                {"nodes": list(NAMES[:corrupted]), "behaviour": "no-justification"},
            ],
            "expect": BROKEN if foreseen else [],
        }
    )
    return api.run(scenario)


def shares_were_cut(run: api.Run, corrupted: int) -> bool:
    """Say whether exactly the cut shares were missed, and the cut outlasted the responses."""
    (attempt,) = run.summary["ceremonies"]
    respond = next(phase for phase in attempt["phases"] if phase["phase"] == "respond")
    missed = {(d.dealer, d.accuser, d.kind) for d in run.disputes}
    wanted = {
        (d, holder, "missing") for d, holders in links(corrupted).items() for holder in holders
    }
    return respond["end_us"] < CUT_US and missed == wanted


@pytest.mark.parametrize("corrupted", [1, 2, 4])
def test_sealed_answers_keep_the_key_secret(corrupted: int) -> None:
    run = attack(corrupted, "sealed")

    assert shares_were_cut(run, corrupted)
    assert (run.exit_code, run.summary["violations"]) == (0, [])
    assert run.keys["beacon"].status == "Active"
    assert run.summary["ceremonies"][0]["published"] == []


@pytest.mark.parametrize("corrupted", [1, 2, 4])
def test_answers_in_the_clear_give_it_away(corrupted: int) -> None:
    run = attack(corrupted, "clear")

    assert shares_were_cut(run, corrupted)
    assert (run.exit_code, run.keys["beacon"].status) == (3, "Active")
    assert {v["invariant"] for v in run.summary["violations"]} == {"secrecy"}
    assert "the key is known" in run.summary["violations"][-1]["detail"]


def test_a_scenario_can_expect_that_secrecy_breaks() -> None:
    run = attack(1, "clear", foreseen=True)

    assert run.exit_code == 0
    assert [result["passed"] for result in run.summary["expectations"]] == [True, True]


def test_a_scenario_that_expects_it_in_vain_fails() -> None:
    sealed = api.load(FIRST_KEY).with_({"expect": BROKEN[:1]})

    assert api.run(sealed).exit_code == 1
