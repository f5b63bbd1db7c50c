"""What every command prints: errors, failure lines, JSON."""

from __future__ import annotations

import json
import shlex
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.world.verdicts import BUDGETS, VERDICTS, Exit

if TYPE_CHECKING:
    from rich.console import Console

    from sim.api import ExtensionError, Run, ScenarioError


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output."""
    sys.stdout.write(json_text(content))


def json_text(content: Mapping[str, Any]) -> str:
    """Return one JSON object as it is printed."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def say(text: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"{text}\n")


def refuse(text: str) -> int:
    """Say what is wrong with the command, and return the exit code for it."""
    say(f"error: {text}")
    return int(Exit.USAGE)


def refuse_scenario(error: ScenarioError, *, as_json: bool = False) -> int:
    """Say everything that is wrong with a scenario, and return the exit code for it."""
    say("\n\n".join(map(str, error.diagnostics)))
    if as_json:
        code = Exit.USAGE
        print_json({"verdict": VERDICTS[code], "exit_code": int(code), "errors": _list(error)})
    return int(Exit.USAGE)


def refuse_extension(error: ExtensionError) -> int:
    """Say how an extension failed, and return the exit code for it."""
    say("".join(traceback.format_exception(error.cause)).rstrip())
    say(f"error: this is a bug in the extension {error.source.name}: {error.source.origin}")
    return int(Exit.USAGE)


def _list(error: ScenarioError) -> list[dict[str, Any]]:
    return [
        {
            "message": found.message,
            "file": found.span.file,
            "line": found.span.line,
            "column": found.span.column,
            "suggestion": None if found.suggestion is None else found.suggestion.strip('"'),
            "allowed": list(found.allowed),
        }
        for found in error.diagnostics
    ]


def console(*, stderr: bool = False) -> Console:
    """Return a console; it draws no colours where nobody sees them."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=not _is_terminal(stderr=stderr))


def _is_terminal(*, stderr: bool) -> bool:
    return (sys.stderr if stderr else sys.stdout).isatty()


def replay_command(folder: Path) -> str:
    """Return the command that replays the run in `folder`."""
    return f"ksim replay {shlex.quote(str(folder))}"


def failure_lines(run: Run, scenario: Path) -> list[str]:
    """Return the four lines that end a failed run: verdict, first cause, folder, replay.

    Args:
        run: A run whose exit code is not 0, stored in its folder.
        scenario: The file as the user gave it; expectations stand in it, or in what it extends.

    """
    assert run.folder is not None
    return [
        f"{run.verdict} (exit {run.exit_code}): {run.summary['scenario']}, "
        f"seed {run.summary['seed']}",
        _first_cause(run.summary, scenario),
        f"run: {run.folder}",
        f"replay: {replay_command(run.folder)}",
    ]


def _first_cause(summary: Mapping[str, Any], scenario: Path) -> str:
    surprise = _first_surprise(summary)
    if surprise is not None:
        where = surprise["validator"] or "the chain"
        time = f"{surprise['time_us'] / 1_000_000:.6f} s"
        return f"invariant {surprise['invariant']} at {time}, {where}: {surprise['detail']}"
    if summary["ending"] in BUDGETS:
        return f"{BUDGETS[summary['ending']]} was used up at {summary['virtual_seconds']:.6f} s"
    failed = next(result for result in summary["expectations"] if not result["passed"])
    place = f"{scenario.parent / failed['file']}:{failed['line']}"
    return f"{place}: expected {failed['text']}; but {failed['detail']}"


def _first_surprise(summary: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first unforeseen violation, safety before liveness."""
    foreseen = {result["violates"] for result in summary["expectations"]}
    found = [v for v in summary["violations"] if v["invariant"] not in foreseen]
    return min(found, key=lambda v: v["kind"] != "safety", default=None)
