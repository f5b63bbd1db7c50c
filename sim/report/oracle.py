"""Oracles for people: measured, formula, difference and verdict, and where an interval lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.report.words import count

Line = Mapping[str, Any]


def oracle(found: Mapping[str, Any], *, every: bool = False) -> RenderableType:
    """Return tables of lines, as `Oracle.exported` has them.

    Args:
        found: The lines.
        every: Whether counts have a line for each size and scheme; else each kind of ceremony has
            one per figure, with its largest case, unless something differs there.

    """
    parts: list[RenderableType] = []
    for family, lines in groupby(found["lines"], lambda line: line["family"]):
        mine = list(lines)
        parts += [Text(family, "bold"), *_tables(mine, every=every), Text()]
    return Group(*parts, *verdicts(found))


def _tables(lines: Sequence[Line], *, every: bool) -> Iterator[RenderableType]:
    counts = [line for line in lines if line["low"] is None]
    chances = [line for line in lines if line["low"] is not None]
    if counts:
        yield _counts(counts, every=every)
    if chances:
        yield _chances(chances)


def _counts(lines: Sequence[Line], *, every: bool) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("figure", overflow="fold")
    for title in ("measured", "formula", "difference"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("" if every else "all cases, and the one shown", overflow="fold")
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault((not every and line["group"]) or line["subject"], []).append(line)
    for title, mine in groups.items():
        table.add_row(Text(title, "bold"))
        for line, cases in _shown(mine):
            table.add_row(
                f"  {line['figure']}",
                number(line["measured"]),
                number(line["formula"]),
                number(line["difference"]),
                _verdict(line),
                cases,
            )
    return table


def _shown(lines: Sequence[Line]) -> Iterator[tuple[Line, str]]:
    """Yield a line per figure: one that differs, else the largest; and what it stands for."""
    figures: dict[str, list[Line]] = {}
    for line in lines:
        figures.setdefault(line["figure"], []).append(line)
    for alike in figures.values():
        line = max(alike, key=lambda line: (not line["agrees"], line["formula"]))
        equal = sum(other["agrees"] for other in alike)
        case = line["subject"].removeprefix(line["group"]).removeprefix(", ")
        yield line, "" if len(alike) == 1 else f"{equal} of {len(alike)} equal; {case}"


def _chances(lines: Iterable[Line]) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("chance", overflow="fold")
    for title in ("measured", "formula", "difference", "99 % interval", "counted", "runs"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("enough for", overflow="fold")
    title = ""
    for line in lines:
        if line["subject"] != title:
            title = line["subject"]
            table.add_row(Text(title, "bold"))
        table.add_row(
            f"  {line['figure']}",
            number(line["measured"]),
            number(line["formula"]),
            number(line["difference"]),
            f"{number(line['low'])} … {number(line['high'])}",
            f"{line['count']} of {line['trials']}",
            str(line["runs"]),
            _verdict(line),
            line["why"] + (", second sample" if line["again"] else ""),
        )
    return table


def _verdict(line: Line) -> Text:
    return Text(line["verdict"], _style(line))


def _style(line: Line) -> str:
    if not line["agrees"]:
        return "bold red"
    return "green" if line["decided"] else "yellow"


def number(value: float) -> str:
    """Return a figure: whole ones in full, others with four digits."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"


def verdicts(found: Mapping[str, Any]) -> Iterator[Text]:
    """Yield a line per oracle, and the one for all."""
    for family in found["families"]:
        lines = [line for line in found["lines"] if line["family"] == family]
        wrong = [line for line in lines if not line["agrees"]]
        exact = sum(line["low"] is None for line in lines)
        kinds = [(exact, "figure", "equal"), (len(lines) - exact, "chance", "within 99 %")]
        said = ", ".join(f"{count(n, what)} {how}" for n, what, how in kinds if n)
        open_ = [line for line in lines if not line["decided"]]
        if not wrong and open_:
            few = f"{len(open_)} of {count(len(lines), 'line')}"
            yield Text(f"{family}: undecided: too few runs for {few}", "yellow")
            continue
        if not wrong:
            yield Text(f"{family}: agrees: {said}", "green")
            continue
        yield Text(f"{family}: DISAGREES: {len(wrong)} of {count(len(lines), 'line')}", "bold red")
        for line in wrong:
            yield Text(
                f"  {line['subject']}: {line['figure']}: measured {number(line['measured'])}, "
                f"formula {number(line['formula'])} [{line['source']}]",
                "red",
            )
