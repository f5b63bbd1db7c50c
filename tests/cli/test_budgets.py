"""Runs that use up a budget end with exit code 7 and say which."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import ksim
from tests.support.tiny import TINY


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(("key", "value"), [("message_limit", "3"), ("wall_limit", '"1us"')])
def test_a_used_up_budget_ends_the_run_with_7_and_four_lines(
    tmp_path: Path, key: str, value: str, processes: str
) -> None:
    file = tmp_path / "short.toml"
    file.write_text(TINY.replace("seed = 1", f"seed = 1\n{key} = {value}"), encoding="utf-8")

    done = ksim("run", file, "--processes", processes, cwd=tmp_path)

    assert done.returncode == 7
    verdict, cause, folder, replay = done.stderr.splitlines()
    assert verdict == "budget exceeded (exit 7): tiny, seed 1"
    assert cause.startswith(f"run.{key} was used up at ")
    assert folder.startswith("run: results/tiny/1-")
    again = ksim(*replay.removeprefix("replay: ksim ").split(), cwd=tmp_path)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("budget", ["message_limit = 1_000_000", 'wall_limit = "1h"'])
def test_a_budget_that_suffices_changes_nothing(tmp_path: Path, budget: str) -> None:
    file = tmp_path / "long.toml"
    file.write_text(TINY.replace("seed = 1", f"seed = 1\n{budget}"), encoding="utf-8")

    done = ksim("run", file, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


# For a year shares are sent again every ten seconds, and no block comes.
HALTED = """
[[timeline]]
when = { event = "share-sent", node = "v01" }
do = "halt-ledger"

[[timeline]]
at = "3s"
do = "isolate"
nodes = ["v02"]
"""


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(("key", "value"), [("message_limit", "100"), ("wall_limit", '"2s"')])
def test_a_halted_ledger_suspends_no_budget(
    tmp_path: Path, key: str, value: str, processes: str
) -> None:
    file = tmp_path / "halted.toml"
    run = f'seed = 1\nduration = "365d"\n{key} = {value}'
    file.write_text(TINY.replace("seed = 1", run) + HALTED, encoding="utf-8")

    done = ksim("run", file, "--processes", processes, cwd=tmp_path)

    assert done.returncode == 7, done.stderr
    assert f"run.{key} was used up at " in done.stderr
