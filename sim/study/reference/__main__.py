"""``python -m sim.study.reference [--long] [--only NAME …] [--fresh]`` makes results/reference.

What was measured before, by this program on this machine, is not measured again: an interrupted
run goes on where it was. The exit code is 0 if every bound holds that was measured.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from sim.base.extras import MissingExtraError
from sim.base.files import write_whole
from sim.study.bench.running import Reached
from sim.study.bench.store import differing, machine_record
from sim.study.reference import benches, lines
from sim.study.reference.commands import CommandError
from sim.study.reference.lines import WORK, Line
from sim.world.folder import FolderError

OUT: Final = Path("results") / "reference"
FORMAT: Final = "kchain-reference"


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for, and write the folder; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sim.study.reference", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the part that takes hours, too")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help="tasks by name")
    parser.add_argument("--fresh", action="store_true", help="measure everything again")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    given = parser.parse_args(arguments)
    tasks = dict(lines.QUICK) | (dict(lines.LONG) if given.long or given.only else {})
    grids = dict(benches.QUICK) | (dict(benches.LONG) if given.long or given.only else {})
    unknown = [name for name in given.only if name not in tasks and name not in grids]
    if unknown:
        parser.error(f"no task {', '.join(unknown)}: {', '.join([*tasks, *grids])}")
    if given.only:
        tasks = {name: task for name, task in tasks.items() if name in given.only}
        grids = {name: grid for name, grid in grids.items() if name in given.only}
    if given.fresh:
        shutil.rmtree(WORK, ignore_errors=True)
    machine = machine_record()
    found: dict[str, list[Line]] = _known(machine)
    works: dict[str, Path] = {}
    for name, grid in grids.items():
        _say(f"benchmark {name}")
        try:
            works[name] = benches.measure(name, grid, given.out, _progress)
        except (FolderError, MissingExtraError) as error:
            _say(f"  {error}")
            return 2
    try:
        measured = _measured(works, machine)
    except FolderError as error:
        _say(f"  {error}")
        return 2
    for name, task in tasks.items():
        if name not in found:
            _say(f"task {name}")
            try:
                found[name] = list(task.measure())
            except CommandError as error:
                _say(f"  {error}")
                found[name] = [lines.unmeasured(task, str(error))]
            else:
                _keep(name, found[name], machine)
    told = [
        *benches.bench_lines(measured),
        *(line for some in found.values() for line in some),
    ]
    _write(given.out, sorted(told, key=lambda line: line.id), machine)
    for line in sorted(told, key=lambda line: line.id):
        _say(f"{line.verdict:12} {line.id:18} {line.what}: {line.measured} ({line.bound})")
    return int(any(line.holds is not True for line in told))


def _measured(works: Mapping[str, Path], machine: Mapping[str, Any]) -> dict[str, Path]:
    """Return the benchmarks that are complete, with those of this program's earlier sessions."""
    known = {name: WORK / "bench" / name for name in (*benches.QUICK, *benches.LONG)}
    complete = {
        name: path
        for name, path in known.items()
        if (path / "points.parquet").is_file() and benches.is_current(path, machine)
    }
    return complete | dict(works)


def _progress(reached: Reached) -> None:
    if reached.last:
        _say(f"  {reached.done} of {reached.total}: {reached.last}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _known(machine: Mapping[str, Any]) -> dict[str, list[Line]]:
    """Return the lines of earlier sessions of this program on this machine."""
    found = {}
    for name in (*lines.QUICK, *lines.LONG):
        path = WORK / "lines" / f"{name}.json"
        if path.is_file():
            content = json.loads(path.read_bytes())
            if not differing(content["machine"], machine):
                found[name] = msgspec.convert(content["lines"], list[Line])
    return found


def _keep(name: str, some: Sequence[Line], machine: Mapping[str, Any]) -> None:
    home = WORK / "lines"
    home.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine, "lines": msgspec.to_builtins(some)}
    write_whole(home / f"{name}.json", json.dumps(content, indent=1))


def _write(out: Path, told: Sequence[Line], machine: Mapping[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    date = datetime.now(UTC).isoformat(timespec="minutes")
    rows = [msgspec.to_builtins(line) | {"verdict": line.verdict} for line in told]
    about = {"format": FORMAT, "version": 1, "date": date, "machine": machine, "lines": rows}
    write_whole(out / "reference.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    stream = io.StringIO()
    names = ("id", "what", "bound", "measured", "verdict", "how")
    writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(out / "acceptance.csv", stream.getvalue())
    write_whole(out / "README.md", "".join(f"{line}\n" for line in _page(told, machine, date, out)))


def _page(told: Sequence[Line], machine: Mapping[str, Any], date: str, out: Path) -> list[str]:
    cpu, program = machine["cpu"], machine["program"]
    return [
        "# Reference figures",
        "",
        "<!-- Made by `make reference`. Don't edit. -->",
        "",
        f"Measured until {date} (UTC): {cpu['model']} × {cpu['count']}, {machine['platform']}, "
        f"Python {machine['python']}, kchain-sim {program['version']} (source "
        f"{program['source']}). `reference.json` has all versions.",
        "",
        "| line | what | bound | measured | verdict | how |",
        "|---|---|---|---|---|---|",
        *(
            f"| {line.id} | {line.what} | {line.bound} | {line.measured} | {line.verdict} "
            f"| {line.how} |"
            for line in told
        ),
        "",
        "Each benchmark has its tables (Parquet and CSV) in its folder, and figures for one column "
        "(3.3 in) and for a page (7 in), each with its data as CSV:",
        "",
        *(
            f"- [{path.parent.name}]({path.parent.name}/page/table.md)"
            for path in sorted(out.glob("*/bench.json"))
        ),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
