"""Replays: a stored run executed again, and compared event by event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from sim.api.runs import Run, execute, hands
from sim.base.extensions import Source
from sim.world.folder import FolderError, RunFiles, RunFolder
from sim.world.replay import Divergence, cut, digest_difference, first_difference
from sim.world.verdicts import VERDICTS, Exit

if TYPE_CHECKING:
    from sim.scenario.plan import Plan
    from sim.world.outcome import ProgressCallback, Switches


@dataclass(frozen=True)
class Replay:
    """What a replay showed.

    Attributes:
        stored: The run as it was stored.
        run: The run as it went this time; it is not stored.
        versions: (name, then, now) of every version, inlined table, and extension that differs.
        divergence: Where the two part, or None.
        events: Records compared.
        notes: Which extensions were run, where that isn't plain, one sentence each.

    """

    stored: Run
    run: Run
    versions: tuple[tuple[str, str, str], ...]
    divergence: Divergence | None
    events: int
    notes: tuple[str, ...] = ()

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
    processes: int | Literal["auto"] = 1,
    *,
    extensions: Literal["stored", "current"] | None = None,
    progress: ProgressCallback | None = None,
    switches: Switches | None = None,
) -> Replay:
    """Execute the plan of a stored run again, and find the first event that differs.

    A run that its wall limit had cut short is compared as far as it got. Of the extensions that it
    used, the copies in its folder are run.

    Args:
        folder: A run's folder, or one with exactly one run below it.
        processes: As for `run`.
        extensions: What to run where a file of an extension has changed since: the copy that is
            ``stored``, or the ``current`` file, which may well diverge. None refuses.
        progress: As for `run`.
        switches: As for `run`.

    Raises:
        FolderError: `folder` is no run's folder, or is damaged; or an extension has changed.
        ExtensionError: An extension failed.
        KeyboardInterrupt: Ctrl-C; the run and its workers have ended.

    """
    source = RunFolder.find(Path(folder))
    summary = source.summary()
    stored = Run({k: v for k, v in summary.items() if k not in ("format", "version")}, source)
    plan = source.plan()
    sources, notes = _sources(source, extensions)
    short = summary.get("ending") == "wall-limit"
    whole = msgspec.structs.replace(plan, wall_limit_us=None) if short else plan
    again = execute(whole, source.scenario(), hands(processes, whole), progress, switches, sources)
    names = [validator.name for validator in plan.validators]
    new = cut(again.events, source.events()) if short else again.events
    divergence = first_difference(source.events(), new, names)
    if divergence is None and not short:
        divergence = digest_difference(source.digests(), again.digests)
    return Replay(
        stored,
        Run(again.summary, again),
        (*_differences(source, again), *_changed(plan, sources)),
        divergence,
        source.event_count(),
        notes,
    )


def _sources(
    run: RunFolder, wanted: Literal["stored", "current"] | None
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Return the extensions to run, and what is to be said about them."""
    origins = run.machine().get("extensions", {})
    sources, notes = [], []
    for stored in run.extensions():
        origin = str(origins.get(stored.name, ""))
        now = _current(stored, origin)
        if now is None and wanted == "current":
            raise FolderError(f"extension {stored.name}: {origin or 'its file'} is not there")
        if now is None:
            notes.append(f"extension {stored.name}: {origin} is gone; the stored copy was run")
        elif now.sha256 != stored.sha256 and wanted is None:
            raise FolderError(
                f"extension {stored.name}: {origin} has changed since the run "
                f"(SHA-256 {stored.sha256[:12]} then, {now.sha256[:12]} now): say which to run, "
                "--extensions stored (the copy in the folder) or --extensions current"
            )
        elif now.sha256 != stored.sha256 and wanted == "stored":
            notes.append(f"extension {stored.name}: {origin} has changed; the stored copy was run")
        elif now.sha256 != stored.sha256:
            notes.append(f"extension {stored.name}: the changed {origin} was run")
        sources.append(now if now is not None and wanted == "current" else stored)
    return tuple(sources), tuple(notes)


def _current(stored: Source, origin: str) -> Source | None:
    try:
        content = Path(origin).read_bytes()
    except OSError:
        return None
    return Source(name=stored.name, content=content, origin=origin)


def _changed(plan: Plan, sources: tuple[Source, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield (name, then, now) of every extension that is not what was run; short hashes."""
    for then, now in zip(plan.extensions, sources, strict=True):
        if then.sha256 != now.sha256:
            yield f"extensions.{then.name}", then.sha256[:12], now.sha256[:12]


def _differences(source: RunFolder, again: RunFiles) -> tuple[tuple[str, str, str], ...]:
    from sim.world.inlined import table_differences
    from sim.world.machine import version_differences, versions

    return (
        *version_differences(source.machine(), versions()),
        *table_differences(source.inlined(), again.inlined),
    )
