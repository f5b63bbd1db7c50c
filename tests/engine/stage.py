"""A stage for small scenes: a few scripted lives over links of constant delay.

A scene is a function that returns its lives. Workers find it by module and name, so scenes are
functions of test modules, and what they do must not depend on the process they are in.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from sim.base.ids import Label, ValidatorIndex
from sim.engine.context import Context
from sim.engine.coordinator import run_simulation
from sim.engine.faults import Fault
from sim.engine.history import Record
from sim.engine.ports import (
    Blocks,
    Command,
    Fate,
    Hooks,
    Input,
    Life,
    Message,
    Pending,
    ShardParts,
    SimulationConfig,
    Switches,
)
from sim.engine.results import SimulationResult
from sim.network.pipes import Pipe, Queue
from tests.engine.toy import ToyStore
from tests.engine.toy_ledger import ToyLedger

Scene: TypeAlias = Callable[[], Sequence[Life]]

LATENCY_US: Final = 10_000
WIDTH_US = LATENCY_US
BLOCK_US: Final = 100_000

WAYS: Final = (
    Switches(),
    Switches(width_divisor=2),
    Switches(width_divisor=7),
    Switches(shuffle=1, trace=True),
)


class Script(msgspec.Struct, frozen=True):
    """What the factory needs to know."""

    module: str
    scene: str
    faults: tuple[Fault, ...]
    rushing: tuple[ValidatorIndex, ...]
    mailbox_max: int
    downlink: tuple[int, int] | None


class ConstantNetwork:
    """Every message arrives once, `LATENCY_US` later; rules say what else there is to add.

    A message whose label's kind is ``kept`` waits for the next rule and travels on then.
    """

    def __init__(self) -> None:
        self._extra_us = 0
        self._kept: list[tuple[ValidatorIndex, ValidatorIndex, Label, int]] = []

    def send(
        self, now_us: int, source: ValidatorIndex, target: ValidatorIndex, label: Label, size: int
    ) -> Fate:
        if label.kind == "kept":
            self._kept.append((source, target, label, 1))
            return Fate(1, "waiting", ())
        return Fate(1, "ok", (now_us + LATENCY_US + self._extra_us,))

    def fan_out(
        self,
        now_us: int,
        source: ValidatorIndex,
        targets: tuple[ValidatorIndex, ...],
        label: Label,
        size: int,
    ) -> list[Fate]:
        return [self.send(now_us, source, target, label, size) for target in targets]

    def apply(
        self, now_us: int, rule: bytes
    ) -> list[tuple[ValidatorIndex, ValidatorIndex, Label, int, tuple[int, ...]]]:
        self._extra_us = int.from_bytes(rule, "big")
        arrivals: tuple[int, ...] = (now_us + LATENCY_US, now_us + 2 * LATENCY_US)
        released = [(*kept, arrivals) for kept in self._kept]
        self._kept.clear()
        return released


def build(config: bytes, shard: int, shards: int) -> ShardParts:
    """Build one shard; validators go round the shards."""
    script = msgspec.json.decode(config, type=Script)
    scene: Scene = getattr(importlib.import_module(script.module), script.scene)
    lives = scene()
    owners = [index % shards for index in range(len(lives))]
    mine = [ValidatorIndex(i) for i, owner in enumerate(owners) if owner == shard]
    return ShardParts(
        network=ConstantNetwork(),
        lives={index: lives[index] for index in mine},
        stores={index: ToyStore() for index in mine},
        owners=owners,
        width_us=WIDTH_US,
        exchange_us=WIDTH_US,
        faults=script.faults,
        rushing=frozenset(script.rushing),
        mailbox_max=script.mailbox_max,
        downlinks={i: Pipe(Queue(*script.downlink)) for i in mine} if script.downlink else {},
        finish=lambda: f"shard {shard} of {shards}".encode(),
    )


def play(
    scene: Scene,
    *faults: Fault,
    rushing: Sequence[int] = (),
    mailbox_max: int = 100,
    downlink: tuple[int, int] | None = None,
    switches: Switches = WAYS[0],
    processes: int = 1,
    until_us: int | None = 1_000_000,
    message_limit: int | None = None,
    hooks: Hooks | None = None,
    ledger: ToyLedger | None = None,
    watched: frozenset[str] = frozenset(),
    keep: bool = True,
) -> SimulationResult:
    """Play `scene` in one way."""
    rushers = tuple(ValidatorIndex(i) for i in rushing)
    script = Script(scene.__module__, scene.__name__, faults, rushers, mailbox_max, downlink)
    config = SimulationConfig(
        factory="tests.engine.stage:build",
        config=msgspec.json.encode(script),
        processes=processes,
        until_us=until_us,
        message_limit=message_limit,
        watched=watched,
        keep=keep,
        switches=switches,
    )
    return run_simulation(config, ledger or ToyLedger(len(scene()), BLOCK_US), hooks)


def play_every_way(
    scene: Scene,
    *faults: Fault,
    rushing: Sequence[int] = (),
    mailbox_max: int = 100,
    downlink: tuple[int, int] | None = None,
    processes: int = 1,
) -> SimulationResult:
    """Play `scene` in every way that must not matter; assert that it doesn't.

    Args:
        scene: What is played.
        faults: What happens to it.
        rushing: Who sees pending transactions.
        mailbox_max: Of every validator.
        downlink: Bits per second and most bytes of every validator's downlink, or None.
        processes: Most processes to play it in.
    """
    ways = [(switches, 1) for switches in WAYS]
    ways += [(WAYS[0], number) for number in range(2, processes + 1)]
    results = [
        play(
            scene,
            *faults,
            rushing=rushing,
            mailbox_max=mailbox_max,
            downlink=downlink,
            switches=switches,
            processes=number,
        )
        for switches, number in ways
    ]
    assert all(result.histories == results[0].histories for result in results)
    return results[0]


def records(result: SimulationResult, validator: int, *kinds: str) -> list[Record]:
    """Return the records of `validator` that are of one of `kinds`, or all."""
    found = result.histories[ValidatorIndex(validator)]
    return [record for record in found if not kinds or record.kind in kinds]


def lines(result: SimulationResult, validator: int, *kinds: str) -> list[tuple[int, str, str]]:
    """Return (time, kind, subject) of those records."""
    found = records(result, validator, *kinds)
    return [(record.time_us, record.kind, record.label.subject) for record in found]


def about(subject: str, kind: str = "note") -> Label:
    """Return a label."""
    return Label("scene", 1, kind, subject)


def name(received: Input | None) -> str:
    """Return what was received in one word."""
    match received:
        case None:
            return "timer"
        case Message(label=label):
            return label.subject
        case Blocks(catch_up=True):
            return "catch-up"
        case Blocks():
            return "block"
        case Pending(transactions):
            return f"pending {len(transactions)}"
        case Command(order):
            return order


async def listen(context: Context) -> None:
    """Note everything that is received, at once."""
    while True:
        context.record("got", about(name(await context.receive())))


async def idle(context: Context) -> None:
    """Do nothing."""
    while True:
        await context.receive()


def sender(*sends: tuple[int, str], to: int) -> Life:
    """Return a life that sends so that each named message arrives at its time at `to`."""

    async def life(context: Context) -> None:
        for arrival_us, subject in sends:
            await context.sleep(arrival_us - LATENCY_US - context.now_us)
            context.send(ValidatorIndex(to), about(subject), subject.encode())
        await idle(context)

    return life
