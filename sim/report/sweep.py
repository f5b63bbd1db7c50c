"""A sweep for people: a row per point of the grid, then what failed and where it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.layout import heading
from sim.report.words import count, size

Record = Mapping[str, Any]

SHOWN_MAX: Final = 5
"""Failing runs, and runs that couldn't be done, that are named; the folder has them all."""

POINTS_SHOWN_MAX: Final = 40
"""Points of a grid that are shown."""

FILES: Final = "rows.parquet, machine.parquet, journal.jsonl, sweep.json, failures/"


def sweep(done: Record) -> RenderableType:
    """Return the account of a sweep, as `Sweep.exported` has it."""
    return Group(*_parts(done))


def explain_grid(
    keys: Sequence[str], points: Sequence[Mapping[str, Any]], seeds: range
) -> RenderableType:
    """Return what runs there are: the grid's points, and their seeds."""
    runs = count(len(points) * len(seeds), "run")
    seeded = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} … {seeds[-1]} each"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for key in ("point", *keys):
        table.add_column(key, justify="right", overflow="fold")
    for number, values in enumerate(points[:POINTS_SHOWN_MAX]):
        table.add_row(str(number), *(str(values[key]) for key in keys))
    more = len(points) - POINTS_SHOWN_MAX
    rest = [Text(f"and {count(more, 'more point')}", "dim")] if more > 0 else []
    title = heading(f"Sweep: {count(len(points), 'point')}, {seeded}: {runs}")
    return Group(title, Padding(Group(table, *rest), (0, 0, 0, 2)), Text())


def _parts(done: Record) -> Iterator[RenderableType]:
    part = "" if done["shard"] == "1/1" else f", shard {done['shard']}"
    runs = count(done["runs"], "run")
    far = runs if done["done"] == done["runs"] else f"{done['done']} of {runs} done"
    good = done["exit_code"] == 0
    yield Text.assemble(
        (f"{done['scenario']}: ", "bold"),
        (done["verdict"], "bold green" if good else "bold red"),
        f"  {far}{part}, {count(len(done['points']), 'point')}",
    )
    fixed = list(_fixed(done))
    if fixed:
        yield Text(f"in all: {', '.join(fixed)}", "dim")
    yield Text()
    yield _table(done)
    yield from _judged(done)
    if done["folder"] is not None:
        yield heading("Files")
        yield Padding(Text.assemble((done["folder"], "bold"), (f"\n{FILES}", "dim")), (0, 0, 0, 2))


def _varied(done: Record) -> list[str]:
    return [key for key in done["keys"] if _several(done, key)]


def _several(done: Record, key: str) -> bool:
    return len({repr(point["values"][key]) for point in done["points"]}) > 1


def _fixed(done: Record) -> Iterator[str]:
    for key in done["keys"]:
        if not _several(done, key):
            yield f"{key} = {done['points'][0]['values'][key]}"


def _table(done: Record) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    varied = _varied(done)
    for title in varied:
        table.add_column(title, justify="right", overflow="fold")
    points = done["points"]
    taken = list(dict.fromkeys(n for p in points for n in p["medians"] if n.endswith(_TAKEN)))
    titles = ("runs", "pass", "95 % interval", *map(_title, taken), "heights", "messages", "sent")
    for title in (*titles, "CPU", "memory"):
        table.add_column(title, justify="right")
    for point in points:
        table.add_row(*(str(point["values"][key]) for key in varied), *_cells(point, taken))
    return table


_TAKEN: Final = ".create_seconds"


def _title(column: str) -> str:
    return f"{column.removesuffix(_TAKEN)} made in"


def _cells(point: Record, taken: Sequence[str]) -> Iterator[RenderableType]:
    low, high = point["interval"]
    medians, machine = point["medians"], point["machine"]
    yield str(point["runs"])
    if point["rate"] is None:
        yield "–"
    else:
        whole = point["passed"] == point["runs"]
        yield Text(f"{100 * point['rate']:.1f} %", "green" if whole else "red")
    yield f"{100 * low:.1f} … {100 * high:.1f} %"
    for column in taken:
        yield _number(medians.get(column), "{:.1f} s")
    yield _number(medians["height"], "{:.0f}")
    yield _number(medians["messages"], "{:,.0f}")
    yield "–" if medians["bytes"] is None else size(round(medians["bytes"]))
    yield _number(machine["cpu_seconds"], "{:.2f} s")
    yield _number(machine["peak_memory_mib"], "{:.0f} MiB")


def _number(value: float | None, shape: str) -> str:
    return "–" if value is None else shape.format(value)


def _judged(done: Record) -> Iterator[RenderableType]:
    page = Text()
    for hope in done["sometimes"]:
        mark, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}[
            hope["met"]
        ]
        page.append(f"{mark} ", style).append(f"{hope['text']}: in {count(hope['runs'], 'run')}")
        if hope["met"] is None:
            page.append(", not judged before all runs of the sweep are done and merged")
        page.append(f"  {hope['file']}:{hope['line']}\n", "dim")
    for verdict, number in done["verdicts"].items():
        if verdict != "pass":
            page.append("✗ ", "red").append(f"{verdict}: {count(number, 'run')}\n")
    for failure in done["failures"][:SHOWN_MAX]:
        where = f"point {failure['point']}, seed {failure['seed']}"
        if failure["folder"] is not None:
            page.append(f"  {where}: ksim replay {shlex.quote(failure['folder'])}\n", "dim")
        else:
            page.append(f"  {where}\n", "dim")
    page.append_text(_more(len(done["failures"])))
    for error in done["errors"][:SHOWN_MAX]:
        page.append("✗ ", "red").append(f"not done: {error['run']}\n  {error['error']}\n")
    page.append_text(_more(len(done["errors"])))
    page.rstrip()
    if page:
        yield heading("Judged")
        yield Padding(page, (0, 0, 0, 2))


def _more(number: int) -> Text:
    more = number - SHOWN_MAX
    return Text(f"  and {more:,} more\n" if more > 0 else "", "dim")
