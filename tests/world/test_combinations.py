"""Random combinations of faults break no check, raise nothing, and end."""

from __future__ import annotations

import pytest

from tests.world.combinations import combination, problems

CASES = 300
QUICK = 12
BEYOND = 100


def cases(count: int, quick: int) -> list[object]:
    """Return the numbers of cases: the first ones always, the others as slow tests."""
    marks = [pytest.mark.slow]
    return [*range(quick), *(pytest.param(case, marks=marks) for case in range(quick, count))]


@pytest.mark.parametrize("case", cases(CASES, QUICK))
def test_combinations_within_bounds_break_nothing(case: int) -> None:
    assert problems(case) == []


@pytest.mark.parametrize("case", cases(BEYOND, 4))
def test_beyond_bounds_there_are_only_declared_failures(case: int) -> None:
    assert problems(case, beyond=True) == []


def test_cases_are_what_they_are_said_to_be() -> None:
    made = [combination(case) for case in range(CASES)]

    texts = [one.text for one in made]
    assert len(set(texts)) == CASES
    assert texts[7] == combination(7).text != combination(7, beyond=True).text
    assert {one.behaviours for one in made} == {1, 2, 3, 4}
    assert {f"n = {n}\n" for n in range(4, 14)} <= {
        line + "\n" for text in texts for line in text.splitlines()
    }
    for word in ("censor", "delay-ledger", "disk-fault", "filter", "halt-ledger", "times = "):
        assert sum(word in text for text in texts) > CASES // 20
