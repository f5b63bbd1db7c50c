"""A benchmark's folder: every run as it is measured, and the tables that are made of them.

``bench.json`` says what and where; ``runs.jsonl`` has a line per run, written as it ends, so that
an interrupt loses none; the tables, as Parquet and CSV, are made anew from it; ``scenarios/`` has
every point as a scenario that `ksim run` takes. `docs/results.md` describes the formats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from sim.base.extras import need
from sim.base.files import replacing, write_whole
from sim.study.bench.grid import Grid
from sim.study.bench.points import COUNTERS
from sim.study.journal import Journal
from sim.world.folder import FolderError
from sim.world.machine import describe, differences, source_hash

FORMAT: Final = "kchain-bench"
VERSION: Final = 1

BENCH: Final = "bench.json"
RUNS: Final = "runs.jsonl"
SCENARIOS: Final = "scenarios"
TABLES: Final = ("runs", "points", "fits")


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

        Raises:
            FolderError: What is there was measured elsewhere, or somebody else is writing it.
            OSError: It can't be written.

        """
        folder = cls(path)
        machine, created = machine_record(), datetime.now(UTC).isoformat(timespec="seconds")
        if (path / BENCH).is_file():
            about = folder.about()
            created = about["created"]
            different = differing(about["machine"], machine)
            if different:
                raise FolderError(
                    f"{path}: was measured elsewhere, or by another program "
                    f"({'; '.join(different)}): times wouldn't compare. Name another folder with "
                    "--out, or begin anew with --fresh"
                )
        path.mkdir(parents=True, exist_ok=True)
        folder._journal = Journal(path / RUNS, {"format": f"{FORMAT}-runs", "version": VERSION})
        folder.records = {record["run"]: record for record in folder._journal.entries}
        about = {
            "format": FORMAT,
            "version": VERSION,
            "created": created,
            "grid": msgspec.to_builtins(grid),
            "skipped": list(skipped),
            "machine": machine,
        }
        write_whole(path / BENCH, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        return folder

    def about(self) -> dict[str, Any]:
        """Return `bench.json`.

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
        return content

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
            for suffix in ("parquet", "csv"):
                (self.path / f"{name}.{suffix}").unlink(missing_ok=True)
            return
        columns = list(dict.fromkeys(column for row in rows for column in row))
        table = pl.DataFrame(
            {
                c: [row.get(c, 0 if c.startswith(COUNTERS) else None) for row in rows]
                for c in columns
            },
            strict=False,
        )
        empty = [c for c, kind in table.schema.items() if kind == pl.Null]
        table = table.with_columns(pl.col(c).cast(pl.Float64) for c in empty)
        for suffix, write in (("parquet", table.write_parquet), ("csv", table.write_csv)):
            with replacing(self.path / f"{name}.{suffix}") as fresh:
                write(fresh)


_SAME: Final = ("program.commit", "program.dirty", "program.lock")
"""What may differ: the hash of the source says what was really run."""


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what keeps times of two machine records from being compared, in words."""
    found = differences(then, now)
    return [f"{name}: {old} then, {new} now" for name, old, new in found if name not in _SAME]
