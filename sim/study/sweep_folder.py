"""A sweep's folder: ``<root>/<scenario>/sweep-<id>/``, with what is planned and what is done.

`sweep.json` says which runs there are and which program does them; `journal.jsonl` has a line per
finished run, in order of their end; failing runs have their folders under `failures`. When every
run is done, `rows.parquet` and `machine.parquet` are written, in order of the grid.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from sim.base.files import write_whole
from sim.scenario.grid import SweepGrid
from sim.scenario.load import resolve
from sim.scenario.plan import Plan
from sim.study.journal import Journal, held, read_journal
from sim.world.expectations import describe
from sim.world.folder import FolderError
from sim.world.machine import source_hash, version_differences, versions
from sim.world.verdicts import Exit

SWEEP: Final = "sweep.json"
JOURNAL: Final = "journal.jsonl"
FAILURES: Final = "failures"
ROWS: Final = "rows.parquet"
MACHINE: Final = "machine.parquet"

FORMAT: Final = "kchain-sweep"
JOURNAL_FORMAT: Final = "kchain-sweep-journal"
VERSION: Final = 1


class Shard(NamedTuple):
    """Which part of a sweep: number 1 … of."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE: Final = Shard(1, 1)


class RunId(NamedTuple):
    """Which run of a sweep: the place of its point in the grid, and its seed."""

    point: int
    seed: int


class EntryRow(msgspec.Struct):
    """What every row has, of its figures; those that are added up or ranked may not be text."""

    plan: str
    verdict: str
    exit_code: Exit
    height: float
    virtual_seconds: float
    messages: float
    bytes: float
    ledger_bytes: float


class EntryMachine(msgspec.Struct):
    """The same of what a run took."""

    cpu_seconds: float
    wall_seconds: float
    peak_memory_mib: float


class Entry(msgspec.Struct):
    """A line of the journal, as far as others rely on it.

    Attributes:
        point: Of the grid, from 0.
        seed: Of the run.
        row: Its figures; see `sweep_rows.row_of`.
        machine: What it took.
        folder: The name of its folder, if it failed and this was written by a program that says so.

    """

    point: Annotated[int, msgspec.Meta(ge=0)]
    seed: Annotated[int, msgspec.Meta(ge=0)]
    row: EntryRow
    machine: EntryMachine
    folder: Annotated[str, msgspec.Meta(pattern=r"^[\w-]+$")] | None = None


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep, or a shard of one, is to do.

    Attributes:
        scenario: Its name.
        sweep: 8 hex digits of the hash of all its scenarios, as resolved with the first seed.
        keys: The dotted keys that the grid sets.
        points: Their values, point by point.
        first_seed: Of each point's runs.
        seeds: How many runs each point has.
        shard: Which part of the runs.
        sometimes: `text`, `file` and `line` of what must happen in some run.
        versions: Of the program that does it.

    """

    scenario: str
    sweep: str
    keys: tuple[str, ...]
    points: tuple[Mapping[str, Any], ...]
    first_seed: int
    seeds: int
    shard: Shard
    sometimes: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, Any]

    def all_runs(self) -> Iterator[RunId]:
        """Yield the runs of all shards, in order."""
        for point in range(len(self.points)):
            for seed in range(self.first_seed, self.first_seed + self.seeds):
                yield RunId(point, seed)

    def runs(self) -> list[RunId]:
        """Return the runs of this shard, in order: every so manieth of all."""
        return list(self.all_runs())[self.shard.number - 1 :: self.shard.of]

    @property
    def folder(self) -> str:
        """The folder's name."""
        part = f".{self.shard.number}-of-{self.shard.of}" if self.shard.of > 1 else ""
        return f"sweep-{self.sweep}{part}"

    def header(self) -> dict[str, Any]:
        """Return the first line of the journal."""
        return {
            "format": JOURNAL_FORMAT,
            "version": VERSION,
            "sweep": self.sweep,
            "shard": str(self.shard),
        }


def plan_sweep(grid: SweepGrid, shard: Shard = WHOLE) -> SweepPlan:
    """Return what a sweep of `grid` is to do, in this program."""
    plans = [resolve(point.scenario, grid.first_seed) for point in grid.points]
    marks = [_mark(plan) for plan in plans]
    values = [dict(point.values) for point in grid.points]
    content = msgspec.json.encode([values, marks])
    hoped = {
        (expect.sometimes, expect.validator): {
            "text": describe(expect),
            "file": expect.file,
            "line": expect.line,
        }
        for plan in plans
        for expect in plan.expects
        if expect.sometimes is not None
    }
    return SweepPlan(
        scenario=grid.base.name,
        sweep=hashlib.sha256(content).hexdigest()[:8],
        keys=grid.keys,
        points=tuple(msgspec.json.decode(msgspec.json.encode(values))),
        first_seed=grid.first_seed,
        seeds=grid.seeds,
        shard=shard,
        sometimes=tuple(hoped.values()),
        versions=program(),
    )


def program() -> dict[str, Any]:
    """Return what must be the same for all runs of a sweep, on whatever machine they are done."""
    known = versions()
    source = {"version": known["program"]["version"], "source": source_hash()}
    return {**known, "program": source}


def _mark(plan: Plan) -> str:
    """Return a hash of a plan without the lines that its expectations stand in."""
    bare = [msgspec.structs.replace(expect, file="", line=0) for expect in plan.expects]
    content = msgspec.json.encode(msgspec.structs.replace(plan, expects=tuple(bare)))
    return hashlib.sha256(content).hexdigest()


class SweepFolder:
    """A sweep's folder, read and written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def failures(self) -> Path:
        """Where failing runs go."""
        return self.path / FAILURES

    def exists(self) -> bool:
        """Say whether a sweep has begun here."""
        return (self.path / SWEEP).exists()

    def begin(self, plan: SweepPlan, *, fresh: bool) -> None:
        """Make the folder, or see that `plan` may go on in it.

        Args:
            plan: What is to be done there.
            fresh: Whether to forget what was done there.

        Raises:
            FolderError: Another version of the program began it, another process is at it, or it is
                damaged.
            OSError: It can't be written, or not be forgotten.

        """
        with held(self.path / JOURNAL):
            if fresh and self.path.exists():
                shutil.rmtree(self.path)
        if self.exists():
            self._check_versions(plan)
        self.path.mkdir(parents=True, exist_ok=True)
        for table in (ROWS, MACHINE):
            (self.path / table).unlink(missing_ok=True)  # of fewer seeds than there are now
        content = {"format": FORMAT, "version": VERSION, **msgspec.to_builtins(plan)}
        self.replace(SWEEP, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())

    def _check_versions(self, plan: SweepPlan) -> None:
        differences = version_differences(self.plan().versions, plan.versions)
        if differences:
            told = ", ".join(f"{name}: then {then}, now {now}" for name, then, now in differences)
            raise FolderError(
                f"{self.path}: this sweep was begun by another program ({told}); "
                "go on with that one, or start anew with --fresh"
            )

    def plan(self) -> SweepPlan:
        """Return what is to be done.

        Raises:
            FolderError: It is no sweep's folder, or is damaged or too new.

        """
        path = self.path / SWEEP
        try:
            content = json.loads(path.read_bytes())
            if content.pop("format", None) != FORMAT:
                raise FolderError(f"{path}: is no {FORMAT} file")
            if content.pop("version", None) != VERSION:
                raise FolderError(f"{path}: is of a version that this program doesn't read")
            plan = msgspec.convert(content, SweepPlan)
        except FileNotFoundError:
            raise FolderError(f"{self.path}: no sweep's folder: it has no {SWEEP}") from None
        except (OSError, ValueError, AttributeError) as error:
            raise FolderError(f"{path}: {error}") from None
        if not 1 <= plan.shard.number <= plan.shard.of:
            raise FolderError(f"{path}: is damaged: there is no shard {plan.shard}")
        for number, values in enumerate(plan.points):
            if missing := [key for key in plan.keys if key not in values]:
                raise FolderError(f"{path}: is damaged: point {number} has no {missing[0]}")
        return plan

    def journal(self, plan: SweepPlan) -> Journal:
        """Open the journal, to go on with it."""
        return Journal(self.path / JOURNAL, plan.header(), Entry)

    def entries(self, plan: SweepPlan) -> list[dict[str, Any]]:
        """Return what is done."""
        return read_journal(self.path / JOURNAL, plan.header(), Entry)

    def replace(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        write_whole(self.path / name, content)


def by_run(entries: Sequence[Mapping[str, Any]]) -> dict[RunId, Mapping[str, Any]]:
    """Return entries of a journal by their runs."""
    return {RunId(entry["point"], entry["seed"]): entry for entry in entries}
