"""Alarms on a validator's local clock."""

from __future__ import annotations

import heapq
from typing import TypeAlias

Owner: TypeAlias = str
"""Which machine a timer belongs to: names of one machine never collide with another's."""


class Timers:
    """Named alarms, each replacing an earlier one of the same owner and name.

    Due times are true virtual times in µs. Alarms that are due together go off in the order in
    which they were set.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Owner, str]] = []
        self._live: dict[tuple[Owner, str], int] = {}
        self._count = 0

    def start(self, owner: Owner, name: str, due_us: int) -> None:
        """Set the alarm `name` of `owner` for `due_us`."""
        self._count += 1
        self._live[owner, name] = self._count
        heapq.heappush(self._heap, (due_us, self._count, owner, name))

    def stop(self, owner: Owner, name: str) -> None:
        """Forget the alarm, if it is set."""
        self._live.pop((owner, name), None)

    def next_due_us(self) -> int | None:
        """Return when the next alarm is due, or None."""
        self._discard_dead()
        return self._heap[0][0] if self._heap else None

    def pop(self) -> tuple[Owner, str]:
        """Take the alarm that is due next. There must be one."""
        self._discard_dead()
        _due_us, _count, owner, name = heapq.heappop(self._heap)
        del self._live[owner, name]
        return owner, name

    def _discard_dead(self) -> None:
        heap, live = self._heap, self._live
        while heap and live.get((heap[0][2], heap[0][3])) != heap[0][1]:
            heapq.heappop(heap)
