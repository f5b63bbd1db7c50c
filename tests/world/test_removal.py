"""Removing one fault leaves the fate of every other send unchanged: what makes shrinking work."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import msgspec
import pytest

from sim.scenario.plan import ActionPlan, CorruptionPlan, NetworkPlan, PhasePlan, Plan, Trigger
from sim.world.runner import run_plan
from tests.world.plans import CREATE, make_plan

SEEDS = range(1, 21)


class Send(NamedTuple):
    """One send of a run: what keys its draws, where it stood on its link, and its fate.

    `fate` is the verdict and the delays of the copies; `ordinal` counts all sends on the link.
    """

    key: tuple[int, int, str, tuple[str, str, int], int]
    ordinal: tuple[int, int, int]
    fate: tuple[str, tuple[int, ...]]


def plan_of(seed: int) -> Plan:
    """Five validators, a quarter of all messages lost, and four faults of different kinds."""
    plan = make_plan(
        5,
        3,
        seed=seed,
        network=NetworkPlan(profile="lossy-stress", duplicate=1 << 29, reorder=1 << 29),
        timeline=(
            CREATE,
            ActionPlan(
                id="split",
                do="partition",
                at_us=0,
                groups=((0,), (1, 2)),
                until_us=20_000_000,
            ),
            ActionPlan(
                id="crash",
                do="crash",
                when=Trigger(event="share-sent", node=3, nth=2),
                nodes=(3,),
                until_us=4_000_000,
            ),
        ),
        corruptions=(
            CorruptionPlan(id="some", validator=1, behaviour="silent-to-some", victims=(2,)),
            CorruptionPlan(id="mute", validator=4, behaviour="silent-dealer"),
        ),
    )
    short = msgspec.structs.replace(plan.ledger, phases=PhasePlan(deal=8, respond=8, confirm=8))
    return msgspec.structs.replace(plan, ledger=short)


FAULTS = ("split", "crash", "some", "mute")


def without(plan: Plan, fault: str) -> Plan:
    """Return the plan less one of its faults."""

    def kept(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(entry for entry in entries if entry.id != fault)

    return msgspec.structs.replace(
        plan, timeline=kept(plan.timeline), corruptions=kept(plan.corruptions)
    )


def sends(plan: Plan) -> list[Send]:
    """Run the plan; return every send between validators."""
    links: Counter[tuple[int, int]] = Counter()
    found = []
    for event in run_plan(plan).events:
        if event.kind == "send":
            link = (event.validator, event.peer)
            links[link] += 1
            delays = tuple(int(arrival) - event.time_us for arrival in event.extra)
            key = (*link, event.session, event.label, event.transmission)
            found.append(Send(key, (*link, links[link]), (event.verdict, delays)))
    return found


def drawn(found: list[Send]) -> list[Send]:
    """Leave out what a partition cut: its draws don't show."""
    return [send for send in found if send.fate[0] != "cut"]


@pytest.mark.parametrize("seed", SEEDS)
def test_removing_one_fault_changes_no_other_fate_and_per_link_counters_would(seed: int) -> None:
    plan = plan_of(seed)
    whole = sends(plan)
    by_key = {send.key: send for send in drawn(whole)}
    assert len(by_key) == len(drawn(whole))
    moved_on_its_link = 0

    for fault in FAULTS:
        less = sends(without(plan, fault))
        common = [send for send in drawn(less) if send.key in by_key]
        assert common
        assert all(send.fate == by_key[send.key].fate for send in common), fault
        assert {(s.key, s.fate) for s in less} != {(s.key, s.fate) for s in whole}, fault
        moved_on_its_link += sum(send.ordinal != by_key[send.key].ordinal for send in common)

    # Keyed by its place on the link, each of these would have met another draw.
    assert moved_on_its_link > 0
