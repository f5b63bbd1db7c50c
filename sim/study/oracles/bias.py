"""The oracle of bias: how often dealers that choose among keys get the bit that they want.

Source: `costs.md`, "Key bias". The runs are those of `sim.study.bias`; the chances are counted
here, by going through every way in which the keys' bits may fall.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from fractions import Fraction
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

from sim.study.bias import CASES, SCENARIOS, Case, Trial, measure
from sim.study.oracles.lines import (
    QUICK_RESOLUTION,
    RESOLUTION,
    Chance,
    OracleLine,
    trials_for,
)
from sim.study.oracles.trials import Question, judged

FAMILY: Final = "bias"
SOURCE: Final = "costs.md, key bias"

KEYS: Final = {
    "honest": 1,
    "drop-out": 2,
    "two drop-outs": 4,
    "grinder": 8,
    "commit-reveal drop-out": 2,
    "commit-reveal grinder": 2,
    "GJKR drop-out": 1,
    "GJKR grinder": 1,
}
"""Among how many independent keys the dealers choose, by the name of the case: 2^k if k of them
may leave, m for the last with m candidates, one if what they see says nothing about the key."""

RUNS_MOST: Final = 400
"""Runs of one case: a chance close to 1 would take tens of thousands to be told from others."""


class NoScenariosError(Exception):
    """The scenarios that are run aren't there."""


def wanted_bit(keys: int) -> Fraction:
    """Return how likely the best of so many keys has the wanted bit, by counting."""
    tosses = list(product((0, 1), repeat=keys))
    return Fraction(sum(map(max, tosses)), len(tosses))


def find_scenarios() -> Path:
    """Return the folder of the scenarios: below the working directory, or beside the package.

    Raises:
        NoScenariosError: It is in neither place.

    """
    beside = Path(__file__).resolve().parents[3] / SCENARIOS
    for folder in (SCENARIOS, beside):
        if folder.is_dir():
            return folder
    raise NoScenariosError(f"there is no {SCENARIOS}: run this in a copy of the repository")


def lines(pool: Executor, *, quick: bool = False, runs: int | None = None) -> Iterator[OracleLine]:
    """Run every case, and yield its line.

    Args:
        pool: Who does the runs.
        quick: Whether fewer runs will do.
        runs: How many of each case, instead of what is computed.

    Raises:
        NoScenariosError: The scenarios aren't there.

    """
    folder = find_scenarios()
    for case in CASES:
        chance = float(wanted_bit(KEYS[case.name]))
        needed = trials_for(chance, QUICK_RESOLUTION if quick else RESOLUTION)
        subject = f"{case.protocol}: {case.who}"
        question = Question(
            Chance(subject, "bit 0 of SHA-256(key) is 1", SOURCE, chance), lambda trial: trial.bit
        )
        sample = partial(_sample, pool, case, folder)
        yield from judged(FAMILY, [question], runs or min(needed, RUNS_MOST), sample)


def _sample(pool: Executor, case: Case, folder: Path, seeds: range) -> tuple[Trial, ...]:
    return measure(case, seeds, pool, folder).trials
