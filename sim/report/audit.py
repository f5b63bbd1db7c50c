"""The audit log for people: one row per line, and how they add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.report.words import clock, count, names

_STYLES: Final = {"signed": "green", "expired": "yellow", "failed": "bold red"}
"""Colour by outcome; refusals are red."""

_SIGNERS_MAX: Final = 6


def audit(lines: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return the table of audit lines, as `api.AuditLine` has their fields."""
    if not lines:
        return Text("no line of the audit log fits")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("height", "time"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("key", "era.gen", "by", "session", "context", "message"):
        table.add_column(title, no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("signers", overflow="fold")
    for line in lines:
        table.add_row(*_cells(line))
    return Group(table, Text(), totals(lines))


def _cells(line: Mapping[str, Any]) -> list[Text]:
    outcome = str(line["outcome"])
    signers = names(line["signers"], most=_SIGNERS_MAX) if line["signers"] else ""
    bad = f"; bad: {', '.join(line['bad'])}" if line["bad"] else ""
    values = [
        str(line["height"]),
        clock(line["time_us"]),
        line["key"],
        f"{line['era']}.{line['generation']}" if line["era"] else "–",
        line["by"] or f"{line['requester'][:8]}…",
        line["session"],
        line["context"],
        f"{line['message_hash'][:8]}…",
    ]
    return [*map(Text, values), Text(outcome, _STYLES.get(outcome, "red")), Text(signers + bad)]


def totals(lines: Sequence[Mapping[str, Any]]) -> Text:
    """Return the last line: how many there are, by outcome."""
    outcomes = Counter(str(line["outcome"]) for line in lines)
    parts = [f"{number:,} {outcome}" for outcome, number in sorted(outcomes.items())]
    return Text(f"{count(len(lines), 'line')}: {', '.join(parts)}")
