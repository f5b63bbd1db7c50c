"""Long lives cut into periods: few enough to read, nothing lost."""

from __future__ import annotations

import pytest

from sim.report.life import steps
from sim.report.periods import ROWS, periods
from sim.report.words import DAY_US, clock, lasting, moment, percent
from tests.report import summaries

GENESIS_US = 1_767_225_600_000_000
"""2026-01-01."""


def test_a_year_is_told_by_the_month_and_every_step_is_in_one() -> None:
    life = steps(summaries.old_key())
    found = periods(life, GENESIS_US)

    assert [period.label for period in found] == [f"2026-{month:02}" for month in range(1, 13)]
    assert sum(len(period.steps) for period in found) == len(life)
    assert [period.generations for period in found][:2] == ["0–4", "5–8"]
    assert sum(period.number("reshare") for period in found) == 13
    assert sum(period.failed for period in found) == 1
    assert sum(period.absent for period in found) == 1
    assert sum(period.blamed for period in found) == 0


@pytest.mark.parametrize("stride_us", [60_000_000, 3_600_000_000, DAY_US, 40 * DAY_US])
def test_a_life_of_any_length_takes_few_rows(stride_us: int) -> None:
    generations = [
        summaries.generation(generation=number, time_us=number * stride_us) for number in range(60)
    ]
    life = steps(summaries.key(generations=generations))

    assert len(periods(life, GENESIS_US)) <= ROWS + 1


@pytest.mark.parametrize(
    ("span_us", "told"),
    [
        (0, "0"),
        (1, "1s"),
        (12_000_000, "12s"),
        (200_000_000, "3m 20s"),
        (5 * 3_600_000_000, "5h"),
        (2 * DAY_US + 4 * 3_600_000_000 + 5, "2d 4h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span_us: int, told: str) -> None:
    assert lasting(span_us) == told


def test_a_day_and_more_has_days_or_a_date() -> None:
    assert clock(DAY_US + 7_380_000_000) == "1d 02:03"
    assert moment(DAY_US, GENESIS_US, dated=True) == "2026-01-02 00:00"
    assert moment(None, GENESIS_US, dated=True) == "–"


def test_a_percentage_is_never_rounded_up() -> None:
    assert [percent(part) for part in (1.0, 0.999999, 0.5, 0.12345)] == [
        "100 %",
        "99.999 %",
        "50 %",
        "12.345 %",
    ]
