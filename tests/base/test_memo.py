"""Public computations: done once, charged to each, whatever the cache holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.memo import Memo, memoised, using
from sim.base.meters import Meter, charge, metering
from sim.base.secret import Secret

RUNS: list[object] = []


@pytest.fixture(autouse=True)
def _no_runs() -> None:
    RUNS.clear()


@memoised
def square(x: int) -> int:
    RUNS.append(x)
    charge("square")
    return x * x


@memoised
def square_sum(xs: tuple[int, ...]) -> int:
    RUNS.append(xs)
    charge("sum")
    return sum(square(x) for x in xs)


@memoised
def refuse(reason: str) -> None:
    RUNS.append(reason)
    charge("refuse")
    raise KeyError(reason)


@memoised
def break_down() -> None:
    RUNS.append("break")
    raise LocalError("a bug")


def test_a_result_is_computed_once_and_charged_to_each() -> None:
    meters = []
    with using(Memo()) as memo:
        for _ in range(3):
            with metering(Meter()) as meter:
                assert square(7) == 49
            meters.append(meter.counts)

    assert RUNS == [7]
    assert meters == [{"square": 1}] * 3
    assert (memo.misses, memo.hits) == (1, 2)
    assert memo.saved.counts == {"square": 2}


def test_inner_computations_are_charged_through_the_outer_one() -> None:
    with using(Memo()):
        square(2)
        with metering(Meter()) as cold:
            square_sum((1, 2, 3))
        with metering(Meter()) as warm:
            square_sum((1, 2, 3))

    assert cold.counts == warm.counts == {"sum": 1, "square": 3}
    assert RUNS == [2, (1, 2, 3), 1, 3]


@given(
    st.lists(st.lists(st.integers(0, 4), max_size=4).map(tuple), max_size=12),
    st.sampled_from([None, 0, 1, 3]),
)
def test_charges_never_depend_on_the_cache(calls: list[tuple[int, ...]], size: int | None) -> None:
    with metering(Meter()) as plain:
        expected = [square_sum(xs) for xs in calls]
    with using(Memo(size)), metering(Meter()) as cached:
        results = [square_sum(xs) for xs in calls]

    assert results == expected
    assert cached.counts == plain.counts


def test_an_exception_is_remembered_and_charged_like_a_result() -> None:
    with using(Memo()), metering(Meter()) as meter:
        for _ in range(3):
            with pytest.raises(KeyError, match="bad point"):
                refuse("bad point")

    assert RUNS == ["bad point"]
    assert meter.counts == {"refuse": 3}


def test_a_bug_is_never_remembered() -> None:
    with using(Memo()):
        for _ in range(2):
            with pytest.raises(LocalError):
                break_down()

    assert RUNS == ["break", "break"]


def test_secrets_are_refused_with_and_without_a_memo() -> None:
    with pytest.raises(LocalError, match="must not see secrets"):
        square(Secret(7))  # type: ignore[arg-type]  # that's the point
    with using(Memo()), pytest.raises(LocalError, match="must not see secrets"):
        square(x=Secret(7))  # type: ignore[arg-type]  # that's the point

    assert RUNS == []


def test_without_a_memo_functions_simply_run() -> None:
    assert [square(3), square(3)] == [9, 9]
    assert RUNS == [3, 3]


def test_memos_end_with_their_run() -> None:
    for _ in range(2):
        with using(Memo()):
            square(5)

    assert RUNS == [5, 5]


def test_keyword_arguments_key_the_memo_too() -> None:
    with using(Memo()):
        assert (square(x=2), square(x=3), square(x=2)) == (4, 9, 4)

    assert RUNS == [2, 3]


def test_functions_do_not_share_entries() -> None:
    @memoised
    def cube(x: int) -> int:
        return x**3

    with using(Memo()):
        assert (square(2), cube(2)) == (4, 8)


def test_an_error_says_where_it_was_raised() -> None:
    with using(Memo()), pytest.raises(KeyError) as caught:
        failing(1)

    assert "failing" in [entry.name for entry in caught.traceback]


def test_what_no_argument_is_to_blame_for_is_not_remembered() -> None:
    with using(Memo()) as memo:
        for _ in range(2):
            with pytest.raises(MemoryError):
                exhausting(1)

    assert (memo.misses, memo.hits) == (2, 0)


@memoised
def failing(number: int) -> int:
    raise KeyError(number)


@memoised
def exhausting(number: int) -> int:
    raise MemoryError(number)


def test_a_full_memo_drops_what_was_used_least_recently() -> None:
    with using(Memo(2)):
        for x in (1, 2, 1, 3, 1, 2):
            square(x)

    assert RUNS == [1, 2, 3, 2]
