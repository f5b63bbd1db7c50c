"""Progress while a run lasts: on standard error, and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def _line(title: str, reached: Progress) -> str:
    phases = ", ".join(f"{attempt} {phase}" for attempt, phase in reached.phases)
    return (
        f"{title}: {reached.time_us / 1_000_000:.1f} s virtual, height {reached.height}, "
        f"{reached.messages:,} messages{f', {phases}' if phases else ''}"
    )
