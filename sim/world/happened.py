"""How often what a scenario hopes to see in some run of a sweep happened in this one."""

from __future__ import annotations

from collections import Counter

from sim.engine.ports import Event
from sim.scenario.plan import Plan


class Happened:
    """Counts the events that `sometimes` expectations name.

    Attributes:
        watched: Their names.
        counts: By (event, validator), and by (event, None) for anyone's; those that did happen.

    """

    def __init__(self, plan: Plan) -> None:
        self.watched = frozenset(e.sometimes for e in plan.expects if e.sometimes is not None)
        self.counts: Counter[tuple[str, str | None]] = Counter()
        self._names = [validator.name for validator in plan.validators]

    def observe(self, event: Event) -> None:
        """Count one event."""
        if event.event in self.watched:
            self.counts[event.event, None] += 1
            self.counts[event.event, self._names[event.validator]] += 1
