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
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough; a second complaint at shutdown helps nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception:  # noqa: BLE001  # the last resort: a bug, told as one
        traceback.print_exc()
        sys.stderr.write("internal error: this is a bug in ksim\n")
        code = Exit.INTERNAL
    raise typer.Exit(int(code))
