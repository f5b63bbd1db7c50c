"""Heights and virtual time; a halted ledger skips block times, so nothing expires."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.ids import NEVER_US
from sim.kchain.clock import BlockClock

BLOCK = 10


def test_heights_come_at_multiples_of_the_block_time() -> None:
    clock = BlockClock(BLOCK)

    assert [clock.height_at(t) for t in (0, 9, 10, 19, 20)] == [0, 0, 1, 1, 2]
    assert [clock.tick_from(t) for t in (0, 1, 10, 11)] == [10, 10, 10, 20]
    assert [clock.time_of(h) for h in (1, 2, 3)] == [10, 20, 30]


def test_a_halt_takes_the_block_times_from_its_start_up_to_its_end() -> None:
    clock = BlockClock(BLOCK)
    clock.halt(20, 40)  # the ticks at 20 and 30

    assert [clock.height_at(t) for t in (10, 20, 30, 40, 50)] == [1, 1, 1, 2, 3]
    assert [clock.tick_from(t) for t in (10, 11, 20, 31, 40)] == [10, 40, 40, 40, 40]
    assert [clock.time_of(h) for h in (1, 2, 3)] == [10, 40, 50]


def test_a_halt_for_good_leaves_later_heights_to_never() -> None:
    clock = BlockClock(BLOCK)
    clock.halt(25, None)

    assert clock.tick_from(21) == NEVER_US
    assert clock.time_of(2) == 20
    assert clock.time_of(3) == NEVER_US
    assert clock.height_at(1_000_000) == 2


def test_a_halt_that_ends_before_it_begins_is_a_bug_of_the_caller() -> None:
    with pytest.raises(LocalError):
        BlockClock(BLOCK).halt(20, 20)


halts = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 90)).map(lambda h: (h[0], h[0] + h[1])),
    max_size=5,
)


@given(halts=halts, now=st.integers(0, 600))
def test_heights_count_the_ticks_outside_every_halt(halts: list[tuple[int, int]], now: int) -> None:
    """Against the definition: ticks k·BLOCK in 1..now that no halt covers."""
    clock = BlockClock(BLOCK)
    for begin, end in halts:
        clock.halt(begin, end)
    ticks = [
        tick
        for tick in range(BLOCK, 2_000, BLOCK)
        if not any(begin <= tick < end for begin, end in halts)
    ]

    assert clock.height_at(now) == sum(tick <= now for tick in ticks)
    assert clock.tick_from(now) == next(tick for tick in ticks if tick >= now)
    assert [clock.time_of(height + 1) for height in range(20)] == ticks[:20]
