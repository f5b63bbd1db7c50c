"""Files, what they extend, and changes on top."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.load import Scenario, load, load_text, resolve
from sim.scenario.plan import Plan

VALID = Path(__file__).parents[1] / "scenarios" / "valid"
SMALL = str(VALID / "small.toml")


def plan(*sets: str, path: str = SMALL) -> Plan:
    return resolve(load(path, sets))


def refusal(*sets: str, path: str = SMALL) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        load(path, sets)
    return caught.value


def test_a_scenario_that_extends_keeps_what_it_does_not_change() -> None:
    found = plan(path=str(VALID / "extending.toml"))

    assert (found.name, len(found.validators), found.seed) == ("extending", 7, 1)
    assert (found.keys[0].threshold, found.keys[0].faults) == (3, 1)
    assert found.network.profile == "ideal"
    assert [action.key for action in found.timeline] == ["beacon"]


def test_arrays_and_inline_tables_of_a_base_are_replaced_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        (VALID / "small.toml").read_text(encoding="utf-8")
        + '[[expect]]\nkey = "beacon"\nsigns = true\n'
        + "[validators2]\n".replace("validators2", "transport")
        + "retransmissions = 3\n",
        encoding="utf-8",
    )
    (tmp_path / "sub").mkdir()
    child = tmp_path / "sub" / "child.toml"
    child.write_text(
        'extends = "../base.toml"\nname = "child"\n'
        'transport = { rto_min = "1s" }\n[[expect]]\nkey = "beacon"\nattempts = 1\n',
        encoding="utf-8",
    )

    found = plan(path=str(child))

    assert [(expect.attempts, expect.signs) for expect in found.expects] == [(1, None)]
    assert found.transport.retransmissions is None
    assert (found.expects[0].file, found.expects[0].line) == ("child.toml", 4)


def test_an_expectation_of_a_base_names_its_file_as_seen_from_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        (VALID / "small.toml").read_text(encoding="utf-8") + "[[expect]]\nsigns = true\n",
        encoding="utf-8",
    )
    (tmp_path / "sub").mkdir()
    child = tmp_path / "sub" / "child.toml"
    child.write_text('extends = "../base.toml"\n', encoding="utf-8")

    assert plan(path=str(child)).expects[0].file == "../base.toml"


def test_a_set_value_needs_no_quotes_and_the_last_one_wins() -> None:
    found = plan("network.loss=2%", "run.seed=7", "network.loss=0.5%", 'name="other"')

    assert (found.network.loss, found.seed, found.name) == (21474836, 7, "other")


def test_a_set_reaches_below_a_value_and_into_arrays() -> None:
    assert plan("network.loss=1%", "network.loss.rate=100%").network.loss == 1 << 32
    assert plan("timeline.0.at=5s").timeline[0].at_us == 5_000_000
    assert plan('timeline.0={at="6s",do="create-key",key="beacon"}').timeline[0].at_us == 6_000_000


def test_a_wrong_set_is_placed_in_the_command_line() -> None:
    found = refusal("run.seed=7", "keys.beacon.threshold=9").diagnostics

    assert [str(d.span.place) for d in found] == ["--set:2:23"]
    assert found[0].related[0][1].file == SMALL


@pytest.mark.parametrize(
    "entry",
    ["x", "=1", "a b=1", "timeline.9.at=1s", "timeline.x.at=1s", "extends=1", "run.sed=1", "a='"],
)
def test_a_set_that_makes_no_sense_is_refused(entry: str) -> None:
    assert refusal(entry).diagnostics[0].span.file == "--set"


def test_changes_from_a_program_are_values() -> None:
    scenario = load(SMALL)

    changed = scenario.with_({"keys.beacon.threshold": 4, "validators.n": 9, "tags": ("a", "b")})

    assert resolve(changed).keys[0].threshold == 4
    assert resolve(changed).tags == ("a", "b")
    assert resolve(scenario).keys[0].threshold == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"keys.beacon.threshold": 99},
        {"keys.beacon.threshold": None},
        {"run.seed": object()},
        {"": 1},
        {"nonsense": 1},
        {"timeline.4.at": "1s"},
    ],
)
def test_a_wrong_change_is_a_scenario_error(changes: dict[str, object]) -> None:
    with pytest.raises(ScenarioError):
        load(SMALL).with_(changes)


def test_a_scenario_and_its_errors_cross_processes() -> None:
    scenario: Scenario = pickle.loads(pickle.dumps(load(SMALL)))  # noqa: S301  # our own bytes
    error = pickle.loads(pickle.dumps(refusal("run.seed=-1")))  # noqa: S301  # our own bytes

    assert resolve(scenario) == plan()
    assert error.diagnostics == refusal("run.seed=-1").diagnostics


def test_a_seed_left_to_chance_must_be_drawn_by_the_caller() -> None:
    scenario = load(SMALL, ["run.seed=random"])

    assert scenario.seed is None
    assert resolve(scenario, 5).seed == 5
    with pytest.raises(ValueError, match="chance"):
        resolve(scenario)


@pytest.mark.parametrize("seed", [-1, 2**53, 10**40])
def test_a_seed_out_of_range_is_a_scenario_error(seed: int) -> None:
    with pytest.raises(ScenarioError, match="seed"):
        resolve(load(SMALL), seed)


@pytest.mark.parametrize("path", ["", "no-such-file.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_scenario_error(path: str) -> None:
    with pytest.raises(ScenarioError, match="can't read"):
        load(path)


def test_a_text_can_extend_a_file() -> None:
    found = resolve(load_text('extends = "small.toml"\nname = "text"', path=str(VALID / "x.toml")))

    assert found.name == "text"
