"""Seats: how many, which, in which order, and how many one validator may have at a time.

The schemes are all the same here; one run per scheme costs nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.sampling import (
    SEATS_MAX,
    admitted,
    draw_seats,
    rule_for,
    seat_count,
    session_seed,
)

SEED = b"s" * 32


def reference(seed: bytes, index: int, holders: list[int], size: int) -> list[int]:
    """The rule of the module's docstring, written from it with one long digest."""
    stream = hashlib.shake_256(seed + index.to_bytes(8, "big")).digest(8 * 10_000)
    place, pool, drawn = 0, list(holders), []
    while len(drawn) < size:
        word = int.from_bytes(stream[place : place + 8], "big")
        place += 8
        if word < 2**64 % len(pool):
            continue
        chosen = word % len(pool)
        drawn.append(pool[chosen])
        pool[chosen] = pool[-1]
        pool.pop()
    return drawn


@pytest.mark.parametrize(
    ("threshold", "rule"),
    [(1, "full"), (6, "full"), (7, "sampled"), (32, "sampled"), (33, "discouraged")],
)
def test_rule_follows_the_threshold(threshold: int, rule: str) -> None:
    assert rule_for(threshold) == rule


@pytest.mark.parametrize(
    ("threshold", "needed", "spare", "holders", "seats"),
    [
        (6, 6, 2, 12, 12),
        (7, 7, 2, 12, 9),
        (7, 9, 2, 12, 11),
        (7, 9, 2, 10, 10),
        (33, 33, 5, 64, 38),
    ],
)
def test_sampled_round_has_room_for_the_faulty(
    threshold: int, needed: int, spare: int, holders: int, seats: int
) -> None:
    assert seat_count(threshold, needed, spare, holders) == seats


@given(st.binary(min_size=32, max_size=32), st.integers(0, 50), st.integers(1, 40), st.data())
def test_draw_is_the_rule_written_once_more(
    seed: bytes, index: int, count: int, data: st.DataObject
) -> None:
    size = data.draw(st.integers(0, count))
    holders = list(range(1, count + 1))

    drawn = draw_seats(seed, index, holders, size)

    assert list(drawn) == reference(seed, index, holders, size)
    assert len(set(drawn)) == size


def test_every_holder_is_drawn_about_equally_often() -> None:
    counts = Counter(seat for k in range(4000) for seat in draw_seats(SEED, k, range(1, 11), 4))

    # 1600 expected; five standard deviations are 155.
    assert all(abs(counts[seat] - 1600) < 155 for seat in range(1, 11))


def test_seed_changes_with_everything_that_it_comes_from() -> None:
    base = (bytes(32), b"k" * 32, 1, 0, 0)
    others = [
        (b"x" * 32, b"k" * 32, 1, 0, 0),
        (bytes(32), b"x" * 32, 1, 0, 0),
        (bytes(32), b"k" * 32, 2, 0, 0),
        (bytes(32), b"k" * 32, 1, 1, 0),
        (bytes(32), b"k" * 32, 1, 0, 1),
    ]

    seeds = {session_seed(*inputs) for inputs in (base, *others)}

    assert len(seeds) == 6
    assert session_seed(*base) in seeds


def test_sessions_begin_while_their_seats_are_free() -> None:
    waiting = [("a", (1, 2)), ("b", (2, 3)), ("c", (3, 4)), ("d", (1, 4))]

    assert admitted([(1,), (2,)], waiting, limit=2) == ("a", "c")
    assert admitted([], waiting, limit=1) == ("a", "c")
    assert admitted([(1, 2, 3, 4)], waiting, limit=1) == ()
    assert admitted([], waiting) == ("a", "b", "c", "d")


def test_waiting_session_does_not_hold_up_those_behind_it() -> None:
    full = [(1,)] * SEATS_MAX

    assert admitted(full, [("blocked", (1, 2)), ("free", (2, 3))]) == ("free",)
    assert admitted(full[1:], [("blocked", (1, 2)), ("free", (2, 3))]) == ("blocked", "free")
