"""How sections and columns of an account look."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text


def heading(text: Text | str) -> RenderableType:
    """Return a section's heading: its title, then a line to the page's end."""
    title = Text(text, style="bold") if isinstance(text, str) else text
    return Group(Text(), Rule(title, align="left", style="dim", characters="─"))


def columns(number: int) -> Table:
    """Return a grid of `number` columns, two spaces apart."""
    table = Table.grid(padding=(0, 2))
    for _ in range(number):
        table.add_column()
    return table
