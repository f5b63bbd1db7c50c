"""Progress while something lasts: on standard error, and only where somebody watches.

Each of these yields the callback that is told how far things are, or None where nobody watches.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec

from sim.cli.output import console

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from sim.study.bench.running import Reached
    from sim.world.outcome import Progress, ProgressCallback

P = ParamSpec("P")


@contextmanager
def telling(title: str, line: Callable[P, str]) -> Iterator[Callable[P, None] | None]:
    """Show one line that changes: `line` of what the callback is told."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.status import Status
    from rich.text import Text

    with Status(Text(f"{title} …"), console=console(stderr=True)) as status:

        def tell(*told: P.args, **named: P.kwargs) -> None:
            status.update(Text(line(*told, **named)))

        yield tell


@contextmanager
def progress(title: str) -> Iterator[ProgressCallback | None]:
    """Show how far a run is."""

    def line(reached: Progress) -> str:
        return _line(title, reached)

    with telling(title, line) as tell:
        yield tell


def _line(title: str, reached: Progress) -> str:
    phases = ", ".join(f"{attempt} {phase}" for attempt, phase in reached.phases)
    return (
        f"{title}: {reached.time_us / 1_000_000:.1f} s virtual, height {reached.height}, "
        f"{reached.messages:,} messages{f', {phases}' if phases else ''}"
    )


@contextmanager
def counting(title: str, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar for a study of many parts: how many `what` are done of how many."""
    with _bar() as bar:
        if bar is None:
            yield None
            return
        task = bar.add_task(title, total=None, done=what)

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of, done=f"{done} of {of} {what}")

        yield tell


@contextmanager
def weighing(title: str) -> Iterator[Callable[[Reached], None] | None]:
    """Show a bar for a benchmark, whose runs differ in how long they take."""
    with _bar() as bar:
        if bar is None:
            yield None
            return
        task = bar.add_task(title, total=None, done="runs")

        def tell(reached: Reached) -> None:
            bar.update(
                task,
                completed=reached.weight,
                total=reached.weight_total or 1.0,
                done=f"{reached.done} of {reached.total} runs",
                description=reached.last or title,
            )

        yield tell


@contextmanager
def _bar() -> Iterator[Bar | None]:
    """Show a bar with the time that is left; its tasks have a field `done`."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(20),
        TextColumn("{task.fields[done]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        yield bar
