"""The draw by stake: known answers, an independent reading of the rule, and exact probabilities.

Source: "Committee selection" of the K-chain's specification. Statistics run over fixed seeds, so a
result never changes from run to run.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import accumulate, combinations, permutations

import flint
import gmpy2
import pytest
from Crypto.Hash import SHAKE256
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.selection import (
    PoolTooSmallError,
    SeedInputs,
    SelectionError,
    draw_committee,
    selection_seed,
)
from tests.crypto.test_tuple_hash import by_the_book

INPUTS = SeedInputs(bytes(range(32)), b"\x11" * 32, 0, 7, b"\x22" * 32)
SEED = selection_seed(INPUTS)

Draw = Callable[[bytes, int, Sequence[int], int], tuple[int, ...]]


def as_written(seed: bytes, index: int, weights: Sequence[int], size: int) -> tuple[int, ...]:
    """The rule, read a second time: ranges by bisection, and a stream squeezed as it goes."""
    stream = SHAKE256.new(seed + index.to_bytes(8, "big"))
    pool = list(range(len(weights)))
    drawn: list[int] = []
    while len(drawn) < size:
        ends = list(accumulate(weights[validator] for validator in pool))
        word = int.from_bytes(stream.read(8), "big")
        if word < 2**64 % ends[-1]:
            continue
        place = bisect_right(ends, word % ends[-1])
        drawn.append(pool[place])
        last = pool.pop()
        if place < len(pool):
            pool[place] = last
    return tuple(sorted(drawn))


# The seed


def test_the_seed_is_the_standards_hash_of_the_six_parts() -> None:
    parts = (
        b"K-chain/committee/v1",
        INPUTS.block,
        INPUTS.signer_set,
        bytes(8),
        bytes(7) + b"\x07",
        INPUTS.policy,
    )

    assert by_the_book(parts, 32) == SEED
    assert SEED.hex() == "d4531ab7bd6a3f1308e74654a8cb32537b8bca55795870fcaba3f02010c9b099"


def test_every_input_changes_the_seed() -> None:
    changes = [
        INPUTS,
        INPUTS._replace(block=bytes(32)),
        INPUTS._replace(signer_set=bytes(32)),
        INPUTS._replace(p_chain_height=1),
        INPUTS._replace(epoch=8),
        INPUTS._replace(policy=bytes(32)),
    ]

    assert len({selection_seed(inputs) for inputs in changes}) == len(changes)


# Known answers: integers only, so they hold on every platform


@pytest.mark.parametrize(
    ("weights", "size", "index", "committee"),
    [
        ((1,) * 7, 3, 0, (1, 5, 6)),
        ((1,) * 7, 3, 1, (3, 4, 5)),
        ((1,) * 7, 7, 1, (0, 1, 2, 3, 4, 5, 6)),
        ((100, 50, 25, 12, 6, 3, 1, 1), 4, 0, (0, 1, 2, 4)),
        ((2**63 + 1, 2**62, 5, 9), 3, 2, (0, 1, 3)),
        ((2**64 - 2, 1), 1, 0, (0,)),
        ((5,), 1, 0, (0,)),
        (range(1, 1001), 12, 0, (63, 216, 433, 492, 535, 704, 798, 839, 926, 937, 947, 996)),
    ],
)
def test_known_answers(
    weights: Sequence[int], size: int, index: int, committee: tuple[int, ...]
) -> None:
    assert draw_committee(SEED, index, weights, size) == committee


@pytest.mark.parametrize("index", range(40))
def test_integers_below_the_rest_are_skipped(index: int) -> None:
    """With weights just above 2^63, half of all integers are skipped: the oracle must agree."""
    weights = (2**62, 2**61, 2**61 - 7, 9, 40, 50)

    assert draw_committee(SEED, index, weights, 5) == as_written(SEED, index, weights, 5)


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(1, 2**60), min_size=1, max_size=15),
    st.data(),
)
def test_another_reading_of_the_rule_draws_the_same(
    seed: bytes, index: int, weights: list[int], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(weights)))

    drawn = draw_committee(seed, index, weights, size)

    assert drawn == as_written(seed, index, weights, size)
    assert list(drawn) == sorted(set(drawn))
    assert len(drawn) == size


def test_a_draw_goes_on_past_the_first_stretch_of_the_stream() -> None:
    weights = range(1, 301)

    assert draw_committee(SEED, 0, weights, 300) == tuple(range(300))
    assert draw_committee(SEED, 0, weights, 250) == as_written(SEED, 0, weights, 250)


# Refusals


@pytest.mark.parametrize(
    ("weights", "size", "error"),
    [
        ((1, 0, 1), 2, "place 1 is 0"),
        ((1, 1, -4), 2, "place 2 is -4"),
        ((2**63, 2**63), 1, "don't fit into 64 bits"),
        ((2**64, 1), 1, "don't fit into 64 bits"),
        ((1, 1), 3, "3 of 2 validators"),
        ((1, 1), 0, "0 of 2 validators"),
        ((), 1, "1 of 0 validators"),
    ],
)
def test_weights_and_pools_that_allow_no_draw_are_refused(
    weights: Sequence[int], size: int, error: str
) -> None:
    with pytest.raises(SelectionError, match=error) as caught:
        draw_committee(SEED, 0, weights, size)

    assert isinstance(caught.value, PoolTooSmallError) == ("validators" in error)


def test_the_largest_sum_of_weights_is_drawn_from() -> None:
    assert draw_committee(SEED, 0, (2**64 - 3, 1, 1), 3) == (0, 1, 2)


# Exact probabilities

POOLS: dict[int, tuple[int, ...]] = {
    5: (1, 1, 1, 1, 1),
    6: (32, 16, 8, 4, 2, 1),
    7: (10, 9, 9, 3, 3, 1, 1),
    8: (1000, 7, 50, 50, 120, 333, 90, 1),
}
"""Pools by size: equal, doubling, in groups, and one large stake among small ones."""

CASES = [(n, size) for n in POOLS for size in (1, 2, 3, n - 1)]

DRAWS = 8000

P_MIN = 1e-3
"""A fixed sample of a right rule falls below this with a chance of 1 in 1000 per test; of the 32
tests here none does. `test_a_wrong_rule_is_found_out` shows what the tests would notice."""


@cache
def committees(weights: tuple[int, ...], size: int) -> dict[tuple[int, ...], Fraction]:
    """Enumerate all orders of drawing; return the exact probability of every committee."""
    found: dict[tuple[int, ...], Fraction] = {}
    for order in permutations(range(len(weights)), size):
        chance, rest = Fraction(1), sum(weights)
        for validator in order:
            chance *= Fraction(weights[validator], rest)
            rest -= weights[validator]
        members = tuple(sorted(order))
        found[members] = found.get(members, Fraction()) + chance
    return found


@cache
def samples(draw: Draw, weights: tuple[int, ...], size: int) -> Counter[tuple[int, ...]]:
    """Count committees: half from one seed's indices, half from the seeds of successive epochs."""
    drawn: Counter[tuple[int, ...]] = Counter()
    for number in range(DRAWS // 2):
        drawn[draw(SEED, number, weights, size)] += 1
        drawn[draw(selection_seed(INPUTS._replace(epoch=number)), 0, weights, size)] += 1
    return drawn


def tail(statistic: float, degrees: int) -> float:
    """Return the chance that a chi-square variable is larger than `statistic`."""
    if statistic > 50 * degrees:
        return 0.0  # below 1e-10, and gmpy2 takes a minute to say how far below
    upper = gmpy2.gamma_inc(degrees / 2, statistic / 2)
    return float(upper / gmpy2.gamma(degrees / 2))


def inclusion_p(drawn: Counter[tuple[int, ...]], exact: dict[tuple[int, ...], Fraction]) -> float:
    """Test how often each validator is in, against the exact inclusion probabilities.

    The counts depend on each other, so the statistic is the quadratic form with the inverse of
    their exact covariance. They add up to a constant: the last one is left out.
    """
    free = range(max(max(members) for members in exact))
    inclusion = [sum(p for members, p in exact.items() if i in members) for i in free]
    both = [
        [sum(p for members, p in exact.items() if i in members and j in members) for j in free]
        for i in free
    ]
    number = drawn.total()
    covariance = [[_rational(both[i][j] - inclusion[i] * inclusion[j]) for j in free] for i in free]
    counts = [sum(count for members, count in drawn.items() if i in members) for i in free]
    off = flint.fmpq_mat([[_rational(counts[i] - number * inclusion[i])] for i in free])
    form = off.transpose() * flint.fmpq_mat(covariance).solve(off)
    statistic = Fraction(int(form[0, 0].p), int(form[0, 0].q)) / number
    return tail(float(statistic), len(free))


def _rational(value: Fraction | int) -> flint.fmpq:
    value = Fraction(value)
    return flint.fmpq(value.numerator, value.denominator)


def committee_p(drawn: Counter[tuple[int, ...]], exact: dict[tuple[int, ...], Fraction]) -> float:
    """Test how often each committee is drawn, by Pearson's statistic.

    Committees that are expected fewer than five times are counted together, as is usual.
    """
    number = drawn.total()
    cells, rare_seen, rare_expected = [], 0, 0.0
    for members, chance in exact.items():
        expected = float(number * chance)
        if expected < 5:
            rare_seen += drawn[members]
            rare_expected += expected
        else:
            cells.append((drawn[members], expected))
    if rare_expected >= 5:
        cells.append((rare_seen, rare_expected))
    return tail(sum((seen - e) ** 2 / e for seen, e in cells), len(cells) - 1)


@pytest.mark.parametrize(("pool", "size"), CASES)
def test_draws_have_the_exact_inclusion_probabilities(pool: int, size: int) -> None:
    weights = POOLS[pool]

    drawn = samples(draw_committee, weights, size)

    assert inclusion_p(drawn, committees(weights, size)) > P_MIN


@pytest.mark.parametrize(("pool", "size"), CASES)
def test_draws_have_the_exact_probability_of_every_committee(pool: int, size: int) -> None:
    weights = POOLS[pool]

    drawn = samples(draw_committee, weights, size)

    assert committee_p(drawn, committees(weights, size)) > P_MIN


def without_weights(seed: bytes, index: int, weights: Sequence[int], size: int) -> tuple[int, ...]:
    """A wrong rule: everybody has the same chance."""
    return draw_committee(seed, index, [1] * len(weights), size)


def in_proportion(seed: bytes, index: int, weights: Sequence[int], size: int) -> tuple[int, ...]:
    """A wrong rule: with replacement, repeated until the committee is full of distinct members."""
    return next(
        members
        for again in range(10_000)
        if len(
            members := tuple(
                sorted(
                    {
                        draw_committee(seed, index + (1 + again * size + seat << 20), weights, 1)[0]
                        for seat in range(size)
                    }
                )
            )
        )
        == size
    )


@pytest.mark.parametrize("wrong", [without_weights, in_proportion])
def test_a_wrong_rule_is_found_out(wrong: Draw) -> None:
    """Rejecting whole committees with repeats looks right at first sight, and is not."""
    weights, exact = POOLS[7], committees(POOLS[7], 3)

    drawn = samples(wrong, weights, 3)

    assert inclusion_p(drawn, exact) < 1e-9
    assert committee_p(drawn, exact) < 1e-9


def test_the_tail_is_that_of_the_chi_square_distribution() -> None:
    """From printed tables: 5 % and 0.1 % points; two degrees have exp(−x/2)."""
    assert tail(11.0705, 5) == pytest.approx(0.05, abs=1e-5)
    assert tail(29.5883, 10) == pytest.approx(0.001, abs=1e-6)
    assert tail(3.0, 2) == pytest.approx(math.exp(-1.5))


def test_the_enumeration_is_right_by_hand() -> None:
    """Weights 2, 1, 1, two seats: {0, 1} = 1/2·1/2 + 1/4·2/3 = 5/12, and so on."""
    assert committees((2, 1, 1), 2) == {
        (0, 1): Fraction(5, 12),
        (0, 2): Fraction(5, 12),
        (1, 2): Fraction(1, 6),
    }
    assert set(committees(POOLS[7], 3)) == set(combinations(range(7), 3))
    assert all(sum(committees(POOLS[n], size).values()) == 1 for n, size in CASES)
