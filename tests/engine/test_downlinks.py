"""Downlinks, which a receiver's messages share, and messages that the network keeps for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.base.ids import Label, ValidatorIndex
from sim.engine.context import Context
from sim.engine.faults import Crash, Fault, NetworkRule, Pause
from sim.engine.ports import Life
from tests.engine.stage import (
    LATENCY_US,
    about,
    idle,
    lines,
    listen,
    play_every_way,
    records,
    sender,
)

V0, V1, V2 = ValidatorIndex(0), ValidatorIndex(1), ValidatorIndex(2)

BYTE_PER_MS: Final = 8_000  # bits per second
SLOW: Final = (BYTE_PER_MS, 6)


def crowded() -> Sequence[Life]:
    """Two senders whose messages of one to four bytes come to validator 0 at much the same time."""
    one = sender((20_000, "aaaa"), (21_000, "bb"), (40_000, "c"), to=0)
    other = sender((20_000, "dd"), (20_001, "e"), (40_000, "f"), (47_500, "g"), to=0)
    return [listen, one, other]


def test_messages_of_all_senders_share_a_downlink_in_the_order_of_arrival() -> None:
    """By (arrival, sender): four bytes take 4 ms, what comes meanwhile waits, 7 bytes are full."""
    result = play_every_way(crowded, downlink=SLOW, processes=3)

    assert lines(result, 0, "receive", "overflow") == [
        (20_001, "overflow", "e"),
        (21_000, "overflow", "bb"),
        (24_000, "receive", "aaaa"),
        (26_000, "receive", "dd"),
        (41_000, "receive", "c"),
        (42_000, "receive", "f"),
        (48_500, "receive", "g"),
    ]


def test_a_downlink_works_on_while_its_validator_is_down_paused_or_busy() -> None:
    crash = Fault((Crash(V0, for_us=5_000),), at_us=20_500)
    pause = Fault((Pause(V0, for_us=1_000),), at_us=41_500)
    result = play_every_way(crowded, crash, pause, downlink=SLOW, processes=3)

    assert lines(result, 0, "receive", "overflow", "down") == [
        (20_001, "overflow", "e"),
        (21_000, "overflow", "bb"),
        (24_000, "down", "aaaa"),
        (26_000, "receive", "dd"),
        (41_000, "receive", "c"),
        (42_500, "receive", "f"),
        (48_500, "receive", "g"),
    ]


def busy() -> Sequence[Life]:
    async def worker(context: Context) -> None:
        await context.receive()
        await context.sleep(10_000)
        while True:
            context.record("got", about(str(await context.receive(60_000) is None)))
            await context.sleep(20_000)

    return [worker, *crowded()[1:]]


def test_what_found_no_room_is_recorded_when_a_busy_validator_looks() -> None:
    result = play_every_way(busy, downlink=SLOW, processes=3)

    assert lines(result, 0, "receive", "overflow", "got")[:4] == [
        (20_001, "overflow", "e"),
        (21_000, "overflow", "bb"),
        (24_000, "receive", "aaaa"),
        (34_000, "receive", "dd"),
    ]


def to_itself() -> Sequence[Life]:
    async def both(context: Context) -> None:
        context.send(V0, about("own"), bytes(100))
        context.submit(about("x"), b"x")
        await listen(context)

    return [both]


def test_blocks_and_messages_to_oneself_use_no_downlink() -> None:
    result = play_every_way(to_itself, downlink=(1, 1))

    own = records(result, 0, "receive")[0]
    assert (own.time_us, own.label.subject) == (0, "own")
    assert len(records(result, 0, "receive")) > 1


def keeping() -> Sequence[Life]:
    async def life(context: Context) -> None:
        context.send(V1, Label("scene", 1, "kept", "first"), b"1")
        context.send(V1, about("free"), b"2")
        context.send(V1, Label("scene", 1, "kept", "second"), b"3")
        await idle(context)

    return [life, listen]


def test_what_the_network_keeps_travels_on_when_a_rule_lets_it_go() -> None:
    rule = Fault((NetworkRule(b"\0"),), at_us=33_333)
    result = play_every_way(keeping, rule, processes=2)

    late_us = 33_333 + LATENCY_US
    assert lines(result, 1, "receive") == [
        (LATENCY_US, "receive", "free"),
        (late_us, "receive", "first"),
        (late_us, "receive", "second"),
        (late_us + LATENCY_US, "receive", "first"),
        (late_us + LATENCY_US, "receive", "second"),
    ]
    assert [(r.time_us, r.extra) for r in records(result, 0, "release")] == [
        (33_333, (late_us, late_us + LATENCY_US))
    ] * 2


def test_what_is_kept_outlives_its_sender() -> None:
    faults = Fault((Crash(V0),), at_us=1), Fault((NetworkRule(b"\0"),), at_us=33_333)
    result = play_every_way(keeping, *faults, processes=2)

    assert len(lines(result, 1, "receive")) == 5


def test_what_nothing_lets_go_is_never_received() -> None:
    result = play_every_way(keeping, processes=2)

    assert lines(result, 1, "receive") == [(LATENCY_US, "receive", "free")]
    assert [record.verdict for record in records(result, 0, "send")] == ["waiting", "ok", "waiting"]
