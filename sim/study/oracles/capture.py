"""The oracle of committee capture: how often a drawn committee has t malicious members.

Source: `costs.md`, "Committee capture". The chain's own rule (`sim.protocol.selection`) draws; the
formula is the hypergeometric one for equal stakes, and for others the race of clocks in
`committees`, which shares nothing with the rule. Published anchors are compared with the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from fractions import Fraction
from functools import partial
from math import log2
from typing import Final, Literal, NamedTuple, TypeAlias

from sim.base.randomness import stream
from sim.protocol.selection import draw_committee
from sim.scenario.stakes import pareto_stake
from sim.study.oracles.committees import Electorate, binomial_tail, hypergeometric
from sim.study.oracles.lines import (
    QUICK_RESOLUTION,
    RESOLUTION,
    Chance,
    OracleLine,
    published_line,
    trials_for,
)
from sim.study.oracles.trials import Question, judged
from sim.study.pool import results

FAMILY: Final = "capture"
SOURCE: Final = "costs.md, committee capture"
CLOCKS: Final = "race of exponential clocks"

VALIDATORS: Final = 1000

PUBLISHED: Final = {
    7: "4.45e-2",
    10: "1.90e-2",
    16: "3.74e-3",
    21: "3.48e-4",
    32: "3.32e-5",
    64: "1.03e-8",
    100: "3.50e-13",
}
"""P[at least ⌊2n/3⌋ + 1 of n are malicious], of 1,000 with a third of them malicious, by n.

`costs.md` prints 3.51e-13 for 100; it is 3.5046e-13, by whole numbers and by scipy alike."""

PUBLISHED_BITS: Final = {(111, 74): "40.24", (128, 86): "47.36"}
"""−log2 of P[Bin(n, 1/3) ≥ t], by (n, t)."""

DRAWN: Final = (7, 10, 16)
"""Sizes that are drawn: larger committees are captured too seldom to be seen."""

DRAWS_MOST: Final = 60_000
"""Draws of one study: by more, which take minutes, little is learnt."""

_CHUNK: Final = 500
_SEEN_LEAST: Final = 0.01

Holders: TypeAlias = Literal["few", "many", "random"]


class Stakes(NamedTuple):
    """Who has what.

    Attributes:
        weights: By place in the registry.
        malicious: Places of the malicious ones, ascending.

    """

    weights: tuple[int, ...]
    malicious: tuple[int, ...]

    def electorate(self, largest: int) -> Electorate:
        """Return it for formulas about committees of at most `largest`."""
        bad = {*self.malicious}
        return Electorate(
            [self.weights[place] for place in self.malicious],
            [weight for place, weight in enumerate(self.weights) if place not in bad],
            largest,
        )


def pareto_stakes(count: int, shape: Fraction, seed: int) -> tuple[int, ...]:
    """Return the stakes that a scenario with this seed gives to ``v0000`` … by place."""
    return tuple(pareto_stake(seed, f"v{place:04}", shape) for place in range(count))


def malicious_places(
    weights: Sequence[int], share: Fraction, holders: Holders, seed: int
) -> tuple[int, ...]:
    """Return who is malicious: validators with `share` of the stake at most, as near as can be.

    Args:
        weights: By place.
        share: 0 … 1.
        holders: ``few``: the largest; ``many``: the smallest; ``random``: in an order drawn from
            `seed`, all alike. One that would be too much is passed over, and the next one tried.
        seed: Of the order.

    """
    order = sorted(range(len(weights)), key=lambda place: (weights[place], place))
    if holders == "few":
        order.reverse()
    elif holders == "random":
        order = stream(seed, "malicious").sample(order, len(order))
    limit = share * sum(weights)
    taken, found = 0, []
    for place in order:
        if taken + weights[place] <= limit:
            taken += weights[place]
            found.append(place)
    return tuple(sorted(found))


def drawn(stakes: Stakes, size: int, seed: int) -> list[int]:
    """Draw committees 0 … `_CHUNK` − 1 under a seed; return each one's number of malicious."""
    bad = {*stakes.malicious}
    name = stream(seed, "oracle", "committees").bytes(32)
    return [
        len(bad.intersection(draw_committee(name, index, stakes.weights, size)))
        for index in range(_CHUNK)
    ]


def sample_draws(pool: Executor, stakes: Stakes, size: int, chunks: range) -> list[list[int]]:
    """Return `drawn` of every seed of `chunks`."""
    return [found for _, found in results(pool, partial(drawn, stakes, size), chunks)]


def anchors() -> Iterator[OracleLine]:
    """Yield what the formulas give for published figures, to the digits that were published."""
    third = round(VALIDATORS / 3)
    for size, published in PUBLISHED.items():
        least = 2 * size // 3 + 1
        yield published_line(
            FAMILY,
            f"formula: {size} of {VALIDATORS}, {third} malicious",
            f"≥ {least} malicious, as published",
            SOURCE,
            computed=float(hypergeometric(VALIDATORS, third, size, least)),
            published=published,
        )
    for (size, least), bits in PUBLISHED_BITS.items():
        yield published_line(
            FAMILY,
            f"formula: Bin({size}, 1/3)",
            f"≥ {least}, in bits, as published",
            SOURCE,
            computed=-log2(binomial_tail(size, Fraction(1, 3), least)),
            published=bits,
        )


def lines(pool: Executor, *, quick: bool = False, runs: int | None = None) -> Iterator[OracleLine]:
    """Yield the anchors, then draws with equal stakes, then draws by unequal ones.

    Args:
        pool: Who draws.
        quick: Whether fewer draws will do.
        runs: How many draws of each study, rounded up to chunks, instead of what is computed.

    """
    yield from anchors()
    resolution = QUICK_RESOLUTION if quick else RESOLUTION
    third = Fraction(1, 3)
    equal = (1,) * VALIDATORS
    alike = Stakes(equal, malicious_places(equal, third, "few", 1))
    for size in DRAWN:
        yield from _study(pool, "equal stakes", alike, size, SOURCE, resolution, runs)
    weights = pareto_stakes(VALIDATORS, Fraction(6, 5), 1)
    kinds: tuple[Holders, ...] = ("few", "many", "random")
    for holders in kinds:
        stakes = Stakes(weights, malicious_places(weights, third, holders, 1))
        subject = f"Pareto 1.2, {holders} ({len(stakes.malicious)}) hold a third"
        yield from _study(pool, subject, stakes, 16, CLOCKS, resolution, runs)


def _study(
    pool: Executor,
    subject: str,
    stakes: Stakes,
    size: int,
    source: str,
    resolution: float,
    runs: int | None,
) -> Iterator[OracleLine]:
    """Yield lines about ⌊2n/3⌋ + 1 malicious members, and about a number seen often enough."""
    electorate = stakes.electorate(size)
    safe = 2 * size // 3 + 1
    tails = electorate.tails(size)
    often = max(least for least in range(1, size + 1) if tails[least] >= _SEEN_LEAST)
    wanted = sorted({safe, often}, reverse=True)
    needed = max(trials_for(tails[least], resolution) for least in wanted if tails[least] > 1e-4)
    chunks = -(-min(runs or needed, DRAWS_MOST) // _CHUNK)
    questions = [
        Question(
            Chance(
                f"{subject}, {size} of {VALIDATORS}", f"≥ {least} malicious", source, tails[least]
            ),
            partial(_at_least, least),
            _CHUNK,
        )
        for least in wanted
    ]
    yield from judged(FAMILY, questions, chunks, partial(sample_draws, pool, stakes, size))


def _at_least(least: int, found: Sequence[int]) -> int:
    return sum(bad >= least for bad in found)
