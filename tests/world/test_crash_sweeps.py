"""Crashes anywhere in real runs: one key, nobody blamed, every share back, whatever is lost.

The plans ask for a key at once, and for something to be done with it when whoever was late in the
creation has long recovered. By default a sample of the moments is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, product
from typing import Any, Final

import msgspec
import pytest

from sim.engine.ports import Event
from sim.report import account_text
from sim.scenario.network_plan import NetworkPlan
from sim.scenario.plan import ActionPlan, Plan, Trigger, ValidatorPlan
from sim.validator.events import EFFECT
from sim.validator.store import Lose
from sim.world import runner
from sim.world.openness import StartedOperations
from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from sim.world.summary import summarise
from tests.world.plans import CREATE, key_plan, make_plan
from tests.world.variations import REGIONS, digest

SECOND: Final = 1_000_000
BLOCK_US: Final = 2 * SECOND
ASKED_US: Final = 1_000 * SECOND
SIZE: Final = 5

SIGN: Final[dict[str, Any]] = {"context": "test", "message": b"hello"}
OPERATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "reshare": {"joins": (4,), "leaves": (0,)},
    "refresh": {},
    "repair": {"nodes": (2,)},
    "sign": SIGN,
}
VICTIMS: Final[Mapping[str, Sequence[int]]] = {
    "reshare": (0, 1, 4),
    "refresh": (1,),
    "repair": (0, 2),
    "sign": (1,),
}
"""In the reshare 0 leaves, 1 stays, 4 joins; in the repair 0 helps, and the share is that of 2."""

SOON_US, LATE_US = 3 * SECOND, 70 * SECOND
"""Until the restart: before any phase has run out, and after some."""


def make(do: str, *crashes: ActionPlan, lossy: bool) -> Plan:
    """Return 2-of-4 doing `do`, while it signs something."""
    timeline = [CREATE, _entry(do, ASKED_US, **OPERATIONS[do])]
    if do != "sign":
        timeline.append(_entry("sign", ASKED_US + 5 * SECOND, **SIGN))
    plan = make_plan(SIZE, 2, name=do, keys=(key_plan(4, 2),), timeline=(*timeline, *crashes))
    if not lossy:
        return plan
    return msgspec.structs.replace(
        plan,
        validators=tuple(
            ValidatorPlan(name=f"v{i:02}", region=region) for i, region in enumerate(REGIONS[:SIZE])
        ),
        network=NetworkPlan(profile="aws-10", loss=1 << 28, duplicate=1 << 27, reorder=1 << 27),
    )


def _entry(do: str, at_us: int, **details: Any) -> ActionPlan:
    return ActionPlan(id=do, do=do, at_us=at_us, key="beacon", **details)


def _at_effect(node: int, nth: int, lose: Lose, for_us: int | None) -> ActionPlan:
    return ActionPlan(
        id="crash",
        do="crash",
        when=Trigger(event=EFFECT, node=node, nth=nth),
        nodes=(node,),
        lose=lose,
        until_us=for_us,
    )


def _everybody(at_us: int, lose: Lose, for_us: int) -> ActionPlan:
    nodes = tuple(range(SIZE))
    return ActionPlan(id="crash", do="crash", at_us=at_us, nodes=nodes, lose=lose, until_us=for_us)


@cache
def effects_of(do: str, node: int, *, lossy: bool) -> int:
    """Return how many effects a validator performs in a run without crashes."""
    count = 0

    class Counting(StartedOperations):
        def observe(self, event: Event) -> None:
            nonlocal count
            count += event.event == EFFECT and event.validator == node
            super().observe(event)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "StartedOperations", Counting)
        run_plan(make(do, _at_effect(node, 1 << 30, "nothing", None), lossy=lossy))
    return count


def sampled(count: int, number: int, phase: int) -> list[int]:
    """Return `number` of 1..count, evenly spread from a place on that `phase` chooses."""
    if count <= number:
        return list(range(1, count + 1))
    return [1 + (16 * place + phase % 16) * count // (16 * number) for place in range(number)]


def failures(outcome: RunOutcome, crashed: Sequence[int]) -> list[str]:
    """Say what is wrong at the end of a run in which `crashed` went down and came back."""
    found = [f"{one.invariant}: {one.detail}" for one in outcome.violations]
    key, records = outcome.state.keys["beacon"], outcome.state.generations("beacon")
    if outcome.ending != "finished":
        found.append(outcome.ending)
    if key.status != "Active":
        found.append(f"the key is {key.status}")
    if len({record.public_key for record in records}) != 1:
        found.append("two keys")
    if len(records) != 1 + (outcome.plan.name in ("reshare", "refresh")):
        found.append(f"{len(records)} generations")
    found += [
        f"{fault.validator}: {fault.fault}"
        for state in outcome.state.all_ceremonies()
        for fault in state.faults
        if fault.proof
    ]
    audit = outcome.state.audit
    found += [f"{e.signing}: {e.outcome} {e.bad}" for e in audit if e.outcome != "signed" or e.bad]
    found += [f"{name} has no share" for name in outcome.shareless["beacon"]]
    starts = [e.validator for e in outcome.events if e.kind == "start"]
    found += [f"{node} never restarted" for node in crashed if starts.count(node) < 2]
    return found


CASES: Final = [
    (do, victim, lossy)
    for lossy in (False, True)
    for do, victims in VICTIMS.items()
    for victim in victims
]


def moments(lose: Lose, each: Mapping[str, int] | int) -> Iterator[tuple[str, Plan, Sequence[int]]]:
    """Yield runs in which one validator crashes before an effect of its own, `each` per case.

    To crash after an effect is to crash before the next one; flushes are effects of their own.
    """
    for place, (do, victim, lossy) in enumerate(CASES):
        count = effects_of(do, victim, lossy=lossy)
        number = each if isinstance(each, int) else each.get(do, 0)
        for turn, nth in enumerate(sampled(count, number, 7 * place + 5 * len(lose))):
            for_us = LATE_US if (place + turn) % 2 else SOON_US
            plan = make(do, _at_effect(victim, nth, lose, for_us), lossy=lossy)
            yield f"{do}, lossy {lossy}: {victim} at {nth} of {count}", plan, [victim]


def shutdowns(lose: Lose) -> Iterator[tuple[str, Plan, Sequence[int]]]:
    """Yield the runs in which everybody crashes: thrice in every block's time."""
    windows = [(do, ASKED_US) for do in OPERATIONS] + [("sign", 0)]
    times = product((False, True), windows, range(9), (30_000, 240_000, 1_990_000))
    for turn, (lossy, (do, begin_us), height, after_us) in enumerate(times):
        at_us = begin_us + height * BLOCK_US + after_us
        crash = _everybody(at_us, lose, LATE_US if turn % 2 else SOON_US)
        yield f"{do}, lossy {lossy}: {at_us} µs", make(do, crash, lossy=lossy), range(SIZE)


def _swept(runs: Iterable[tuple[str, Plan, Sequence[int]]], least: int) -> str:
    """Run what is given, `least` at least; say where what is wrong."""
    wrong = {name: failures(run_plan(plan), crashed) for name, plan, crashed in runs}
    assert len(wrong) >= least
    return "\n".join(f"{name}: {found}" for name, found in wrong.items() if found)


@pytest.mark.parametrize("lose", ["nothing", "unsynced", "all"])
def test_a_crash_at_an_effect_leaves_one_key_no_blame_and_every_share(lose: Lose) -> None:
    assert _swept(moments(lose, each=1), least=12) == ""


@pytest.mark.slow
@pytest.mark.parametrize("lose", ["nothing", "unsynced", "all"])
def test_so_does_a_crash_at_any_of_300_effects_of_a_reshare(lose: Lose) -> None:
    assert _swept(moments(lose, each={"reshare": 60}), least=300) == ""


@pytest.mark.slow
@pytest.mark.parametrize("lose", ["nothing", "unsynced", "all"])
def test_and_of_200_effects_of_what_else_is_done(lose: Lose) -> None:
    assert _swept(moments(lose, each={"refresh": 25, "repair": 25, "sign": 25}), least=200) == ""


@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
def test_after_a_total_shutdown_everybody_resumes(lose: Lose) -> None:
    assert _swept(islice(shutdowns(lose), len(lose), None, 23), least=11) == ""


@pytest.mark.slow
@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
def test_so_does_everybody_after_a_shutdown_at_any_height(lose: Lose) -> None:
    assert _swept(shutdowns(lose), least=270) == ""


@pytest.mark.parametrize(
    "plan",
    [
        make("reshare", _at_effect(1, 90, "all", SOON_US), lossy=True),
        make("refresh", _everybody(ASKED_US + 5_200_000, "unsynced", LATE_US), lossy=True),
        make("repair", _at_effect(2, 80, "unsynced", LATE_US), lossy=True),
    ],
    ids=lambda plan: plan.name,
)
def test_two_processes_agree_on_a_run_with_crashes(plan: Plan) -> None:
    assert digest(run_plan(plan, 1)) == digest(run_plan(plan, 2))


def test_when_everybody_loses_everything_the_report_says_that_the_key_is_gone() -> None:
    outcome = run_plan(make("sign", _everybody(100 * SECOND, "all", SOON_US), lossy=False))
    summary = summarise(outcome, "0" * 8)

    assert outcome.violations == []
    assert outcome.shareless == {"beacon": ["v00", "v01", "v02", "v03"]}
    assert [entry.outcome for entry in outcome.state.audit] == ["signed", "expired"]
    assert not any(f.proof for s in outcome.state.all_ceremonies() for f in s.faults)
    assert "at most 0 shares are left, it takes 2" in account_text(summary)


def test_the_sweep_would_notice_a_share_that_does_not_come_back() -> None:
    for_good = _at_effect(1, 90, "all", None)
    back = _at_effect(1, 90, "all", 100_000 * SECOND)

    assert "1 never restarted" in failures(run_plan(make("refresh", for_good, lossy=False)), [1])
    assert failures(run_plan(make("refresh", back, lossy=False)), [1]) == []
