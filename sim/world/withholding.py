"""Which transactions the timeline keeps out of blocks: accounts instead of names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sim.base.ids import NEVER_US
from sim.kchain.withholding import Withholding
from sim.scenario.plan import ActionPlan, Plan
from sim.world.genesis import identity_of
from sim.world.principals import principal_key

Withholder: TypeAlias = Callable[[ActionPlan, int], Withholding]
"""Turns an entry that begins at an instant into the ledger's rule."""


def withholding_of(plan: Plan) -> Withholder:
    """Return what turns entries of `plan`, ``delay-ledger`` and ``censor``, into rules."""

    def rule(action: ActionPlan, from_us: int) -> Withholding:
        validators = [identity_of(plan, node).public for node in action.nodes]
        principals = [
            principal_key(plan, principal).public
            for principal in plan.principals
            if principal.name in action.senders
        ]
        return Withholding(
            accounts=frozenset([*validators, *principals]),
            kinds=frozenset(action.kinds),
            from_us=from_us,
            until_us=NEVER_US if action.until_us is None else from_us + action.until_us,
            by_us=action.by_us if action.do == "delay-ledger" else None,
        )

    return rule
