"""Replays: a stored run executed again, and compared event by event."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sim.api.runs import Run, execute
from sim.world.folder import RunFiles, RunFolder
from sim.world.replay import Divergence, cut, digest_difference, first_difference
from sim.world.verdicts import VERDICTS, Exit

if TYPE_CHECKING:
    from sim.world.outcome import ProgressCallback, Switches


@dataclass(frozen=True)
class Replay:
    """What a replay showed.

    Attributes:
        stored: The run as it was stored.
        run: The run as it went this time; it is not stored.
        versions: (name, then, now) of every version, and every inlined table, that differs.
        divergence: Where the two part, or None.
        events: Records compared.

    """

    stored: Run
    run: Run
    versions: tuple[tuple[str, str, str], ...]
    divergence: Divergence | None
    events: int

    @property
    def exit_code(self) -> int:
        """0 if both are the same, else 5."""
        return int(Exit.PASS if self.divergence is None else Exit.DIVERGENCE)

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return VERDICTS[Exit(self.exit_code)]


def replay(
    folder: str | Path,
    processes: int = 1,
    *,
    progress: ProgressCallback | None = None,
    switches: Switches | None = None,
) -> Replay:
    """Execute the plan of a stored run again, and find the first event that differs.

    A run that its wall limit had cut short is compared as far as it got.

    Raises:
        FolderError: `folder` is no run's folder, or is damaged.
        KeyboardInterrupt: Ctrl-C; the run and its workers have ended.

    """
    source = RunFolder.find(Path(folder))
    summary = source.summary()
    stored = Run({k: v for k, v in summary.items() if k not in ("format", "version")}, source)
    plan = source.plan()
    short = summary.get("ending") == "wall-limit"
    whole = msgspec.structs.replace(plan, wall_limit_us=None) if short else plan
    again = execute(whole, source.scenario(), processes, progress, switches)
    names = [validator.name for validator in plan.validators]
    new = cut(again.events, source.events()) if short else again.events
    divergence = first_difference(source.events(), new, names)
    if divergence is None and not short:
        divergence = digest_difference(source.digests(), again.digests)
    return Replay(
        stored,
        Run(again.summary, again),
        _differences(source, again),
        divergence,
        source.event_count(),
    )


def _differences(source: RunFolder, again: RunFiles) -> tuple[tuple[str, str, str], ...]:
    from sim.world.inlined import table_differences
    from sim.world.machine import version_differences, versions

    return (
        *version_differences(source.machine(), versions()),
        *table_differences(source.inlined(), again.inlined),
    )
