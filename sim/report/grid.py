"""Who holds a good share from whom: one row per holder, one column per dealer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from sim.report.story import Record, accepted, complaints, excluded, holders

MOST: Final = 16
"""Largest committee whose grid is drawn."""

LEGEND: Final = {
    "●": ("good", "green"),
    "◐": ("disputed, answered", "yellow"),
    "✗": ("complaint, unresolved", "red"),
    "–": ("dealer is out", "dim"),
    " ": ("no response", "dim"),
}
"""Sign → (what it means, style)."""


def worth_drawing(attempt: Record) -> bool:
    """Say whether a grid shows more than the account's other lines."""
    widest = max(len(holders(attempt)), len(attempt["dealers"]))
    return widest <= MOST and bool(complaints(attempt))


def signs(attempt: Record) -> dict[tuple[str, str], str]:
    """Return the sign of every (holder, dealer)."""
    out = excluded(attempt)
    responded = {response["validator"] for response in accepted(attempt, "response")}
    accused = {(accuser, dealer) for dealer, accuser, _, _ in complaints(attempt)}
    disputed = {(d["accuser"], d["dealer"]) for d in attempt["disputes"]}

    def sign(holder: str, dealer: str) -> str:
        if (holder, dealer) in disputed:
            return "◐"
        if (holder, dealer) in accused:
            return "✗"
        if dealer in out or dealer not in attempt["dealt"]:
            return "–"
        return "●" if holder in responded else " "

    return {
        (holder, dealer): sign(holder, dealer)
        for holder in holders(attempt)
        for dealer in attempt["dealers"]
    }


def draw(attempt: Record) -> Table:
    """Return the grid of an attempt, its legend below."""
    dealers: Sequence[str] = attempt["dealers"]
    marks = signs(attempt)
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    for _ in dealers:
        table.add_column(justify="center", no_wrap=True)
    table.add_row("holder ╲ dealer", *(Text(dealer, style="dim") for dealer in dealers))
    for holder in holders(attempt):
        row = [marks[holder, dealer] for dealer in dealers]
        table.add_row(
            Text(holder, justify="right"), *(Text(sign, style=LEGEND[sign][1]) for sign in row)
        )
    return table


def legend(attempt: Record) -> Text:
    """Explain the signs that the grid of `attempt` uses."""
    used = set(signs(attempt).values())
    shown = Text()
    for sign, (meaning, style) in LEGEND.items():
        if sign in used and sign != " ":
            shown.append(f"{sign} ", style=style).append(f"{meaning}   ", style="dim")
    return shown
