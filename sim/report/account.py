"""The readable account of a run: what was asked, what happened, who did what, what came of it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sim.report.grid import draw, legend, worth_drawing
from sim.report.story import MARKS, Chapter, Mark, Record, tell
from sim.report.words import REASONS, clock, count, names, size, span

STYLES: Final[dict[Mark, str]] = {
    "good": "green",
    "bad": "red",
    "doubt": "yellow",
    "plain": "dim",
}

NOTES: Final = 12
"""Most notes shown per phase; the rest is counted."""

BAR: Final = 12
"""Cells of the bar that shows when a phase ran."""

OUTCOMES: Final = {"active": ("completed", "green"), "failed": ("failed", "red")}

FILES: Final = (
    "ledger.msgpack, events.msgpack, summary.json, digests.json, plan.json, "
    "scenario.resolved.toml, machine.json"
)


def account(summary: Mapping[str, Any], folder: str | None = None) -> RenderableType:
    """Return the account of a run.

    Args:
        summary: As in ``summary.json``.
        folder: Where the run's files are, if anywhere.

    """
    parts: list[RenderableType] = [_title(summary)]
    parts += _setting(summary)
    for attempt in summary["ceremonies"]:
        parts += _attempt(attempt)
    for name, key in summary["keys"].items():
        parts += _key(name, key)
    parts += _judgement(summary)
    parts.append(_footer(summary, folder))
    return Group(*parts)


def account_text(summary: Mapping[str, Any], folder: str | None = None, width: int = 100) -> str:
    """Return the account as plain text of at most `width` columns, for files and pipes."""
    page = io.StringIO()
    console = Console(file=page, width=width, color_system=None, legacy_windows=False)
    console.print(account(summary, folder))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _title(summary: Record) -> RenderableType:
    verdict = summary["verdict"]
    style = "bold green" if summary["exit_code"] == 0 else "bold red"
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    line.add_row(
        Text.assemble((summary["scenario"], "bold"), f"  seed {summary['seed']}"),
        Text(verdict.upper(), style=style),
    )
    return line


def _heading(text: Text | str) -> RenderableType:
    title = Text(text, style="bold") if isinstance(text, str) else text
    return Group(Text(), Rule(title, align="left", style="dim", characters="─"))


def _setting(summary: Record) -> Iterator[RenderableType]:
    """Yield what the scenario arranged: faults on the timeline, corrupted validators."""
    staged = [action for action in summary["actions"] if action["do"] != "create-key"]
    if not staged and not summary["corruptions"]:
        return
    yield _heading("Arranged")
    table = _columns(3)
    for action in staged:
        table.add_row(_moment(action), action["do"], Text(_whom(action)))
    for corruption in summary["corruptions"]:
        who = f"{corruption['validator']}, {count(corruption['injected'], 'injection')}"
        table.add_row("adversary", corruption["behaviour"], who)
    yield Padding(table, (0, 0, 0, 2))


def _moment(action: Record) -> str:
    if "at_us" in action:
        return clock(action["at_us"])
    when = action["when"]
    return f"at {when['event']} {when['nth']} of {when['node'] or 'anyone'}"


def _whom(action: Record) -> str:
    """Name the validators, or the sides of a partition; and for how long."""
    sides = " | ".join(names(group) for group in action.get("groups", ()))
    said = sides or names(action.get("nodes", ()))
    until = action.get("until_us")
    return said if until is None else f"{said}, for {clock(until)}"


def _columns(number: int) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(number):
        table.add_column()
    return table


def _attempt(attempt: Record) -> Iterator[RenderableType]:
    unfinished = "not begun" if attempt["start_us"] is None else "still open"
    word, style = OUTCOMES.get(attempt["outcome"], (unfinished, "yellow"))
    place = f"{attempt['session']}, attempt {attempt['attempt']}"
    bound = f"{attempt['threshold']} of {len(attempt['committee'])}"
    yield _heading(Text.assemble((place, "bold"), f"  {bound}  ", (word, style)))
    chapters = tell(attempt)
    yield Padding(Group(*_phases(attempt, chapters)), (0, 0, 0, 2))
    if worth_drawing(attempt):
        yield Padding(Group(Text(), draw(attempt), legend(attempt)), (0, 0, 0, 2))
    if attempt["outcome"] == "failed":
        code: str = attempt["reason"]
        reason = REASONS.get(code, code)
        told = f"{reason}: {attempt['detail']}" if attempt["detail"] else reason
        yield Padding(Text(told, style="red"), (1, 0, 0, 2))


def _phases(attempt: Record, chapters: list[Chapter]) -> Iterator[RenderableType]:
    """Yield a line per phase: name, heights, end, a bar, who took part; below it what happened."""
    first, last = _extent(attempt, chapters)
    phase, heights, until = (
        max(len(cell) for cell in column)
        for column in zip(*(_cells(chapter) for chapter in chapters), strict=True)
    )
    for chapter in chapters:
        line = Table.grid(padding=(0, 2))
        for width in (phase, heights, until, BAR):
            line.add_column(width=width, no_wrap=True)
        line.add_column(ratio=1)
        name, where, when = _cells(chapter)
        bar = Text(_bar(chapter, first, last), style="cyan")
        line.add_row(Text(name, style="bold"), where, when, bar, chapter.headline)
        yield line
        if chapter.notes:
            yield Padding(_notes(chapter), (0, 0, 0, 4))


def _cells(chapter: Chapter) -> tuple[str, str, str]:
    return chapter.phase, f"h{span(chapter.start, chapter.end)}", clock(chapter.end_us)


def _extent(attempt: Record, chapters: list[Chapter]) -> tuple[int, int]:
    """Return the attempt's first and last instant in µs; (0, 1) if it never began."""
    first: int = attempt["start_us"] or 0
    ends = [chapter.end_us for chapter in chapters if chapter.end_us is not None]
    return first, max([first + 1, *ends])


def _bar(chapter: Chapter, first: int, last: int) -> str:
    """Draw when the phase ran, between the attempt's first and last instant."""
    if chapter.start_us is None:
        return "·" * BAR
    end_us = last if chapter.end_us is None else chapter.end_us
    left = (chapter.start_us - first) * BAR // (last - first)
    right = max(left + 1, -(-(end_us - first) * BAR // (last - first)))
    return ("·" * left + "━" * (right - left)).ljust(BAR, "·")


def _notes(chapter: Chapter) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for note in chapter.notes[:NOTES]:
        style = STYLES[note.mark]
        said = Text(note.text, style=style if note.mark == "plain" else "")
        table.add_row(f"h{note.height}", Text(MARKS[note.mark], style=style), said)
    hidden = len(chapter.notes) - NOTES
    if hidden > 0:
        table.add_row("", "", Text(f"… and {count(hidden, 'more note')}", style="dim"))
    return table


def _key(name: str, key: Record) -> Iterator[RenderableType]:
    status: str = key["status"]
    style = {"Active": "green", "Failed": "red"}.get(status, "yellow")
    shape = f"{key['scheme']}, {key['threshold']} of {key['size']}"
    yield _heading(Text.assemble((f"key {name}", "bold"), f"  {shape}  ", (status.lower(), style)))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _key_rows(key):
        table.add_row(label, value)
    yield Padding(table, (0, 0, 0, 2))


def _key_rows(key: Record) -> Iterator[tuple[str, Text]]:
    if key.get("draw") is not None:
        seed = key["draw"]["seed"]
        yield "drawn", Text(f"by stake: {', '.join(key['committee'])}\nseed {seed}")
    if key["public_key"] is not None:
        yield "public key", Text(key["public_key"], style="bold")
        yield "QUAL", Text(names(key["qual"], key["committee"]))
    if key["reason"] is not None:
        attempts = f"{key['attempts']} of {key['attempts_max']} attempts"
        reason = REASONS.get(key["reason"], key["reason"])
        yield "no key", Text(f"{reason}, {attempts}", style="red")
    if key["shareless"]:
        yield "shareless", Text(names(key["shareless"]), style="yellow")
    activation = key["activation"]
    if activation is not None:
        when = f"{clock(activation['time_us'])}, height {activation['height']}, by the signature"
        yield "activated", Text(f"{when}\n{_hex(activation['signature'])}")
    signed = key["test_signature"]
    if signed is not None:
        yield "tested", _signature(signed)
    elif activation is not None:
        yield "tested", Text("no test signature is on the ledger", style="yellow")


def _hex(digits: str) -> str:
    """Break hex digits into lines of 64: the length of a key."""
    return "\n".join(digits[start : start + 64] for start in range(0, len(digits), 64))


def _signature(signed: Record) -> Text:
    recorded = "" if signed["height"] is None else f", height {signed['height']}"
    text = Text(f"{clock(signed['time_us'])}{recorded}, by {names(signed['signers'])}: signature ")
    if signed["verified"]:
        text.append("verifies ✓", style="green")
    else:
        text.append("does not verify ✗", style="red")
    text.append(f"\n{_hex(signed['signature'])}")
    return text.append(f"\nmessage {signed['message']}", style="dim")


def _judgement(summary: Record) -> Iterator[RenderableType]:
    """Yield what the checks found and how the scenario's expectations fared."""
    violations, expectations = summary["violations"], summary["expectations"]
    yield _heading("Judged")
    page = Text()
    if not violations:
        page.append("✓ ", style="green").append("every check holds\n")
    for found in violations:
        where = f" at {found['validator']}" if found["validator"] else ""
        page.append("✗ ", style="red")
        page.append(f"{found['invariant']}{where}, {clock(found['time_us'])}: {found['detail']}\n")
    for result in expectations:
        mark: Mark = "good" if result["passed"] else "bad"
        page.append(f"{MARKS[mark]} ", style=STYLES[mark]).append(result["text"])
        page.append(f"  {result['file']}:{result['line']}\n", style="dim")
        if not result["passed"]:
            page.append(f"  but {result['detail']}\n", style="red")
    page.rstrip()
    yield Padding(page, (0, 0, 0, 2))


def _footer(summary: Record, folder: str | None) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    messages = sum(summary["messages"].values())
    traffic = f"{count(messages, 'message')}, {size(sum(summary['bytes'].values()))}"
    virtual = clock(round(summary["virtual_seconds"] * 1_000_000))
    table.add_row("ran for", f"{virtual} of virtual time, {traffic}")
    table.add_row("ledger", f"height {summary['height']}")
    table.add_row("head", summary["head"])
    table.add_row("digest", summary["digest"])
    if folder is not None:
        table.add_row("files", Text.assemble((folder, "bold"), ("\n" + FILES, "dim")))
    return Group(_heading("Run"), Padding(table, (0, 0, 0, 2)))
