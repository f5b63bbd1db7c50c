"""The resolved scenario loads to the same plan, whatever went into it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from sim.scenario.dump import dump_resolved
from sim.scenario.load import load, load_text, resolve
from sim.scenario.plan import Plan

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [
        *(ROOT / "scenarios").rglob("*.toml"),
        *(ROOT / "tests" / "scenarios" / "valid").glob("*.toml"),
    ]
)


def without_places(plan: Plan) -> Plan:
    """Leave out where expectations were written: that isn't what is run."""
    expects = tuple(msgspec.structs.replace(e, file="", line=0) for e in plan.expects)
    return msgspec.structs.replace(plan, expects=expects)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", [1, 2**53 - 1])
def test_a_resolved_scenario_loads_to_the_same_plan(path: Path, seed: int) -> None:
    plan = resolve(load(str(path)), seed)

    text = dump_resolved(plan)
    again = resolve(load_text(text))

    assert without_places(again) == without_places(plan)
    assert dump_resolved(again) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_crosses_processes_unchanged(path: Path) -> None:
    plan = resolve(load(str(path)))

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(plan), type=Plan) == plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_the_text_tells_changes_apart_and_spellings_not() -> None:
    scenario = load(str(ROOT / "tests" / "scenarios" / "valid" / "small.toml"))
    changes: list[dict[str, object]] = [
        {},
        {"run.seed": 2},
        {"network.loss": "1%"},
        {"keys.beacon.threshold": 4},
        {"keys.beacon.justifications": "clear"},
        {"validators.names": "w{:02}"},
    ]

    texts = [dump_resolved(resolve(scenario.with_(change))) for change in changes]

    assert len(set(texts)) == len(texts)
    same = scenario.with_({"keys.beacon.threshold": "2n/3", "ledger.block_time": "2000ms"})
    assert dump_resolved(resolve(same)) == texts[0]


def test_the_plan_does_not_depend_on_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    here = resolve(load("scenarios/attacks/silent-dealer.toml"))
    monkeypatch.chdir(ROOT / "scenarios" / "attacks")
    there = resolve(load("silent-dealer.toml"))

    assert here == there
