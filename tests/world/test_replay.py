"""Comparing two runs record by record."""

from __future__ import annotations

from sim.world.eventlog import Event
from sim.world.replay import cut, digest_difference, first_difference

NAMES = ("v00", "v01")


def event(time_us: int, validator: int, sequence: int, verdict: str = "ok") -> Event:
    label = ("share", "v01", 1)
    return Event(
        time_us, validator, sequence, "send", "beacon/dkg/0", 1, label, 1, verdict, (time_us + 5,)
    )


RUN = [event(10, 0, 0), event(10, 1, 0), event(20, 0, 1), event(30, 1, 1)]


def test_equal_runs_have_no_difference() -> None:
    assert first_difference(RUN, list(RUN), NAMES) is None


def test_a_changed_record_is_named_by_time_validator_and_sequence() -> None:
    other = [*RUN[:2], event(20, 0, 1, "lost"), RUN[3]]

    found = first_difference(RUN, other, NAMES)

    assert found is not None
    assert (found.time_us, found.validator, found.sequence) == (20, "v00", 1)
    assert (found.stored, found.replayed) == (RUN[2], other[2])


def test_an_additional_record_is_the_difference_and_not_the_one_it_displaces() -> None:
    more = [*RUN[:2], event(15, 1, 1), *RUN[2:]]

    found = first_difference(RUN, more, NAMES)

    assert found is not None
    assert (found.time_us, found.stored, found.replayed) == (15, None, more[2])


def test_a_run_that_ends_early_differs_at_the_first_record_that_it_lacks() -> None:
    found = first_difference(RUN, RUN[:3], NAMES)

    assert found is not None
    assert (found.stored, found.replayed) == (RUN[3], None)


def test_a_run_cut_short_is_compared_only_as_far_as_each_validator_got() -> None:
    short = [RUN[0], RUN[1], RUN[3]]  # v00 stopped after one record, v01 after two

    assert cut(RUN, short) == short


def test_files_are_compared_when_every_event_is_the_same() -> None:
    stored = {"histories": {"v00": "aa"}, "ledger": "bb", "summary": "cc", "run": "dd"}

    found = digest_difference(stored, {**stored, "summary": "ee", "run": "ff"})

    assert digest_difference(stored, stored) is None
    assert found is not None
    assert found.what == "summary"
