"""How far dealers bend the key: one bit of it, counted over many runs of a scenario.

The target is bit 0 of SHA-256(public key): the lowest bit of the digest's first byte. Every seed is
a run of its own with everything in it, and gives one bit. The chances are those of Gennaro,
Jarecki, Krawczyk, Rabin (J. Cryptology 2007, section 3), for dealers that choose among keys which
are as good as independent: their bits are fair coins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

from sim.base.errors import LocalError
from sim.base.samples import Range, chance_range
from sim.scenario.load import load
from sim.study.playing import Job, play
from sim.study.pool import results
from sim.world.executing import Executed

SCENARIOS: Final = Path("scenarios") / "bias"

CONFIDENCE: Final = 0.999
"""Of every interval here."""

HALF: Final = Fraction(1, 2)


def drop_out_chance(dealers: int) -> Fraction:
    """Return how likely one of the 2^k keys has the bit that k dealers want: 1 − 2^−(2^k)."""
    return 1 - Fraction(1, 2 ** (2**dealers))


def grinding_chance(candidates: int) -> Fraction:
    """Return how likely one of m candidates makes a key with the wanted bit: 1 − 2^−m."""
    return 1 - Fraction(1, 2**candidates)


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario whose key has a bit of interest.

    Attributes:
        name: Of the case.
        scenario: File in `SCENARIOS`, without its ending.
        who: Who chooses, and between what, in words.
        chance: How likely the bit is 1.
        changes: Of the scenario, by dotted key.

    """

    name: str
    scenario: str
    who: str
    chance: Fraction
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """The protocol that makes the key."""
        return self.scenario.removeprefix("bias-").removesuffix("-grind")


_NOBODY: Final[dict[str, Any]] = {"adversary": [], "expect": []}
_TWO: Final[dict[str, Any]] = {"adversary.0.nodes": ["v01", "v02"], "expect": []}
_LAST: Final[dict[str, Any]] = {
    "adversary.0.behaviour": "grinder",
    "adversary.0.params": {"bit": 1, "candidates": 8},
    "expect": [],
}

CASES: Final = (
    Case("honest", "bias-pedersen", "nobody", HALF, _NOBODY),
    Case("drop-out", "bias-pedersen", "one, to stay or to leave", drop_out_chance(1)),
    Case(
        "two drop-outs", "bias-pedersen", "two, who stays and who leaves", drop_out_chance(2), _TWO
    ),
    Case("grinder", "bias-pedersen-grind", "the last, one of 8 deals", grinding_chance(8)),
    Case(
        "commit-reveal drop-out",
        "bias-commit-reveal",
        "one, to stay or to leave",
        drop_out_chance(1),
    ),
    Case(
        "commit-reveal grinder",
        "bias-commit-reveal",
        "the last, to reveal its deal or not",
        drop_out_chance(1),
        _LAST,
    ),
    Case("GJKR drop-out", "bias-gjkr", "one, to stay or to leave, to extract or not", HALF),
    Case("GJKR grinder", "bias-gjkr", "the last, one of 8 deals", HALF, _LAST),
)
"""What `docs/bias.md` shows, in its order."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run.

    Attributes:
        seed: Its seed.
        public_key: What came of it.
        left: Whether a corrupted dealer is out.
        silent: Whether one didn't extract.

    """

    seed: int
    public_key: bytes
    left: bool
    silent: bool

    @property
    def bit(self) -> int:
        """The target: bit 0 of SHA-256(public key)."""
        return hashlib.sha256(self.public_key).digest()[0] & 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a case came to over all seeds."""

    case: Case
    trials: tuple[Trial, ...]

    @property
    def ones(self) -> int:
        """In how many runs the bit was 1."""
        return sum(trial.bit for trial in self.trials)

    @property
    def interval(self) -> Range:
        """Where the chance of a 1 lies, with `CONFIDENCE`."""
        return chance_range(self.ones, len(self.trials), CONFIDENCE)


def measure(
    case: Case, seeds: Sequence[int], pool: Executor | None = None, folder: Path = SCENARIOS
) -> Measured:
    """Run a case once per seed.

    Args:
        case: What to run.
        seeds: One run each.
        pool: Who shares the runs; None does them here, with the same result.
        folder: Where the scenarios are.

    Raises:
        ScenarioError: There is no such scenario, or it has errors.
        LocalError: A run didn't end as it must: see `_trial`.

    """
    scenario = load(str(folder / f"{case.scenario}.toml")).with_(case.changes)
    jobs = [Job(scenario, seed) for seed in seeds]
    work = partial(play, _trial)
    found = (
        [work(job) for job in jobs] if pool is None else [t for _, t in results(pool, work, jobs)]
    )
    return Measured(case, tuple(sorted(found, key=lambda trial: trial.seed)))


def _trial(done: Executed) -> Trial:
    """Read one run's bit off its summary.

    Raises:
        LocalError: The first attempt made no key, an invariant broke, or an honest dealer is out:
            then it would be no fair trial.

    """
    plan, summary = done.plan, done.summary
    (key,) = summary["keys"].values()
    run = f"{plan.name}, seed {plan.seed}"
    if key["status"] != "Active" or key["attempts"] != 1 or summary["violations"]:
        raise LocalError(f"{run}: no key at the first attempt, or one that is no good")
    corrupted = {corruption["validator"] for corruption in summary["corruptions"]}
    out = {validator.name for validator in plan.validators} - {*key["qual"]}
    if not out <= corrupted:
        raise LocalError(f"{run}: honest dealers are out")
    silent = any(fault["fault"] == "no-extraction" for fault in key["faults"])
    return Trial(plan.seed, bytes.fromhex(key["public_key"]), bool(out), silent)
