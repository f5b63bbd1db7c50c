"""What a failed run has to say: its verdict, the first cause and where that stands, its replay."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.world.verdicts import BUDGETS

if TYPE_CHECKING:
    from sim.api.runs import Run


@dataclass(frozen=True)
class Failure:
    """Why a run failed.

    Attributes:
        lines: Four: the verdict; the first cause (a broken invariant with its virtual time and
            validator, a used-up budget, or the first failed expectation); the run's folder; the
            command that replays it.
        file: Where the cause stands: the file with the failed expectation, else the scenario.
        line: The expectation's in it, from 1; 1 if no expectation is the cause.

    """

    lines: tuple[str, str, str, str]
    file: Path
    line: int


def failure(run: Run, scenario: Path) -> Failure:
    """Return why `run` failed.

    Args:
        run: One whose exit code is not 0, stored in its folder.
        scenario: The file as the user gave it; expectations stand in it, or in what it extends.

    """
    assert run.exit_code
    assert run.folder is not None
    summary = run.summary
    cause, file, line = _first_cause(summary, scenario)
    verdict = f"{run.verdict} (exit {run.exit_code})"
    return Failure(
        lines=(
            f"{verdict}: {summary['scenario']}, seed {summary['seed']}",
            cause,
            f"run: {run.folder}",
            f"replay: {replay_command(run.folder)}",
        ),
        file=file,
        line=line,
    )


def replay_command(folder: Path) -> str:
    """Return the command that replays the run in `folder`."""
    return f"ksim replay {shlex.quote(str(folder))}"


def _first_cause(summary: Mapping[str, Any], scenario: Path) -> tuple[str, Path, int]:
    surprise = _first_surprise(summary)
    if surprise is not None:
        where = surprise["validator"] or "the chain"
        time = f"{surprise['time_us'] / 1_000_000:.6f} s"
        said = f"invariant {surprise['invariant']} at {time}, {where}: {surprise['detail']}"
        return said, scenario, 1
    if summary["ending"] in BUDGETS:
        budget = BUDGETS[summary["ending"]]
        return f"{budget} was used up at {summary['virtual_seconds']:.6f} s", scenario, 1
    failed = next(result for result in summary["expectations"] if not result["passed"])
    # What a scenario extends is often in a folder above its own: dir/../base.toml.
    file, line = Path(normpath(scenario.parent / failed["file"])), int(failed["line"])
    return f"{file}:{line}: expected {failed['text']}; but {failed['detail']}", file, line


def _first_surprise(summary: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first unforeseen violation, safety before liveness."""
    foreseen = {result["violates"] for result in summary["expectations"]}
    found = [v for v in summary["violations"] if v["invariant"] not in foreseen]
    return min(found, key=lambda v: v["kind"] != "safety", default=None)
