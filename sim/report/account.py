"""The readable account of a run: what was asked, what happened, who did what, what came of it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.arranged import arranged
from sim.report.grid import draw, legend, worth_drawing
from sim.report.keys import key_account
from sim.report.layout import columns, heading
from sim.report.partitions import folded, partition_account, partitioned
from sim.report.story import MARKS, Chapter, Mark, Record, tell
from sim.report.words import ENDS, REASONS, clock, count, names, size, span

STYLES: Final[dict[Mark, str]] = {
    "good": "green",
    "bad": "red",
    "doubt": "yellow",
    "plain": "dim",
}

ATTEMPTS: Final = 8
"""Most attempts that are told phase by phase."""

NOTES: Final = 12
"""Most notes shown per phase; the rest is counted."""

BAR: Final = 12
"""Cells of the bar that shows when a phase ran."""

OUTCOMES: Final = {"active": ("completed", "green"), "failed": ("failed", "red")}

RECOVERED: Final = {"recovered": "green", "stalled": "red"}

FILES: Final = (
    "ledger.msgpack, events.msgpack, summary.json, digests.json, plan.json, "
    "scenario.resolved.toml, machine.json"
)


def account(
    summary: Mapping[str, Any],
    folder: str | None = None,
    machine: Mapping[str, Any] | None = None,
) -> RenderableType:
    """Return the account of a run.

    Args:
        summary: As in ``summary.json``.
        folder: Where the run's files are, if anywhere.
        machine: As in ``machine.json``; None says nothing of what the run took.

    """
    parts: list[RenderableType] = [_title(summary)]
    parts += _setting(summary)
    parts += _ceremonies(summary["ceremonies"])
    for name in summary.get("partitions", ()):
        parts += partition_account(name, summary)
    told = partitioned(summary)
    for name, key in summary["keys"].items():
        if name not in told:
            parts += key_account(name, key, summary["genesis_time_us"])
    parts += _recovery(summary)
    parts += _judgement(summary)
    parts.append(_footer(summary, folder, machine))
    return Group(*parts)


def account_text(
    summary: Mapping[str, Any],
    folder: str | None = None,
    width: int = 100,
    machine: Mapping[str, Any] | None = None,
) -> str:
    """Return the account as plain text of at most `width` columns, for files and pipes."""
    page = io.StringIO()
    console = Console(
        file=page,
        width=width,
        color_system=None,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(account(summary, folder, machine))
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


def _setting(summary: Record) -> Iterator[RenderableType]:
    """Yield what the scenario arranged: the timeline's entries, corrupted validators."""
    rows = list(arranged(summary))
    if not rows:
        return
    yield heading("Arranged")
    table = columns(3)
    for when, what, whom in rows:
        table.add_row(when, what, Text(whom))
    yield Padding(table, (0, 0, 0, 2))


def _ceremonies(attempts: Sequence[Record]) -> Iterator[RenderableType]:
    """Yield all attempts of a short run; of a long one those in which something went wrong."""
    told = [*attempts] if len(attempts) <= ATTEMPTS else [*filter(_went_wrong, attempts)]
    for attempt in told[:ATTEMPTS]:
        yield from _attempt(attempt)
    sound, hidden = len(attempts) - len(told), len(told[ATTEMPTS:])
    if sound or hidden:
        yield heading("Other attempts")
        said = [f"{count(sound, 'attempt')} without a fault or a dispute"] if sound else []
        if hidden:
            said.append(f"{count(hidden, 'other')} in which something went wrong")
        page = f"{' and '.join(said)} are in summary.json."
        yield Padding(Text(page, style="dim"), (0, 0, 0, 2))


def _went_wrong(attempt: Record) -> bool:
    return attempt["outcome"] != "active" or bool(attempt["faults"] or attempt["disputes"])


def _attempt(attempt: Record) -> Iterator[RenderableType]:
    unfinished = "not begun" if attempt["start_us"] is None else "still open"
    word, style = OUTCOMES.get(attempt["outcome"], (unfinished, "yellow"))
    if attempt["reason"] == "rolled-back":
        word, style = "given up", "yellow"
    place = f"{attempt['session']}, attempt {attempt['attempt']}"
    bound = f"{attempt['threshold']} of {len(attempt['committee'])}"
    if attempt["target"] is not None:
        bound = f"by {names(attempt['dealers'])}"
    yield heading(Text.assemble((place, "bold"), f"  {bound}  ", (word, style)))
    chapters = tell(attempt)
    yield Padding(Group(*_phases(attempt, chapters)), (0, 0, 0, 2))
    if worth_drawing(attempt):
        yield Padding(Group(Text(), draw(attempt), legend(attempt)), (0, 0, 0, 2))
    if attempt["outcome"] == "failed":
        code: str = attempt["reason"]
        reason, detail = REASONS.get(code, code), attempt["detail"]
        told = f"{reason}: {ENDS.get(detail, detail)}" if detail else reason
        yield Padding(Text(told, style=style), (1 if chapters else 0, 0, 0, 2))


def _phases(attempt: Record, chapters: list[Chapter]) -> Iterator[RenderableType]:
    """Yield a line per phase: name, heights, end, a bar, who took part; below it what happened.

    None if the attempt was given up before anything was to be done.
    """
    if not chapters:
        return
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


def _recovery(summary: Record) -> Iterator[RenderableType]:
    """Yield who was healed after the safety phase, and what became of each key."""
    found = summary.get("recovery")
    if found is None:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("healed", f"{clock(found['healed_us'])}: {names(found['core'])}")
    for word in ("crashed", "isolated"):
        if found[word]:
            table.add_row(f"{word} for good", names(found[word]))
    budget = f"from {clock(found['settled_us'])} to {clock(found['ends_us'])}"
    table.add_row("budget", budget)
    for name, key in found["keys"].items():
        told = f"{key['verdict']}, {count(key['shares'], 'good share')} of {key['needed']} needed"
        if key["lost"]:
            told += f"; lost by {names(key['lost'])}"
        if key["detail"]:
            told += f": {key['detail']}"
        table.add_row(f"key {name}", Text(told, style=RECOVERED.get(key["verdict"], "yellow")))
    yield heading("Recovery")
    yield Padding(table, (0, 0, 0, 2))


def _judgement(summary: Record) -> Iterator[RenderableType]:
    """Yield what the checks found and how the scenario's expectations fared."""
    violations, expectations = summary["violations"], folded(summary)
    yield heading("Judged")
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
        if "sometimes" in result:
            page.append(f"  here {count(result['count'], 'time')}\n", style="dim")
        if not result["passed"]:
            page.append(f"  but {result['detail']}\n", style="red")
    page.rstrip()
    yield Padding(page, (0, 0, 0, 2))


def _footer(summary: Record, folder: str | None, machine: Record | None) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    messages = sum(summary["messages"].values())
    traffic = f"{count(messages, 'message')}, {size(sum(summary['bytes'].values()))}"
    virtual = clock(round(summary["virtual_seconds"] * 1_000_000))
    table.add_row("ran for", f"{virtual} of virtual time, {traffic}")
    if machine is not None:
        table.add_row("took", _took(machine))
    table.add_row("ledger", f"height {summary['height']}")
    table.add_row("head", summary["head"])
    table.add_row("digest", summary["digest"])
    if folder is not None:
        table.add_row("files", Text.assemble((folder, "bold"), ("\n" + FILES, "dim")))
    return Group(heading("Run"), Padding(table, (0, 0, 0, 2)))


def _took(machine: Record) -> str:
    """Say what the run took: time, of several processes each one's, and memory."""
    execution = machine["execution"]
    each = execution["process_cpu_seconds"]
    used = " + ".join(f"{seconds:.1f}" for seconds in each)
    told = f"{machine['wall_seconds']:.1f} s; {used} s of processor time, the start included"
    if len(each) > 1:
        told += f", in {len(each)} processes; {execution['critical_path_seconds']:.1f} s of it "
        told += "one after the other"
    return f"{told}; {machine['peak_memory_mib']:,.0f} MiB at most"
