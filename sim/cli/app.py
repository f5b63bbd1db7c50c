"""The application: its commands, and the exit code of every way to end.

Codes: 0 pass · 1 an expectation failed · 2 bad scenario or usage · 3 safety violated · 4 liveness
violated · 5 not reproducible · 6 internal error · 7 budget exceeded · 130 interrupted ·
141 output unread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import typer

from sim.cli import app_measuring, app_oracles, app_reading, app_running

app = typer.Typer(
    name="ksim",
    help="A laboratory for threshold keys: real DKGs over a simulated lossy network, recorded on a "
    "K-chain, and reproduced bit for bit from a scenario and a seed.",
    epilog="Exit codes: 0 pass, 1 an expectation failed, 2 bad scenario or usage, 3 safety "
    "violated, 4 liveness violated, 5 not reproducible, 6 internal error, 7 budget exceeded, "
    "130 interrupted, 141 output unread.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for _group in (app_running, app_reading, app_measuring, app_oracles):
    for _name, _command in _group.COMMANDS.items():
        app.command(_name)(_command)


def invoke(arguments: Sequence[str]) -> NoReturn:
    """Run one command and exit with its code; usage errors exit with 2."""
    app(list(arguments), prog_name="ksim")
    raise AssertionError("typer exits")
