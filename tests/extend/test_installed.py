"""The examples from an installed wheel, and an extension that is itself an installed package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extend.own import BEHAVIOUR, WICKED, write

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/*.toml"))

PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "My_Attacks"
version = "1.0"
[project.entry-points."ksim.extensions"]
anything = "my_attacks"
[tool.setuptools]
py-modules = ["my_attacks"]
"""


def python(*arguments: str | Path, site: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def install(project: Path, site: Path) -> None:
    """Build the wheel of `project` with what is installed here, and unpack it to `site`."""
    wheels = project / "wheels"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    alone = ["--no-deps", "--no-index"]
    wheel = [*pip, "wheel", *alone, "--no-build-isolation", "-w", str(wheels), str(project)]
    for command in (wheel, [*pip, "install", *alone, "--target", str(site)]):
        built = [str(found) for found in wheels.glob("*.whl")] if command is not wheel else []
        done = subprocess.run([*command, *built], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package from its wheel, and an installed extension beside it."""
    place = tmp_path_factory.mktemp("installed")
    project = place / "project"
    project.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "sim", project / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    install(project, place / "site")
    other = place / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text(PROJECT)
    (other / "my_attacks.py").write_text(BEHAVIOUR)
    install(other, place / "site")
    return place / "site"


def test_the_wheel_is_what_runs(site: Path, tmp_path: Path) -> None:
    done = python("-c", "import sim; print(sim.__file__)", site=site, cwd=tmp_path)

    assert done.stdout.strip() == str(site / "sim" / "__init__.py")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_replays_from_the_wheel(
    site: Path, tmp_path: Path, example: Path
) -> None:
    shutil.copytree(example.parent, tmp_path / "copy")
    command = ["-m", "sim", "run", f"copy/{example.name}", "--json", "--processes"]

    one = python(*command, "1", site=site, cwd=tmp_path)
    two = python(*command, "2", site=site, cwd=tmp_path)
    again = python("-m", "sim", "replay", json.loads(one.stdout)["run"], site=site, cwd=tmp_path)

    assert one.returncode == 0, one.stderr
    assert json.loads(one.stdout)["digest"] == json.loads(two.stdout)["digest"]
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("use", ["[]", '["my-attacks"]', '["My_Attacks"]'])
def test_an_installed_extension_is_there_by_its_qualified_name(
    site: Path, tmp_path: Path, use: str
) -> None:
    scenario = write(tmp_path, "", WICKED.replace("mine:", "my-attacks:"), use)

    done = python(
        "-m", "sim", "run", scenario, "--json", "--processes", "2", site=site, cwd=tmp_path
    )
    folder = tmp_path / json.loads(done.stdout)["run"]

    assert done.returncode == 0, done.stderr
    assert (folder / "extensions" / "my-attacks.py").read_text() == BEHAVIOUR
    assert len(json.loads(done.stdout)["disputes"]) == 1


def test_an_installed_extension_is_listed_and_left_out_of_runs_that_do_not_name_it(
    site: Path, tmp_path: Path
) -> None:
    listed = python("-m", "sim", "list", "behaviours", "--json", site=site, cwd=tmp_path)
    scenario = write(tmp_path, BEHAVIOUR, "")
    done = python("-m", "sim", "run", scenario, "--json", site=site, cwd=tmp_path)

    assert "my-attacks:off" in json.loads(listed.stdout)
    folder = tmp_path / json.loads(done.stdout)["run"]
    assert [file.name for file in (folder / "extensions").iterdir()] == ["mine.py"]
