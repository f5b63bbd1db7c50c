"""``ksim validate``, ``explain``, ``schema`` and ``init``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sim import api
from sim.base.extensions import extended
from sim.cli.output import console, json_text, print_json, refuse, refuse_scenario, say
from sim.report.words import count


def validate_scenario(file: Path, sets: Sequence[str]) -> int:
    """Report every error of a scenario, or say that there is none."""
    try:
        grid = api.load_grid(str(file), sets)
    except api.ScenarioError as error:
        return refuse_scenario(error)
    runs = ""
    if grid.base.swept:
        runs = f", a sweep of {count(len(grid.points), 'point')} and {count(grid.runs, 'run')}"
    console().print(f"{file}: valid: {grid.base.name}{runs}")
    return 0


def explain_scenario(file: Path, seed: int | None, sets: Sequence[str]) -> int:
    """Show the resolved scenario: tables for people, then TOML that can be run."""
    from sim.report.explain import explain
    from sim.report.sweep import explain_grid

    try:
        grid = api.load_grid(str(file), sets)
        plan, resolved = api.resolve(grid.base, seed)
    except api.ScenarioError as error:
        return refuse_scenario(error)
    with extended(grid.base.extensions):
        console().print(explain(plan))
    if grid.base.swept:
        console().print(explain_grid(grid.keys, [p.values for p in grid.points], grid.seeds_range))
    sys.stdout.write(resolved)
    return 0


def print_schema(use: Sequence[str]) -> int:
    """Print the JSON Schema of scenario files."""
    try:
        print_json(api.schema(use))
    except api.ScenarioError as error:
        return refuse_scenario(error)
    return 0


def write_template(file: Path) -> int:
    """Write a commented scenario that passes, and the schema that its first line names.

    Never over a file that exists; a schema of another version stays, too.
    """
    try:
        _write_new(file, api.template())
    except FileExistsError:
        return refuse(f"{file} exists already")
    except OSError as error:
        return refuse(f"{file}: {error.strerror}")
    schema, text = file.with_name(api.SCHEMA_FILE), json_text(api.schema())
    try:
        _write_new(schema, text)
    except FileExistsError:
        if schema.read_bytes() != text.encode():
            say(f"{schema} is of another version; to renew it: ksim schema > {schema}")
    console().print(f"{file} written; try: ksim run {file}")
    return 0


def _write_new(file: Path, text: str) -> None:
    with file.open("x", encoding="utf-8") as stream:
        stream.write(text)
