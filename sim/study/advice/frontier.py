"""Which committees are safe and live: for every n the thresholds between two bounds.

Safe: fewer than t members are malicious, but for a chance within the budget. Live: at least t + f*
honest members are online, so that a ceremony ends while every malicious one keeps still; f* is what
a key declares to survive (`faults`), and the largest one up to the protocol's own that the budget
allows is chosen. The budget for captures is for all committees of all epochs together, by the union
bound; the one for stalls is per draw, and by default so small that it holds for all of them, too.

The number of malicious members is exact for the chain's draw (`sim.study.oracles.committees`); each
honest one is offline by its own coin.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from sim.protocol.ceremony import default_faults
from sim.study.advice.request import SIZE_MAX, Request
from sim.study.oracles.committees import Electorate

SIZES: Final = (4, 7, 10, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448)
"""What is tried first, and what sheets show."""


@dataclass(frozen=True)
class Choice:
    """A committee's size, and what its thresholds come to.

    Attributes:
        n: Members.
        safe: Least t for which capture is within its budget; n + 1 if there is none.
        live: Largest t for which stalling is within its budget with f* = 0; 0 if there is none.
        t: The threshold to choose, `safe`; as far as it will go if it isn't live.
        faults: f*, the largest that is live with t.
        capture: P[at least t malicious], over all draws: the union bound.
        stall: P[fewer than t + f* honest and online], in one draw.

    """

    n: int
    safe: int
    live: int
    t: int
    faults: int
    capture: float
    stall: float

    @property
    def works(self) -> bool:
        """Whether some threshold is both safe and live."""
        return self.safe <= self.live


class Frontier:
    """The thresholds of every size, for one request.

    Attributes:
        largest: The largest size that is considered.
        electorate: Of whom committees are drawn.

    Args:
        asked: The request.
        electorate: The request's own, if it is there already.

    """

    def __init__(self, asked: Request, electorate: Electorate | None = None) -> None:
        self._asked = asked
        self.largest = min(len(asked.weights), SIZE_MAX)
        self.electorate = electorate or asked.stakes().electorate(self.largest)
        self._known: dict[int, Choice] = {}

    def choice(self, n: int) -> Choice:
        """Return what thresholds of a committee of `n` come to."""
        found = self._known.get(n)
        if found is None:
            found = self._known[n] = self._choice(n)
        return found

    def sizes(self) -> list[int]:
        """Return the sizes that are tried first, ascending."""
        return [*(size for size in SIZES if size < self.largest), self.largest]

    def least(self) -> Choice | None:
        """Return the smallest committee that is both safe and live, or None.

        Sizes are tried in steps, then by halving between the last step that won't do and the first
        that does: what isn't possible with n members isn't with fewer, but for single steps of
        rounding.
        """
        last = 3
        for size in self.sizes():
            if self.choice(size).works:
                span = range(last + 1, size + 1)
                place = bisect_left(span, x=True, key=lambda n: self.choice(n).works)
                return self.choice(span[place])
            last = size
        return None

    def captured(self, n: int) -> list[float]:
        """Return P[at least k of n are malicious], in one draw, for k = 0 … n + 1."""
        return [_chance(tail) for tail in self.electorate.tails(n)]

    def short(self, n: int) -> list[float]:
        """Return P[fewer than k of n are honest and online], in one draw, for k = 0 … n + 1."""
        import numpy as np
        from scipy.stats import binom

        tails = np.array(self.captured(n))
        exactly = np.maximum(0.0, tails[:-1] - tails[1:])
        needed = np.arange(n + 2)
        online = 1 - float(self._asked.offline)
        fewer = sum(
            chance * binom.cdf(needed - 1, n - bad, online)
            for bad, chance in enumerate(exactly)
            if chance > 0
        )
        return [_chance(float(chance)) for chance in fewer]

    def _choice(self, n: int) -> Choice:
        draws = self._asked.draws
        bad, short = self.captured(n), self.short(n)
        failure, stall = float(self._asked.failure), float(self._asked.stall)
        safe = next((t for t in range(1, n + 1) if bad[t] * draws <= failure), n + 1)
        live = max((t for t in range(1, n + 1) if short[t] <= stall), default=0)
        t = min(safe, n)
        most = default_faults(t, n)
        faults = max((f for f in range(most + 1) if short[t + f] <= stall), default=0)
        return Choice(
            n=n,
            safe=safe,
            live=live,
            t=t,
            faults=faults,
            capture=min(1.0, bad[t] * draws),
            stall=min(1.0, short[t + faults]),
        )


def _chance(computed: float) -> float:
    """Return a chance that rounding may have brought beyond 0 or 1."""
    return min(1.0, max(0.0, computed))
