"""Writes `docs/catalogue.md` from runs: ``python -m sim.study.fault_page [--check]``.

With ``--check`` it writes nothing and exits 1 if the page isn't what the runs say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sim.adversary.catalogue import ROWS, STAGES, Row, Stage
from sim.base.pages import make_page
from sim.study.fault_table import Cell, cells, play

PAGE: Final = Path("docs") / "catalogue.md"

SHORT: Final = {"ED25519": "ed", "SECP256K1": "secp", "BLS": "bls"}

HEAD: Final = """# The catalogue of faults

<!-- Made from runs by `python -m sim.study.fault_page`. Don't edit: change `sim/adversary`. -->

Every fault that this laboratory plays, in every ceremony in which it can happen: what was
predicted, what was observed, and how often the fault really changed something. A cell says
*predicted* → *observed* (*injections*, scheme). `ksim list behaviours` has the predictions in
words, and a scenario of the name in the last column shows each.

- **A** attributed: the ledger's bytes prove who did it, to anyone;
- **D** detected: excluded without proof, since silence has many causes;
- **X** the culprit's deal is excluded, and the ceremony succeeds;
- **dispute** between two validators: the bytes can't say who is right, so nobody is blamed;
- **AB** an attempt is aborted; the key, if there was one, still signs, and a later attempt
  succeeds;
- **I** ignored: no effect.

**Coverage** is pairwise. Every row meets every ceremony in which it can happen; the scheme goes
round with row and ceremony, so that every ceremony, and every row with three or more of them, meets
all of Ed25519, secp256k1 and BLS (on secp256k1 there is no point of small order). It isn't every
row with every ceremony on every scheme; `tests/adversary` plays behaviours on all three without a
network. The key is 3 of 5 (4 of 5 where two that stay away are to be too many), each row has a seed
of its own, and after every fault, whatever it was, the key signs.

A blank cell is a fault that can't happen there: a reshare's wrong constant in a refresh, a
complaint while nobody deals. In a repair every helper is needed: who is excluded aborts the
attempt.

"""


def render(found: Mapping[tuple[int, Stage], Cell]) -> str:
    """Return the page."""
    return "".join([HEAD, *_table(found), *_exceptions(found)])


def _table(found: Mapping[tuple[int, Stage], Cell]) -> Iterator[str]:
    yield "| | fault | played by | what must come of it | DKG | reshare | refresh | repair |"
    yield " signing | scenario |\n|---|---|---|---|---|---|---|---|---|---|\n"
    for row in ROWS:
        texts = [text_of(row, found.get((row.number, stage))) for stage in STAGES]
        plays = ", ".join(f"`{name}`" for name in row.plays if name)
        shown = "" if row.how == "excluded" else f"`{row.scenario}`"
        yield f"| {row.number} | {row.name} | {row.how} {plays} | {row.outcome} | "
        yield f"{' | '.join(texts)} | {shown} |\n"


def text_of(row: Row, cell: Cell | None) -> str:
    """Return what a cell says."""
    if cell is None:
        return {"configuration": "refused", "excluded": "excluded"}.get(row.how, "")
    predicted = row.predicted[cell.stage]
    return f"{predicted} → {cell.observed} ({cell.injected}, {SHORT[cell.scheme]})"


def _exceptions(found: Mapping[tuple[int, Stage], Cell]) -> Iterator[str]:
    broken = [cell for cell in found.values() if cell.broken]
    if not broken:
        return
    yield "\nInvariants that broke, as they must when everybody is corrupted:\n\n"
    for cell in broken:
        names = ", ".join(f"`{name}`" for name in cell.broken)
        yield f"- {cell.row.name}, {cell.stage}: {names}\n"


def main(arguments: list[str]) -> int:
    """Write the page, or check it with ``--check``; return the exit code."""

    def played() -> str:
        return render({(row.number, stage): play(row, stage) for row, stage in cells()})

    return make_page(arguments, "sim.study.fault_page", PAGE, played, "make catalogue")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
