"""What the command line and the settings say."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

SAMPLE: Final = 0.1
"""The part of the tests that ``--ksim-check-determinism`` runs twice if no rate is given."""

PATHS: Final = pytest.StashKey[list[Path]]()
"""Folders whose scenarios are tests."""


def add_options(parser: pytest.Parser) -> None:
    """Add the options, and the setting `ksim_paths`."""
    group = parser.getgroup("ksim", "scenarios of kchain-sim")
    group.addoption(
        "--ksim-seeds", type=_count, default=1, metavar="N", help="seeds per scenario (default: 1)"
    )
    group.addoption(
        "--ksim-seed", type=_seed, metavar="S", help="the first seed (default: the scenario's own)"
    )
    group.addoption(
        "--ksim-out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="where folders of failing runs go (default: results)",
    )
    group.addoption(
        "--ksim-check-determinism",
        type=_rate,
        nargs="?",
        const=SAMPLE,
        metavar="RATE",
        help="replay this part of the runs in other processes, with another hash seed "
        f"(0 to 1; without RATE: {SAMPLE:g})",
    )
    parser.addini(
        "ksim_paths",
        "folders with scenarios (default: the paths on the command line, or scenarios)",
        type="paths",
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seeds: 1 or more")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: an integer, 0 or more")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no rate from 0 to 1; before a path write --ksim-check-determinism=RATE"
        )
    return rate


def scenario_paths(config: pytest.Config) -> Iterable[Path]:
    """Yield the folders whose scenarios are tests."""
    if hasattr(config, "workerinput"):
        # A worker of xdist is given paths even where nobody gave any: the controller knows.
        return map(Path, config.workerinput["ksim_paths"])
    chosen: list[Path] = config.getini("ksim_paths")
    if chosen:
        return chosen
    if config.args_source is config.ArgsSource.ARGS:
        base = config.invocation_params.dir
        return [(base / argument.split("::")[0]).resolve() for argument in config.args]
    return [config.rootpath / "scenarios"]


def shown(path: Path) -> str:
    """Return a path as a user would write it: from where pytest was started, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
