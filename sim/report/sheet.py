"""A sheet of sections, sentences and tables: terminal text, Markdown, or one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        head: Titles of the columns.
        rows: Cells, as many in each.
        marked: Which row is recommended, from 0; None if none is.

    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: int | None = None


@dataclass(frozen=True)
class Picture:
    """A plot.

    Attributes:
        svg: The element, complete.
        caption: What it shows, in a sentence or two.

    """

    svg: str
    caption: str


Block = str | tuple[str, ...] | Grid | Picture
"""A paragraph, a list, a table, or a plot."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Sheet:
    """The whole.

    Attributes:
        title: Its heading.
        verdict: The answer, in a sentence.
        good: Whether the answer is what was hoped for.
        sections: The rest.

    """

    title: str
    verdict: str
    good: bool
    sections: tuple[Section, ...]


def terminal(sheet: Sheet) -> RenderableType:
    """Return the sheet for a terminal; plots are left out."""
    parts: list[RenderableType] = [
        Text(sheet.title, "bold"),
        Text(),
        Text(sheet.verdict, "green" if sheet.good else "bold red"),
    ]
    for section in sheet.sections:
        parts += [Text(), Text(section.title, "bold")]
        parts += [shown for block in section.blocks for shown in _on_terminal(block)]
    return Group(*parts)


def _on_terminal(block: Block) -> list[RenderableType]:
    match block:
        case str():
            return [Text(block)]
        case tuple():
            return [Text(f"· {item}") for item in block]
        case Grid():
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
            for title in block.head:
                table.add_column(title, justify="right", no_wrap=len(block.rows) > 3)
            for place, row in enumerate(block.rows):
                table.add_row(*row, style="bold green" if place == block.marked else "")
            return [table]
        case Picture():
            return []


def markdown(sheet: Sheet) -> str:
    """Return the sheet as Markdown; plots are left out, their captions stay."""
    parts = [f"# {sheet.title}", f"**{sheet.verdict}**"]
    for section in sheet.sections:
        parts.append(f"## {section.title}")
        parts += [_as_markdown(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _as_markdown(block: Block) -> str:
    match block:
        case str():
            return block
        case tuple():
            return "\n".join(f"- {item}" for item in block)
        case Grid():
            lines = [_cells(block.head), _cells(["--:"] * len(block.head))]
            for place, row in enumerate(block.rows):
                bold = place == block.marked
                lines.append(_cells([f"**{cell}**" if bold and cell else cell for cell in row]))
            return "\n".join(lines)
        case Picture():
            return f"({block.caption} The HTML sheet has the plot.)"


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 68rem; margin: 2rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { padding: .8rem 1rem; border-left: 4px solid; font-weight: 600; }
.good { border-color: #1b7f4d; background: #eef7f2; } .bad { border-color: #b3261e;
  background: #fbeeed; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
tr.marked td { font-weight: 700; background: #eef7f2; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; }
"""


def html(sheet: Sheet) -> str:
    """Return the sheet as one page that needs nothing else."""
    kind = "good" if sheet.good else "bad"
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<title>{escape(sheet.title)}</title>",
        f"<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{escape(sheet.title)}</h1>",
        f'<p class="verdict {kind}">{escape(sheet.verdict)}</p>',
    ]
    for section in sheet.sections:
        parts.append(f"<h2>{escape(section.title)}</h2>")
        parts += [_as_html(block) for block in section.blocks]
    return "\n".join([*parts, "</body>\n</html>\n"])


def _as_html(block: Block) -> str:
    match block:
        case str():
            return f"<p>{escape(block)}</p>"
        case tuple():
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block) + "</ul>"
        case Grid():
            head = _row("th", block.head)
            rows = [
                _row("td", row, ' class="marked"' if place == block.marked else "")
                for place, row in enumerate(block.rows)
            ]
            body = "\n".join(rows)
            return (
                f'<div class="scroll"><table>\n<thead>{head}</thead>\n'
                f"<tbody>{body}</tbody>\n</table></div>"
            )
        case Picture():
            caption = escape(block.caption)
            return f"<figure>{block.svg}<figcaption>{caption}</figcaption></figure>"


def _row(cell: str, cells: Sequence[str], attributes: str = "") -> str:
    inside = "".join(f"<{cell}>{escape(text)}</{cell}>" for text in cells)
    return f"<tr{attributes}>{inside}</tr>"
