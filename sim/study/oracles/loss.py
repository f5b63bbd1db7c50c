"""The oracle of losses: what Bernoulli loss with r retransmissions does to a key's creation.

Source: `costs.md`, "Loss". p per packet, q = p^(r+1): a share is lost if all its transmissions are.
In FROST's DKG all n(n−1) private messages must arrive; what goes over the ledger only comes later.
Here a lost share is complained about as `missing`, which is answered and never counts towards t.
The literature's rule, by which every complaint counts, is applied to the same complaints. And under
``justifications = "clear"`` whoever holds f points gets the lost ones from the ledger.

The tests derive the same chances by enumeration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from math import comb
from typing import Final, NamedTuple

from sim.base.errors import LocalError
from sim.scenario.load import load_text
from sim.study.oracles.lines import (
    QUICK_RESOLUTION,
    RESOLUTION,
    Chance,
    OracleLine,
    trials_for,
    uncertain,
)
from sim.study.oracles.trials import Question, judged
from sim.study.playing import Job, play
from sim.study.pool import results
from sim.world.executing import Executed

FAMILY: Final = "loss"
SOURCE: Final = "costs.md, loss"

_TEMPLATE: Final = """schema = 1
name = "oracle-loss"
[run]
seed = 1
[validators]
n = {n}
[network]
profile = "ideal"
loss = "{percent}%"
[transport]
retransmissions = {r}
[keys.beacon]
scheme = "ED25519"
protocol = "{protocol}"
threshold = {t}
justifications = "{justifications}"
attempts = 1
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
[[expect]]
key = "beacon"
ceremony = "either"
{rest}"""

_READ: Final = """[[expect]]
violates = "secrecy"
[[adversary]]
nodes = {nodes}
behaviour = "mobile-adversary"
"""


def lost(percent: int, retransmissions: int) -> float:
    """Return q: the chance that a share is lost on all its transmissions."""
    return float((percent / 100) ** (retransmissions + 1))


def all_arrive(n: int, q: float) -> float:
    """Return the chance that FROST's DKG succeeds over a ledger: (1 − q)^(n(n−1))."""
    return float((1 - q) ** (n * (n - 1)))


def at_most(k: int, trials: int, chance: float) -> float:
    """Return P[Bin(trials, chance) ≤ k]."""
    return sum(comb(trials, i) * chance**i * (1 - chance) ** (trials - i) for i in range(k + 1))


def nobody_out(n: int, t: int, q: float) -> float:
    """Return the chance that the literature's rule disqualifies no honest dealer.

    By that rule t complaints do; each of a dealer's n − 1 shares is lost with chance q.
    """
    return at_most(t - 1, n - 1, q) ** n


def contribution_exposed(n: int, t: int, f: int, q: float) -> float:
    """Return the chance that an honest dealer's polynomial follows from clear justifications.

    The adversary has f points; t − f of the n − 1 − f other holders' must be lost.
    """
    return 1 - at_most(t - f - 1, n - 1 - f, q)


class Study(NamedTuple):
    """Runs alike but for their seeds.

    Attributes:
        protocol: ``pedersen`` or ``frost``.
        n: Members.
        t: Threshold.
        percent: Of packets that are lost.
        retransmissions: Of each share.
        readers: How many members, the first ones, an adversary reads; 0 unless justifications are
            in the clear.

    """

    protocol: str
    n: int
    t: int
    percent: int
    retransmissions: int
    readers: int = 0

    @property
    def q(self) -> float:
        """The chance that a share is lost."""
        return lost(self.percent, self.retransmissions)

    @property
    def subject(self) -> str:
        """What is run, in words."""
        clear = f", clear, {self.readers} read" if self.readers else ""
        return (
            f"{self.protocol}, {self.t} of {self.n}, p = {self.percent} %, "
            f"r = {self.retransmissions}{clear}"
        )

    @property
    def scenario(self) -> str:
        """The scenario, TOML."""
        nodes = [f"v{position:02}" for position in range(self.readers)]
        rest = _READ.format(nodes=nodes) if self.readers else ""
        return _TEMPLATE.format(
            n=self.n,
            percent=self.percent,
            r=self.retransmissions,
            protocol=self.protocol,
            t=self.t,
            justifications="clear" if self.readers else "sealed",
            rest=rest.replace("'", '"'),
        )


STUDIES: Final = (
    Study("frost", 5, 3, 10, 0),
    Study("frost", 5, 3, 20, 1),
    Study("frost", 5, 3, 20, 2),
    Study("frost", 7, 5, 10, 1),
    Study("pedersen", 5, 2, 30, 0),
    Study("pedersen", 5, 3, 50, 1),
    Study("pedersen", 7, 3, 50, 2),
    Study("pedersen", 5, 3, 30, 0, readers=2),
    Study("pedersen", 6, 4, 60, 0, readers=2),
)
"""Chances between a hundredth and nine tenths, so that runs can tell them from others."""


class Trial(NamedTuple):
    """One run.

    Attributes:
        created: Whether it made a key.
        missing: Per dealer, who complained that its share is missing.
        out: How many dealers, all honest, were excluded.
        published: Per dealer, whose shares stand on the ledger in the clear.
        exposed: Whether the adversary has the key.

    """

    created: bool
    missing: dict[str, list[str]]
    out: int
    published: dict[str, list[str]]
    exposed: bool

    @property
    def complaints(self) -> int:
        """How many shares were complained about as missing."""
        return sum(map(len, self.missing.values()))


def trial_of(done: Executed) -> Trial:
    """Return what a run gave.

    Raises:
        LocalError: A check failed that losses can't explain.

    """
    summary = done.summary
    readers = bool(summary["corruptions"])
    if any(not (readers and _is_leak(v)) for v in summary["violations"]):
        raise LocalError(f"{done.plan.name}, seed {done.plan.seed}: a check failed")
    (attempt,) = summary["ceremonies"]
    missing: dict[str, list[str]] = {}
    for statement in attempt["statements"]:
        for complaint in statement.get("complaints") or ():
            if complaint["kind"] == "missing":
                missing.setdefault(complaint["dealer"], []).append(statement["validator"])
    published: dict[str, list[str]] = {}
    for shown in attempt["published"]:
        published.setdefault(shown["dealer"], []).append(shown["holder"])
    attacks = done.outcome.attacks
    return Trial(
        created=summary["keys"]["beacon"]["status"] == "Active",
        missing=missing,
        out=len(attempt["excluded"]),
        published=published,
        exposed=attacks is not None and attacks.exposed("beacon"),
    )


def _is_leak(violation: dict[str, object]) -> bool:
    return violation["invariant"] == "secrecy"


def questions(study: Study) -> list[Question]:
    """Return what is asked of every run of a study."""
    n, t, f, q = study.n, study.t, study.readers, study.q

    def ask(figure: str, formula: float, hits: Callable[[Trial], int], each: int = 1) -> Question:
        return Question(Chance(study.subject, figure, SOURCE, formula), hits, each)

    if study.protocol == "frost":
        return [ask("key created", all_arrive(n, q), lambda trial: trial.created)]
    if f:
        leak = contribution_exposed(n, t, f, q)
        return [
            ask("honest contribution exposed", leak, partial(_exposed, study), n - f),
            ask("key exposed", leak ** (n - f), lambda trial: trial.exposed),
        ]
    pairs = n * (n - 1)
    return [
        ask(f"share missing: {pairs * q:.3g} a run", q, lambda trial: trial.complaints, pairs),
        ask("honest dealer out", 0.0, lambda trial: trial.out, n),
        ask("key created", 1.0, lambda trial: trial.created),
        ask(
            "nobody out by the literature's rule",
            nobody_out(n, t, q),
            lambda trial: all(len(who) < t for who in trial.missing.values()),
        ),
    ]


def _exposed(study: Study, trial: Trial) -> int:
    """Count the honest dealers of whom the adversary and the ledger together have t points."""
    read = {f"v{position:02}" for position in range(study.readers)}
    return sum(
        len(read | {*holders}) >= study.t
        for dealer, holders in trial.published.items()
        if dealer not in read
    )


def runs_for(study: Study, resolution: float) -> int:
    """Return how many runs tell each of a study's chances, but 0 and 1, from others."""
    asked = questions(study)
    return max(
        -(-trials_for(chance.formula, resolution) // each)
        for chance, _, each in asked
        if uncertain(chance.formula)
    )


def lines(pool: Executor, *, quick: bool = False, runs: int | None = None) -> Iterator[OracleLine]:
    """Run every study, and yield the lines of each.

    Args:
        pool: Who does the runs.
        quick: Whether fewer runs will do.
        runs: How many of each study, instead of what is computed.

    """
    for study in STUDIES:
        many = runs or runs_for(study, QUICK_RESOLUTION if quick else RESOLUTION)
        yield from judged(FAMILY, questions(study), many, partial(_sample, pool, study))


def _sample(pool: Executor, study: Study, seeds: range) -> list[Trial]:
    scenario = load_text(study.scenario)
    jobs = [Job(scenario, seed) for seed in seeds]
    return [trial for _, trial in results(pool, partial(play, trial_of), jobs)]
