"""Whether anything that the scenario started is still open, so that a run may end.

Ceremonies, reads and test signatures are the ledger's to know. Entries with known times are over
at a time known beforehand. What is left are entries that waited for an event: once one has started
something that undoes itself (a restart, a heal), the run lasts at least until then.
"""

from __future__ import annotations

from sim.engine.ports import Event
from sim.scenario.plan import ActionPlan, Plan
from sim.world.phases import armed_until_us


class StartedOperations:
    """Follows the events that the timeline waits for.

    Attributes:
        watched: Their names.
        fired: When each entry that waited began to act, in virtual time, by its id.
    """

    def __init__(self, plan: Plan) -> None:
        self._reaction_us = plan.reaction_us
        self._waiting = [
            (action, armed_until_us(plan, action), action.when.nth)
            for action in plan.timeline
            if action.when is not None
        ]
        self._open_until_us = 0
        self.fired: dict[str, int] = {}
        self.watched = frozenset(a.when.event for a, _, _ in self._waiting if a.when is not None)

    def observe(self, event: Event) -> None:
        """Count one event; the entries that it sets off are open until they undo themselves."""
        still = []
        for action, until_us, left in self._waiting:
            concerned = _concerns(action, until_us, event)
            if concerned and left == 1:
                begun_us = event.time_us + self._reaction_us
                self.fired[action.id] = begun_us
                self._open_until_us = max(self._open_until_us, begun_us + action.lasts_us)
            else:
                still.append((action, until_us, left - concerned))
        self._waiting = still

    def settled(self, now_us: int) -> bool:
        """Say whether nothing that was set off is still to be undone at `now_us`."""
        return now_us > self._open_until_us


def _concerns(action: ActionPlan, until_us: int | None, event: Event) -> bool:
    """Say whether an entry that waits counts this event: its own, in time, of its validator."""
    when = action.when
    assert when is not None
    in_time = until_us is None or event.time_us < until_us
    return in_time and when.event == event.event and when.node in (None, event.validator)
