"""The command line: parses, calls `sim.api`, prints. It decides nothing about a run itself.

`app` the commands and the exit codes · `running` run and replay · `scenarios` validate, explain,
schema, init · `inspecting` verify and list · `app_oracles`, `oracles`, `advising` oracle and
advise · `measuring_app`, `measuring` bench, plot, calibrate and compare · `ending` exit codes ·
`output` consoles and errors · `live` progress.

Results go to standard output, everything else to standard error. Modules below are imported when a
command needs them: ``ksim --help`` answers at once.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run ``ksim`` with the process's arguments, and exit with its code."""
    from sim.cli.app import invoke

    invoke(sys.argv[1:])
