"""Shards of one sweep put together: the result is that of a sweep that was never divided."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from sim.study.journal import held
from sim.study.sweep_folder import FAILURES, JOURNAL, WHOLE, SweepFolder, SweepPlan, by_run
from sim.world.folder import swap
from sim.world.machine import version_differences


class MergeError(Exception):
    """Folders aren't the shards of one sweep, each once and each finished; says which and why."""


class _Part(NamedTuple):
    folder: SweepFolder
    plan: SweepPlan
    entries: list[dict[str, Any]]


def merge(shards: Sequence[Path], root: Path) -> SweepFolder:
    """Put the sweep that `shards` are together, under `root`, and return its folder.

    Args:
        shards: Their folders, in any order.
        root: The folder is ``<root>/<scenario>/sweep-<id>``; what is there is replaced once the
            merged one is complete.

    Raises:
        FolderError: One of them is no sweep's folder, or is damaged; or another process is writing
            what would be replaced.
        MergeError: They don't belong together, one is missing or there twice, or isn't finished.
        OSError: It can't be written: what stood there still does.

    """
    parts = [_open(path) for path in shards]
    plan = replace(parts[0].plan, shard=WHOLE)
    target = SweepFolder(root / plan.scenario / plan.folder)
    problems = [*_problems(parts), *_overwritten(parts, target)]
    if problems:
        raise MergeError("\n".join(problems))
    parts.sort(key=lambda part: part.plan.shard)
    fresh = SweepFolder(target.path.with_name(f".{target.path.name}.{os.getpid()}.tmp"))
    shutil.rmtree(fresh.path, ignore_errors=True)
    with held(target.path / JOURNAL):
        try:
            _fill(fresh, plan, parts)
            swap(fresh.path, target.path)
        finally:
            shutil.rmtree(fresh.path, ignore_errors=True)
    return target


def _fill(folder: SweepFolder, plan: SweepPlan, parts: Sequence[_Part]) -> None:
    folder.begin(plan, fresh=True)
    with folder.journal(plan) as journal:
        for _, entry in sorted(by_run([e for part in parts for e in part.entries]).items()):
            journal.append(entry)
    for part in parts:
        if part.folder.failures.is_dir():
            shutil.copytree(part.folder.failures, folder.path / FAILURES, dirs_exist_ok=True)


def _open(path: Path) -> _Part:
    folder = SweepFolder(path)
    plan = folder.plan()
    return _Part(folder, plan, folder.entries(plan))


def _problems(parts: Sequence[_Part]) -> Iterator[str]:
    """Yield whatever keeps `parts` from being one whole sweep."""
    first = parts[0]
    for part in parts[1:]:
        yield from (f"{part.folder.path}: {what}" for what in _differences(first, part))
    of = first.plan.shard.of
    by_number: dict[int, list[_Part]] = {}
    for part in parts:
        by_number.setdefault(part.plan.shard.number, []).append(part)
    for number, several in sorted(by_number.items()):
        if len(several) > 1:
            paths = ", ".join(str(part.folder.path) for part in several)
            yield f"shard {number}/{of} is there {len(several)} times: {paths}"
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in by_number]
    if missing:
        yield f"missing: shard {', '.join(missing)}"
    for part in parts:
        left = set(part.plan.runs()) - set(by_run(part.entries))
        if left:
            total = len(part.plan.runs())
            yield f"{part.folder.path}: isn't finished: {len(left)} of {total} runs are missing"


def _overwritten(parts: Sequence[_Part], target: SweepFolder) -> Iterator[str]:
    """Yield what would be deleted before it is read."""
    for part in parts:
        if part.folder.path.resolve() == target.path.resolve():
            yield f"{part.folder.path}: is where the merged sweep would go: name another --out"


def _differences(one: _Part, other: _Part) -> Iterator[str]:
    """Yield what keeps `other` from being of the same sweep as `one`."""
    a, b = one.plan, other.plan
    if (a.scenario, a.sweep) != (b.scenario, b.sweep):
        yield f"is of another sweep than {one.folder.path}: {b.scenario} {b.sweep}, not {a.sweep}"
        return
    if (a.first_seed, a.seeds) != (b.first_seed, b.seeds):
        yield (
            f"has {b.seeds} seeds from {b.first_seed} on; "
            f"{one.folder.path} has {a.seeds} from {a.first_seed} on"
        )
    if a.shard.of != b.shard.of:
        yield f"is one of {b.shard.of} shards; {one.folder.path} is one of {a.shard.of}"
    for name, here, there in version_differences(a.versions, b.versions):
        yield f"was made by {name} {there}; {one.folder.path} by {here}"
