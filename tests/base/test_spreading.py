"""Work that is shared out, and verdicts that travel: charges never tell the difference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import pytest

from sim.base.memo import Memo, foresee, using, verdict
from sim.base.meters import Meter, charge, metering
from sim.base.spreading import helped, perform, spread

RUNS: list[int] = []


@pytest.fixture(autouse=True)
def _no_runs() -> None:
    RUNS.clear()


class Elsewhere:
    """A crew of other processes; what it was asked for is in `asked`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, name: str, arguments: Sequence[bytes], /) -> list[bytes]:
        self.asked += [name] * len(arguments)
        return [perform(name, one) for one in arguments]


def joined(words: tuple[str, ...], end: bytes) -> dict[str, bytes]:
    charge("word", len(words))
    return {word: word.encode() + end for word in words}


@verdict(lambda number, word: (number, word))
def repeated(number: int, word: str) -> frozenset[str]:
    RUNS.append(number)
    charge("repeated", number)
    if number > 9:
        raise OverflowError(number)
    return frozenset([word * number, word])


@pytest.mark.parametrize("helpers", [0, 1])
def test_results_and_charges_are_the_same_wherever_calls_are_made(helpers: int) -> None:
    crew = Elsewhere()
    with helped(crew) if helpers else nullcontext(), metering(Meter()) as meter:
        found = spread(joined, [(("a", "b"), b"1"), ((), b"2"), (("c",), b"3")])

    assert found == [{"a": b"a1", "b": b"b1"}, {}, {"c": b"c3"}]
    assert meter.counts["word"] == 3
    assert len(crew.asked) == 3 * helpers


def test_what_was_foreseen_is_charged_to_whoever_asks_and_to_nobody_before() -> None:
    crew, memo = Elsewhere(), Memo()
    with helped(crew), using(memo), metering(Meter()) as before:
        foresee(repeated, [(2, "x"), (3, "y"), (2, "x")])
    with using(memo), metering(Meter()) as after:
        assert repeated(3, "y") == {"yyy", "y"}
        assert repeated(3, word="y") == {"yyy", "y"}

    assert len(crew.asked) == 3
    assert before.counts == {}
    assert after.counts == {"repeated": 6}
    # What was executed is what was charged, less what was saved, and what nobody was charged for.
    assert (memo.saved.counts, memo.ahead.counts) == ({"repeated": 6}, {"repeated": 7})


def test_nothing_is_foreseen_without_a_crew_or_without_a_cache() -> None:
    crew = Elsewhere()
    with using(Memo()):
        foresee(repeated, [(2, "x"), (3, "y")])
    with using(Memo(0)), helped(crew):
        foresee(repeated, [(2, "x"), (3, "y")])

    assert (RUNS, crew.asked) == ([], [])


def test_a_verdict_travels_with_its_charge_and_is_not_reached_again() -> None:
    here, there = Memo(), Memo()
    here.keep_journal()
    with using(here):
        repeated(2, "x")
        with pytest.raises(OverflowError):
            repeated(10, "x")
    journal, empty = here.journal(), here.journal()
    there.learn(journal)
    there.learn(empty)
    RUNS.clear()
    with using(there), metering(Meter()) as meter:
        assert repeated(2, "x") == {"xx", "x"}
        with pytest.raises(OverflowError):  # an error didn't travel: it is met again
            repeated(10, "x")

    assert RUNS == [10]
    assert meter.counts == {"repeated": 12}
    assert (there.hits, there.misses) == (1, 1)


def test_a_verdict_is_known_by_everything_that_it_depends_on() -> None:
    keys = {repeated.key(1, "x"), repeated.key(2, "x"), repeated.key(1, "y")}

    assert len(keys) == 3
    assert repeated.key(1, word="x") in keys
