"""Honest dealers whose links to the ledger are slower than the phases are long."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from sim import api

FIRST_KEY: Final = Path(__file__).parents[2] / "scenarios" / "first-key.toml"

LATE: Final = {"network.loss": "50%", "ledger.block_time": "100ms", "adversary": [], "expect": []}
"""Ten heights a second; a statement that is lost five times comes after many of them."""


@pytest.mark.parametrize("seed", [1, 2])
def test_honest_dealers_that_are_late_are_a_liveness_violation(seed: int) -> None:
    run = api.run(api.load(FIRST_KEY).with_(LATE), seed=seed)

    assert (run.exit_code, run.verdict) == (4, "liveness violated")
    kinds = {(v["invariant"], v["kind"]) for v in run.summary["violations"]}
    assert kinds == {("honest-dealers-are-heard", "liveness")}
    assert not any(fault.proof for fault in run.faults)


def test_it_can_be_foreseen() -> None:
    foreseen = {**LATE, "expect": [{"violates": "honest-dealers-are-heard"}]}

    assert api.run(api.load(FIRST_KEY).with_(foreseen), seed=1).exit_code == 0


def test_the_list_of_invariants_says_which_are_of_liveness() -> None:
    listed = api.catalogue("invariants")

    liveness = {name for name, sentence in listed.items() if sentence.endswith("(liveness)")}
    assert liveness == {"honest-dealers-are-heard", "ceremonies-end", "core-recovers"}
    assert all(sentence.endswith(("(liveness)", "(safety)")) for sentence in listed.values())
