"""The command line: parses, calls `sim.api`, prints. It decides nothing about a run itself.

The commands with their options, light: `app` all of them · `app_running`, `app_reading`,
`app_measuring`, `app_oracles` group by group · `options` what several take · `ending` exit codes.

What they do: `running` run, replay · `scenarios` validate, explain, schema, init · `inspecting`
verify, netcheck · `sweeping` sweep, merge · `auditing` audit · `catalogues` list, show ·
`measuring` bench, plot, calibrate, compare · `oracles`, `advising` · `output` consoles and errors ·
`live` progress.

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
