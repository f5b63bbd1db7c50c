"""The account of a stored run as an SVG picture: ``python -m sim.report.picture RUN OUT.svg``."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from sim.report.account import account

WIDTH: Final = 100

_FOREIGN: Final = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)
"""Rich asks for a font from the network; a picture must look the same without one."""


def picture(folder: Path) -> str:
    """Draw the account of the run in `folder` as a terminal of 100 columns shows it."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(account(summary, None))
    svg = console.export_svg(title=f"ksim run {summary['scenario']}", unique_id="run")
    return _FOREIGN.sub("", svg)


if __name__ == "__main__":
    run, out = map(Path, sys.argv[1:])
    out.write_text(picture(run), encoding="utf-8")
