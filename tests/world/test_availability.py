"""When a key could sign: holders that are up and have their shares, counted against t."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sim.world.availability import Uptime, unavailable_us, uptime
from sim.world.eventlog import Event

ALWAYS: Mapping[int, Sequence[int]] = {0: [0], 1: [0], 2: [0]}
"""Three holders from the start."""


def event(time_us: int, kind: str, verdict: str = "") -> Event:
    return Event(time_us, 0, 0, kind, "", -1, ("", "", 0), 0, verdict, ())


def missing(known: dict[int, Uptime], threshold: int = 2, **changes: list[int]) -> int:
    holders = {**ALWAYS, **{int(name[1:]): shares for name, shares in changes.items()}}
    return unavailable_us(holders, threshold, (0, 100), [known.get(i, Uptime()) for i in range(3)])


def test_a_validator_is_down_from_crash_to_start_and_from_pause_to_resume() -> None:
    events = [
        event(0, "start"),
        event(10, "crash", "unsynced"),
        event(20, "start"),
        event(30, "pause"),
        event(40, "resume"),
        event(90, "crash", "all"),
    ]

    assert uptime(events, 100) == Uptime([(10, 20), (30, 40), (90, 100)], [90])


@pytest.mark.parametrize(
    ("known", "threshold", "wanted"),
    [
        pytest.param({}, 3, 0, id="everybody is up"),
        pytest.param({0: Uptime([(10, 30)])}, 2, 0, id="enough are up"),
        pytest.param({0: Uptime([(10, 30)])}, 3, 20, id="all are needed"),
        pytest.param(
            {0: Uptime([(10, 30)]), 1: Uptime([(20, 50)])}, 2, 10, id="two are down at once"
        ),
        pytest.param({0: Uptime([(90, 100)])}, 3, 10, id="to the end"),
        pytest.param({0: Uptime([(5, 6)], [5])}, 3, 95, id="a lost share stays lost"),
    ],
)
def test_a_key_cannot_sign_while_fewer_than_t_holders_are_up(
    known: dict[int, Uptime], threshold: int, wanted: int
) -> None:
    assert missing(known, threshold) == wanted


def test_a_repaired_share_counts_from_its_repair_on() -> None:
    lost = {0: Uptime([(5, 6)], [5])}

    assert missing(lost, 3, v0=[0, 40]) == 35


def test_a_member_that_never_got_a_share_is_no_holder() -> None:
    assert unavailable_us({0: [0]}, 2, (0, 100), [Uptime()]) == 100
