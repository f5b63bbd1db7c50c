"""Two stored results, as pairs of rows: runs, benchmarks or sweeps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from sim.study.bench.grid import PARAMETERS
from sim.study.bench.points import TIMES
from sim.study.bench.store import BENCH, BenchFolder
from sim.study.comparing.pairs import CompareError, Pair, Row, Sides
from sim.study.sweep_folder import MACHINE, ROWS, SWEEP, SweepFolder
from sim.study.sweep_table import MACHINE_MEDIANS
from sim.study.tables import read_table
from sim.world.folder import FolderError, RunFolder
from sim.world.machine import differences
from sim.world.replay import first_difference

_MEASURED: Final = (*TIMES, "startup_cpu_seconds", "peak_memory_mib")

_MACHINE: Final = ("python", "platform", "cpu")
"""What times depend on beside the program itself, which may well be what is compared."""

_VERSIONS: Final = ("python", "libraries")
"""Likewise, of what a sweep's plan says of its program."""

_WHERE: Final = ("host", "platform", "cpu", "cpus")
"""Likewise, of what a sweep's rows say of their machines; all but the host may be missing."""

_NAMING: Final = ("run", "seed", *PARAMETERS)

_RUN: Final = ("point", "seed")
"""What names a run of a sweep."""


def load_sides(a: Path, b: Path) -> Sides:
    """Return the two results, paired.

    Raises:
        CompareError: They are of two kinds, or of none.
        FolderError: One is damaged.
        MissingExtraError: The extra ``report`` isn't installed, and tables must be read.

    """
    kinds = [_kind(path) for path in (a, b)]
    if kinds[0] != kinds[1]:
        raise CompareError(f"{a} is a {kinds[0]}, {b} a {kinds[1]}")
    match kinds[0]:
        case "run":
            return _runs(RunFolder.find(a), RunFolder.find(b))
        case "bench":
            return _benches(a, b)
        case _:
            return _sweeps(a, b)


def _kind(path: Path) -> str:
    if (path / BENCH).is_file():
        return "bench"
    if (path / SWEEP).is_file():
        return "sweep"
    try:
        RunFolder.find(path)
    except FolderError as error:
        raise CompareError(f"{path}: no run's, benchmark's or sweep's folder ({error})") from None
    return "run"


def _elsewhere(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{name}: {_said(a.get(name))} and {_said(b.get(name))}"
        for name in _MACHINE
        if a.get(name) != b.get(name)
    )


def _said(value: Any) -> str:
    return f"{value['model']} × {value['count']}" if isinstance(value, Mapping) else str(value)


# Runs


def _runs(a: RunFolder, b: RunFolder) -> Sides:
    summaries = [dict(_figures(side.summary())) for side in (a, b)]
    machines = [side.machine() for side in (a, b)]
    timed = [_times(machine) for machine in machines]
    name = str(a.summary()["scenario"])
    pair = Pair(name, (summaries[0], summaries[1]), (timed[0], timed[1]))
    elsewhere = _elsewhere(*machines)
    if machines[0].get("processes") != machines[1].get("processes"):
        elsewhere += (f"processes: {machines[0].get('processes')}, {machines[1].get('processes')}",)
    return Sides("run", (pair,), elsewhere=elsewhere, divergence=_divergence(a, b))


def _divergence(a: RunFolder, b: RunFolder) -> dict[str, Any] | None:
    names = [[validator.name for validator in side.plan().validators] for side in (a, b)]
    longer = max(names, key=len)
    found = first_difference(a.events(), b.events(), longer)
    return None if found is None else msgspec.to_builtins(found)


def _figures(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a summary's figures and words by dotted name; lists count by their length."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", len(value)
        else:
            yield f"{prefix}{name}", value


# Benchmarks


def _benches(a: Path, b: Path) -> Sides:
    machines = [BenchFolder(path).about().machine for path in (a, b)]
    rows = [_named(path / "runs.parquet", _name, (*PARAMETERS, "seed")) for path in (a, b)]
    pairs, only_a, only_b = _paired(rows[0], rows[1], _counted, _measured)
    return Sides("bench", pairs, only_a, only_b, _elsewhere(*machines))


def _name(row: Row) -> str:
    words = [f"{name}={row[name]}" for name in PARAMETERS if name not in ("ceremony", "n")]
    return f"{row['ceremony']} n={row['n']} {' '.join(words)} seed={row['seed']}"


def _counted(row: Row) -> Row:
    skipped = (*_MEASURED, *_NAMING)
    return {name: value for name, value in row.items() if name not in skipped}


def _measured(row: Row) -> Row:
    return {name: row.get(name) for name in _MEASURED}


# Sweeps


def _sweeps(a: Path, b: Path) -> Sides:
    counted = [_named(path / ROWS, _run, _RUN) for path in (a, b)]
    timed = [_named(path / MACHINE, _run, _RUN) for path in (a, b)]
    versions = [_versions(path) for path in (a, b)]
    rows = [
        {name: {"row": row, "taken": timed[i].get(name, {})} for name, row in counted[i].items()}
        for i in (0, 1)
    ]
    pairs, only_a, only_b = _paired(
        rows[0], rows[1], lambda row: row["row"], lambda row: _times(row["taken"])
    )
    apart = [f"{name}: {left} and {right}" for name, left, right in differences(*versions)]
    elsewhere = (*apart, *_apart(timed[0].values(), timed[1].values()))
    return Sides("sweep", pairs, only_a, only_b, elsewhere)


def _versions(path: Path) -> Row:
    found = SweepFolder(path).plan().versions
    return {name: found.get(name) for name in _VERSIONS}


def _apart(a: Collection[Row], b: Collection[Row]) -> Iterator[str]:
    """Yield how the machines differ that two sweeps' runs were done on; older files say less."""
    for name in _WHERE:
        left, right = (
            sorted({str(row[name]) for row in rows if row.get(name) is not None}) for rows in (a, b)
        )
        if left and right and left != right:
            yield f"{name}: {', '.join(left)} and {', '.join(right)}"


def _run(row: Row) -> str:
    return f"point {row['point']} seed {row['seed']}"


def _times(row: Row) -> Row:
    return {name: row.get(name) for name in MACHINE_MEDIANS}


def _paired(
    a: Mapping[str, Row], b: Mapping[str, Row], counted: Any, measured: Any
) -> tuple[tuple[Pair, ...], tuple[str, ...], tuple[str, ...]]:
    pairs = tuple(
        Pair(name, (counted(a[name]), counted(b[name])), (measured(a[name]), measured(b[name])))
        for name in a
        if name in b
    )
    if not pairs:
        raise CompareError("the two have no run in common")
    only_a = tuple(name for name in a if name not in b)
    return pairs, only_a, tuple(name for name in b if name not in a)


def _named(path: Path, name: Callable[[Row], str], columns: Sequence[str]) -> dict[str, Row]:
    """Return the rows of a stored table by the names of their runs.

    Args:
        path: Of the table.
        name: Makes a name from a row.
        columns: What it needs for that.

    Raises:
        FolderError: There is no such table, it lacks a column, or has a run twice.

    """
    table = read_table(path)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise FolderError(f"{path}: has no column {', '.join(missing)}")
    rows: dict[str, Row] = {}
    for row in table.to_dicts():
        if rows.setdefault(name(row), row) is not row:
            raise FolderError(f"{path}: has {name(row)} twice")
    return rows
