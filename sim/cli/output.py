"""What every command prints: errors and JSON."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.world.verdicts import VERDICTS, Exit

if TYPE_CHECKING:
    from rich.console import Console

    from sim.api import ExtensionError, ScenarioError


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
    """Return a console; it draws no colours where nobody sees them.

    Brackets and colons in what it prints are what they are: names, paths, ``[cost]``.
    """
    from rich.console import Console

    class Piped(Console):
        """One that leaves a broken pipe to `exit_with`; rich would exit with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Piped(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not _is_terminal(stderr=stderr),
    )


def wide(columns: int) -> Console:
    """Return a console for tables: a pipe has no width, so it gets one that rows fit into."""
    out = console()
    if not out.is_terminal:
        out.width = columns
    return out


def _is_terminal(*, stderr: bool) -> bool:
    return (sys.stderr if stderr else sys.stdout).isatty()
