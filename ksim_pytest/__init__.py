"""A pytest plugin: scenario files are test files, and each seed of one is a test.

    pytest scenarios/ --ksim-seeds 10 -n auto

A file is collected if it ends in ``.toml``, lies under ``ksim_paths`` (or is named on the command
line) and has a top-level ``schema`` with ``[validators]``, its own or those of what it extends. Its
tags are marks. A failing test stands where its ``[[expect]]`` stands, says in four lines what
``ksim run`` would say, and keeps its run's folder; a passing one keeps nothing. `docs/ci.md` is the
manual.

`options` what the command line and the settings say · `collecting` files and their tests ·
`running` one test · `repeating` the check of determinism.

pytest loads this package in every session of an environment in which kchain-sim is installed: so it
imports nothing of `sim` before the first scenario is collected.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from ksim_pytest.collecting import ScenarioFile, is_scenario
from ksim_pytest.options import PATHS, add_options, scenario_paths
from ksim_pytest.running import ScenarioItem

DESELECTED: Final = frozenset({"bench", "slow", "sweep"})
"""Tags of scenarios that run only if ``-m`` names the tag."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the setting `ksim_paths`."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Settle where scenarios are looked for."""
    config.stash[PATHS] = list(scenario_paths(config))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist what only the controller knows."""
    node.workerinput["ksim_paths"] = list(map(str, node.config.stash[PATHS]))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which seeds will run, if they aren't the scenarios' own."""
    count, first = config.getoption("--ksim-seeds"), config.getoption("--ksim-seed")
    if (count, first) == (1, None):
        return None
    start = "each scenario's own" if first is None else str(first)
    return f"ksim: seeds per scenario: {count}, from {start} on"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect a scenario."""
    if file_path.suffix != ".toml":
        return None
    folders = parent.config.stash[PATHS]
    named = parent.session.isinitpath(file_path)
    if not named and not any(file_path.is_relative_to(folder) for folder in folders):
        return None
    return ScenarioFile.from_parent(parent, path=file_path) if is_scenario(file_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long or measures, unless ``-m`` names it."""
    named = set(re.findall(r"[\w:+\-.\[\]\\/]+", config.getoption("markexpr", "")))
    unwanted = DESELECTED - named
    out = [item for item in items if isinstance(item, ScenarioItem) and item.is_tagged(unwanted)]
    if out:
        config.hook.pytest_deselected(items=out)
        left_out = set(out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report of a failed scenario name the line that failed, not the file."""
    report = yield
    if isinstance(item, ScenarioItem) and report.failed:
        path, line, title = item.reportinfo()
        report.location = (os.path.relpath(path, item.config.rootpath), line, title)
    return report
