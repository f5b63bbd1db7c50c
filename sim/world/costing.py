"""What computing costs in a run: the plan's cost model, at the prices of the plan's schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.validator.costs import CostModel, cost_models

if TYPE_CHECKING:
    from sim.scenario.plan import Plan


def cost_model(plan: Plan) -> CostModel:
    """Return the cost model of `plan`: a shipped one, or its own."""
    cost = plan.cost
    if isinstance(cost, str):
        return cost_models()[cost]
    return CostModel(cost.name, cost.nanoseconds, cost.source, cost.schemes)


def prices(plan: Plan) -> CostModel:
    """Return the cost model of `plan` as one table, for the schemes of its keys."""
    return cost_model(plan).priced(key.scheme for key in plan.keys)
