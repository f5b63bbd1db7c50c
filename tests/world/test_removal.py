"""Removing one fault leaves the fate of every other send unchanged: what makes shrinking work."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import msgspec
import pytest

from sim.base.ids import Label, ValidatorIndex
from sim.network import links
from sim.network.draws import Draw, Draws
from sim.scenario.network_plan import NetworkPlan
from sim.scenario.plan import ActionPlan, CorruptionPlan, PhasePlan, Plan, Trigger
from sim.world.runner import run_plan
from tests.world.plans import CREATE, make_plan

SEEDS = range(1, 21)


class Send(NamedTuple):
    """One send of a run: when, what keys its draws, and its fate: verdict and copies' delays."""

    at_us: int
    key: tuple[int, int, str, tuple[str, str, int], int]
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
    found = []
    for event in run_plan(plan).events:
        if event.kind == "send":
            delays = tuple(int(arrival) - event.time_us for arrival in event.extra)
            link = (event.validator, event.peer)
            key = (*link, event.session, event.label, event.transmission)
            found.append(Send(event.time_us, key, (event.verdict, delays)))
    return found


def drawn(found: list[Send]) -> list[Send]:
    """Leave out what a partition cut: its draws don't show."""
    return [send for send in found if send.fate[0] != "cut"]


def disturbed(whole: list[Send], less: list[Send]) -> list[Send]:
    """Return the sends of the lesser run that happen in the whole one too, with another fate."""
    by_key = {send.key: send for send in drawn(whole)}
    assert len(by_key) == len(drawn(whole))
    common = [send for send in drawn(less) if send.key in by_key]
    assert common
    return [send for send in common if send.fate != by_key[send.key].fate]


@pytest.mark.parametrize("seed", SEEDS)
def test_removing_one_fault_changes_no_other_fate(seed: int) -> None:
    plan = plan_of(seed)
    whole = sends(plan)

    for fault in FAULTS:
        less = sends(without(plan, fault))
        assert disturbed(whole, less) == [], fault
        assert set(less) != set(whole), fault


class PerLinkDraws(Draws):
    """What this project must not do: a send's draws depend on how many preceded it on its link."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._ordinals = Draws(seed)
        self._sends: Counter[tuple[int, int]] = Counter()

    def next(
        self, source: ValidatorIndex, target: ValidatorIndex, label: Label
    ) -> tuple[int, Draw]:
        transmission, _ = super().next(source, target, label)
        self._sends[source, target] += 1
        ordinal = Label("", 0, "ordinal", str(self._sends[source, target]))
        _, draw = self._ordinals.next(source, target, ordinal)
        return transmission, draw


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_with_per_link_counters_removing_a_fault_changes_others(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "Draws", PerLinkDraws)
    plan = plan_of(seed)
    whole = sends(plan)

    moved = {fault: len(disturbed(whole, sends(without(plan, fault)))) for fault in FAULTS}

    assert all(moved.values()), moved
