"""How many of a committee are malicious: exactly, for equal stakes and for a draw by stake.

Equal stakes: hypergeometric, in whole numbers.

By stake, seat by seat without replacement, as the chain draws: give every validator a clock that
rings once, at a time that is exponential with its stake as rate. The next to ring is one of those
left, in proportion to their stakes: so the first n to ring are a committee, and P[at least t of n
are malicious] = P[the t-th malicious clock rings before the (n − t + 1)-th honest one]. The two
sides are independent, and how many of one side have rung by τ is a sum of independent coins, whose
distribution takes one pass over that side. What is left is an integral over τ. Nothing here draws
anything. (The clocks: Efraimidis, Spirakis, "Weighted random sampling with a reservoir",
Information Processing Letters 97, 2006.)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[float64]

_COARSE: Final = 241
_FINE: Final = (65, 481)
"""Times at which the two sides are compared: a first look, then where it matters, as many as bring
them to a distance of half of one over the committee's size, relatively, within these bounds."""

_CLASSES: Final = (16, 64, 128, 256)
"""Committees up to these sizes share what is computed; larger ones have a class of their own."""

_SHARED: Final = 4
"""First-look times to which the ends of an integral are rounded outwards."""

_NEGLIGIBLE: Final = 1e-13
"""Share of the integral that the first look may leave out on either side."""


@lru_cache(maxsize=65536)
def hypergeometric(population: int, malicious: int, size: int, least: int) -> Fraction:
    """Return P[at least `least` of `size` are malicious], drawn from `population` alike.

    Source: `costs.md`, "Committee capture".
    """
    most = min(size, malicious)
    ways = sum(
        comb(malicious, bad) * comb(population - malicious, size - bad)
        for bad in range(least, most + 1)
        if size - bad <= population - malicious
    )
    return Fraction(ways, comb(population, size))


def binomial_tail(trials: int, chance: Fraction, least: int) -> Fraction:
    """Return P[Bin(trials, chance) ≥ least], exactly."""
    other = 1 - chance
    return sum(
        (
            comb(trials, count) * chance**count * other ** (trials - count)
            for count in range(least, trials + 1)
        ),
        Fraction(),
    )


class Electorate:
    """Validators with stakes, some of them malicious, of whom committees are drawn.

    Args:
        malicious: Their stakes, each at least 1.
        honest: Those of the others.
        largest: Largest committee that will be asked about; all validators if None.

    """

    def __init__(
        self, malicious: Sequence[int], honest: Sequence[int], largest: int | None = None
    ) -> None:
        self.malicious = tuple(malicious)
        self.honest = tuple(honest)
        self.largest = min(self.size, largest or self.size)
        self._equal = len({*malicious, *honest}) <= 1
        self._tails: dict[int, tuple[float, ...]] = {}
        self._races: dict[int, _Race] = {}

    @property
    def size(self) -> int:
        """How many validators there are."""
        return len(self.malicious) + len(self.honest)

    def tails(self, size: int) -> tuple[float, ...]:
        """Return P[at least k of a committee of `size` are malicious] for k = 0 … size + 1.

        Equal stakes: as exact as a float. Otherwise about six good digits, and three where it is
        below 1e-50.
        """
        found = self._tails.get(size)
        if found is None:
            found = self._tails[size] = self._counted(size) if self._equal else self._raced(size)
        return found

    def captured(self, size: int, least: int) -> float:
        """Return P[at least `least` of a committee of `size` are malicious]."""
        return self.tails(size)[least]

    def _counted(self, size: int) -> tuple[float, ...]:
        bad = len(self.malicious)
        return tuple(
            float(hypergeometric(self.size, bad, size, least)) for least in range(size + 2)
        )

    def _raced(self, size: int) -> tuple[float, ...]:
        shared = next((most for most in _CLASSES if size <= most), self.largest)
        if shared not in self._races:
            self._races[shared] = _Race(self.malicious, self.honest, min(shared, self.size))
        race = self._races[shared]
        most = min(size, len(self.malicious))
        bad = [race.chance(size, least) for least in range(1, most + 1)]
        return (1.0, *bad, *[0.0] * (size + 1 - most))


class _Race:
    """The two sides' clocks. Times are in units of one over the mean stake."""

    def __init__(self, malicious: Sequence[int], honest: Sequence[int], largest: int) -> None:
        import numpy as np

        stakes = [np.array(side, dtype=float) for side in (malicious, honest)]
        everybody = np.concatenate(stakes)
        self._sides = [side / everybody.mean() for side in stakes]
        self._most = largest
        # From when nobody has rung, but for a chance that is negligible, to when the lightest have.
        first = 1e-4 / float(everybody.sum() / everybody.mean())
        last = 40.0 * float(everybody.mean() / everybody.min())
        self._wide = np.geomspace(first, last, _COARSE)
        self._first_look = self._both(self._wide)
        self._known: dict[tuple[int, int], tuple[Floats, Floats]] = {}

    def chance(self, size: int, least: int) -> float:
        """Integrate: the `least`-th malicious clock rings, and few enough honest ones have."""
        low, high = self._ends(size, least)
        if low == high:
            return 0.0
        if (low, high) not in self._known:
            self._known[low, high] = self._both(self._between(low, high))
        first, still = self._known[low, high]
        bad, quiet = first[:, least], still[:, size - least]
        # Trapezia over all times, and over every other one: Richardson's extrapolation of the two.
        area = (4 * _trapezia(bad, quiet) - _trapezia(bad[::2], quiet[::2])) / 3
        return float(bad[0] * quiet[0] + max(0.0, area))

    def _between(self, low: int, high: int) -> Floats:
        import numpy as np

        wanted = int(np.log(self._wide[high] / self._wide[low]) * self._most * 2)
        count = min(max(wanted, _FINE[0]), _FINE[1]) // 2 * 2 + 1  # odd: every other one is used
        return np.geomspace(self._wide[low], self._wide[high], count)

    def _ends(self, size: int, least: int) -> tuple[int, int]:
        """Return between which of the wide times the integral lies, but for what is negligible."""
        import numpy as np

        first, still = self._first_look
        steps = np.diff(first[:, least]) * still[:-1, size - least]
        total = steps.sum()
        if total <= 0:
            return 0, 0
        share = np.cumsum(steps) / total
        low = int(np.searchsorted(share, _NEGLIGIBLE))
        high = int(np.searchsorted(share, 1 - _NEGLIGIBLE)) + 1
        # Rounded outwards: many thresholds share their times, and so a pass over the validators.
        low = max(0, (low - 2) // _SHARED * _SHARED)
        high = min(len(self._wide) - 1, -(-(high + 2) // _SHARED) * _SHARED)
        return low, high

    def _both(self, times: Floats) -> tuple[Floats, Floats]:
        """Return P[at least k malicious have rung], and P[at most k honest ones], at each time."""
        bad, good = (_rung(side, times, self._most + 1) for side in self._sides)
        return bad[:, ::-1].cumsum(axis=1)[:, ::-1], good.cumsum(axis=1)


def _trapezia(bad: Floats, quiet: Floats) -> float:
    return float(((bad[1:] - bad[:-1]) * (quiet[1:] + quiet[:-1]) / 2).sum())


def _rung(rates: Floats, times: Floats, most: int) -> Floats:
    """Return P[k clocks have rung] at each time, k = 0 … most; the last is P[most or more].

    All terms are positive: nothing cancels, so the smallest have as many good digits as the rest.
    """
    import numpy as np

    found = np.zeros((len(times), most + 1))
    found[:, 0] = 1.0
    for done, rate in enumerate(rates):
        silent = np.exp(-rate * times)[:, None]
        rings = -np.expm1(-rate * times)[:, None]
        top = min(done + 1, most)
        moved = found[:, :top] * rings
        staying = top if top == most else top + 1  # who is at `most` stays there
        found[:, :staying] *= silent
        found[:, 1 : top + 1] += moved
    return found
