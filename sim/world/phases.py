"""The end of a run's safety phase, as faults: the core is healed, everybody else is lost."""

from __future__ import annotations

from sim.base.ids import ValidatorIndex
from sim.engine.faults import Action, Fault, LedgerRule, Quiet, Retire
from sim.network import rules
from sim.scenario.phases import FAULTS
from sim.scenario.plan import ActionPlan, Plan
from sim.world.orders import Calm, encode_order

LOST = "lost-for-good"
"""Id of the isolation of everybody outside the core; no entry's id is longer in force."""


def healing_rules(plan: Plan) -> list[rules.Rule]:
    """Return the network rules that end the safety phase: all is well, but for the lost."""
    phases = plan.phases
    if phases is None:
        return []
    at_us, lost = phases.safety_us, lost_of(plan)
    ends: list[rules.Rule] = [rules.Quiet(id=LOST, at_us=at_us)]
    return [*ends, rules.Isolate(id=LOST, at_us=at_us, nodes=lost)] if lost else ends


def healing(plan: Plan) -> list[Fault]:
    """Return what the engine does at the end of the safety phase; nothing without phases."""
    phases = plan.phases
    if phases is None:
        return []
    actions: list[Action] = [Quiet(ValidatorIndex(node)) for node in phases.core]
    actions += [Retire(ValidatorIndex(node)) for node in phases.crashed]
    return [Fault((*actions, LedgerRule(encode_order(Calm()))), phases.safety_us)]


def lost_of(plan: Plan) -> tuple[int, ...]:
    """Return who is outside the core, ascending; nobody without phases."""
    if plan.phases is None:
        return ()
    return tuple(v for v in range(len(plan.validators)) if v not in plan.phases.core)


def armed_until_us(plan: Plan, action: ActionPlan) -> int | None:
    """Return before when an event must happen for an entry to wait for it; None: at any time.

    What it sets off happens within the reaction time, so still in the phase that it belongs to.
    """
    phases = plan.phases
    if phases is None:
        return None
    settle_us = 0 if action.do in FAULTS else phases.settle_us
    return phases.safety_us + settle_us - plan.reaction_us
