"""Faults that wait for an event: counted where the event is, or by the coordinator for the rest.

A trigger that names a node is counted by that node's shard, for what it does to the node itself.
Whatever it does elsewhere, and all that a trigger without a node does, is counted by the
coordinator, which learns of events at exchanges; so that takes the run's reaction time.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.engine.faults import Action, Due, Fault, LedgerRule, NetworkRule, When
from sim.engine.ports import Event


def _is_own(when: When, action: Action) -> bool:
    """Return whether `action` concerns the node that `when` names."""
    if isinstance(action, NetworkRule | LedgerRule):
        return False
    return when.node is not None and when.node == action.node


class _Waiting:
    """The actions of one fault that one side has to fire, and how many events are still to come."""

    def __init__(self, when: When, left: int, parts: list[tuple[int, int, Action]]) -> None:
        self.when = when
        self.left = left
        self.parts = parts

    def matches(self, event: Event) -> bool:
        when = self.when
        in_time = when.until_us is None or event.time_us < when.until_us
        return in_time and when.event == event.event and when.node in (None, event.validator)


class Triggers:
    """Triggered actions of one side, still waiting.

    Args:
        faults: All faults of the scenario, in its order.
        own: Whether to fire actions on the nodes that triggers name, or all the others.
    """

    def __init__(self, faults: Sequence[Fault], *, own: bool) -> None:
        self._waiting: list[_Waiting] = []
        for index, fault in enumerate(faults):
            when = fault.when
            if when is None:
                continue
            parts = [
                (index, part, action)
                for part, action in enumerate(fault.actions)
                if _is_own(when, action) is own
            ]
            if parts:
                self._waiting.append(_Waiting(when, when.nth, parts))

    @property
    def armed(self) -> bool:
        """Whether any trigger is still waiting."""
        return bool(self._waiting)

    @property
    def events(self) -> frozenset[str]:
        """Names of the events that triggers wait for."""
        return frozenset(waiting.when.event for waiting in self._waiting)

    def count(self, event: Event, delay_us: int) -> list[Due]:
        """Count one event; return what it fires, due `delay_us` after it."""
        fired = []
        for waiting in [w for w in self._waiting if w.matches(event)]:
            waiting.left -= 1
            if waiting.left == 0:
                self._waiting.remove(waiting)
                fired += [Due(event.time_us + delay_us, 1, *part) for part in waiting.parts]
        return fired
