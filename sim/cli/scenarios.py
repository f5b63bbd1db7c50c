"""``ksim validate``, ``explain``, ``schema`` and ``init``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sim import api
from sim.cli.output import console, print_json, refuse, refuse_scenario


def validate_scenario(file: Path, sets: Sequence[str]) -> int:
    """Report every error of a scenario, or say that there is none."""
    try:
        scenario = api.load(file, sets)
    except api.ScenarioError as error:
        return refuse_scenario(error)
    console().print(f"{file}: valid: {scenario.name}")
    return 0


def explain_scenario(file: Path, seed: int | None, sets: Sequence[str]) -> int:
    """Show the resolved scenario: tables for people, then TOML that can be run."""
    from sim.report.explain import explain

    try:
        plan, resolved = api.resolve(api.load(file, sets), seed)
    except api.ScenarioError as error:
        return refuse_scenario(error)
    console().print(explain(plan))
    sys.stdout.write(resolved)
    return 0


def print_schema() -> int:
    """Print the JSON Schema of scenario files."""
    print_json(api.schema())
    return 0


def write_template(file: Path) -> int:
    """Write a commented scenario that passes; never over a file that exists."""
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(api.template())
    except FileExistsError:
        return refuse(f"{file} exists already")
    except OSError as error:
        return refuse(f"{file}: {error.strerror}")
    console().print(f"{file} written; try: ksim run {file}")
    return 0
