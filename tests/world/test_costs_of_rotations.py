"""A fault-free rotation costs a run what the formulas say (costs.md, "Here, over a ledger").

What it cost is what a run with it has more than one without. `tests.protocol.test_rotation_costs`
and `test_repair` hold each machine's own exponentiations against the formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest

from sim.crypto.groups import get_group
from sim.scenario.plan import ActionPlan
from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from tests.world.plans import CREATE, key_plan, make_plan

S = 32
SIZE = 12
"""Validators: whoever sits nowhere follows the chain, too, and is charged for it."""

SCHEMES = ("ED25519", "SECP256K1", "BLS")


class Shape(NamedTuple):
    """From t of the first n validators to t' of those in `committee`."""

    n: int
    t: int
    committee: tuple[int, ...]
    threshold: int


RESHARES = [
    ("ED25519", Shape(5, 3, (2, 3, 4, 5, 6), 3)),
    ("ED25519", Shape(4, 3, (5, 6, 7, 8, 9, 10, 11), 5)),
    ("ED25519", Shape(9, 5, (0, 4, 11), 2)),
    ("ED25519", Shape(3, 2, (7,), 1)),
    ("SECP256K1", Shape(5, 3, (0, 1, 2, 3, 4, 5, 6), 4)),
    ("BLS", Shape(4, 2, (3, 4, 5, 6, 7), 3)),
]
OTHERS = [("ED25519", 3, 2), ("ED25519", 9, 6), ("SECP256K1", 5, 3), ("BLS", 5, 4)]


@cache
def ran(scheme: str, n: int, t: int, *actions: ActionPlan) -> RunOutcome:
    keys = (key_plan(n, t, scheme=scheme),)
    return run_plan(make_plan(SIZE, t, keys=keys, timeline=(CREATE, *actions)))


def more(scheme: str, n: int, t: int, do: str, **details: Any) -> dict[str, dict[str, int]]:
    """Return what a run with a rotation has more: messages, bytes, and each validator's charges."""
    action = ActionPlan(id="it", do=do, key="beacon", at_us=60_000_000, **details)
    with_it, without = ran(scheme, n, t, action), ran(scheme, n, t)
    assert with_it.violations == []
    more = {
        "messages": _difference(with_it.messages, without.messages),
        "bytes": _difference(with_it.bytes, without.bytes),
    }
    for name, charged in with_it.charged.items():
        more[name] = _difference(charged, without.charged[name])
    return more


def _difference(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: number - other.get(name, 0) for name, number in one.items()}


def said(messages: Mapping[str, int], *kinds: str) -> list[int]:
    return [messages.get(kind, 0) for kind in kinds]


def public(charged: Mapping[str, int]) -> list[int]:
    """What everybody is charged, though it is computed once."""
    return said(charged, "proof.verify", "combine.128", "combine.128.terms")


def everybody(more: Mapping[str, Mapping[str, int]]) -> list[list[int]]:
    return [public(charged) for name, charged in more.items() if name.startswith("v")]


@pytest.mark.parametrize(("scheme", "shape"), RESHARES)
def test_a_reshare_costs_what_the_formulas_say(scheme: str, shape: Shape) -> None:
    n, t, committee, threshold = shape
    new, both, g = len(committee), len(set(committee) & set(range(n))), get_group(scheme).point_size

    cost = more(scheme, n, t, "reshare", committee=committee, threshold=threshold)

    shares = n * new - both
    assert said(cost["messages"], "shares", "acks", "retransmissions") == [shares, shares, 0]
    assert said(cost["messages"], "announce", "deal", "response") == [new, n, new]
    assert said(cost["messages"], "confirm", "sign", "record-sign-session") == [new, threshold, 1]
    assert cost["bytes"]["payload.shares"] == shares * S
    assert cost["bytes"]["payload.commitments"] == n * (new + 1) * g
    assert cost["bytes"]["payload.proofs"] == n * (g + S)
    assert everybody(cost) == [[n + new, new + 1, (new + 1) * n]] * SIZE


@pytest.mark.parametrize(("scheme", "n", "t"), OTHERS)
def test_a_refresh_costs_what_the_formulas_say(scheme: str, n: int, t: int) -> None:
    cost = more(scheme, n, t, "refresh")

    shares = n * (n - 1)
    assert said(cost["messages"], "shares", "acks", "retransmissions") == [shares, shares, 0]
    assert said(cost["messages"], "announce", "deal", "response") == [n, n, n]
    assert said(cost["messages"], "confirm", "sign", "record-sign-session") == [n, t, 1]
    assert cost["bytes"]["payload.shares"] == shares * S
    assert cost["bytes"]["payload.commitments"] == n * (n + 1) * get_group(scheme).point_size
    assert cost["bytes"]["payload.proofs"] == 0
    assert everybody(cost) == [[n, n, n * n]] * SIZE


@pytest.mark.parametrize(("scheme", "n", "t"), OTHERS)
def test_a_repair_costs_what_the_formulas_say(scheme: str, n: int, t: int) -> None:
    cost = more(scheme, n, t, "repair", nodes=(1,))

    assert said(cost["messages"], "shares", "acks", "retransmissions") == [t * t, t * t, 0]
    assert said(cost["messages"], "announce", "deal", "response") == [t + 1, t, t + 1]
    assert said(cost["messages"], "confirm", "sign", "record-sign-session") == [1, 0, 0]
    assert cost["bytes"]["payload.shares"] == t * t * S
    assert cost["bytes"]["payload.commitments"] == t * t * get_group(scheme).point_size
    assert cost["bytes"]["payload.proofs"] == 0
    assert everybody(cost) == [[1, 0, 0]] * SIZE
    # t exponentiations to verify, for everybody; the helpers' and the target's own beside them.
    assert {charged["exp.full"] for name, charged in cost.items() if name.startswith("v")} == {t}
