"""Who is in the K-chain's registry when, as far as that is certain before the run.

Joins, leaves and evictions take effect at the next epoch boundary. What waits for an event, or a
ledger that is halted, leaves open when that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.scenario.plan import ActionPlan
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.timeline import Placed

_CHANGES: Final = ("join", "leave", "evict")


class Registrations:
    """When each validator is registered.

    Args:
        file: The scenario.
        placed: Its timeline.
        registry: Its validators.
    """

    def __init__(self, file: ScenarioFile, placed: Sequence[Placed], registry: Registry) -> None:
        self._epoch_us = file.ledger.epoch
        self._registry = registry
        self._open = any(action.do == "halt-ledger" for _, action in placed)
        self._unsure: set[int] = set()
        self._changes: dict[int, list[tuple[int, bool]]] = {}
        changes = [(i, action) for i, action in placed if action.do in _CHANGES]
        for _, action in changes:
            if action.when is not None:
                self._unsure.update(action.nodes)
        for i, action in sorted(changes, key=lambda change: change[1].at_us):
            if action.when is None:
                self._change(i, action)

    def _change(self, i: int, action: ActionPlan) -> None:
        enters = action.do == "join"
        boundary = (action.at_us // self._epoch_us + 1) * self._epoch_us
        for node in action.nodes:
            before = self._changes.setdefault(node, [])
            now = before[-1][1] if before else node not in self._registry.standby
            if now == enters and node not in self._unsure:
                name = self._registry.names[node]
                state = "is in the registry already" if enters else "isn't in the registry then"
                message = f"{name} {state}: there is nothing to {action.do}"
                self._registry.reporter.error(("timeline", i, "do"), message)
            before.append((boundary, enters))

    def absent(self, node: int, at_us: int) -> bool:
        """Whether the validator `node` is certainly not registered at `at_us`."""
        if self._open or node in self._unsure:
            return False
        registered = node not in self._registry.standby
        for boundary, enters in self._changes.get(node, ()):
            if boundary <= at_us:
                registered = enters
        # A change just before a boundary may be included in a block just after it.
        recent = any(
            boundary <= at_us < boundary + self._epoch_us
            for boundary, _ in self._changes.get(node, ())
        )
        return not registered and not recent

    def most(self, at_us: int) -> int:
        """Return how many may be registered at `at_us`, at most."""
        return sum(not self.absent(node, at_us) for node in range(len(self._registry.names)))
