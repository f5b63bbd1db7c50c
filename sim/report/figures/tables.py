"""A benchmark's table: for the terminal, and as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sim.report.figures.bench import SERIES

if TYPE_CHECKING:
    from rich.table import Table as RichTable

Row = Mapping[str, Any]

FORMATS: Final = ("csv", "md", "tex")


@dataclass(frozen=True)
class Table:
    """A table whose cells are texts already.

    Attributes:
        name: Its files are named so.
        header: Column names, with units.
        rows: Cells.
        numeric: Which columns hold numbers.
        note: What is the same in all rows.

    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    note: str


def _exact(value: Any) -> str:
    if value is None:
        return "–"
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.1f}"


def _to(places: int) -> Callable[[Any], str]:
    return lambda value: "–" if value is None else f"{float(value):,.{places}f}"


_FIGURES: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    ("n", "n", _exact),
    ("t", "t", _exact),
    ("messages", "messages_mean", _exact),
    ("most", "messages_max", _exact),
    ("bytes", "bytes_mean", _exact),
    ("most", "bytes_max", _exact),
    ("exps", "exponentiations_mean", _exact),
    ("ledger B", "ledger_bytes", _exact),
    ("heights", "heights", _exact),
    ("p50 s", "latency_p50_s", _to(3)),
    ("p90 s", "latency_p90_s", _to(3)),
    ("p99 s", "latency_p99_s", _to(3)),
    ("CPU s", "cpu_seconds", _to(3)),
    ("run CPU s", "run_cpu_seconds", _to(3)),
    ("wall s", "wall_seconds", _to(3)),
    ("MiB", "peak_memory_mib", _to(0)),
)
"""Columns: heading, name among the stored ones, and how a cell is written."""

HEADING: Final = (
    "Messages, bytes and exponentiations: sent by, and charged to, one validator: mean, and the "
    "most. Latency: from the request until a validator knows, over validators and seeds. Times: "
    "medians over seeds."
)


def bench_table(points: Sequence[Row]) -> Table:
    """Return the table of a benchmark's points; parameters that don't vary go into the note."""
    varied = [name for name in SERIES if len({row[name] for row in points}) > 1]
    same = [f"{name} {points[0][name]}" for name in SERIES if name not in varied]
    failing = any(row["completed"] < row["runs"] for row in points)
    header = [
        *varied,
        *(heading for heading, _, _ in _FIGURES),
        *(["completed"] if failing else []),
    ]
    rows = []
    for row in points:
        done = [f"{row['completed']}/{row['runs']}"] if failing else []
        figures = (show(row.get(column)) for _, column, show in _FIGURES)
        rows.append((*(str(row[name]) for name in varied), *figures, *done))
    numeric = [False] * len(varied) + [True] * (len(header) - len(varied))
    return Table(
        "table",
        tuple(header),
        tuple(rows),
        tuple(numeric),
        f"{', '.join(same)}. {HEADING}" if same else HEADING,
    )


def written(table: Table, kind: str) -> str:
    """Return a table as text of a format of `FORMATS`."""
    match kind:
        case "csv":
            stream = io.StringIO()
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([table.header, *table.rows])
            return stream.getvalue()
        case "md":
            return "\n".join(_markdown(table)) + "\n"
        case _:
            return "\n".join(_latex(table)) + "\n"


def _markdown(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table.header)} |"
    yield f"|{'|'.join('--:' if number else ':--' for number in table.numeric)}|"
    for row in table.rows:
        cells = (cell.replace("|", r"\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield table.note


def _latex(table: Table) -> Iterator[str]:
    yield f"% {table.note}"
    yield f"\\begin{{tabular}}{{{''.join('r' if number else 'l' for number in table.numeric)}}}"
    yield "\\hline"
    yield f"{' & '.join(map(_escaped, table.header))} \\\\"
    yield "\\hline"
    for row in table.rows:
        yield f"{' & '.join(map(_escaped, row))} \\\\"
    yield "\\hline"
    yield "\\end{tabular}"


def _escaped(text: str) -> str:
    for mark in "&%_#":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("–", "--")


def shown(table: Table) -> RichTable:
    """Return a table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    made = RichTable(box=SIMPLE_HEAD, pad_edge=False, caption=table.note, caption_justify="left")
    for heading, number in zip(table.header, table.numeric, strict=True):
        made.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in table.rows:
        made.add_row(*row)
    return made
