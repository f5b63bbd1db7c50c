"""The tables that a plan stands on: stored with it, so that a replay can tell when they changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sim.base.codec import tuple_hash

if TYPE_CHECKING:
    from sim.scenario.plan import Plan


def inlined(plan: Plan) -> dict[str, Any]:
    """Return the network profile and the cost model of `plan`, as plain data."""
    from sim.world.costing import cost_model
    from sim.world.networking import profile_of

    return {
        "profile": msgspec.to_builtins(profile_of(plan.network)),
        "cost": msgspec.to_builtins(cost_model(plan)),
    }


def table_differences(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return (name, then, now) of every table that differs; then and now are short hashes."""
    return [
        (name, _mark(stored.get(name)), _mark(current.get(name)))
        for name in ("profile", "cost")
        if _mark(stored.get(name)) != _mark(current.get(name))
    ]


def _mark(table: Any) -> str:
    return "none" if table is None else tuple_hash("table", table).hex()[:12]
