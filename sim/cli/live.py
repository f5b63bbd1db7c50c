"""Progress while a run lasts: on standard error, and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.world.outcome import Progress, ProgressCallback


@contextmanager
def progress(title: str) -> Iterator[ProgressCallback | None]:
    """Show a live line for the run; yields the callback, or None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.status import Status

    from sim.cli.output import console

    with Status(f"{title} …", console=console(stderr=True)) as status:
        yield lambda reached: status.update(_line(title, reached))


@contextmanager
def counting(title: str, what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar for a study of many parts, with the time that is left.

    Yields the callback, which is told how many `what` are done and how many there are, or None
    where nobody watches.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from sim.cli.output import console

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _line(title: str, reached: Progress) -> str:
    phases = ", ".join(f"{attempt} {phase}" for attempt, phase in reached.phases)
    return (
        f"{title}: {reached.time_us / 1_000_000:.1f} s virtual, height {reached.height}, "
        f"{reached.messages:,} messages{f', {phases}' if phases else ''}"
    )
