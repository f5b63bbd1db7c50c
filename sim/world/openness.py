"""Whether anything that the scenario started is still open, so that a run may end.

Ceremonies, reads and test signatures are the ledger's to know. Entries with known times are over
at a time known beforehand. What is left are entries that waited for an event: once one has started
something that undoes itself (a restart, a heal), the run lasts at least until then.
"""

from __future__ import annotations

from sim.engine.ports import Event
from sim.scenario.plan import ActionPlan, Plan


class StartedOperations:
    """Follows the events that the timeline waits for.

    Attributes:
        watched: Their names.
    """

    def __init__(self, plan: Plan) -> None:
        self._reaction_us = plan.reaction_us
        self._waiting: list[tuple[ActionPlan, int]] = [
            (action, action.when.nth) for action in plan.timeline if action.when is not None
        ]
        self._open_until_us = 0
        self.watched = frozenset(a.when.event for a, _ in self._waiting if a.when is not None)

    def observe(self, event: Event) -> None:
        """Count one event; the entries that it sets off are open until they undo themselves."""
        still = []
        for action, left in self._waiting:
            assert action.when is not None
            concerned = action.when.event == event.event and action.when.node in (
                None,
                event.validator,
            )
            if concerned and left == 1:
                lasts_us = self._reaction_us + action.lasts_us
                self._open_until_us = max(self._open_until_us, event.time_us + lasts_us)
            else:
                still.append((action, left - concerned))
        self._waiting = still

    def settled(self, now_us: int) -> bool:
        """Say whether nothing that was set off is still to be undone at `now_us`."""
        return now_us > self._open_until_us
