"""What confirms a recommendation: draws by the chain's own rule, and a ceremony to run.

Budgets such as 2^−40 can't be seen in draws, so the draws confirm what the budgets follow from: the
distribution of malicious members, and of honest ones that are online, at thresholds that are
reached often enough. And they show that no drawn committee was captured or stalled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from sim.base.randomness import stream
from sim.protocol.selection import draw_committee
from sim.study.advice.frontier import Choice, Frontier
from sim.study.advice.request import Request
from sim.study.oracles.capture import Stakes
from sim.study.oracles.lines import Chance, OracleLine, trials_for, uncertain
from sim.study.oracles.trials import Question, judged
from sim.study.pool import Pool, results

FAMILY: Final = "advice"
SOURCE: Final = "exact distribution of the draw"

Pairs: TypeAlias = list[tuple[int, int]]
"""Of committees: malicious members, and honest ones online."""

_CHUNK: Final = 100
"""Draws of one job of the pool."""

_DRAWS: Final = range(2_000, 20_001)
"""How many draws there may be, whatever would be needed."""

_OFTEN: Final = 0.02
"""A chance is looked at that is no nearer to 0 or 1: of others too many draws would be needed."""

_PARTS: Final = 1 << 32
"""A coin has four bytes."""


@dataclass(frozen=True)
class Confirmation:
    """What draws gave.

    Attributes:
        draws: How many committees were drawn.
        captured: How many had t malicious members.
        stalled: How many had fewer than t + f* honest members online.
        lines: All of it, and chances that are seen often enough, if there are some, beside what
            was computed.

    """

    draws: int
    captured: int
    stalled: int
    lines: tuple[OracleLine, ...]


def confirm(
    asked: Request, frontier: Frontier, chosen: Choice, processes: int | None
) -> Confirmation:
    """Draw committees of the chosen size, and count.

    Args:
        asked: The request.
        frontier: With the computed chances.
        chosen: What is recommended.
        processes: How many share the draws; None is one per core.

    """
    n, quorum = chosen.n, chosen.t + chosen.faults
    bad, short = frontier.captured(n), frontier.short(n)
    # Nothing is looked at where nothing is left to chance: nobody is malicious, nobody offline.
    many = [k for k in range(n + 1) if uncertain(bad[k], _OFTEN)][-1:]
    few = [k for k in range(n + 2) if uncertain(short[k], _OFTEN)][:1]
    often = [*(bad[k] for k in many), *(short[k] for k in few)]
    needed = max(map(trials_for, often), default=_DRAWS.start)
    chunks = -(-min(max(needed, _DRAWS.start), _DRAWS.stop - 1) // _CHUNK)
    work = partial(seated, asked.stakes(), n, float(asked.offline), asked.seed)
    subject = f"{n} of {len(asked.weights)}, {asked.malicious_words}"
    questions = [
        Question(Chance(subject, figure, SOURCE, chance), hits, _CHUNK)
        for figure, chance, hits in (
            *((f"≥ {k} malicious", bad[k], partial(_malicious, k)) for k in many),
            (f"≥ {chosen.t} malicious: captured", bad[chosen.t], partial(_malicious, chosen.t)),
            *((f"< {k} honest and online", short[k], partial(_short, k)) for k in few),
            (f"< {quorum} honest and online: stalled", short[quorum], partial(_short, quorum)),
        )
    ]
    drawn: list[Pairs] = []

    def sample(seeds: range) -> list[Pairs]:
        found = [pairs for _, pairs in results(pool, work, seeds)]
        drawn.extend(found)
        return found

    with Pool(processes) as pool:
        lines = tuple(judged(FAMILY, questions, chunks, sample))
    return Confirmation(
        draws=_CHUNK * len(drawn),
        captured=sum(_malicious(chosen.t, pairs) for pairs in drawn),
        stalled=sum(_short(quorum, pairs) for pairs in drawn),
        lines=lines,
    )


def _malicious(least: int, pairs: Pairs) -> int:
    return sum(bad >= least for bad, _ in pairs)


def _short(needed: int, pairs: Pairs) -> int:
    return sum(online < needed for _, online in pairs)


def seated(stakes: Stakes, size: int, offline: float, seed: int, chunk: int) -> Pairs:
    """Draw `_CHUNK` committees; return each one's malicious members, and its honest ones online.

    Args:
        stakes: Of whom.
        size: How many seats.
        offline: Chance that an honest member is.
        seed: Of all draws.
        chunk: Which of the seed's chunks.

    """
    bad = {*stakes.malicious}
    name = stream(seed, "advice", "committees", chunk).bytes(32)
    coins = stream(seed, "advice", "offline", chunk)
    limit = int(offline * _PARTS)
    found = []
    for index in range(_CHUNK):
        members = draw_committee(name, index, stakes.weights, size)
        honest = [place for place in members if place not in bad]
        online = sum(int.from_bytes(coins.bytes(4), "big") >= limit for _ in honest)
        found.append((size - len(honest), online))
    return found


_TEMPLATE: Final = """# One ceremony of the committee that was advised: {t} of {n}, f* = {faults}.
#
# Its members were drawn from {validators} validators by the chain's rule; m000 is the one with the
# lowest place in the registry. {bad} of them are malicious: they deal nothing, confirm nothing and
# sign nothing. {off} honest ones are offline all the while. Made by ksim advise.
schema = 1
name = "advised-{n}"
tags = ["advice"]

[run]
seed = {seed}

[validators]
n = {n}
names = "m{{:03}}"

[network]
profile = "{profile}"
loss = "{loss}%"

[keys.key]
scheme = "{scheme}"
protocol = "{protocol}"
commitments = "{form}"
threshold = {t}
faults = {faults}

[[timeline]]
at = "0s"
do = "create-key"
key = "key"
{absent}{corrupted}
[[expect]]
key = "key"
ceremony = "completed"
attempts = 1
signs = true
"""

_ABSENT: Final = """
[[timeline]]
at = "0s"
do = "crash"
nodes = {nodes}
"""

_CORRUPTED: Final = """
[[adversary]]
nodes = {nodes}
behaviour = ["silent-dealer", "withhold-confirmation"]
"""


def scenario_text(asked: Request, chosen: Choice) -> str:
    """Return a ceremony of one drawn committee as a scenario, TOML."""
    from sim.study.advice.expense import PROFILE

    stakes = asked.stakes()
    name = stream(asked.seed, "advice", "committees", 0).bytes(32)
    members = draw_committee(name, 0, stakes.weights, chosen.n)
    coins = stream(asked.seed, "advice", "offline", "scenario")
    limit = int(float(asked.offline) * _PARTS)
    places = {f"m{seat:03}": place for seat, place in enumerate(members)}
    bad = [seat for seat, place in places.items() if place in {*stakes.malicious}]
    honest = [seat for seat in places if seat not in bad]
    absent = [seat for seat in honest if int.from_bytes(coins.bytes(4), "big") < limit]
    return _TEMPLATE.format(
        n=chosen.n,
        t=chosen.t,
        faults=chosen.faults,
        validators=len(asked.weights),
        bad=len(bad),
        off=len(absent),
        seed=asked.seed,
        profile=PROFILE,
        loss=f"{float(100 * asked.loss):.6f}".rstrip("0").rstrip("."),
        scheme=asked.scheme,
        protocol=asked.protocol,
        form=asked.form,
        absent=_ABSENT.format(nodes=json.dumps(absent)) if absent else "",
        corrupted=_CORRUPTED.format(nodes=json.dumps(bad)) if bad else "",
    )
