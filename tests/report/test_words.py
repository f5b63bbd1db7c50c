"""Times, names and numbers as reports write them."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from sim.protocol.entries import UNPROVEN
from sim.protocol.evidence import VERDICTS
from sim.protocol.messages import Complaint
from sim.report.words import COMPLAINTS, ENDS, FAULTS, clock, count, names, size, span
from sim.scenario.refusals import DROPPED, REFUSALS


@pytest.mark.parametrize(
    ("time_us", "written"),
    [
        (None, "–"),
        (0, "0:00.0"),
        (99_999, "0:00.0"),
        (18_050_000, "0:18.0"),
        (125_900_000, "2:05.9"),
        (3_599_900_000, "59:59.9"),
        (3_600_000_000, "1:00:00"),
        (7_325_000_000, "2:02:05"),
    ],
)
def test_a_time_is_written_to_the_tenth_below_an_hour(time_us: int | None, written: str) -> None:
    assert clock(time_us) == written


SEATS = [f"v{i:02}" for i in range(20)]


@pytest.mark.parametrize(
    ("listed", "everyone", "written"),
    [
        ([], SEATS, "none"),
        (SEATS[:2], SEATS, "v00, v01"),
        (SEATS, SEATS, "all 20"),
        (SEATS[1:], SEATS, "all but v00"),
        (SEATS[:12], SEATS, "v00, v01, v02, v03, v04, v05, v06, v07 and 4 more"),
        (SEATS[:3], (), "v00, v01, v02"),
    ],
)
def test_long_lists_of_names_are_shortened(
    listed: list[str], everyone: list[str], written: str
) -> None:
    assert names(listed, everyone) == written


def test_numbers_agree_with_their_nouns() -> None:
    assert [count(n, "deal") for n in (0, 1, 3000)] == ["0 deals", "1 deal", "3,000 deals"]
    assert count(2, "reply", "replies") == "2 replies"


def test_heights_and_sizes_are_short() -> None:
    assert [span(3, 3), span(3, 7), span(3, None)] == ["3", "3–7", "3–"]
    assert [size(9_999), size(10_000), size(12_345_678)] == ["9,999 B", "10.0 kB", "12.3 MB"]


def test_every_verdict_has_words() -> None:
    assert FAULTS.keys() >= {*VERDICTS, *UNPROVEN}


def test_every_kind_of_complaint_has_words() -> None:
    kinds = get_type_hints(Complaint)["kind"]

    assert COMPLAINTS.keys() == set(get_args(kinds))


def test_every_refusal_has_words() -> None:
    assert ENDS.keys() >= {*REFUSALS, *DROPPED}
