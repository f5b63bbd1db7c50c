"""The oracle of a mobile adversary: validators are read at a rate, and refresh helps.

Source: `costs.md`, "Mobile adversary". Every validator is read at the instants of a Poisson process
with rate λ. In an epoch E that hits it with p_E = 1 − e^(−λE); an epoch is lost if t of n are hit
in it, and the key is if any of H/E epochs is. Without refresh the whole of H is one epoch.

Twice: the processes alone, event by event, for as many lives as it takes; and real runs, with
refreshes, where a `mobile-adversary` reads those validators, and whether what it has makes the key
is decided by solving for it. Modelled there: nobody is read in the seconds of a refresh itself,
which would count in both epochs.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from math import ceil, comb, exp, expm1, log
from typing import Any, Final, NamedTuple

from sim.base.errors import LocalError
from sim.base.randomness import stream
from sim.scenario.load import Scenario, load_text
from sim.study.oracles.lines import (
    QUICK_RESOLUTION,
    RESOLUTION,
    Chance,
    OracleLine,
    published_line,
    trials_for,
)
from sim.study.oracles.trials import Question, judged
from sim.study.playing import Job, play
from sim.study.pool import results
from sim.world.executing import Executed

FAMILY: Final = "mobile"
SOURCE: Final = "costs.md, mobile adversary"

YEAR: Final = 365.0

PUBLISHED: Final = {
    (21, 15, 365): "0.295",
    (21, 15, 90): "1.70e-6",
    (21, 15, 30): "9.8e-13",
    (7, 5, 365): "0.491",
    (7, 5, 90): "7.0e-3",
    (7, 5, 30): "5.6e-5",
}
"""P that an epoch is lost at λ = 1 per year, by (n, t, days of the epoch)."""

_LIVES_MOST: Final = 2_000_000
_CHUNK: Final = 10_000

_EPOCH_SECONDS: Final = 100
_QUIET: Final = (40, 80)
"""Of real runs. Who is read in an epoch is so in its quiet seconds: no refresh is going on then."""
_READ_SECONDS: Final = 2

_TEMPLATE: Final = """schema = 1
name = "oracle-mobile"
[run]
seed = 1
[validators]
n = {n}
[network]
profile = "ideal"
[keys.beacon]
scheme = "ED25519"
threshold = {t}
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
[[timeline]]
at = "{last}s"
do = "sign"
key = "beacon"
[[expect]]
violates = "generations-stay-hidden"
"""

_REFRESH: Final = """[[timeline]]
at = "{at}s"
do = "refresh"
key = "beacon"
"""


def epoch_lost(n: int, t: int, rate: float, epoch: float) -> float:
    """Return P[Bin(n, 1 − e^(−λE)) ≥ t].

    Args:
        n: Holders.
        t: Shares that make the key.
        rate: λ, per unit of time.
        epoch: E, in that unit.

    """
    hit, missed = -expm1(-rate * epoch), exp(-rate * epoch)
    return sum(comb(n, k) * hit**k * missed ** (n - k) for k in range(t, n + 1))


def key_lost(n: int, t: int, rate: float, epoch: float, epochs: int) -> float:
    """Return 1 − (1 − P)^(H/E), for H a whole number of epochs."""
    return float(1 - (1 - epoch_lost(n, t, rate, epoch)) ** epochs)


class Life(NamedTuple):
    """A key's life under a mobile adversary.

    Attributes:
        n: Holders.
        t: Threshold.
        hits: λE: how often a validator is read in an epoch, on average.
        epochs: How many there are.
        refreshed: Whether each has shares of its own.

    """

    n: int
    t: int
    hits: float
    epochs: int
    refreshed: bool

    @property
    def formula(self) -> float:
        """The chance that the key is lost."""
        if self.refreshed:
            return key_lost(self.n, self.t, self.hits, 1.0, self.epochs)
        return epoch_lost(self.n, self.t, self.hits, float(self.epochs))

    @property
    def subject(self) -> str:
        """It in words."""
        how = "refreshed" if self.refreshed else "never refreshed"
        return f"{self.t} of {self.n}, λE = {self.hits:.3g}, {self.epochs} epochs, {how}"


MODELLED: Final = (
    Life(7, 5, 90 / YEAR, 4, refreshed=False),
    Life(7, 5, 90 / YEAR, 4, refreshed=True),
    Life(21, 15, 90 / YEAR, 4, refreshed=False),
    Life(21, 15, 270 / YEAR, 4, refreshed=True),
)
"""Lives that a model plays: λ = 1 per year, 90 days; the last with three times the rate."""

REAL: Final = (
    Life(5, 3, 0.3, 3, refreshed=False),
    Life(5, 3, 0.3, 3, refreshed=True),
    Life(7, 4, 0.4, 2, refreshed=True),
)
"""Lives that are runs, with the real cryptography."""


def hits(life: Life, seed: int) -> Iterator[tuple[int, float]]:
    """Yield when each validator is read: (position, time in epochs), in order of time."""
    found = []
    for position in range(life.n):
        draws = stream(seed, "oracle", "mobile", position)
        time = 0.0
        while True:
            # Uniform in (0, 1]: its logarithm is finite, and waiting times exponential.
            time -= log((int.from_bytes(draws.bytes(7), "big") + 1) / 256**7) / life.hits
            if time >= life.epochs:
                break
            found.append((position, time))
    yield from sorted(found, key=lambda hit: (hit[1], hit[0]))


def scenario_of(life: Life, seed: int) -> Scenario:
    """Return the run that is this life: who is read when, and refreshes in between."""
    text = _TEMPLATE.format(n=life.n, t=life.t, last=life.epochs * _EPOCH_SECONDS)
    if life.refreshed:
        for epoch in range(1, life.epochs):
            text += _REFRESH.format(at=epoch * _EPOCH_SECONDS)
    return load_text(text, f"<life {seed}>").with_({"adversary": _readings(life, seed)})


def _readings(life: Life, seed: int) -> list[dict[str, Any]]:
    """Return the adversary's entries: once per validator and epoch, for a secret is read whole."""
    first, last = _QUIET
    entries: dict[tuple[int, int], dict[str, Any]] = {}
    for position, time in hits(life, seed):
        epoch = int(time)
        start = epoch * _EPOCH_SECONDS + first + (time - epoch) * (last - first)
        entries.setdefault(
            (position, epoch),
            {
                "nodes": [f"v{position:02}"],
                "behaviour": "mobile-adversary",
                "from": f"{start:.3f}s",
                "until": f"{start + _READ_SECONDS:.3f}s",
            },
        )
    return list(entries.values())


def exposed(done: Executed) -> bool:
    """Return whether the adversary of a run could compute the key.

    Raises:
        LocalError: A check failed that the adversary doesn't explain, or the run's own check of
            what is known doesn't agree with what could be computed.

    """
    summary, attacks = done.summary, done.outcome.attacks
    assert attacks is not None
    found = attacks.exposed("beacon")
    broken = {violation["invariant"] for violation in summary["violations"]}
    known = "generations-stay-hidden" in broken
    key = summary["keys"]["beacon"]
    generations = sum(action["do"] == "refresh" for action in summary["actions"])
    if known != found or not broken <= {"generations-stay-hidden", "secrecy"}:
        raise LocalError(f"seed {done.plan.seed}: the key is exposed: {found}; broken: {broken}")
    if key["status"] != "Active" or key["generation"] != generations:
        raise LocalError(f"seed {done.plan.seed}: a refresh failed")
    return found


def modelled(life: Life, seed: int) -> int:
    """Play `_CHUNK` lives, reading by reading; return in how many the key is lost."""
    import numpy as np

    draws = np.random.default_rng(int.from_bytes(stream(seed, "oracle", "lives").bytes(16), "big"))
    # Of a Poisson process: how many events there are, and then each at its own uniform time.
    readings = draws.poisson(life.hits * life.epochs, (_CHUNK, life.n))
    which = np.repeat(np.arange(_CHUNK * life.n), readings.ravel())
    epochs = draws.integers(life.epochs, size=len(which)) if life.refreshed else 0 * which
    read = np.zeros((_CHUNK * life.n, life.epochs), dtype=bool)
    read[which, epochs] = True
    shares = read.reshape(_CHUNK, life.n, life.epochs).sum(axis=1)
    return int((shares >= life.t).any(axis=1).sum())


def anchors() -> Iterator[OracleLine]:
    """Yield what the formula gives for published figures."""
    for (n, t, days), published in PUBLISHED.items():
        yield published_line(
            FAMILY,
            f"formula: {t} of {n}, λ = 1 per year, epoch {days} days",
            "epoch lost, as published",
            SOURCE,
            computed=epoch_lost(n, t, 1 / YEAR, days),
            published=published,
        )


def lines(pool: Executor, *, quick: bool = False, runs: int | None = None) -> Iterator[OracleLine]:
    """Yield the anchors, then lives of the model, then real ones.

    Args:
        pool: Who does the work.
        quick: Whether fewer will do.
        runs: How many of each life, instead of what is computed; the model's in whole chunks.

    """
    yield from anchors()
    resolution = QUICK_RESOLUTION if quick else RESOLUTION
    for life in MODELLED:
        needed = trials_for(life.formula, min(resolution, 1.2))
        chunks = ceil(min(runs or needed, _LIVES_MOST) / _CHUNK)
        question = Question(_chance(life, "model"), int, _CHUNK)
        yield from judged(FAMILY, [question], chunks, partial(_model, life))
    for life in REAL:
        question = Question(_chance(life, "real runs"), bool)
        many = runs or trials_for(life.formula, resolution)
        yield from judged(FAMILY, [question], many, partial(_sample, pool, life))


def _chance(life: Life, how: str) -> Chance:
    return Chance(f"{how}: {life.subject}", "key lost", SOURCE, life.formula)


def _model(life: Life, chunks: range) -> list[int]:
    return [modelled(life, chunk) for chunk in chunks]


def _sample(pool: Executor, life: Life, seeds: range) -> list[bool]:
    work = partial(_lived, life)
    return [found for _, found in results(pool, work, seeds)]


def _lived(life: Life, seed: int) -> bool:
    return play(exposed, Job(scenario_of(life, seed), seed))
