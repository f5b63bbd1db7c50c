"""Every planted mistake is caught by the check that is about it, and real code passes the same run.

A check that has never found anything is no check: these are the positive controls of `sim.checks`,
and of the shipped scenarios' expectations.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario.load import Scenario, load, load_text, resolve
from sim.world.runner import run_plan
from sim.world.summary import summarise
from tests.planted.plants import PLANTS, Plant

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def scenario_of(plant: Plant) -> Scenario:
    (path,) = SCENARIOS.rglob(f"{plant.scenario}.toml")
    if plant.extra:
        return load_text(path.read_text(encoding="utf-8") + plant.extra, str(path), plant.sets)
    return load(str(path), plant.sets)


def caught(plant: Plant) -> set[str]:
    """Run the plant's scenario, and return the names of what fails."""
    try:
        outcome = run_plan(resolve(scenario_of(plant)))
    except (AssertionError, BaseExceptionGroup) as stopped:
        return {f"stops:{_assertion(stopped)}"}
    summary = summarise(outcome, "00000000")
    failed = [e["text"] for e in summary["expectations"] if not e["passed"]]
    foreseen = {e["violates"] for e in summary["expectations"]}
    broken = {v["invariant"] for v in summary["violations"]} - foreseen
    return {*broken, *(f"expect:{text}" for text in failed)}


def _assertion(error: BaseException) -> str:
    """Return what the assertion says that ended the run; anything else goes on."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, AssertionError):
        raise error
    return str(error)


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_the_right_check_names_a_planted_mistake(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.patch(monkeypatch)

    found = caught(plant)

    kind, _, text = plant.caught_by.rpartition(":")
    assert any(name == text if not kind else text in name for name in found), found


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_without_it_the_same_run_passes(plant: Plant) -> None:
    assert caught(plant) == set()


def test_there_are_at_least_twelve_and_no_name_twice() -> None:
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 12
