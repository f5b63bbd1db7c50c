"""What a committee's ceremonies cost, and how long they take: derived and modelled, never measured.

Costs are the oracle's formulas (`sim.study.oracles.cost_formulas`), which real runs equal exactly:
payload bytes alone, without envelopes, signatures and framing. Compute time is those operations at
the prices of the `reference` cost model. Latency is heights: every phase takes as many as its work
and its messages need, one at least.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from sim.network.profiles import get_profile
from sim.scenario.plan import LedgerPlan
from sim.study.advice.request import Request
from sim.study.oracles import cost_formulas as formulas
from sim.validator.costs import cost_models

PROFILE: Final = "aws-10"
"""Whose slowest pair of regions shares are assumed to travel between."""

PRICES: Final = "reference"

_RTO_US: Final = 200_000


@dataclass(frozen=True)
class Expense:
    """What creating one key costs.

    Attributes:
        messages: Private ones in all: shares, first sent.
        shares_bytes: Payload that each member sends, on average.
        ledger_bytes: Payload that goes on the ledger: commitments and proofs.
        exponentiations: Per member, those on the ledger's behalf included; combinations by terms.
        cpu_seconds: Per member.
        seconds: From the request to the activation if everybody is there.
        seconds_absent: The same if somebody is offline: phases wait for their deadlines.
        seconds_worst: The same if malicious members use every deadline, once.

    """

    messages: int
    shares_bytes: int
    ledger_bytes: int
    exponentiations: int
    cpu_seconds: float
    seconds: float
    seconds_absent: float
    seconds_worst: float


def expense(asked: Request, n: int, t: int) -> Expense:
    """Return what creating a key with n members costs, t of whom sign."""
    shape = formulas.dkg(asked.scheme, asked.form, asked.protocol, n, t, n)
    total = formulas.ceremony(shape)
    heights, absent, worst = _heights(asked, shape)
    block = asked.block_time_ms / 1000
    return Expense(
        messages=total["messages.shares"],
        shares_bytes=total["payload.shares"] // n,
        ledger_bytes=total["payload.commitments"] + total["payload.proofs"],
        exponentiations=sum(total[name] for name in _COUNTED) // n,
        cpu_seconds=_us(asked, total) / n / 1e6,
        seconds=heights * block,
        seconds_absent=absent * block,
        seconds_worst=worst * block,
    )


_COUNTED: Final = (
    "exp.base",
    "exp.full",
    "exp.small",
    "combine.128.terms",
    "combine.full.terms",
    "exp.g2",
    "combine.g2.terms",
)


def prices(scheme: str) -> Mapping[str, int]:
    """Return the nanoseconds of each operation for keys of a scheme."""
    return cost_models()[PRICES].priced([scheme]).nanoseconds


def _us(asked: Request, counts: Mapping[str, float]) -> float:
    table = prices(asked.scheme)
    return sum(table.get(name, 0) * count for name, count in counts.items()) / 1000


def _heights(asked: Request, shape: formulas.Shape) -> tuple[int, int, int]:
    """Return heights until activation: if all are there, if one is absent, and at the worst."""
    n = shape.n
    trips = get_profile(PROFILE).round_trips_us
    one_way_us = max(p90 for row in trips for _, p90 in row) / 2
    sealed = formulas.dealing(shape)["seal"] / n
    # Dealing is points and seals; answering is opening and checking, and the public checks.
    deal = _us(asked, {"exp.base": shape.points, "seal": sealed})
    alone = shape._replace(registry=1)
    respond = _us(asked, {"exp.base": n, "open": sealed, **formulas.public(alone)})
    confirm = _us(asked, {"proof.verify": n})
    sign = _us(asked, formulas.activation_checked(alone))
    again = retransmission_us(n * (n - 1), float(asked.loss), 4 * one_way_us)
    phases = formulas.HEIGHTS[shape.protocol] - 5
    steps = [
        _needed(asked, one_way_us),
        _needed(asked, deal + one_way_us),
        _needed(asked, max(again, respond) + one_way_us),
        _needed(asked, confirm + one_way_us),
        _needed(asked, sign + one_way_us),
        *[1] * phases,
    ]
    lasts = LedgerPlan().phases
    early = lasts.announce + lasts.deal + lasts.respond
    # The quorum's confirmations are waited for, and five heights more for the others'.
    absent = early + steps[3] + 5 + steps[4] + phases
    worst = early + lasts.justify + lasts.open + lasts.confirm + lasts.sign + steps[4] + phases
    return sum(steps), absent, worst


def retransmission_us(shares: int, loss: float, round_trip_us: float) -> float:
    """Return how long the last of `shares` takes beyond a one-way trip, at least half the time.

    With loss p that is the least r with shares · p^(r+1) ≤ 1/2, and the timeouts before its
    transmission: the larger of 200 ms and the round trip, doubling.
    """
    timeout = max(_RTO_US, round_trip_us)
    total, left = 0.0, shares * loss
    while left > 0.5:
        total += timeout
        timeout *= 2
        left *= loss
    return total


def _needed(asked: Request, time_us: float) -> int:
    return max(1, ceil(time_us / (asked.block_time_ms * 1000)))
