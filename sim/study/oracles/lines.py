"""One line of an oracle: what the simulator measured, what the formula says, and the verdict.

Counts agree if they are equal. Chances agree if the formula's lies in the exact interval of what
was counted (Clopper and Pearson, 1934, by scipy), with `CONFIDENCE`. How many trials that takes is
computed before any is made: see `trials_for`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import ceil, sqrt
from typing import Any, Final, NamedTuple

import msgspec

from sim.base.errors import LocalError
from sim.base.samples import Range, chance_range

CONFIDENCE: Final = 0.99
"""Of every interval here."""

POWER: Final = 0.99
"""How surely a simulator whose odds are off by the resolution would be found."""

RESOLUTION: Final = 2.0
"""Odds this many times the formula's, or one over it, must be told from the formula's."""

QUICK_RESOLUTION: Final = 3.0
"""The same for a quick look."""

TRIALS_LEAST: Final = 40

CHANCE_LEAST: Final = 1e-9
"""A chance nearer to 0 or 1 can't be told from it: no number of trials that anybody makes would."""

TOO_FEW: Final = "too few to tell anything"


class OracleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, twice.

    Attributes:
        family: ``cost``, ``loss``, ``capture``, ``mobile`` or ``bias``.
        subject: What was run or drawn.
        figure: What was measured.
        source: Where the formula is from.
        group: Of a count: the kind of ceremony, whatever its size and scheme; else empty.
        measured: By the simulator; for a chance, the share of trials.
        formula: Computed from the formula alone.
        difference: Measured less formula.
        low: Where the chance lies at least, by what was counted; None for counts.
        high: The same, at most.
        count: In how many trials it happened; None for counts.
        trials: How many independent ones there were; 1 for counts.
        runs: How many runs of the simulator, or draws of its rule, they come from.
        why: What the trials are enough for.
        again: Whether an earlier sample was outside of its interval, and this is the second, with
            fresh seeds; see `sim.study.oracles.trials`.
        decided: Whether the trials are enough for anything; if not, agreeing says nothing.
        agrees: Whether measurement and formula don't contradict each other.

    """

    family: str
    subject: str
    figure: str
    source: str
    group: str = ""
    measured: float
    formula: float
    difference: float
    low: float | None = None
    high: float | None = None
    count: int | None = None
    trials: int = 1
    runs: int = 1
    why: str = ""
    again: bool = False
    decided: bool = True
    agrees: bool

    @property
    def exact(self) -> bool:
        """Whether it is a count, that must be equal."""
        return self.low is None

    @property
    def verdict(self) -> str:
        """The verdict in a word or two."""
        if self.exact:
            return "equal" if self.agrees else "DIFFERS"
        if not self.agrees:
            return "OUTSIDE"
        return "within" if self.decided else "undecided"

    def exported(self) -> dict[str, Any]:
        """Return it as plain data, with its verdict in words."""
        return {**msgspec.to_builtins(self), "verdict": self.verdict}


def exact_lines(
    family: str,
    subject: str,
    source: str,
    measured: Mapping[str, int],
    formula: Mapping[str, int],
    group: str,
) -> list[OracleLine]:
    """Return a line for every figure that either side names; what one side lacks is 0 there."""
    return [
        OracleLine(
            family=family,
            subject=subject,
            figure=figure,
            source=source,
            measured=measured.get(figure, 0),
            formula=formula.get(figure, 0),
            difference=measured.get(figure, 0) - formula.get(figure, 0),
            group=group,
            agrees=measured.get(figure, 0) == formula.get(figure, 0),
        )
        for figure in dict.fromkeys([*formula, *measured])
    ]


def published_line(
    family: str, subject: str, figure: str, source: str, *, computed: float, published: str
) -> OracleLine:
    """Return the line of a formula against a publication.

    Args:
        family: And the rest: see `OracleLine`.
        subject: See there.
        figure: See there.
        source: See there.
        computed: By the formula; it stands where others have what was measured.
        published: As printed, zeros at the end included; they agree if this is the rounded one.

    """
    digits = len(published.partition("e")[0].replace(".", "").lstrip("0"))
    printed = float(published)
    return OracleLine(
        family=family,
        subject=subject,
        figure=figure,
        source=source,
        measured=computed,
        formula=printed,
        difference=computed - printed,
        agrees=float(f"{computed:.{digits - 1}e}") == printed,
    )


class Chance(NamedTuple):
    """A chance to be measured.

    Attributes:
        subject: What is run or drawn.
        figure: What happens or not.
        source: Where the formula is from.
        formula: The chance, by the formula.

    """

    subject: str
    figure: str
    source: str
    formula: float


def chance_line(
    family: str, chance: Chance, count: int, trials: int, runs: int, *, again: bool = False
) -> OracleLine:
    """Return the line of something that happened in `count` of `trials` independent trials."""
    found = interval(count, trials)
    enough = _resolved(chance.formula, trials)
    return OracleLine(
        family=family,
        subject=chance.subject,
        figure=chance.figure,
        source=chance.source,
        measured=count / trials,
        formula=chance.formula,
        difference=count / trials - chance.formula,
        low=found.low,
        high=found.high,
        count=count,
        trials=trials,
        runs=runs,
        why=enough or TOO_FEW,
        again=again,
        decided=enough is not None,
        agrees=found.holds(chance.formula),
    )


@lru_cache(maxsize=4096)
def interval(count: int, trials: int) -> Range:
    """Return the exact interval of a chance by Clopper and Pearson, with `CONFIDENCE`."""
    return chance_range(count, trials, CONFIDENCE)


def uncertain(chance: float, least: float = CHANCE_LEAST) -> bool:
    """Say whether a chance is at least so far from 0 and from 1."""
    return least <= chance <= 1 - least


@lru_cache(maxsize=4096)
def trials_for(chance: float, resolution: float = RESOLUTION) -> int:
    """Return how many trials tell `chance` from others.

    So many that, if the true odds are `resolution` times its odds, or one over that, the interval
    leaves `chance` out with probability `POWER` at least.

    Raises:
        LocalError: It can't be told from 0 or 1: see `CHANCE_LEAST`.

    """
    if not uncertain(chance):
        raise LocalError(f"no number of trials tells {chance} from 0 or 1")
    gap = abs(_off(chance, resolution) - chance)
    guess = 4.9**2 * chance * (1 - chance) / gap**2  # the normal approximation, 2.58 + 2.33 sigmas
    trials = max(TRIALS_LEAST, int(guess / 2))
    while min(power(chance, trials, resolution), power(chance, trials, 1 / resolution)) < POWER:
        trials = ceil(trials * 1.05)
    return trials


def power(chance: float, trials: int, resolution: float) -> float:
    """Return how surely `trials` leave `chance` out of the interval if the odds are others.

    Args:
        chance: By the formula, between 0 and 1.
        trials: Independent ones.
        resolution: The true odds over the formula's.

    """
    from scipy.stats import binom

    tail = (1 - CONFIDENCE) / 2
    least = int(binom.ppf(tail, trials, chance))
    most = int(binom.isf(tail, trials, chance))
    true = _off(chance, resolution)
    return float(binom.cdf(least - 1, trials, true) + binom.sf(most, trials, true))


def _off(chance: float, factor: float) -> float:
    return chance * factor / (1 - chance + chance * factor)


def _resolved(chance: float, trials: int) -> str | None:
    """Say what `trials` are enough for: the least factor on the odds that they would find.

    If they would find no factor, as of rare events, it is the least chance that they would see.
    None if that is more than one half: they can't tell the event from a coin.
    """

    def found(factor: float) -> bool:
        return min(power(chance, trials, factor), power(chance, trials, 1 / factor)) >= POWER

    low, high = 1.0, 64.0
    if uncertain(chance) and found(high):
        for _ in range(20):
            middle = sqrt(low * high)
            low, high = (low, middle) if found(middle) else (middle, high)
        return f"odds {high:.2f}x off would be found"
    seen = _seen(min(chance, 1 - chance), trials)
    if seen > 1 / 2:
        return None
    if chance > 1 / 2:
        return f"a chance below {1 - seen:.3g} would be seen"
    return f"a chance above {seen:.2g} would be seen"


def _seen(chance: float, trials: int) -> float:
    """Return the least chance above `chance` of which `trials` leave `chance` out, with `POWER`."""
    from scipy.stats import beta, binom

    most = int(binom.isf((1 - CONFIDENCE) / 2, trials, chance))
    return float(beta.ppf(POWER, most + 1, trials - most)) if most < trials else 1.0
