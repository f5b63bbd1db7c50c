"""A benchmark's folder: every run as it is measured, and the tables that are made of them.

``bench.json`` says what and where; ``runs.jsonl`` has a line per run, written as it ends, so that
an interrupt loses none; the tables, as Parquet and CSV, are made anew from it; ``scenarios/`` has
every point as a scenario that `ksim run` takes. `docs/results.md` describes the formats.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from sim.base.extras import needing
from sim.study.bench.grid import Grid
from sim.world.machine import describe

FORMAT: Final = "kchain-bench"
VERSION: Final = 1

BENCH: Final = "bench.json"
RUNS: Final = "runs.jsonl"
SCENARIOS: Final = "scenarios"
TABLES: Final = ("runs", "points", "fits")

_ZERO: Final = ("messages.", "bytes.", "charged.", "executed.")
"""Columns of counters: what a run doesn't mention it has none of."""


class BenchError(Exception):
    """A folder is no benchmark's, is damaged, or was measured elsewhere; or nothing is left to do."""


def machine_record() -> dict[str, Any]:
    """Return what times depend on: program, Python, libraries, platform and CPU."""
    return {name: value for name, value in describe().items() if name != "command"}


class BenchFolder:
    """Reads and writes a benchmark's folder.

    Attributes:
        path: The folder.
        records: What was measured, by run.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, dict[str, Any]] = {}

    @classmethod
    def begin(cls, path: Path, grid: Grid, skipped: Sequence[str]) -> BenchFolder:
        """Open the folder at `path` to go on in it, or make it.

        Raises:
            BenchError: What is there was measured on another machine, or by another program.
            OSError: It can't be written.

        """
        folder = cls(path)
        machine = machine_record()
        if (path / BENCH).is_file():
            known = folder.about()
            different = _differences(known["machine"], machine)
            if different:
                raise BenchError(
                    f"{path}: was measured elsewhere ({'; '.join(different)}): times wouldn't "
                    "compare. Name another folder with --out, or begin anew with --fresh"
                )
            folder._read()
            created = known["created"]
        else:
            path.mkdir(parents=True, exist_ok=True)
            created = datetime.now(UTC).isoformat(timespec="seconds")
        about = {
            "format": FORMAT,
            "version": VERSION,
            "created": created,
            "grid": msgspec.to_builtins(grid),
            "skipped": list(skipped),
            "machine": machine,
        }
        _write(path / BENCH, json.dumps(about, indent=1, ensure_ascii=False).encode() + b"\n")
        return folder

    def about(self) -> dict[str, Any]:
        """Return `bench.json`.

        Raises:
            BenchError: There is none, or it is none.

        """
        path = self.path / BENCH
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise BenchError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise BenchError(f"{path}: {error}") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise BenchError(f"{path}: is no {FORMAT} file")
        if content.get("version") != VERSION:
            found = content.get("version")
            raise BenchError(f"{path}: version {found!r}; this program reads {VERSION}")
        return content

    def _read(self) -> None:
        path = self.path / RUNS
        if not path.is_file():
            return
        lines = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                record = json.loads(line)
                self.records[record["run"]] = record
            except (ValueError, KeyError, TypeError) as error:
                raise BenchError(f"{path}:{number}: {error}") from None
        if lines[-1]:  # an interrupt in the middle of a line: that run is done again
            whole = b"".join(line + b"\n" for line in lines[:-1])
            _write(path, whole)

    def add(self, record: dict[str, Any]) -> None:
        """Keep what was measured of one run, at once and for good."""
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with (self.path / RUNS).open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        self.records[record["run"]] = record

    def write_scenario(self, slug: str, text: str) -> None:
        """Write the scenario of a point."""
        home = self.path / SCENARIOS
        home.mkdir(exist_ok=True)
        _write(home / f"{slug}.toml", text.encode())

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a table as Parquet and CSV; without rows there is none.

        Raises:
            MissingExtraError: polars isn't installed.

        """
        with needing("report"):
            import polars as pl
        if not rows:
            for suffix in ("parquet", "csv"):
                (self.path / f"{name}.{suffix}").unlink(missing_ok=True)
            return
        columns = list(dict.fromkeys(column for row in rows for column in row))
        table = pl.DataFrame(
            {c: [row.get(c, 0 if c.startswith(_ZERO) else None) for row in rows] for c in columns},
            strict=False,
        )
        empty = [c for c, kind in table.schema.items() if kind == pl.Null]
        table = table.with_columns(pl.col(c).cast(pl.Float64) for c in empty)
        for suffix, write in (("parquet", table.write_parquet), ("csv", table.write_csv)):
            fresh = self.path / f".{name}.{suffix}.tmp"
            write(fresh)
            fresh.replace(self.path / f"{name}.{suffix}")


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_bytes(content)
    fresh.replace(path)


def _differences(then: Mapping[str, Any], now: Mapping[str, Any], at: str = "") -> list[str]:
    """Return what differs between two machine records, in words."""
    found = []
    for name in sorted(then.keys() | now.keys()):
        old, new = then.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{at}{name}.")
        elif old != new:
            found.append(f"{at}{name}: {old} then, {new} now")
    return found
