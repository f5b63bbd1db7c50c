"""How a command ends whose output nobody reads: ``ksim … | head``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tiny import write_tiny

ROOT = Path(__file__).parents[2]


def unread(*arguments: str | Path, errors_too: bool = False) -> tuple[int, str]:
    """Run ``ksim`` into a pipe that nobody reads; return its exit code and standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sim", *map(str, arguments)],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
            stdout=writer,
            stderr=writer if errors_too else subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr or ""


def test_a_condition_that_failed_fails_though_nobody_reads_why(tmp_path: Path) -> None:
    from sim import api

    scenario = api.load(write_tiny(tmp_path))
    folders = [api.run(scenario, seed, out=tmp_path).folder for seed in (1, 2)]
    a, b = (folder for folder in folders if folder is not None)

    told = unread("compare", a, b, "--fail-if", "counts > 0")

    assert told == (1, "failed: counts > 0\n")


def test_a_run_that_passed_passed_though_nobody_reads_its_account(tmp_path: Path) -> None:
    assert unread("run", write_tiny(tmp_path), "--out", tmp_path) == (0, "")


def test_a_bad_scenario_is_bad_though_nobody_reads_the_object(tmp_path: Path) -> None:
    code, errors = unread("run", write_tiny(tmp_path, "nonsense = 1\n"), "--json")

    assert code == 2
    assert "nonsense" in errors


@pytest.mark.parametrize("errors_too", [False, True])
def test_output_that_breaks_before_there_is_a_verdict_is_no_pass(*, errors_too: bool) -> None:
    """Tables are flushed as they are printed, so the command never returns its code."""
    code, errors = unread("list", "faults", errors_too=errors_too)

    assert (code, errors) == (141, "")


def test_errors_that_nobody_reads_are_no_pass(tmp_path: Path) -> None:
    file = write_tiny(tmp_path, "nonsense = 1\n")

    assert unread("run", file, "--out", tmp_path, errors_too=True) == (141, "")
