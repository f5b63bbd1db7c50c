"""Partitions: committees out of one pool. An independent reading of the rule, exact probabilities.

Source: "Committee selection" of the K-chain's specification (LP-045). Statistics run over fixed
seeds, so a result never changes from run to run.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import accumulate

import pytest
from Crypto.Hash import SHAKE256
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.selection import (
    PoolTooSmallError,
    SelectionError,
    draw_committee,
    draw_partition,
    selection_seed,
)
from tests.protocol.test_selection import INPUTS, P_MIN, POOLS, SEED, tail

Partition = tuple[tuple[int, ...], ...]
Draw = Callable[[bytes, int, Sequence[int], int, int], Partition]


def as_written(seed: bytes, first: int, weights: Sequence[int], count: int, size: int) -> Partition:
    """The rule, read a second time: ranges by bisection, streams squeezed as they go."""
    streams = [SHAKE256.new(seed + (first + i).to_bytes(8, "big")) for i in range(count)]
    pool = list(range(len(weights)))
    seats: list[int] = []
    while len(seats) < count * size:
        ends = list(accumulate(weights[validator] for validator in pool))
        word = int.from_bytes(streams[len(seats) % count].read(8), "big")
        if word < 2**64 % ends[-1]:
            continue
        place = bisect_right(ends, word % ends[-1])
        seats.append(pool[place])
        last = pool.pop()
        if place < len(pool):
            pool[place] = last
    return tuple(tuple(sorted(seats[place::count])) for place in range(count))


def one_after_another(
    seed: bytes, first: int, weights: Sequence[int], count: int, size: int
) -> Partition:
    """Another rule: a committee is full before the next one is drawn."""
    left = list(range(len(weights)))
    found = []
    for place in range(count):
        drawn = draw_committee(seed, first + place, [weights[one] for one in left], size)
        found.append(tuple(left[one] for one in drawn))
        left = [one for one in left if one not in found[-1]]
    return tuple(found)


# The rule


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**60),
    st.lists(st.integers(1, 2**60), min_size=1, max_size=15),
    st.data(),
)
def test_another_reading_of_the_rule_draws_the_same(
    seed: bytes, first: int, weights: list[int], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(weights)))
    size = data.draw(st.integers(1, len(weights) // count))

    drawn = draw_partition(seed, first, weights, count, size)

    assert drawn == as_written(seed, first, weights, count, size)
    everybody = [one for committee in drawn for one in committee]
    assert len(set(everybody)) == len(everybody) == count * size
    assert all(list(committee) == sorted(committee) for committee in drawn)


def test_known_answers() -> None:
    weights = (100, 50, 25, 12, 6, 3, 1, 1)

    assert draw_partition(SEED, 0, weights, 2, 3) == ((0, 5, 6), (1, 2, 3))
    assert draw_partition(SEED, 0, (2**63 + 1, 2**62, 5, 9), 2, 2) == ((0, 3), (1, 2))


@given(st.lists(st.integers(1, 2**60), min_size=1, max_size=15), st.integers(0, 9), st.data())
def test_a_partition_of_one_is_a_committee(
    weights: list[int], index: int, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(weights)))

    assert draw_partition(SEED, index, weights, 1, size) == (
        draw_committee(SEED, index, weights, size),
    )


def test_a_thousand_validators_all_have_a_seat_and_only_one() -> None:
    drawn = draw_partition(SEED, 0, range(1, 1025), 16, 64)

    assert [len(committee) for committee in drawn] == [64] * 16
    assert sorted(one for committee in drawn for one in committee) == list(range(1024))


@pytest.mark.parametrize(
    ("weights", "count", "size", "error"),
    [
        ((1,) * 7, 2, 4, "2 × 4 of 7 validators"),
        ((1,) * 7, 8, 1, "8 × 1 of 7 validators"),
        ((1,) * 7, 2, 0, "2 × 0 of 7 validators"),
        ((1, 0, 1, 1), 2, 2, "place 1 is 0"),
        ((2**63, 2**63, 1, 1), 2, 2, "don't fit into 64 bits"),
    ],
)
def test_pools_and_weights_that_allow_no_partition_are_refused(
    weights: Sequence[int], count: int, size: int, error: str
) -> None:
    with pytest.raises(SelectionError, match=error) as caught:
        draw_partition(SEED, 0, weights, count, size)

    assert isinstance(caught.value, PoolTooSmallError) == ("validators" in error)


# Exact probabilities

CASES = [(5, 2, 2), (6, 2, 2), (6, 3, 2), (6, 2, 3), (7, 3, 2), (8, 4, 1)]
"""(pool, count, size)."""

DRAWS = 8000


@cache
def chances(weights: tuple[int, ...], count: int, size: int) -> dict[Partition, Fraction]:
    """Walk through all orders of drawing; return the exact probability of every partition."""
    found: dict[Partition, Fraction] = {((),) * count: Fraction(1)}
    for seat in range(count * size):
        later: dict[Partition, Fraction] = {}
        for drawn, chance in found.items():
            gone = {one for committee in drawn for one in committee}
            rest = sum(weight for one, weight in enumerate(weights) if one not in gone)
            for one, weight in enumerate(weights):
                if one in gone:
                    continue
                grown = list(drawn)
                grown[seat % count] = tuple(sorted((*grown[seat % count], one)))
                key = tuple(grown)
                later[key] = later.get(key, Fraction()) + chance * Fraction(weight, rest)
        found = later
    return found


@cache
def samples(draw: Draw, weights: tuple[int, ...], count: int, size: int) -> Counter[Partition]:
    """Count partitions: half from one seed's indices, half from the seeds of successive epochs."""
    drawn: Counter[Partition] = Counter()
    for number in range(DRAWS // 2):
        drawn[draw(SEED, number * count, weights, count, size)] += 1
        seed = selection_seed(INPUTS._replace(epoch=number))
        drawn[draw(seed, 0, weights, count, size)] += 1
    return drawn


def pearson_p(seen: Counter[object], expected: dict[object, float]) -> float:
    """Return the chance of a larger statistic; cells below five are counted together."""
    cells, rare_seen, rare_expected = [], 0, 0.0
    for key, number in expected.items():
        if number < 5:
            rare_seen += seen[key]
            rare_expected += number
        else:
            cells.append((seen[key], number))
    if rare_expected >= 5:
        cells.append((rare_seen, rare_expected))
    return tail(sum((found - e) ** 2 / e for found, e in cells), len(cells) - 1)


def place_p(drawn: Counter[Partition], weights: tuple[int, ...], count: int, size: int) -> float:
    """Test who sits on the last committee, all members together."""
    expected: dict[object, float] = {}
    for partition, chance in chances(weights, count, size).items():
        expected[partition[-1]] = expected.get(partition[-1], 0.0) + float(chance * DRAWS)
    seen: Counter[object] = Counter()
    for partition, number in drawn.items():
        seen[partition[-1]] += number
    return pearson_p(seen, expected)


@pytest.mark.parametrize(("pool", "count", "size"), CASES)
def test_draws_have_the_exact_probability_of_every_partition(
    pool: int, count: int, size: int
) -> None:
    weights = POOLS[pool]
    exact = chances(weights, count, size)
    assert sum(exact.values()) == 1

    drawn = samples(draw_partition, weights, count, size)

    expected: dict[object, float] = {key: float(chance * DRAWS) for key, chance in exact.items()}
    assert pearson_p(Counter(drawn), expected) > P_MIN


@pytest.mark.parametrize(("pool", "count", "size"), CASES)
def test_the_last_committee_is_drawn_by_stake_too(pool: int, count: int, size: int) -> None:
    weights = POOLS[pool]

    drawn = samples(draw_partition, weights, count, size)

    assert place_p(drawn, weights, count, size) > P_MIN


def test_filling_committees_one_after_another_is_found_out() -> None:
    """It is by stake and disjoint, too; but it isn't the rule."""
    weights = POOLS[6]

    drawn = samples(one_after_another, weights, 2, 3)

    assert place_p(drawn, weights, 2, 3) < 1e-9


def test_taking_turns_leaves_no_committee_with_the_least_stake() -> None:
    """Everybody is seated, so filling in order would give the last committee the leftovers."""
    weights = POOLS[6]

    def mean(draw: Draw, place: int) -> float:
        drawn = samples(draw, weights, 3, 2)
        stakes = (
            number * sum(weights[one] for one in partition[place])
            for partition, number in drawn.items()
        )
        return sum(stakes) / DRAWS

    assert mean(one_after_another, 0) / mean(one_after_another, 2) > 6
    assert mean(draw_partition, 0) / mean(draw_partition, 2) < 3
