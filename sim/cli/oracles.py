"""``ksim oracle``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sim import api
from sim.cli.output import console, print_json, refuse

_WIDTH: Final = 200
"""Columns of what goes into a pipe: rows stay on one line, for whatever reads them."""


def consult(
    families: Sequence[str],
    runs: int | None,
    processes: int | None,
    *,
    quick: bool,
    every: bool,
    as_json: bool,
) -> int:
    """Compare measurements with formulas; 0 if all agree, 1 if not."""
    from sim.study.oracles.bias import NoScenariosError

    try:
        with _watching() as progress:
            found = api.oracle(
                families or api.ORACLES,
                quick=quick,
                runs=runs,
                processes=processes,
                progress=progress,
            )
    except (ValueError, api.MissingExtraError, NoScenariosError) as error:
        return refuse(str(error))
    if as_json:
        print_json(found.exported())
        return found.exit_code
    from sim.report.oracle import oracle

    out = console()
    if not out.is_terminal:
        out.width = _WIDTH
    out.print(oracle(found.exported(), every=every))
    return found.exit_code


@contextmanager
def _watching() -> Iterator[Callable[[str, int, int], None] | None]:
    """Show which oracle is at work, and how far, where somebody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.status import Status

    with Status("oracles …", console=console(stderr=True)) as status:

        def tell(family: str, jobs: int, lines: int) -> None:
            status.update(f"{family}: {jobs:,} runs or draws done; {lines:,} lines known")

        yield tell
