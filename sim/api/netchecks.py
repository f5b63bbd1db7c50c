"""Checking a scenario's network: declared figures against samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sim.api.scenarios import resolve
from sim.base.extensions import extended
from sim.study.lines import Line

if TYPE_CHECKING:
    from sim.scenario.load import Scenario


class NetworkCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a check.

    Attributes:
        scenario: Its name.
        seed: Of the network.
        samples: Messages per link class that were asked for.
        lines: Every figure, by link class.
    """

    scenario: str
    seed: int
    samples: int
    lines: tuple[Line, ...]

    @property
    def honest(self) -> bool:
        """Whether every figure is."""
        return all(line.honest for line in self.lines)

    def exported(self) -> dict[str, Any]:
        """Return the check as plain data, with its format's name and version."""
        return {
            "format": "kchain-netcheck",
            "version": 1,
            "scenario": self.scenario,
            "seed": self.seed,
            "samples": self.samples,
            "verdict": "honest" if self.honest else "lies",
            "lines": [msgspec.to_builtins(line) for line in self.lines],
        }


def netcheck(
    scenario: Scenario, seed: int | None = None, *, samples: int = 20_000, loss_factor: int = 1
) -> NetworkCheck:
    """Sample the network of `scenario` and compare it with what is declared.

    Args:
        scenario: As loaded.
        seed: Replaces the scenario's own; one that says ``random`` draws a seed if None.
        samples: Messages per link class, at least 1.
        loss_factor: For tests of the check itself: the sampled network loses this many times what
            is declared.

    Raises:
        ScenarioError: The scenario can't be resolved with that seed.

    """
    from sim.study.netcheck import check_network

    plan, _ = resolve(scenario, seed)
    with extended(scenario.extensions):
        lines = tuple(check_network(plan, samples, loss_factor=loss_factor))
    return NetworkCheck(scenario=plan.name, seed=plan.seed, samples=samples, lines=lines)
