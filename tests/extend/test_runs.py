"""Runs with extensions: names, parameters, isolation, and the same bytes in every process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim import api
from sim.adversary import BEHAVIOURS
from sim.base.extensions import extended
from sim.checks import CHECKS
from sim.network.profiles import PROFILES, get_profile
from sim.scenario.load import load_text
from sim.scenario.publish import json_schema
from tests.extend.own import BEHAVIOUR, CHECK, SILENT, WICKED, write

PROFILE = """\
from sim import extend

extend.profile("moon", (2564, 2570), loss="1%", source="a guess")
extend.profile("two", {"a": [(2, 3), (40, 50)], "b": [(40, 50), (2, 3)]}, source="a guess")
"""

COUNTING = BEHAVIOUR.replace("from sim import extend\n", "from sim import extend\n\nSEEN = []\n", 1)
COUNTING = COUNTING.replace(
    "    match effect:\n",
    "    SEEN.append(effect)\n    if len(SEEN) > 4:\n        return\n    match effect:\n",
)
"""A behaviour that keeps state where it shouldn't: in its module."""


def test_a_behaviour_from_outside_acts_and_is_counted(tmp_path: Path) -> None:
    run = api.run(api.load(write(tmp_path, BEHAVIOUR)))

    assert run.exit_code == 0
    assert [c["injected"] for c in run.summary["corruptions"]] == [1]
    assert [(d.dealer, d.kind) for d in run.disputes] == [("v01", "invalid")]


def test_without_it_nobody_complains(tmp_path: Path) -> None:
    run = api.run(api.load(write(tmp_path, BEHAVIOUR, extra="")))

    assert run.exit_code == 0
    assert run.disputes == ()


def test_nothing_of_a_run_is_left_for_the_next(tmp_path: Path) -> None:
    before = set(BEHAVIOURS), set(CHECKS), set(PROFILES)
    loud = api.load(write(tmp_path / "a", BEHAVIOUR + CHECK + PROFILE))
    quiet = api.load(write(tmp_path / "b", SILENT))

    violated = api.run(loud)
    other = api.run(quiet)
    again = api.run(loud)

    assert (set(BEHAVIOURS), set(CHECKS), set(PROFILES)) == before
    assert violated.verdict == "safety violated"
    assert other.exit_code == 0
    assert again.digest == violated.digest
    assert {d.kind for d in violated.disputes} == {"invalid"}
    assert {d.kind for d in other.disputes} == {"missing"}


@pytest.mark.parametrize("code", [BEHAVIOUR, COUNTING], ids=["pure", "with state in its module"])
def test_two_processes_and_a_second_run_give_the_same_digest(tmp_path: Path, code: str) -> None:
    both = WICKED.replace('["v01"]', '["v01", "v02"]')
    scenario = api.load(write(tmp_path, code, both))

    digests = {api.run(scenario, processes=n).digest for n in (1, 2, 1)}

    assert len(digests) == 1


def test_the_run_takes_the_bytes_that_were_loaded(tmp_path: Path) -> None:
    path = write(tmp_path, BEHAVIOUR)
    scenario = api.load(path)
    first = api.run(scenario, processes=2)
    (tmp_path / "mine.py").write_text("raise RuntimeError", encoding="utf-8")

    again = api.run(scenario, processes=2)

    assert again.digest == first.digest


def test_a_changed_file_changes_the_plan_and_its_id(tmp_path: Path) -> None:
    plan, resolved = api.resolve(api.load(write(tmp_path, BEHAVIOUR)))
    same, moved = api.resolve(api.load(write(tmp_path / "elsewhere", BEHAVIOUR)))
    changed, other = api.resolve(api.load(write(tmp_path, BEHAVIOUR + "# changed\n")))

    assert (plan, resolved) == (same, moved)
    assert plan.extensions[0].name == "mine"
    assert plan.extensions != changed.extensions
    assert resolved != other


def test_a_check_from_outside_is_reported_by_its_whole_name(tmp_path: Path) -> None:
    run = api.run(api.load(write(tmp_path, CHECK, extra="")))
    named = '\n[[expect]]\nviolates = "mine:never-a-block"\n'
    foreseen = api.run(api.load(write(tmp_path, CHECK, extra=named)))

    assert run.exit_code == 3
    assert [v["invariant"] for v in run.summary["violations"]] == ["mine:never-a-block"]
    assert foreseen.exit_code == 0


def test_a_profile_from_outside_is_the_network(tmp_path: Path) -> None:
    scenario = api.load(write(tmp_path, PROFILE, extra=""), ['network.profile="mine:moon"'])
    run = api.run(scenario, out=tmp_path)

    assert run.exit_code == 0
    assert run.summary["virtual_seconds"] > 20
    assert run.folder is not None
    inlined = json.loads((run.folder / "plan.json").read_text())["profile"]
    assert (inlined["name"], inlined["source"]) == ("mine:moon", "a guess")


def test_a_profile_from_outside_may_have_regions(tmp_path: Path) -> None:
    sets = ['network.profile="mine:two"', 'validators.placement=["a", "b", "b"]']
    scenario = api.load(write(tmp_path, PROFILE, extra=""), sets)

    with extended(scenario.extensions):
        profile = get_profile("mine:two")
    with pytest.raises(api.ScenarioError, match='has no region "c"'):
        scenario.with_({"validators.placement": ["a", "b", "c"]})

    assert profile.regions == ("a", "b")
    assert profile.round_trips_us[0] == ((2000, 3000), (40000, 50000))


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ("{ delta = 0 }", "delta must be at least 1"),
        ('{ delta = "two" }', "delta must be of type int"),
        ('{ mood = "wid" }', 'did you mean "wild"'),
        ("{ dleta = 2 }", 'did you mean "delta"'),
    ],
)
def test_parameters_are_typed(tmp_path: Path, params: str, complaint: str) -> None:
    path = write(tmp_path, BEHAVIOUR, f"{WICKED}params = {params}\n")

    with pytest.raises(api.ScenarioError, match=complaint):
        api.load(path)


def test_parameters_stand_in_the_schema_of_the_extension_alone(tmp_path: Path) -> None:
    scenario = write(tmp_path, BEHAVIOUR)

    schema = api.schema([str(tmp_path / "mine.py")])
    plain = json_schema()

    (mine,) = (
        rule["then"]["properties"]["params"]
        for rule in schema["$defs"]["AdversaryTable"]["allOf"]
        if rule["if"]["properties"]["behaviour"] == {"const": "mine:off"}
    )
    assert set(mine["properties"]) == {"delta", "mood", "victims"}
    assert mine["properties"]["mood"]["enum"] == ["calm", "wild"]
    assert "mine:off" in json.dumps(schema)
    assert "mine:off" not in json.dumps(plain)
    assert api.load(scenario).name == "own"


def test_the_resolved_scenario_in_the_folder_runs_alike(tmp_path: Path) -> None:
    first = api.run(api.load(write(tmp_path, BEHAVIOUR)), out=tmp_path / "results")
    assert first.folder is not None
    (tmp_path / "mine.py").unlink()

    again = api.run(api.load(first.folder / "scenario.resolved.toml"))

    assert again.digest == first.digest
    assert (first.folder / "extensions" / "mine.py").read_text() == BEHAVIOUR


def test_a_resolved_scenario_refuses_a_source_that_was_changed(tmp_path: Path) -> None:
    run = api.run(api.load(write(tmp_path, BEHAVIOUR)), out=tmp_path / "results")
    assert run.folder is not None
    (run.folder / "extensions" / "mine.py").write_text(SILENT)

    with pytest.raises(api.ScenarioError, match=r"resolved\.toml:\d+:\d+") as caught:
        api.load(run.folder / "scenario.resolved.toml")

    assert "mine.py has changed: its SHA-256 is" in str(caught.value)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_bug_in_an_extension_is_told_as_its_own(tmp_path: Path, processes: int) -> None:
    code = BEHAVIOUR.replace("    match effect:\n", "    effect.nothing\n    match effect:\n")
    everybody = WICKED.replace('["v01"]', '["*"]')
    scenario = api.load(write(tmp_path, code, everybody))

    with pytest.raises(api.ExtensionError) as caught:
        api.run(scenario, processes=processes)

    assert caught.value.source.name == "mine"
    assert "mine.py" in "".join(map(str, [caught.value.source.origin]))


def test_data_classes_in_an_extension_work(tmp_path: Path) -> None:
    head = "from __future__ import annotations\nimport dataclasses\nfrom typing import ClassVar\n"
    data = "\n\n@dataclasses.dataclass\nclass Pair:\n    a: int\n    b: ClassVar[int] = 1\n"

    run = api.run(api.load(write(tmp_path, head + BEHAVIOUR + data)))

    assert run.exit_code == 0


def test_a_text_uses_files_from_the_folder_of_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, BEHAVIOUR)

    scenario = load_text(path.read_text(), str(tmp_path / "text.toml"))

    assert [known.name for known in scenario.extensions] == ["mine"]
