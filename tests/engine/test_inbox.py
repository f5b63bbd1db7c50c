"""An inbox hands mail out in the order in which a heap would, whenever it is put in."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.inbox import Inbox
from sim.engine.mail import FROM_VALIDATOR, Mail, recorded
from sim.engine.ports import Message

LABEL = Label("key/dkg/0", 1, "share", "v01")
ABOUT = recorded(LABEL)
MESSAGE = Message(ValidatorIndex(1), LABEL, b"")


def mail(arrival_us: int, sequence: int) -> Mail:
    return arrival_us, FROM_VALIDATOR, ValidatorIndex(1), sequence, 0, 1, MESSAGE, ABOUT


@given(st.integers(1, 50), st.lists(st.none() | st.integers(0, 200), max_size=60))
def test_mail_comes_out_in_order_however_puts_and_takes_alternate(
    width_us: int, steps: list[int | None]
) -> None:
    """A number puts in mail that arrives then; None takes the first out."""
    inbox = Inbox(width_us)
    heap: list[Mail] = []

    for sequence, step in enumerate(steps):
        if step is not None:
            inbox.put(mail(step, sequence))
            heapq.heappush(heap, mail(step, sequence))
        elif heap:
            assert inbox.pop()[:5] == heapq.heappop(heap)[:5]
        assert inbox.next_us() == (heap[0][0] if heap else NEVER_US)


@given(
    st.lists(st.integers(0, 60), max_size=30),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_taking_gives_the_first_mail_or_none(
    arrivals: list[int], after_us: int, deadline_us: int, end_us: int
) -> None:
    inbox = Inbox(7)
    for sequence, arrival_us in enumerate(arrivals):
        inbox.put(mail(arrival_us, sequence))
    first = min(arrivals, default=NEVER_US)

    taken = inbox.take(after_us, deadline_us, end_us)

    if after_us < first <= deadline_us and first < end_us:
        assert taken is not None
        assert taken[0] == first
    else:
        assert taken is None
        assert inbox.next_us() == first
