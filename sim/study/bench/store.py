"""A benchmark's folder: every run as it is measured, and the tables that are made of them.

``bench.json`` says what and where; ``runs.jsonl`` has a line per run, written as it ends, so that
an interrupt loses none; the tables, as Parquet and CSV, are made anew from it; ``scenarios/`` has
every point as a scenario that `ksim run` takes. `docs/results.md` describes the formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from sim.base.extras import need
from sim.base.files import replacing, write_whole
from sim.study.bench.grid import Grid
from sim.study.counting import absent
from sim.study.journal import Journal
from sim.world.folder import FolderError
from sim.world.machine import describe, differences, source_hash

FORMAT: Final = "kchain-bench"
VERSION: Final = 1

BENCH: Final = "bench.json"
RUNS: Final = "runs.jsonl"
SCENARIOS: Final = "scenarios"
TABLES: Final = ("runs", "points", "fits")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What `bench.json` says, beside format and version.

    Attributes:
        created: When the benchmark was begun, UTC, ISO 8601.
        grid: What is measured, as plain data.
        skipped: Combinations of parameters that there can't be, each with the reason.
        machine: What times depend on, as `machine_record` has it.

    """

    created: str
    grid: dict[str, Any]
    skipped: tuple[str, ...]
    machine: dict[str, Any]


class _Cpu(msgspec.Struct):
    """What a machine record says of the processor, at least."""

    model: str
    count: int | None


class _Machine(msgspec.Struct):
    """What a machine record has, at least."""

    program: dict[str, Any]
    python: str
    platform: str
    cpu: _Cpu


class _Ceremony(msgspec.Struct):
    """What a line of `runs.jsonl` has of one ceremony, at least."""

    completed: bool
    heights: int | None
    latencies_us: list[int]


class _Run(msgspec.Struct):
    """What a line of `runs.jsonl` has, at least: all that tables are made of."""

    run: str
    digest: str
    verdict: str
    t: int
    ledger_bytes: int
    messages: list[dict[str, int]]
    bytes: list[dict[str, int]]
    charged: list[dict[str, int]]
    executed: dict[str, int]
    ceremonies: dict[str, _Ceremony]
    cpu_seconds: float | None
    run_cpu_seconds: float
    checks_cpu_seconds: float
    wall_seconds: float
    startup_cpu_seconds: float
    peak_memory_mib: float


def machine_record() -> dict[str, Any]:
    """Return what times depend on: program, Python, libraries, platform and CPU."""
    known = describe()
    del known["command"]
    known["program"]["source"] = source_hash()
    return known


class BenchFolder:
    """Reads and writes a benchmark's folder; a context manager while it is written.

    Attributes:
        path: The folder.
        records: What was measured, by run.

    Raises:
        FolderError: It is none, is damaged, or was measured by another program or elsewhere.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, dict[str, Any]] = {}
        self._journal: Journal | None = None

    @classmethod
    def begin(cls, path: Path, grid: Grid, skipped: Sequence[str]) -> BenchFolder:
        """Open the folder at `path` to go on in it, or make it.

        Tables of another grid are removed: nobody is to read them under this one's description.

        Raises:
            FolderError: What is there was measured elsewhere or is damaged, or somebody else is
                writing it.
            OSError: It can't be written.

        """
        folder = cls(path)
        machine, created = machine_record(), datetime.now(UTC).isoformat(timespec="seconds")
        about = folder.about() if (path / BENCH).is_file() else None
        if about is not None:
            created = about.created
            different = differing(about.machine, machine)
            if different:
                raise FolderError(
                    f"{path}: was measured elsewhere, or by another program "
                    f"({'; '.join(different)}): times wouldn't compare. Name another folder with "
                    "--out, or begin anew with --fresh"
                )
        path.mkdir(parents=True, exist_ok=True)
        journal = Journal(path / RUNS, {"format": f"{FORMAT}-runs", "version": VERSION})
        try:
            folder.records = dict(_records(path / RUNS, journal.entries))
            wanted = msgspec.json.decode(msgspec.json.encode(grid))
            if about is None or about.grid != wanted:
                folder._remove_tables(TABLES)
            content = {
                "format": FORMAT,
                "version": VERSION,
                "created": created,
                "grid": wanted,
                "skipped": list(skipped),
                "machine": machine,
            }
            write_whole(path / BENCH, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        except BaseException:
            journal.__exit__(None, None, None)
            raise
        folder._journal = journal
        return folder

    def about(self) -> About:
        """Return what `bench.json` says.

        Raises:
            FolderError: There is none, or it is none.

        """
        path = self.path / BENCH
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise FolderError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise FolderError(f"{path}: {error}") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise FolderError(f"{path}: is no {FORMAT} file")
        if content.get("version") != VERSION:
            found = content.get("version")
            raise FolderError(f"{path}: version {found!r}; this program reads {VERSION}")
        try:
            about = msgspec.convert(content, About)
            msgspec.convert(about.machine, _Machine)
        except msgspec.ValidationError as error:
            raise FolderError(f"{path}: {error}") from None
        return about

    def add(self, record: dict[str, Any]) -> None:
        """Keep what was measured of one run, for good."""
        assert self._journal is not None
        self._journal.append(record)
        self.records[record["run"]] = record

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Make what was measured durable."""
        if self._journal is not None:
            self._journal.__exit__(kind, error, trace)

    def write_scenario(self, slug: str, text: str) -> None:
        """Write the scenario of a point."""
        home = self.path / SCENARIOS
        home.mkdir(exist_ok=True)
        write_whole(home / f"{slug}.toml", text)

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a table as Parquet and CSV; without rows there is none.

        Raises:
            MissingExtraError: polars isn't installed.

        """
        need("report", "polars")
        import polars as pl

        if not rows:
            self._remove_tables([name])
            return
        columns = list(dict.fromkeys(column for row in rows for column in row))
        table = pl.DataFrame(
            {c: [row.get(c, absent(c)) for row in rows] for c in columns},
            strict=False,
        )
        empty = [c for c, kind in table.schema.items() if kind == pl.Null]
        table = table.with_columns(pl.col(c).cast(pl.Float64) for c in empty)
        for suffix, write in (("parquet", table.write_parquet), ("csv", table.write_csv)):
            with replacing(self.path / f"{name}.{suffix}") as fresh:
                write(fresh)

    def _remove_tables(self, names: Sequence[str]) -> None:
        for name in names:
            for suffix in ("parquet", "csv"):
                (self.path / f"{name}.{suffix}").unlink(missing_ok=True)


def _records(path: Path, entries: Sequence[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the journal at `path` has, by run.

    Raises:
        FolderError: A line isn't what is measured of a run.

    """
    for number, entry in enumerate(entries, 2):  # line 1 is the header
        try:
            run = msgspec.convert(entry, _Run).run
        except msgspec.ValidationError as error:
            raise FolderError(f"{path}:{number}: {error}") from None
        yield run, entry


_SAME: Final = ("program.commit", "program.dirty", "program.lock")
"""What may differ: the hash of the source says what was really run."""


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what keeps times of two machine records from being compared, in words."""
    found = differences(then, now)
    return [f"{name}: {old} then, {new} now" for name, old, new in found if name not in _SAME]
