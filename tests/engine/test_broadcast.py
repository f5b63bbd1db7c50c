"""A broadcast is the same as sends one by one: in every mailbox, and in every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from sim.base.errors import LocalError
from sim.base.ids import Label, ValidatorIndex
from sim.engine.context import Context
from sim.engine.faults import Crash, Fault, NetworkRule
from sim.engine.ports import Life
from sim.engine.results import SimulationResult
from tests.engine.stage import about, idle, listen, play, play_every_way, records

PEERS = tuple(ValidatorIndex(index) for index in (1, 2, 3))
ARRIVING = "note"
WAITING = "kept"


def loud(say: Callable[[Context, Label, bytes], None]) -> Life:
    """Return a life that says three things to everybody, one of which waits in the network."""

    async def life(context: Context) -> None:
        say(context, about("first"), b"1")
        say(context, about("second", WAITING), b"2")
        await context.sleep(3_000)
        say(context, about("third"), b"3")
        context.send(PEERS[1], about("fourth"), b"4")
        await idle(context)

    return life


def one_by_one(context: Context, label: Label, payload: bytes) -> None:
    for peer in PEERS:
        context.send(peer, label, payload)


def at_once(context: Context, label: Label, payload: bytes) -> None:
    context.broadcast(PEERS, label, payload)


def sending() -> Sequence[Life]:
    return [loud(one_by_one), listen, listen, listen]


def broadcasting() -> Sequence[Life]:
    return [loud(at_once), listen, listen, listen]


def everything(result: SimulationResult) -> object:
    return (
        [records(result, validator) for validator in range(4)],
        [history.digest for history in result.histories.values()],
        (result.sent, result.delivered, result.last_us),
    )


@pytest.mark.parametrize(
    "faults",
    [
        (),
        (Fault((NetworkRule(b"\x00"),), at_us=20_000),),
        (Fault((Crash(ValidatorIndex(2), "all", 15_000),), at_us=5_000),),
    ],
    ids=["nothing", "what waits is let go", "a receiver is down"],
)
def test_a_broadcast_is_the_same_as_sends_one_by_one(faults: tuple[Fault, ...]) -> None:
    whole = play_every_way(broadcasting, *faults, processes=3)

    assert everything(whole) == everything(play(sending, *faults))
    assert [record.label.subject for record in records(whole, 3, "receive")][:2] == [
        "first",
        "third",
    ]


def boasting() -> Sequence[Life]:
    async def life(context: Context) -> None:
        context.broadcast((context.index, ValidatorIndex(1)), about("mine"), b"")
        await idle(context)

    return [life, idle]


def test_nobody_broadcasts_to_itself() -> None:
    with pytest.raises(LocalError, match="validator 0 can't be among those"):
        play(boasting)
