"""Bursts of loss: a two-state chain that is a function of (seed, link, time)."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import pytest

from sim.network.draws import CERTAIN
from sim.network.losses import (
    FRAME_SLOTS,
    FRAME_US,
    SLOT_US,
    Bursts,
    Loss,
    Losses,
    check_loss,
    rate_max,
    sojourns,
)

PERCENT = CERTAIN // 100
BAD = Loss(20 * PERCENT, 4)


def slots(of: Bursts, frames: int, source: int = 0, target: int = 1) -> list[list[bool]]:
    """Return the state of every slot, by frame, as senders see it."""
    return [
        [of.bad(f * FRAME_US + s * SLOT_US, source, target) for s in range(FRAME_SLOTS)]
        for f in range(frames)
    ]


def test_the_state_is_that_of_the_slot_from_its_first_to_its_last_microsecond() -> None:
    bursts = Bursts(1, BAD)

    for slot in range(FRAME_SLOTS):
        start = 3 * FRAME_US + slot * SLOT_US
        states = {bursts.bad(start + at, 0, 1) for at in (0, 1, SLOT_US // 2, SLOT_US - 1)}
        assert len(states) == 1


def test_edges_say_where_bursts_begin_and_are_over() -> None:
    bursts = Bursts(7, BAD)

    for frame in range(50):
        edges = bursts.edges(frame, 2, 3)
        expected = [False] * FRAME_SLOTS
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            expected[start:end] = [True] * (end - start)
        assert [bursts.bad(frame * FRAME_US + s * SLOT_US, 2, 3) for s in range(500)] == expected
        assert list(edges) == sorted(set(edges))  # two bursts in a row would be one


@pytest.mark.parametrize("loss", [BAD, Loss(2 * PERCENT, 8), Loss(CERTAIN // 10_000, 3)])
def test_the_loss_rate_is_the_stationary_one(loss: Loss) -> None:
    """Frames are independent: five standard errors of their mean."""
    bursts = Bursts(3, loss)
    counts = []
    for frame in range(4000):
        edges = bursts.edges(frame, 0, 1)
        counts.append(sum(edges[1::2]) - sum(edges[::2]))
    mean = sum(counts) / len(counts)
    deviation = sqrt(sum((c - mean) ** 2 for c in counts) / len(counts) / len(counts))

    assert abs(mean / FRAME_SLOTS - loss.rate / CERTAIN) < 5 * deviation / FRAME_SLOTS


@pytest.mark.parametrize("slot", [0, 1, 250, 499])
def test_every_slot_of_a_frame_has_the_same_rate(slot: int) -> None:
    """20 % of 4000 frames, within five standard deviations (25.3)."""
    bursts = Bursts(5, BAD)

    bad = sum(bursts.bad(f * FRAME_US + slot * SLOT_US, 0, 1) for f in range(4000))

    assert abs(bad - 800) < 127


@pytest.mark.parametrize("burst", [1, 3, 8, 40])
def test_the_mean_burst_is_as_declared(burst: int) -> None:
    """Of m bad slots with a successor in their frame, m/B are the last of their burst."""
    bursts = Bursts(2, Loss(5 * PERCENT, burst))
    seen = left = 0
    for frame in slots(bursts, 600):
        for state, successor in pairwise(frame):
            seen += state
            left += state and not successor

    assert seen > 10_000
    assert abs(left - seen / burst) <= 5 * sqrt(seen / burst * (1 - 1 / burst))


def test_losses_of_neighbouring_slots_go_together_and_those_of_frames_do_not() -> None:
    bursts = Bursts(2, BAD)
    frames = slots(bursts, 2000)

    after_bad = [b for frame in frames for a, b in pairwise(frame) if a]
    across = [b[0] for a, b in pairwise(frames) if a[-1]]

    assert abs(sum(after_bad) / len(after_bad) - 0.75) < 0.01
    assert abs(sum(across) / len(across) - 0.2) < 0.11


def test_it_is_a_function_of_seed_link_and_time() -> None:
    times = [at * 7_919 for at in range(8_000)]
    forwards, backwards = Bursts(1, BAD), Bursts(1, BAD)

    one = [forwards.bad(at, 0, 1) for at in times]
    other = [backwards.bad(at, 0, 1) for at in reversed(times)]

    assert one == other[::-1]
    assert one != [Bursts(2, BAD).bad(at, 0, 1) for at in times]
    assert one != [forwards.bad(at, 1, 0) for at in times]
    assert one == [Bursts(1, BAD).bad(at, 0, 1) for at in times]


def test_what_is_kept_of_other_links_and_frames_changes_nothing() -> None:
    """Every question to an object that has answered others, and to a fresh one."""
    old = Bursts(9, BAD)
    questions = [(at * 3_333_333 % (40 * FRAME_US), at % 3, 3 + at % 2) for at in range(2000)]

    assert [old.bad(*q) for q in questions] == [Bursts(9, BAD).bad(*q) for q in questions]


def test_a_higher_rate_moves_no_first_state_to_good() -> None:
    low, high = Bursts(4, Loss(5 * PERCENT, 4)), Bursts(4, Loss(10 * PERCENT, 4))

    assert all(high.bad(f * FRAME_US, 0, 1) for f in range(2000) if low.bad(f * FRAME_US, 0, 1))


def test_without_bursts_a_message_is_lost_by_its_own_draw() -> None:
    losses = Losses(1)

    assert losses.lost(Loss(100), 0, 0, 1, 99)
    assert not losses.lost(Loss(100), 0, 0, 1, 100)


def test_sojourns_are_geometric() -> None:
    table = sojourns(1, 8)

    for k in (1, 2, 17, 500):
        exact = (1 << 64) - ((7**k << 64) // 8**k)
        assert abs(table[k - 1] - exact) <= 1
    assert len(table) == FRAME_SLOTS
    assert set(sojourns(1, 1)) == {1 << 64}
    assert set(sojourns(0, 1)) == {0}


def test_a_rate_of_zero_has_no_bursts_and_the_highest_one_good_slot_between_two() -> None:
    assert Bursts(1, Loss(0, 3)).edges(0, 0, 1) == ()
    edges = Bursts(1, Loss(rate_max(3), 3)).edges(0, 0, 1)
    assert {start - end for end, start in zip(edges[1::2], edges[2::2], strict=False)} == {1}


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (Loss(CERTAIN + 1), "loss"),
        (Loss(-1, 3), "loss"),
        (Loss(1, 101), "1..100"),
        (Loss(1, -1), "1..100"),
        (Loss(CERTAIN * 3 // 4 + 1, 3), "can't lose more"),
    ],
)
def test_impossible_processes_are_refused(loss: Loss, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_loss(loss)
