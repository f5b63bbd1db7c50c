"""Calibration, and cost models in files: what is measured, and what comes of it in a run."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from sim import api
from sim.api import calibrations
from sim.base.errors import LocalError
from sim.base.meters import charge
from sim.study.calibrate import calibrate
from sim.study.operations import Operation
from sim.validator.costs import OPERATIONS, SCHEMES

SCENARIO = """schema = 1
name = "priced"
[run]
seed = 1
[validators]
n = 3
[cost]
model = "{model}"
[keys.beacon]
scheme = "ED25519"
threshold = 2
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
"""

SLOW = """format = "kchain-costs"
version = 1
name = "slow"
source = "made up: a base multiplication takes a second and a half"

[nanoseconds]
"exp.base" = 1

[schemes.ED25519]
"exp.base" = 1_500_000_000
"""


def test_every_operation_is_measured_in_every_group_and_the_file_is_a_scenarios_model(
    tmp_path: Path,
) -> None:
    found = api.calibrate("here", tmp_path / "here.toml", rounds=1)
    (tmp_path / "priced.toml").write_text(SCENARIO.format(model="./here.toml"), encoding="utf-8")

    plan, _ = api.resolve(api.load(tmp_path / "priced.toml"))

    for scheme in SCHEMES:
        prices = found.model().priced([scheme]).nanoseconds
        assert sorted(prices) == sorted(OPERATIONS)
        assert min(prices.values()) > 0
    assert not isinstance(plan.cost, str)
    assert plan.cost.nanoseconds == found.model().nanoseconds
    assert plan.cost.schemes == found.model().schemes
    assert plan.cost.source.startswith("measured on 20")


def test_a_model_takes_the_least_of_the_rounds_and_tells_how_they_stray() -> None:
    ticks = iter([0, 900, 1000, 1600, 2000, 2750])
    operation = Operation(
        "combine.128.terms", "BLS", lambda: charge("combine.128.terms", 10), 3, 10
    )

    found = calibrate("own", 3, timed=[operation], clock=ticks.__next__)

    (line,) = found.lines
    assert line.rounds == (30, 20, 25)
    assert (line.least, line.median, line.spread) == (20, 25, 0.25)
    assert found.model().schemes == {"BLS": {"combine.128.terms": 20}}


def test_an_operation_that_charges_something_else_is_a_bug() -> None:
    operation = Operation("seal", "", lambda: charge("open"), 1)

    with pytest.raises(LocalError, match="seal charges"):
        calibrate("own", 1, timed=[operation], clock=count().__next__)


def test_a_cost_model_changes_virtual_time_the_same_way_every_time(tmp_path: Path) -> None:
    (tmp_path / "slow.toml").write_text(SLOW, encoding="utf-8")
    file = tmp_path / "priced.toml"
    file.write_text(SCENARIO.format(model="slow.toml"), encoding="utf-8")

    scenario = api.load(file)
    slow, again = (api.run(scenario) for _ in range(2))
    instant = api.run(scenario.with_({"cost.model": "instant"}))

    assert slow.digest == again.digest
    assert slow.summary["virtual_seconds"] > instant.summary["virtual_seconds"] + 2
    assert slow.summary["messages"]["shares"] == instant.summary["messages"]["shares"]


def test_a_run_is_reproduced_from_its_folder_when_the_models_file_is_gone(tmp_path: Path) -> None:
    model = tmp_path / "slow.toml"
    model.write_text(SLOW, encoding="utf-8")
    file = tmp_path / "priced.toml"
    file.write_text(SCENARIO.format(model="./slow.toml"), encoding="utf-8")
    done = api.run(api.load(file), out=tmp_path / "results")
    assert done.folder is not None
    model.unlink()

    replayed = api.replay(done.folder)
    resolved = api.run(api.load(done.folder / "scenario.resolved.toml"))

    assert replayed.exit_code == 0
    assert replayed.versions == ()
    assert resolved.digest == done.digest


@pytest.mark.parametrize(
    ("wrong", "right", "line", "message"),
    [
        ('"exp.base" = 1\n', '"exp.bass" = 1\n', 7, 'no operation "exp.bass"'),
        ("[schemes.ED25519]", "[schemes.ED25518]", 9, 'no scheme with a group "ED25518"'),
        ("1_500_000_000", '"slow"', 10, "expected a whole number, found text"),
        ('name = "slow"\n', "", 1, 'missing key "name"'),
        ("version = 1", "version = 2", 2, ""),
        ("[nanoseconds]", "[nanoseconds", 6, "not TOML"),
    ],
)
def test_errors_in_a_models_file_are_placed_in_it(
    tmp_path: Path, wrong: str, right: str, line: int, message: str
) -> None:
    assert wrong in SLOW
    (tmp_path / "slow.toml").write_text(SLOW.replace(wrong, right), encoding="utf-8")
    file = tmp_path / "priced.toml"
    file.write_text(SCENARIO.format(model="slow.toml"), encoding="utf-8")

    with pytest.raises(api.ScenarioError) as error:
        api.load(file)

    found = error.value.diagnostics[0]
    assert Path(found.span.file).name == "slow.toml"
    assert found.span.line == line
    assert message in found.message


def test_a_model_that_is_not_there_is_an_error_where_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "priced.toml"
    file.write_text(SCENARIO.format(model="gone.toml"), encoding="utf-8")

    with pytest.raises(api.ScenarioError, match=r"can't read .*gone\.toml") as error:
        api.load(file)

    assert error.value.diagnostics[0].span.line == 8


def test_a_model_that_is_there_is_neither_measured_again_nor_lost(tmp_path: Path) -> None:
    file = tmp_path / "here.toml"
    file.write_text("kept", encoding="utf-8")

    with pytest.raises(FileExistsError, match="there already"):
        api.calibrate("here", file)

    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("file", "error", "named"),
    [
        ("nodir/x.toml", FileNotFoundError, "nodir"),
        ("plain/x.toml", NotADirectoryError, "plain"),
        ("folder.toml", IsADirectoryError, "folder.toml"),
    ],
)
def test_a_model_that_can_not_be_written_is_told_before_anything_is_measured(
    file: str,
    error: type[OSError],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "folder.toml").mkdir()
    monkeypatch.setattr(calibrations, "measure", lambda *_: pytest.fail("it was measured"))

    with pytest.raises(error) as found:
        api.calibrate("here", tmp_path / file, force=True)

    assert found.value.filename == str(tmp_path / named)


@pytest.mark.parametrize(
    ("name", "file", "rounds", "said"),
    [
        ("9 lives", "a.toml", 1, "no name"),
        ("a", "a.txt", 1, ".toml"),
        ("a", "a.toml", 0, "least 1"),
    ],
)
def test_what_is_no_model_is_refused(
    name: str, file: str, rounds: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=said):
        api.calibrate(name, tmp_path / file, rounds=rounds)
    assert not (tmp_path / file).exists()
