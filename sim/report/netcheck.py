"""A network's check for people: one row per figure, and a verdict for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.report.words import count


def netcheck(check: Mapping[str, Any]) -> RenderableType:
    """Return the table of a check, as `NetworkCheck.exported` has it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("figure", overflow="fold")
    for title in ("declared", "sampled", "range", "samples"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    before = ""
    for line in check["lines"]:
        unit = line["unit"]
        low, high = (_number(line[bound], unit) for bound in ("low", "high"))
        if line["link"] != before:
            table.add_row(Text(line["link"], "bold"))
        table.add_row(
            f"  {line['figure']}",
            f"{_number(line['declared'], unit)} {_UNITS[unit]}",
            _number(line["sampled"], unit),
            f"{low} … {high}",
            str(line["samples"]),
            Text("ok", "green") if line["honest"] else Text("LIES", "bold red"),
        )
        before = line["link"]
    return Group(table, Text(), verdict(check))


def verdict(check: Mapping[str, Any]) -> Text:
    """Return the last line: whether the network does what is declared."""
    wrong = sum(not line["honest"] for line in check["lines"])
    total = count(len(check["lines"]), "figure")
    if not wrong:
        return Text(f"{check['scenario']}: the network is what it says, by {total}", "green")
    said = f"{check['scenario']}: the network is not what it says, by {wrong} of {total}"
    return Text(said, "bold red")


_UNITS: Final = {
    "ms": "ms",
    "share": "%",
    "slots": "slots",
    "bit/s": "bit/s",
    "bytes": "bytes",
    "messages": "messages",
}


def _number(value: float, unit: str) -> str:
    match unit:
        case "ms":
            return f"{value:.3f}"
        case "share":
            return f"{100 * value:.4g}"
        case "slots":
            return f"{value:.3g}"
        case _:
            return f"{value:.0f}"
