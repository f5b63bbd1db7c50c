"""Streams depend on their labels alone, and draw without bias."""

from __future__ import annotations

import hashlib
from collections import Counter

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.randomness import stream


@given(st.lists(st.integers(0, 200), max_size=12))
def test_a_stream_is_the_same_however_it_is_read(sizes: list[int]) -> None:
    whole = stream(7, "label").bytes(sum(sizes))

    source = stream(7, "label")

    assert b"".join(source.bytes(size) for size in sizes)[:136] == whole[:136]


def test_a_stream_starts_as_its_definition_says() -> None:
    """SHAKE256 over SHA-256 of the encoded labels and a block number."""
    packed = msgpack.packb(["stream", 7, ["a", 1, b"x"]], use_bin_type=True)
    key = hashlib.sha256(packed).digest()

    expected = hashlib.shake_256(key + bytes(8)).digest(136)

    assert stream(7, "a", 1, b"x").bytes(40) == expected[:40]


def test_every_label_and_the_seed_change_the_stream() -> None:
    streams = [
        stream(7, "a", "b"),
        stream(8, "a", "b"),
        stream(7, "ab"),
        stream(7, "b", "a"),
        stream(7, "a", "b", 0),
        stream(7, "a", b"b"),
        stream(b"7", "a", "b"),
        stream(7, "a", "b", ""),
    ]

    assert len({source.bytes(32) for source in streams}) == len(streams)


def test_one_stream_never_moves_another() -> None:
    lone = stream(1, "b").bytes(64)

    first, second = stream(1, "a"), stream(1, "b")
    first.bytes(1000)

    assert second.bytes(64) == lone


def test_blocks_do_not_repeat() -> None:
    source = stream(1, "long")

    chunks = [source.bytes(32) for _ in range(1000)]

    assert len(set(chunks)) == 1000


@given(st.integers(1, 2**256), st.integers(0, 100))
def test_draws_are_below_their_bound(bound: int, label: int) -> None:
    source = stream(3, label)

    assert all(0 <= source.below(bound) < bound for _ in range(5))


def test_draws_reach_every_value_about_equally() -> None:
    source = stream(3, "fair")

    counts = Counter(source.below(5) for _ in range(5000))

    # Binomial(5000, 1/5): mean 1000, standard deviation 28; five of them on either side.
    assert sorted(counts) == [0, 1, 2, 3, 4]
    assert all(860 < count < 1140 for count in counts.values())


@pytest.mark.parametrize("bound", [0, -1])
def test_there_is_nothing_below_nothing(bound: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        stream(1).below(bound)


@given(st.integers(0, 20), st.data())
def test_samples_are_distinct_members_of_the_pool(size: int, data: st.DataObject) -> None:
    pool = list(range(100, 100 + size))
    count = data.draw(st.integers(0, size))

    drawn = stream(5, size).sample(pool, count)

    assert len(drawn) == len(set(drawn)) == count
    assert set(drawn) <= set(pool)
    assert pool == list(range(100, 100 + size))


def test_samples_are_drawn_in_every_order() -> None:
    orders = {tuple(stream(label, "order").sample([1, 2, 3], 3)) for label in range(60)}

    assert len(orders) == 6


@pytest.mark.parametrize("count", [-1, 4])
def test_samples_larger_than_the_pool_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        stream(1).sample([1, 2, 3], count)
