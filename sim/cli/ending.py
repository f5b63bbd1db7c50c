"""How commands end: every way has its exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import typer

from sim.world.verdicts import Exit


def exit_with(command: Callable[[], int]) -> NoReturn:
    """Run a command's body and exit with its code, whatever way it ends."""
    code: int | None = None
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough. A code that was returned still stands; without
        # one nobody knows the verdict, which mustn't look like a pass.
        _silence()
        code = Exit.UNREAD if code is None else code
    except Exception:  # noqa: BLE001  # the last resort: a bug, told as one
        traceback.print_exc()
        sys.stderr.write("internal error: this is a bug in ksim\n")
        code = Exit.INTERNAL
    raise typer.Exit(int(code))


def _silence() -> None:
    """Lead what nobody reads to nowhere: a second complaint at shutdown would change the code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
