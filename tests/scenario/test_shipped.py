"""The shipped scenarios are valid, and there is one for every behaviour."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from sim import api
from sim.scenario import catalogue
from sim.scenario.load import load, resolve
from sim.scenario.plan import Plan
from sim.scenario.template import template

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FILES = sorted(SCENARIOS.rglob("*.toml"))


@cache
def shipped() -> list[Plan]:
    return [resolve(load(str(path))) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_scenario_is_called_as_its_file_and_explains_itself(path: Path) -> None:
    plan = resolve(load(str(path)))

    assert plan.name == path.stem
    assert plan.expects
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("name", list(catalogue.behaviours()))
def test_every_behaviour_has_an_attack_with_a_positive_control(name: str) -> None:
    shows = [
        plan
        for plan in shipped()
        if name in {corruption.behaviour for corruption in plan.corruptions}
    ]

    assert any((expect.injected or 0) >= 1 for plan in shows for expect in plan.expects)


def test_the_template_passes_when_it_is_run(tmp_path: Path) -> None:
    file = tmp_path / "my-scenario.toml"
    file.write_text(template(), encoding="utf-8")

    run = api.run(api.load(file))

    assert (run.verdict, run.exit_code) == ("pass", 0)
