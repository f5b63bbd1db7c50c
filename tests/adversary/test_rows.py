"""The catalogue's 80 rows against what is registered and shipped: none missing, none invented."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from sim.adversary import BEHAVIOURS
from sim.adversary.catalogue import ROWS, Row, rows_of
from sim.scenario.actions import ACTIONS
from sim.scenario.load import load, resolve
from sim.scenario.plan import Plan

ROOT = Path(__file__).parents[2]
REFUSED = ROOT / "tests" / "scenarios" / "invalid"


@cache
def shipped() -> dict[str, Plan]:
    files = sorted((ROOT / "scenarios").rglob("*.toml"))
    return {path.stem: resolve(load(str(path))) for path in files}


def test_there_are_eighty_rows_in_order_and_no_name_twice() -> None:
    assert [row.number for row in ROWS] == list(range(1, 81))
    assert len({row.name for row in ROWS}) == 80


@pytest.mark.parametrize("name", list(BEHAVIOURS))
def test_every_behaviour_plays_a_row_and_its_docstring_gives_the_number(name: str) -> None:
    numbers = {int(number) for number in re.findall(r"\((\d+)\)", BEHAVIOURS[name].summary)}

    assert numbers & {row.number for row in rows_of(name)}


@pytest.mark.parametrize("row", [r for r in ROWS if r.how == "behaviour"], ids=lambda r: r.name)
def test_a_row_of_behaviours_is_shown_by_a_scenario_that_counts_injections(row: Row) -> None:
    plan = shipped()[row.scenario]

    assert set(row.plays) <= set(BEHAVIOURS)
    assert set(row.plays) & {corruption.behaviour for corruption in plan.corruptions}
    assert row.predicted
    assert any((expect.injected or 0) >= 1 for expect in plan.expects)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.how in ("network", "ledger", "process")], ids=lambda r: r.name
)
def test_a_row_of_faults_is_shown_by_a_scenario_that_has_them(row: Row) -> None:
    plan = shipped()[row.scenario]

    done = {action.do for action in plan.timeline}
    settings = {
        f"network.{name}" for name in ("duplicate", "reorder") if getattr(plan.network, name)
    }
    assert set(row.plays) <= set(ACTIONS) | settings
    assert set(row.plays) & (done | settings)
    assert row.predicted


@pytest.mark.parametrize("row", [r for r in ROWS if r.how == "configuration"], ids=lambda r: r.name)
def test_a_configuration_row_is_a_file_that_is_refused(row: Row) -> None:
    assert row.number in (13, 14, 63, 73)
    said = (REFUSED / f"{row.scenario}.txt").read_text(encoding="utf-8")

    assert said.startswith("error: ")
    assert (REFUSED / f"{row.scenario}.toml").read_text(encoding="utf-8").startswith("# Row ")


def test_one_row_is_excluded_by_the_model() -> None:
    assert [row.number for row in ROWS if row.how == "excluded"] == [51]
