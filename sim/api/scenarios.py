"""Loading scenarios, and resolving them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.scenario.load import Scenario
    from sim.scenario.plan import Plan


def load(path: str | os.PathLike[str], sets: Sequence[str] = ()) -> Scenario:
    """Return the scenario in the file at `path`; it is known to resolve.

    Args:
        path: The file; diagnostics show it as it is given here.
        sets: Changes as the command line has them, ``key=value`` each; `Scenario.with_` takes
            changes as values.

    Raises:
        ScenarioError: With every error in it (after a syntax error, with that one alone).

    """
    from sim.scenario import load as loading

    return loading.load(os.fspath(path), sets)


def resolve(scenario: Scenario, seed: int | None = None) -> tuple[Plan, str]:
    """Return what a run of `scenario` would do: the plan, and the resolved scenario as TOML.

    Args:
        scenario: As loaded.
        seed: Replaces the scenario's own; one that says ``random`` draws a seed if None.

    Raises:
        ScenarioError: The scenario can't be resolved with that seed.

    """
    from sim.scenario.dump import dump_resolved
    from sim.scenario.load import resolve as resolve_plan
    from sim.scenario.seeds import fresh_seed

    if seed is None and scenario.seed is None:
        seed = fresh_seed()
    plan = resolve_plan(scenario, seed)
    return plan, dump_resolved(plan)
