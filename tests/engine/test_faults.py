"""Faults: exact to the microsecond, in a fixed order, and stopping what they should stop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from sim.base.codec import decode_canonical
from sim.base.ids import ValidatorIndex
from sim.engine.context import Context
from sim.engine.faults import (
    Command,
    Crash,
    Fault,
    LedgerRule,
    NetworkRule,
    Pause,
    Restart,
    Resume,
    Skew,
    Slow,
    When,
)
from sim.engine.ports import Blocks, Life
from tests.engine.stage import (
    BLOCK_US,
    LATENCY_US,
    about,
    idle,
    lines,
    listen,
    name,
    play_every_way,
    records,
    sender,
)
from tests.engine.toy import ToyStore
from tests.engine.toy_ledger import Entry

V0, V1, V2 = ValidatorIndex(0), ValidatorIndex(1), ValidatorIndex(2)


def test_a_restart_sooner_than_a_window_loses_only_what_arrives_while_down() -> None:
    result = play_every_way(around_the_crash, Fault((Crash(V1, for_us=100),), at_us=20_000))

    assert lines(result, 1) == [
        (0, "start", ""),
        (19_999, "receive", "before"),
        (19_999, "got", "before"),
        (20_000, "crash", ""),
        (20_000, "down", "at the crash"),
        (20_099, "down", "while down"),
        (20_100, "start", ""),
        (20_100, "receive", "at the restart"),
        (20_100, "got", "at the restart"),
    ]
    assert [record.extra for record in records(result, 1, "start")] == [(0,), (1,)]


def around_the_crash() -> Sequence[Life]:
    sends = (
        (19_999, "before"),
        (20_000, "at the crash"),
        (20_099, "while down"),
        (20_100, "at the restart"),
    )
    return [sender(*sends, to=1), listen]


def test_a_crash_during_a_cost_sleep_stops_the_step_before_its_effects() -> None:
    result = play_every_way(costly, Fault((Crash(V1, for_us=1_000),), at_us=25_000))

    assert lines(result, 1, "worked", "crash", "down") == [
        (25_000, "crash", ""),
        (25_000, "down", "waiting"),
        (60_000, "worked", "later"),
    ]


def costly() -> Sequence[Life]:
    async def worker(context: Context) -> None:
        while True:
            subject = name(await context.receive())
            await context.sleep(30_000)
            context.record("worked", about(subject))

    return [sender((10_000, "work"), (20_000, "waiting"), (30_000, "later"), to=1), worker]


def test_a_crash_in_the_middle_of_effects_stops_the_batch() -> None:
    """The second send triggers it; the third is never made, and the mailbox is lost."""
    crash = Fault((Crash(V0, for_us=50_000),), when=When("sent", V0, 2))
    result = play_every_way(batch, crash)

    assert lines(result, 0, "send", "crash", "down", "start", "got") == [
        (0, "start", ""),
        (10_000, "send", "0"),
        (10_000, "send", "1"),
        (10_000, "crash", ""),
        (10_000, "down", "same instant"),
        (60_000, "start", ""),
        (70_000, "send", "0"),
        (70_000, "send", "1"),
        (70_000, "send", "2"),
    ]
    assert lines(result, 1, "got") == [
        (20_000, "got", "0"),
        (20_000, "got", "1"),
        (80_000, "got", "0"),
        (80_000, "got", "1"),
        (80_000, "got", "2"),
    ]


def batch() -> Sequence[Life]:
    async def dealer(context: Context) -> None:
        await context.sleep(10_000)
        for number in range(3):
            context.send(V1, about(str(number)), b"")
            context.happened("sent")
        await listen(context)

    return [dealer, listen, sender((10_000, "same instant"), to=0)]


def test_a_dead_life_has_no_effects_while_it_cleans_up() -> None:
    result = play_every_way(reluctant, Fault((Crash(V0),), at_us=15_000))

    assert lines(result, 0) == [(0, "start", ""), (15_000, "crash", "")]


def reluctant() -> Sequence[Life]:
    async def life(context: Context) -> None:
        try:
            await context.receive()
        finally:
            context.send(V1, about("from the grave"), b"")

    return [life, listen]


def test_a_crash_takes_from_the_store_what_it_says() -> None:
    faults = (
        Fault((Crash(V0, "nothing", 10_000),), at_us=100_000),
        Fault((Crash(V0, "unsynced", 10_000),), at_us=200_000),
        Fault((Crash(V0, "all", 10_000),), at_us=300_000),
    )
    result = play_every_way(hoarder, *faults)

    kept = [record.label.subject for record in records(result, 0, "kept")]
    assert kept == ["", "flushed unflushed", "flushed", ""]


def hoarder() -> Sequence[Life]:
    async def life(context: Context) -> None:
        store = context.store
        assert isinstance(store, ToyStore)
        context.record("kept", about(" ".join(sorted(store.disk))))
        store.disk.clear()
        store.put("flushed", b"")
        store.flush()
        store.put("unflushed", b"")
        await idle(context)

    return [life]


def test_a_read_behind_a_submission_sees_it() -> None:
    """The link to the ledger is FIFO and outlives a crash: what was submitted still arrives."""
    crash = Fault((Crash(V0, for_us=500),), when=When("submitted", V0, 1))
    result = play_every_way(reader, crash)

    assert lines(result, 0, "submit", "crash", "read") == [
        (90_000, "submit", "transaction"),
        (90_000, "crash", ""),
        (90_500, "submit", "1"),
        (BLOCK_US + 5_000, "read", "1 in 1"),
    ]


def reader() -> Sequence[Life]:
    async def life(context: Context) -> None:
        if context.incarnation == 0:
            await context.sleep(90_000)
            context.submit(about("transaction"), b"mine")
            context.happened("submitted")
        context.submit(about(str(context.incarnation), "read"), b"")
        while True:
            match await context.receive():
                case Blocks(payload, catch_up=True):
                    blocks = decode_canonical(payload, list[tuple[int, list[Entry]]])
                    entries = sum(len(entries) for _, entries in blocks)
                    context.record("read", about(f"{entries} in {len(blocks)}"))

    return [life]


@pytest.mark.parametrize(
    ("actions", "kinds"),
    [
        ((Crash(V1), Restart(V1)), ["start", "crash", "down", "start", "got"]),
        ((Restart(V1), Crash(V1)), ["start", "crash", "down", "down"]),
    ],
)
def test_two_faults_at_one_instant_apply_in_the_order_of_the_scenario(
    actions: tuple[Crash | Restart, ...], kinds: list[str]
) -> None:
    faults = [Fault((action,), at_us=20_000) for action in actions]
    result = play_every_way(waiting_mail, *faults)

    assert [record.kind for record in records(result, 1, *set(kinds))] == kinds


def waiting_mail() -> Sequence[Life]:
    async def busy(context: Context) -> None:
        await context.sleep(20_000 if context.incarnation == 0 else 0)
        await listen(context)

    return [sender((15_000, "waiting"), (20_000, "at that instant"), to=1), busy]


def test_what_ends_comes_before_what_begins_at_the_same_instant() -> None:
    """So that spans are half-open: the second pause is not cut short by the end of the first."""
    pauses = [Fault((Pause(V1, for_us=5_000),), at_us=at) for at in (15_000, 10_000)]
    result = play_every_way(three_times, *pauses)

    assert lines(result, 1, "pause", "resume") == [
        (10_000, "pause", ""),
        (15_000, "resume", ""),
        (15_000, "pause", ""),
        (20_000, "resume", ""),
    ]


def three_times() -> Sequence[Life]:
    return [sender((11_000, "a"), (16_000, "b"), to=1), listen]


def test_faults_at_time_zero_come_before_the_first_step() -> None:
    result = play_every_way(eager, Fault((Skew(V0, 5, 0),)), Fault((Crash(V1, for_us=40_000),)))

    assert lines(result, 0) == [(0, "start", ""), (0, "skew", ""), (0, "clock", "5")]
    assert lines(result, 1) == [
        (0, "start", ""),
        (0, "crash", ""),
        (40_000, "start", ""),
        (40_000, "clock", "40000"),
    ]


def eager() -> Sequence[Life]:
    async def life(context: Context) -> None:
        context.record("clock", about(str(context.local_now_us())))
        await idle(context)

    return [life, life]


def test_a_pause_at_the_instant_of_a_start_delays_the_first_step() -> None:
    """Whether or not the new task has got so far as to wait when the pause ends."""
    crash = Fault((Crash(V1, for_us=100),), at_us=20_000)
    result = play_every_way(eager, crash, Fault((Pause(V1, for_us=50),), at_us=20_100))

    assert lines(result, 1, "clock") == [(0, "clock", "0"), (20_150, "clock", "20150")]


def test_a_short_fault_on_the_triggers_own_node_ends_inside_the_window() -> None:
    """The service time lasts for 2 500 µs, so it falls on the inputs of that span alone."""
    slow = Fault((Slow(V1, 1_000, for_us=2_500),), when=When("got b", V1, 1))
    result = play_every_way(five_messages, slow)

    assert lines(result, 1, "got", "slow") == [
        (10_000, "got", "a"),
        (11_000, "got", "b"),
        (11_000, "slow", ""),
        (13_000, "got", "c"),
        (13_500, "slow", ""),
        (14_000, "got", "d"),
        (14_000, "got", "e"),
    ]


def five_messages() -> Sequence[Life]:
    async def receiver(context: Context) -> None:
        while True:
            subject = name(await context.receive())
            context.record("got", about(subject))
            context.happened(f"got {subject}")

    sends = [(10_000 + 1_000 * i, letter) for i, letter in enumerate("abcde")]
    return [sender(*sends, to=1), receiver]


def test_a_pause_on_the_triggers_own_node_holds_from_that_instant() -> None:
    pause = Fault((Pause(V1),), when=When("got b", V1, 1))
    resume = Fault((Resume(V1),), at_us=13_500)
    result = play_every_way(five_messages, pause, resume)

    got = lines(result, 1, "got")
    assert [time_us for time_us, _, _ in got] == [10_000, 11_000, 13_500, 13_500, 14_000]


def test_a_trigger_acts_elsewhere_after_the_reaction_time() -> None:
    """The network and the ledger are elsewhere too."""
    slower = NetworkRule((5_000).to_bytes(2, "big"))
    actions = (Slow(V1, 7), Slow(V2, 7), slower, LedgerRule(b"\x02"))
    result = play_every_way(chatter, Fault(actions, when=When("tick", V1, 3)))

    assert lines(result, 1, "slow") == [(30_000, "slow", "")]
    assert lines(result, 2, "slow") == [(50_000, "slow", "")]
    spans = [(r.time_us, r.extra[0]) for r in records(result, 1, "send")]
    assert [at for (at, arrival) in spans if arrival == at + LATENCY_US][-1] < 50_000
    assert next(at for (at, arrival) in spans if arrival == at + LATENCY_US + 5_000) >= 50_000
    assert lines(result, 0, "receive") == [(BLOCK_US + 2 * 5_000, "receive", "1")]


def chatter() -> Sequence[Life]:
    async def submitter(context: Context) -> None:
        await context.sleep(60_000)
        context.submit(about("transaction"), b"")
        await idle(context)

    async def ticker(context: Context) -> None:
        for _ in range(20):
            await context.sleep(10_000)
            context.send(V2, about("tick"), b"")
            context.happened("tick")
        await idle(context)

    return [submitter, ticker, idle]


def test_a_trigger_without_a_node_counts_everyone_in_order_of_time_and_validator() -> None:
    """Three tick together at 10 000 and again at 20 000: the fifth tick is validator 1's second."""
    result = play_every_way(ticking, Fault((Crash(V2),), when=When("tick", None, 5)))

    assert lines(result, 2, "crash") == [(40_000, "crash", "")]
    assert len(records(result, 2, "tick")) == 3


def ticking() -> Sequence[Life]:
    async def life(context: Context) -> None:
        while context.now_us < 100_000:
            await context.sleep(10_000)
            context.record("tick", about(""))
            context.happened("tick")
        await idle(context)

    return [life, life, life]


def test_triggers_count_across_incarnations_and_fire_once() -> None:
    crash = Fault((Crash(V0, for_us=5_000),), when=When("tick", V0, 1))
    again = Fault((Crash(V0, for_us=5_000),), when=When("tick", V0, 3))
    result = play_every_way(ticking, crash, again)

    assert lines(result, 0, "crash") == [(10_000, "crash", ""), (35_000, "crash", "")]


def test_a_trigger_on_another_node_can_fire_between_block_times_with_one_process() -> None:
    """Unwatched, one process would run on to the block time and learn of the trigger too late."""
    result = play_every_way(ticking, Fault((Pause(V1),), when=When("tick", V0, 1)))

    assert lines(result, 1, "pause") == [(30_000, "pause", "")]


def test_records_of_a_validator_never_go_back_in_time() -> None:
    crash = Fault((Crash(V1, for_us=100),), at_us=20_000)
    result = play_every_way(around_the_crash, crash, Fault((Slow(V1, 15_000),)))

    for history in result.histories.values():
        times = [record.time_us for record in history]
        assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_restart_of_one_that_is_up_and_a_crash_of_one_that_is_down_do_nothing() -> None:
    faults = (
        Fault((Restart(V1), Resume(V1)), at_us=5_000),
        Fault((Crash(V1),), at_us=15_000),
        Fault((Crash(V1, for_us=1),), at_us=16_000),
        Fault((Pause(V1),), at_us=16_000),
    )
    result = play_every_way(around_the_crash, *faults)

    assert [r.kind for r in records(result, 1, "start", "crash", "pause")] == ["start", "crash"]


def test_a_command_comes_before_everything_else_that_arrives_at_its_instant() -> None:
    told = Fault((Command(V1, "join"),), at_us=20_000)
    result = play_every_way(one_at_twenty, told)

    assert lines(result, 1, "got") == [(20_000, "got", "join"), (20_000, "got", "message")]


def one_at_twenty() -> Sequence[Life]:
    return [sender((20_000, "message"), to=1), listen]


def test_a_command_waits_for_a_validator_that_is_down_where_a_message_is_lost() -> None:
    faults = [
        Fault((Crash(V1, for_us=5_000),), at_us=18_000),
        Fault((Command(V1, "leave"),), at_us=20_000),
    ]
    result = play_every_way(one_at_twenty, *faults)

    assert lines(result, 1, "down", "got") == [
        (20_000, "down", "message"),
        (23_000, "got", "leave"),
    ]


def test_commands_outlive_a_crash_before_they_are_looked_at_and_keep_their_order() -> None:
    faults = [
        Fault((Command(V1, "join"), Command(V1, "leave")), at_us=10_000),
        Fault((Crash(V1, for_us=1_000),), at_us=12_000),
    ]
    result = play_every_way(busy_at_first, *faults)

    assert lines(result, 1, "got") == [(13_000, "got", "join"), (13_000, "got", "leave")]


def busy_at_first() -> Sequence[Life]:
    async def busy(context: Context) -> None:
        await context.sleep(15_000 if context.incarnation == 0 else 0)
        await listen(context)

    return [idle, busy]


def test_a_triggered_command_reaches_another_validator_after_the_reaction_time() -> None:
    told = Fault((Command(V1, "join"), Command(V2, "leave")), when=When("got message", V1, 1))
    result = play_every_way(tellers, told)

    assert lines(result, 1, "got") == [(20_000, "got", "message"), (20_000, "got", "join")]
    assert lines(result, 2, "got") == [(40_000, "got", "leave")]


def tellers() -> Sequence[Life]:
    async def teller(context: Context) -> None:
        while True:
            subject = name(await context.receive())
            context.record("got", about(subject))
            context.happened(f"got {subject}")

    return [sender((20_000, "message"), to=1), teller, teller]
