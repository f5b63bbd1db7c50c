"""The page of faults says what runs say, and runs end as the catalogue predicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.adversary.catalogue import ROWS, Row, Stage
from sim.study.fault_page import PAGE, text_of
from sim.study.fault_table import Cell, cells, play

SHOWN = Path(__file__).parents[2] / PAGE
CELLS = list(cells())
SAMPLE = CELLS[::17]
CORRUPTS_EVERYBODY = {"identity-group-key", "cancelled-leading-coefficient"}


def line_of(row: Row) -> str:
    lines = SHOWN.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| {row.number} | "))


def check(cell: Cell) -> None:
    assert cell.as_predicted, cell
    assert not cell.broken or cell.row.name in CORRUPTS_EVERYBODY
    assert f" {text_of(cell.row, cell)} |" in line_of(cell.row)


def named(cell: tuple[Row, Stage]) -> str:
    return f"{cell[0].name}-{cell[1]}"


@pytest.mark.parametrize("cell", SAMPLE, ids=named)
def test_a_sample_of_the_page_is_what_runs_say(cell: tuple[Row, Stage]) -> None:
    check(play(*cell))


@pytest.mark.slow
@pytest.mark.parametrize("cell", [c for c in CELLS if c not in SAMPLE], ids=named)
def test_the_rest_of_the_page_is_what_runs_say(cell: tuple[Row, Stage]) -> None:
    check(play(*cell))


def test_the_page_has_every_row_and_no_cell_without_injections() -> None:
    for row in ROWS:
        line = line_of(row)

        assert line.count("→") == len(row.predicted)
        assert "(0," not in line
        assert ("refused" in line.split("|")[5]) == (row.how == "configuration")
        assert ("excluded" in line.split("|")[5]) == (row.how == "excluded")
