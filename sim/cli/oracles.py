"""``ksim oracle``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim import api
from sim.cli.live import telling
from sim.cli.output import print_json, refuse, wide

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
    """Compare measurements with formulas; 0 if all agree, 1 if not, or too few were made."""
    for name in families:
        if name not in api.ORACLES:
            return refuse(f'there is no oracle "{name}": {", ".join(api.ORACLES)}')
    try:
        with telling("oracles", _far) as progress:
            found = api.oracle(
                families or api.ORACLES,
                quick=quick,
                runs=runs,
                processes=processes,
                progress=progress,
            )
    except (api.MissingExtraError, api.NoScenariosError) as error:
        return refuse(str(error))
    if as_json:
        print_json(found.exported())
        return found.exit_code
    from sim.report.oracle import oracle

    wide(_WIDTH).print(oracle(found.exported(), every=every))
    return found.exit_code


def _far(family: str, jobs: int, lines: int) -> str:
    return f"{family}: {jobs:,} runs or draws done; {lines:,} lines known"
