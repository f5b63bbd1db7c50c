"""Pairs of rows, and what is to be said of them: exact differences, and ratios with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, fsum, inf, log
from typing import Any, Final

from sim.study.counting import absent

Row = Mapping[str, Any]

CONFIDENCE: Final = 0.95


class CompareError(Exception):
    """Two results can't be compared, or not in this way; the message says why."""


@dataclass(frozen=True)
class Pair:
    """The same run in both results.

    Attributes:
        name: Which it is.
        counted: What must be the same: figures of A and B, by name.
        timed: What was measured.

    """

    name: str
    counted: tuple[Row, Row]
    timed: tuple[Row, Row]


@dataclass(frozen=True)
class Sides:
    """Two results, paired.

    Attributes:
        kind: run, bench or sweep.
        pairs: In the order of A.
        only_a: Names of what B lacks.
        only_b: Names of what A lacks.
        elsewhere: How the machines differ; empty if times may be compared.
        divergence: Of two runs, the first event that differs, or None.

    """

    kind: str
    pairs: tuple[Pair, ...]
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    divergence: Mapping[str, Any] | None = field(default=None)


@dataclass(frozen=True)
class Change:
    """A counted figure that isn't the same.

    Attributes:
        pair: Which run.
        figure: Its name.
        a: In A; None if A has none.
        b: In B.

    """

    pair: str
    figure: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Ratio:
    """How a measured figure changed, over all pairs.

    Attributes:
        figure: Its name.
        pairs: How many have it in both.
        ratio: Geometric mean of B/A.
        low: Lower end of the interval of `CONFIDENCE`; None with a single pair.
        high: Upper end.
        difference: Mean of B − A.

    """

    figure: str
    pairs: int
    ratio: float
    low: float | None
    high: float | None
    difference: float


def changes(sides: Sides) -> Iterator[Change]:
    """Yield every counted figure that differs between the two of a pair."""
    for pair in sides.pairs:
        a, b = pair.counted
        for figure in dict.fromkeys([*a, *b]):
            left, right = a.get(figure, absent(figure)), b.get(figure, absent(figure))
            if left != right:
                yield Change(pair.name, figure, left, right)


def ratios(sides: Sides) -> Iterator[Ratio]:
    """Yield how every measured figure changed."""
    for figure in dict.fromkeys(name for pair in sides.pairs for name in pair.timed[0]):
        found = ratio_of(figure, [pair.timed for pair in sides.pairs])
        if found is not None:
            yield found


def ratio_of(figure: str, pairs: Sequence[tuple[Row, Row]]) -> Ratio | None:
    """Return how `figure` changed, or None where no pair has it in both, as a number.

    A figure that counts is 0 where it isn't mentioned, if it is anywhere: a name that is nowhere is
    a mistake. The interval is Student's t on the logarithms of the ratios: pairs differ in size,
    ratios don't.
    """
    missing = absent(figure) if any(figure in a or figure in b for a, b in pairs) else None
    values = [(a.get(figure, missing), b.get(figure, missing)) for a, b in pairs]
    numbers = [
        (float(a), float(b))
        for a, b in values
        if isinstance(a, int | float) and isinstance(b, int | float)
    ]
    if not numbers:
        return None
    difference = fsum(b - a for a, b in numbers) / len(numbers)
    logs = [log(b / a) for a, b in numbers if a > 0 and b > 0]
    if len(logs) < len(numbers):  # a figure that is 0 somewhere has no ratio there
        rest = [(a, b) for a, b in numbers if not (a > 0 and b > 0)]
        grown = any(b > a for a, b in rest)
        logs += [0.0 for a, b in rest if a == b]
        if len(logs) < len(numbers):
            return Ratio(figure, len(numbers), inf if grown else 0.0, None, None, difference)
    middle = fsum(logs) / len(logs)
    low, high = _interval(logs, middle)
    return Ratio(figure, len(numbers), exp(middle), low, high, difference)


def _interval(logs: Sequence[float], middle: float) -> tuple[float | None, float | None]:
    if len(logs) < 2:
        return None, None
    from scipy import stats

    deviation = (fsum((value - middle) ** 2 for value in logs) / (len(logs) - 1)) ** 0.5
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1)) * deviation / len(logs) ** 0.5
    return exp(middle - half), exp(middle + half)
