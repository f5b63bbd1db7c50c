"""Local clocks: what is due when, and in which order."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from sim.base.errors import LocalError
from sim.base.ids import ValidatorIndex
from sim.engine.context import Context
from sim.engine.faults import Fault, Pause, Skew, Slow
from sim.engine.ports import Life, Switches
from tests.engine.stage import (
    BLOCK_US,
    about,
    idle,
    lines,
    listen,
    name,
    play,
    play_every_way,
    records,
    sender,
)

V1 = ValidatorIndex(1)


async def note(context: Context, deadline_us: int | None = None) -> None:
    """Receive one thing, and note when and what it was."""
    context.record("got", about(name(await context.receive(deadline_us))))


def test_a_service_time_longer_than_a_window_delays_every_input_behind_it() -> None:
    result = play_every_way(three_messages, Fault((Slow(V1, 25_000),)))

    assert lines(result, 1, "receive", "got") == [
        (10_000, "receive", "a"),
        (35_000, "got", "a"),
        (35_000, "receive", "b"),
        (60_000, "got", "b"),
        (60_000, "receive", "c"),
        (85_000, "got", "c"),
    ]


def three_messages() -> Sequence[Life]:
    return [sender((10_000, "a"), (11_000, "b"), (12_000, "c"), to=1), listen]


def test_inputs_due_while_busy_come_in_order_of_due_time_and_messages_before_timers() -> None:
    result = play_every_way(timer_while_busy)

    assert lines(result, 1, "got") == [
        (10_000, "got", "start"),
        (40_000, "got", "before"),
        (40_000, "got", "at"),
        (40_000, "got", "timer"),
        (40_000, "got", "after"),
    ]


def timer_while_busy() -> Sequence[Life]:
    async def busy(context: Context) -> None:
        await note(context)
        await context.sleep(30_000)
        for deadline in (20_000, 20_000, 20_000, None):
            await note(context, deadline)
        await idle(context)

    sends = sender((10_000, "start"), (15_000, "before"), (20_000, "at"), (25_000, "after"), to=1)
    return [sends, busy]


def test_at_one_instant_the_ledger_comes_first_then_senders_in_order_then_timers() -> None:
    result = play_every_way(everything_at_once)

    at = BLOCK_US + 5_000
    assert lines(result, 0, "got") == [
        (at, "got", "block"),
        (at, "got", "one, first"),
        (at, "got", "one, second"),
        (at, "got", "two"),
        (at, "got", "timer"),
    ]


def everything_at_once() -> Sequence[Life]:
    at = BLOCK_US + 5_000  # the toy ledger's delay to validator 0

    async def receiver(context: Context) -> None:
        context.submit(about("transaction"), b"")
        for _ in range(5):
            await note(context, at)
        await idle(context)

    one = sender((at, "one, first"), (at, "one, second"), to=0)
    return [receiver, one, sender((at, "two"), to=0)]


def test_a_message_to_oneself_arrives_at_once_without_the_network() -> None:
    result = play_every_way(self_sender)

    assert lines(result, 0, "send", "got") == [
        (7_000, "send", "me"),
        (7_000, "got", "me"),
    ]
    assert records(result, 0, "send")[0].verdict == "self"


def self_sender() -> Sequence[Life]:
    async def life(context: Context) -> None:
        await context.sleep(7_000)
        context.send(context.index, about("me"), b"")
        await listen(context)

    return [life]


def test_a_pause_keeps_the_mailbox_and_delays_timers_and_work() -> None:
    """The pause spans several windows; it stops 15 000 µs of work after 5 000 of them."""
    result = play_every_way(paused_worker, Fault((Pause(V1, for_us=45_000),), at_us=15_000))

    assert lines(result, 1, "pause", "resume", "got", "worked") == [
        (10_000, "got", "work"),
        (15_000, "pause", ""),
        (60_000, "resume", ""),
        (70_000, "worked", ""),
        (70_000, "got", "mail"),
        (70_000, "got", "timer"),
    ]


def paused_worker() -> Sequence[Life]:
    async def worker(context: Context) -> None:
        await note(context)
        await context.sleep(15_000)
        context.record("worked", about(""))
        await note(context, 30_000)
        await note(context, 30_000)
        await idle(context)

    return [sender((10_000, "work"), (30_000, "mail"), to=1), worker]


def test_a_paused_listener_takes_everything_when_it_resumes() -> None:
    result = play_every_way(three_messages, Fault((Pause(V1, for_us=1_500),), at_us=10_500))

    assert lines(result, 1, "got") == [
        (10_000, "got", "a"),
        (12_000, "got", "b"),
        (12_000, "got", "c"),
    ]


def test_a_full_mailbox_drops_messages_and_no_blocks() -> None:
    """Two wait while the validator is busy; the third finds the mailbox full."""
    result = play_every_way(crowd, mailbox_max=2)

    assert lines(result, 1, "full", "got") == [
        (10_000, "got", "first"),
        (200_000, "full", "d"),
        (200_000, "got", "b"),
        (200_000, "got", "c"),
        (200_000, "got", "block"),
    ]
    assert records(result, 1, "full")[0].extra == (13_000,)


def crowd() -> Sequence[Life]:
    async def busy(context: Context) -> None:
        context.submit(about("transaction"), b"")
        await note(context)
        await context.sleep(190_000)
        await listen(context)

    return [sender((10_000, "first"), (11_000, "b"), (12_000, "c"), (13_000, "d"), to=1), busy]


def test_a_skewed_clock_shows_another_time_and_stretches_delays() -> None:
    """A clock that gains 25 % reaches 40 000 µs of its own after 32 000."""
    result = play_every_way(clock, Fault((Skew(ValidatorIndex(0), -7_000, 250_000),), at_us=10_000))

    extras = [(record.time_us, record.extra) for record in records(result, 0, "clock")]
    assert extras == [(0, (0, 40_000)), (30_000, (28_000, 32_000))]


def clock() -> Sequence[Life]:
    async def life(context: Context) -> None:
        for _ in range(2):
            shown = (context.local_now_us(), context.local_delay_us(40_000))
            context.record("clock", about(""), extra=shown)
            await context.sleep(30_000)
        await idle(context)

    return [life]


def test_windows_wait_for_real_work_in_threads() -> None:
    """Virtual time must not pass while a thread works; Trio alone would take that for idleness."""
    result = play_every_way(working)

    assert lines(result, 0, "worked") == [(0, "worked", "")]
    assert lines(result, 1, "got") == [(10_000, "got", "result")]


def working() -> Sequence[Life]:
    async def worker(context: Context) -> None:
        await context.work(lambda: time.sleep(0.02))
        context.record("worked", about(""))
        context.send(V1, about("result"), b"")
        await idle(context)

    return [worker, listen]


def test_empty_windows_do_not_exist() -> None:
    """Their number is bounded by distinct event times, not by virtual duration."""
    result = play(far_apart, until_us=None)

    assert result.last_us == 10_000_000_000
    assert result.machine.windows[0] < 10


def far_apart() -> Sequence[Life]:
    return [sender((10_000, "a"), (10_000_000_000, "b"), to=1), listen]


def test_nobody_sleeps_backwards() -> None:
    with pytest.raises(LocalError, match="validator 0 cannot sleep for -1"):
        play(backwards)


def backwards() -> Sequence[Life]:
    async def life(context: Context) -> None:
        await context.sleep(-1)

    return [life]


def test_the_shuffle_really_changes_the_order_in_which_validators_run() -> None:
    orders = {
        play(many, switches=Switches(shuffle=seed, trace=True)).machine.order for seed in (1, 2, 3)
    }

    assert len(orders) == 3


def many() -> Sequence[Life]:
    return [sender((10_000, "x"), to=(index + 1) % 8) for index in range(8)]
