"""Which files are tests, how many, under which marks; and what happens to broken ones."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib

import pytest

from tests.plugin.stage import ROOT, Stage

pytest_plugins = ["pytester"]

TELL_MODULES = """\
import sys

def pytest_sessionfinish():
    found = sorted(name for name in sys.modules if name.split(".")[0] == "sim")
    print("MODULES", len(found))
"""


def test_the_installed_package_brings_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    (module,) = project["project"]["entry-points"]["pytest11"].values()

    assert module in project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert callable(importlib.import_module(module).pytest_collect_file)


def test_importing_the_plugin_imports_nothing_of_the_simulator() -> None:
    program = "import sys, ksim_pytest; print([m for m in sys.modules if m.split('.')[0] == 'sim'])"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_a_session_without_scenarios_imports_nothing_of_the_simulator(stage: Stage) -> None:
    stage.put("conftest.py", TELL_MODULES)
    stage.put("scenarios/other.toml", "[tool]\nname = 1\n")
    stage.put("test_it.py", "def test_it(): pass\n")

    stage.pytest("-s").stdout.fnmatch_lines(["*MODULES 0"])


def test_a_session_with_a_scenario_imports_it(stage: Stage) -> None:
    stage.put("conftest.py", TELL_MODULES)
    stage.write("one")

    stage.pytest("-s").stdout.fnmatch_lines(["*MODULES [1-9]*"])


def test_files_with_a_schema_and_validators_are_tests_and_no_others(stage: Stage) -> None:
    stage.write("one")
    stage.put("scenarios/deep/two.toml", 'schema = 1\nextends = "../one.toml"\nname = "two"\n')
    stage.put("scenarios/other.toml", 'schema = 1\n[tool]\nname = "x"\n')
    stage.put("scenarios/third.toml", "[validators]\nn = 3\n")
    stage.put("scenarios/notes.md", "schema = 1\n")

    assert stage.collected("scenarios") == [
        "scenarios/deep/two.toml::seed-1",
        "scenarios/one.toml::seed-1",
    ]


def test_a_scenario_has_as_many_tests_as_seeds(stage: Stage) -> None:
    stage.write("one")
    stage.write("chance", ("seed = 1", 'seed = "random"'))
    stage.write("seven", ("seed = 1", "seed = 7"))

    assert stage.collected("--ksim-seeds", "2") == [
        *(f"scenarios/chance.toml::seed-{seed}" for seed in (1, 2)),
        *(f"scenarios/one.toml::seed-{seed}" for seed in (1, 2)),
        *(f"scenarios/seven.toml::seed-{seed}" for seed in (7, 8)),
    ]
    assert stage.collected("--ksim-seed", "40", "scenarios/one.toml") == [
        "scenarios/one.toml::seed-40"
    ]


@pytest.mark.parametrize(
    "wrong", ["--ksim-seeds=0", "--ksim-seed=-1", "--ksim-seed=x", "--ksim-check-determinism=2"]
)
def test_a_wrong_option_is_a_usage_error(stage: Stage, wrong: str) -> None:
    stage.write("one")

    result = stage.pytest(wrong)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{wrong.split('=')[0]}*"])


def test_without_a_setting_paths_on_the_command_line_count_and_else_scenarios(stage: Stage) -> None:
    text = stage.write("one").read_text(encoding="utf-8")
    stage.put("elsewhere/two.toml", text)

    assert stage.collected() == ["scenarios/one.toml::seed-1"]
    assert stage.collected("elsewhere") == ["elsewhere/two.toml::seed-1"]
    assert stage.collected("-n", "0", ".") == [
        "elsewhere/two.toml::seed-1",
        "scenarios/one.toml::seed-1",
    ]


def test_the_setting_says_where_scenarios_are_and_a_named_file_always_is_one(stage: Stage) -> None:
    text = stage.write("one").read_text(encoding="utf-8")
    stage.put("elsewhere/two.toml", text)
    stage.put("pytest.ini", "[pytest]\nksim_paths = elsewhere\n")

    assert stage.collected(".") == ["elsewhere/two.toml::seed-1"]
    assert stage.collected("scenarios/one.toml") == ["scenarios/one.toml::seed-1"]


def test_tags_are_marks_although_marks_are_strict(stage: Stage) -> None:
    stage.write("one", tags='["ci", "t-of-n", "two words: (x)"]')
    stage.write("two", tags='["nightly"]')

    assert stage.collected("-m", "ci and t-of-n") == ["scenarios/one.toml::seed-1"]
    assert stage.collected("-m", "two-words---x-") == ["scenarios/one.toml::seed-1"]
    assert stage.collected("-m", "not ci") == ["scenarios/two.toml::seed-1"]


def test_long_ones_run_only_if_they_are_named(stage: Stage) -> None:
    for tag in ("bench", "slow", "sweep"):
        stage.write(tag, tags=f'["ci", "{tag}"]')
    stage.write("tiny", tags='["ci"]')

    def chosen(expression: str) -> list[str]:
        return [test.split("/")[1].split(".")[0] for test in stage.collected("-m", expression)]

    stage.pytest().assert_outcomes(passed=1, deselected=3)
    assert chosen("ci") == ["tiny"]
    assert chosen("slow or bench") == ["bench", "slow"]
    assert chosen("ci and not slow") == ["tiny"]
    assert chosen("ci or sweep") == ["sweep", "tiny"]


@pytest.mark.parametrize("tag", ["xfail", "skip"])
def test_a_tag_cannot_hide_a_failure(stage: Stage, tag: str) -> None:
    stage.write("one", tags=f'["{tag}"]')

    result = stage.pytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f'scenarios/one.toml: tag "{tag}" is a mark of pytest itself*'])


def test_a_broken_scenario_is_an_error_with_every_place(stage: Stage) -> None:
    stage.write("one")
    stage.write("wrong", ("n = 3", "n = 3\nfoo = 1"), ('"completed"', '"complete"'))

    result = stage.pytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*--> scenarios/wrong.toml:10:1", "*--> scenarios/wrong.toml:26:12", "*did you mean*"]
    )


def test_a_syntax_error_makes_no_test_vanish(stage: Stage) -> None:
    stage.put("scenarios/torn.toml", 'schema = 1\nname = "torn\n')
    stage.put("scenarios/none.toml", 'title = "torn\n')

    result = stage.pytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--> scenarios/torn.toml:2:*"])
