"""``ksim bench``, ``ksim plot``, ``ksim calibrate`` and ``ksim compare``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sim import api
from sim.cli.live import counting, weighing
from sim.cli.output import console, print_json, refuse, say, wide

_WIDTH: Final = 200
"""Columns of what goes into a pipe: rows stay on one line, for whatever reads them."""

_CHANGES: Final = 20
"""Changed figures that are shown; JSON has all."""


def run_bench(
    preset: str,
    axes: dict[str, Any],
    out: Path | None,
    workers: int,
    show: str | None,
    *,
    listed: bool,
    plots: bool,
    fresh: bool,
    as_json: bool,
) -> int:
    """Measure a grid, tell what came of it; return the exit code."""
    if preset not in api.PRESETS:
        return refuse(f'no preset "{preset}": {", ".join(api.PRESETS)}')
    grid = api.PRESETS[preset].changed(**axes)
    if listed or show is not None:
        return _list_points(grid, show)
    try:
        with weighing("bench") as progress:
            done = api.bench(grid, out, workers=workers, fresh=fresh, progress=progress)
        drawn = api.plot(done.folder) if plots else []
    except (api.BenchError, api.FolderError, api.FigureError, api.MissingExtraError) as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{error.filename or out}: {error.strerror}")
    except KeyboardInterrupt:
        say("what is measured is kept: the same command goes on from there")
        raise
    _tell_bench(done, len(drawn), as_json=as_json)
    for point, (completed, runs) in done.failing.items():
        say(f"failed: {runs - completed} of {runs} runs of {point}")
    return done.exit_code


def _list_points(grid: api.Grid, show: str | None) -> int:
    """List the points of a grid, or print the scenario of one."""
    from sim.scenario.dump import dump_resolved

    try:
        slugs = {point.slug: point for point in grid.points()}
    except api.BenchError as error:
        return refuse(str(error))
    if show is None:
        sys.stdout.write("".join(f"{slug}\n" for slug in slugs))
        return 0
    if show not in slugs:
        return refuse(f'no point "{show}" in this grid: --list names them')
    try:
        plan, _ = api.resolve(api.scenario_of(slugs[show]))
    except api.ScenarioError as error:
        return refuse(error.diagnostics[0].message)
    sys.stdout.write(dump_resolved(plan))
    return 0


def _tell_bench(done: api.Bench, drawn: int, *, as_json: bool) -> None:
    if as_json:
        print_json(done.exported())
        return
    from sim.report.figures.tables import bench_table, shown

    out = wide(_WIDTH)
    out.print(shown(bench_table(done.points.to_dicts())))
    fits = [] if done.fits is None else done.fits.to_dicts()
    for fit in fits:
        if fit["metric"] == "run_cpu_seconds" and fit["cost"] == fits[0]["cost"]:
            out.print(
                f"CPU of a run with {fit['ceremony']}, {fit['scheme']}, {fit['protocol']}, "
                f"{fit['commitments']} form: n^{fit['exponent']:.2f}, 95 % interval "
                f"{fit['exponent_low']:.2f} … {fit['exponent_high']:.2f}, "
                f"n = {fit['n_from']} … {fit['n_to']}"
            )
    for reason in done.skipped:
        out.print(f"left out: {reason}")
    cpu = done.machine["cpu"]
    out.print(f"measured on {cpu['model']} × {cpu['count']}, Python {done.machine['python']}")
    out.print(f"folder: {done.folder}{f', {drawn} files under figures' if drawn else ''}")


def draw_figures(
    results: Path, figure: str, formats: str, width: str, out: Path | None, *, as_json: bool
) -> int:
    """Draw stored results; return the exit code."""
    try:
        made = api.plot(results, figure, formats.split(","), width, out)
    except (api.FigureError, api.MissingExtraError) as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{error.filename or results}: {error.strerror}")
    if as_json:
        print_json({"files": [str(path) for path in made]})
    else:
        sys.stdout.write("".join(f"{path}\n" for path in made))
    return 0


def calibrate(name: str, rounds: int, out: Path | None, *, force: bool, as_json: bool) -> int:
    """Measure this machine's operations and write a cost model; return the exit code."""
    from sim.study.calibrate import shown

    path = out or Path(f"{name}.toml")
    try:
        with counting("calibrate", "rounds") as progress:
            found = api.calibrate(name, path, rounds=rounds, force=force, progress=progress)
    except FileExistsError as error:
        return refuse(f"{error}: --force replaces it")
    except ValueError as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{error.filename or path}: {error.strerror}")
    if as_json:
        print_json({"file": str(path), **found.exported()})
        return 0
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("operation", "scheme"):
        table.add_column(heading)
    for heading in ("least µs", "median µs", "above least"):
        table.add_column(heading, justify="right")
    for row in shown(found):
        table.add_row(*row)
    console().print(table)
    console().print(f'{path}: name it in a scenario as [cost] model = "./{path.name}"')
    return 0


def compare(a: Path, b: Path, fail_if: Sequence[str], *, counts: bool, as_json: bool) -> int:
    """Compare two results; return 1 if a condition holds."""
    try:
        found = api.compare(a, b, fail_if=fail_if, counts=counts)
    except (api.CompareError, api.FolderError, api.MissingExtraError) as error:
        return refuse(str(error))
    if as_json:
        print_json(found.exported())
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _told(found)))
    for text in found.failed:
        say(f"failed: {text}")
    return found.exit_code


def _told(found: api.Comparison) -> Iterator[str]:
    if found.kind == "run":
        yield from _told_divergence(found)
    else:
        yield f"{found.pairs} runs in both"
        for name, missing in (("A", found.only_a), ("B", found.only_b)):
            if missing:
                yield f"only in {name}: {len(missing)}, such as {missing[0]}"
    yield f"counted figures that differ: {len(found.changes) or 'none'}"
    for change in found.changes[:_CHANGES]:
        yield f"  {change.pair}: {change.figure}: {change.a} → {change.b}"
    if len(found.changes) > _CHANGES:
        yield f"  … and {len(found.changes) - _CHANGES} more (--json has all)"
    for ratio in found.ratios:
        interval = (
            "" if ratio.low is None else f", 95 % interval {ratio.low:.3f} … {ratio.high:.3f}"
        )
        yield f"{ratio.figure}: {ratio.ratio:.3f}x{interval}, {ratio.pairs} pairs"
    if found.elsewhere and not found.ratios:
        yield f"times: not compared: other machines ({'; '.join(found.elsewhere)})"


def _told_divergence(found: api.Comparison) -> Iterator[str]:
    where = found.divergence
    if where is None:
        yield "every event is the same"
        return
    yield (
        f"first differing event: time {where['time_us']} µs, validator {where['validator']}, "
        f"sequence {where['sequence']}"
    )
    for side, event in (("A", where["stored"]), ("B", where["replayed"])):
        yield f"  {side}: {'nothing' if event is None else event}"
