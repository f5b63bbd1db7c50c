"""A run depends on its plan alone: not on processes, widths, schedules, hash seeds or caches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from sim.world.runner import run_plan
from tests.world.variations import PLANS, digest, lossy


@cache
def _digests(hash_seed: int) -> dict[str, dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.world.variations"],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", PLANS)
def test_nothing_but_the_plan_matters(name: str) -> None:
    digests = _digests(0)[name]

    assert set(digests.values()) == {digests["one process"]}, digests


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("bandwidth", {("send", "overflow"), ("overflow", ""), ("send", "lost"), ("down", "")}),
        ("stream, bad internet", {("send", "waiting"), ("release", "")}),
        (
            "clogs, holds and changed links",
            {("send", "lost"), ("send", "waiting"), ("release", ""), ("down", "")},
        ),
    ],
)
def test_plans_about_the_network_show_what_they_are_for(
    name: str, seen: set[tuple[str, str]]
) -> None:
    outcome = run_plan(PLANS[name])

    assert seen <= {(event.kind, event.verdict) for event in outcome.events}
    assert outcome.ending == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", [1, 2])
def test_hash_seeds_do_not_matter(hash_seed: int) -> None:
    assert _digests(hash_seed) == _digests(0)


def test_seeds_do() -> None:
    assert digest(run_plan(lossy(seed=1))) != digest(run_plan(lossy(seed=2)))
