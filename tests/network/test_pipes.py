"""Bandwidth: one message after another, exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.network.pipes import Pipe, Queue

MEGABIT = 1_000_000


def test_a_message_takes_its_bits_over_the_rate_rounded_up() -> None:
    assert Pipe(Queue(MEGABIT, None)).enter(100, 125) == 1_100
    assert Pipe(Queue(3, None)).enter(0, 1) == 2_666_667
    assert Pipe(Queue(10**12, None)).enter(5, 1) == 6


def test_messages_wait_for_those_before_them() -> None:
    pipe = Pipe(Queue(MEGABIT, None))

    assert [pipe.enter(at, 125) for at in (0, 0, 500, 10_000)] == [1_000, 2_000, 3_000, 11_000]


def test_what_would_wait_behind_too_much_is_dropped_and_leaves_no_trace() -> None:
    pipe = Pipe(Queue(MEGABIT, 250))

    assert [pipe.enter(0, 125) for _ in range(3)] == [1_000, 2_000, None]
    assert pipe.enter(999, 125) is None
    assert pipe.enter(1_000, 125) == 3_000


def test_an_idle_pipe_takes_a_message_of_any_size() -> None:
    pipe = Pipe(Queue(MEGABIT, 10))

    assert pipe.enter(0, 1_250) == 10_000
    assert pipe.enter(9_999, 1) is None
    assert pipe.enter(10_000, 1_250) == 20_000


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 2_000)), max_size=60),
    st.integers(1, 10**9),
    st.integers(0, 5_000) | st.none(),
)
def test_a_pipe_is_first_in_first_out_and_keeps_its_rate(
    sends: list[tuple[int, int]], bits_s: int, room: int | None
) -> None:
    """Against a plain list of what is inside."""
    pipe = Pipe(Queue(bits_s, room))
    inside: list[tuple[int, int]] = []
    now = free = 0
    for gap, size in sends:
        now += gap
        waiting = [entry for entry in inside if entry[0] > now]
        out = pipe.enter(now, size)
        if room is not None and waiting and sum(s for _, s in waiting) + size > room:
            assert out is None
            continue
        assert out is not None
        assert out > max(now, free)
        assert (out - max(now, free) - 1) * bits_s < max(1, size * 8_000_000)
        assert (out - max(now, free)) * bits_s >= size * 8_000_000
        free = out
        inside.append((out, size))
