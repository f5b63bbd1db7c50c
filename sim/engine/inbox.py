"""Mail in the order in which it is received: sorted a window's worth at a time.

A calendar: mail that is far away goes on a pile with whatever else arrives in the same stretch of
time, and a pile is sorted once, when its time has come. A heap would compare every message a dozen
times on its way in and out.
"""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from sim.base.ids import NEVER_US

if TYPE_CHECKING:
    from sim.engine.mail import Mail

_ARRIVAL: Final = itemgetter(0)


class Inbox:
    """Mail to come.

    Args:
        width_us: How long a stretch of time is, at least 1: best a window, or a few.
    """

    __slots__ = ("_head", "_later", "_later_us", "_piles", "_sorted", "_until_us", "_width_us")

    def __init__(self, width_us: int) -> None:
        self._width_us = width_us
        self._sorted: list[Mail] = []  # what is before `_head` has been taken; empty if all has
        self._head = 0
        self._until_us = 0  # whatever arrives before is in `_sorted`, the rest on piles
        self._piles: dict[int, list[Mail]] = {}
        self._later: list[int] = []  # the piles' stretches, a heap
        self._later_us = NEVER_US

    def put(self, mail: Mail) -> None:
        """Put in `mail`; it may arrive before what is there already."""
        arrival_us = mail[0]
        if arrival_us < self._until_us:
            insort(self._sorted, mail, self._head)
            return
        if arrival_us < self._later_us:
            self._later_us = arrival_us
        stretch = arrival_us // self._width_us
        pile = self._piles.get(stretch)
        if pile is None:
            self._piles[stretch] = [mail]
            heappush(self._later, stretch)
        else:
            pile.append(mail)

    def next_us(self) -> int:
        """Return when the first mail arrives, or NEVER_US."""
        return self._sorted[self._head][0] if self._head < len(self._sorted) else self._later_us

    def take(self, after_us: int, deadline_us: int, end_us: int) -> Mail | None:
        """Take out the first mail if it comes after `after_us`, by `deadline_us`, before `end_us`.

        It is what `next_us` and `pop` do, in one: nothing is asked more often.
        """
        mails, head = self._sorted, self._head
        if head >= len(mails):
            if self._later_us >= end_us:
                return None
            self._turn()
            mails, head = self._sorted, 0
        mail = mails[head]
        if after_us < mail[0] <= deadline_us and mail[0] < end_us:
            head += 1
            if head == len(mails):  # a pile that is through is let go: its messages may be large
                mails.clear()
                head = 0
            self._head = head
            return mail
        return None

    def pop(self) -> Mail:
        """Take out the first mail; there must be one."""
        if self._head >= len(self._sorted):
            self._turn()
        mail = self._sorted[self._head]
        self._head += 1
        if self._head == len(self._sorted):
            self._sorted.clear()
            self._head = 0
        return mail

    def _turn(self) -> None:
        """Sort the next pile."""
        stretch = heappop(self._later)
        self._sorted = self._piles.pop(stretch)
        self._sorted.sort()
        self._head = 0
        self._until_us = (stretch + 1) * self._width_us
        following = self._piles[self._later[0]] if self._later else ()
        self._later_us = min(map(_ARRIVAL, following), default=NEVER_US)
