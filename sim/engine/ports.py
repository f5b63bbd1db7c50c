"""What the engine needs of a network, of a ledger, and of the code that a validator runs.

A run is built from a factory, a function that every process calls by its name: so what it returns
may hold anything, and nothing of it crosses between processes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import msgspec

from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.faults import DiskLoss, Fault, Loss

if TYPE_CHECKING:
    from sim.engine.context import Context


class Fate(NamedTuple):
    """What becomes of one send.

    Attributes:
        transmission: 1-based count of sends of that label on that link, over the run.
        verdict: ``ok``, ``duplicate``, ``held``, ``lost``, ``cut`` (by a partition), ``dropped``
            (by a filter), ``overflow`` (no room in the sender's queue) or ``waiting`` (behind a
            hold).
        arrivals: Virtual times in µs at which copies arrive: none, one or two. A message that is
            ``waiting`` and has none is kept until `Network.apply` lets it go.
    """

    transmission: int
    verdict: str
    arrivals: tuple[int, ...]


class Network(Protocol):
    """Decides the fate of every message between validators; one instance per shard."""

    def send(
        self, now_us: int, source: ValidatorIndex, target: ValidatorIndex, label: Label, size: int
    ) -> tuple[int, str, tuple[int, ...]]:
        """Return the `Fate` of one send: a function of the seed, the link and the label.

        No copy arrives sooner than the link's least latency after `now_us`.
        """
        ...

    def fan_out(
        self,
        now_us: int,
        source: ValidatorIndex,
        targets: tuple[ValidatorIndex, ...],
        label: Label,
        size: int,
    ) -> Sequence[tuple[int, str, tuple[int, ...]]]:
        """Return the fates of one message to each of `targets`: those of sends one by one."""
        ...

    def apply(
        self, now_us: int, rule: bytes
    ) -> Sequence[tuple[ValidatorIndex, ValidatorIndex, Label, int, tuple[int, ...]]]:
        """Apply a network fault that was triggered during the run (an encoded rule).

        Returns what has waited and now travels on: source, target, label, transmission and
        arrivals, which obey the least latency as if it were sent at `now_us`.
        """
        ...


class Downlink(Protocol):
    """The last stretch to a validator, which its messages share."""

    def enter(self, now_us: int, size: int) -> int | None:
        """Put in a message of `size` bytes that has come so far at `now_us`.

        Asked once per message, in the order of (arrival, sender, sequence, copy). Returns when the
        validator has it, later than all before; None if there is no room for it.
        """
        ...


class Submission(NamedTuple):
    """A validator's message to the ledger.

    Attributes:
        sent_us: Virtual time at which it left.
        validator: Who sent it.
        sequence: Rises with every submission of that validator, across incarnations.
        label: What it is about; kind ``read`` asks for the chain instead of adding to it.
        payload: A signed transaction; of a read, the encoded height after which blocks are wanted.
    """

    sent_us: int
    validator: ValidatorIndex
    sequence: int
    label: Label
    payload: bytes


class LedgerDelivery(NamedTuple):
    """Blocks on their way to one validator.

    Attributes:
        validator: Who receives them.
        arrival_us: When.
        height: Of the block that sent them. Deliveries that arrive together are received in the
            order in which the ledger returned them.
        label: Kind ``block`` for a new block, ``catch-up`` for the answer to a read.
        transmission: Count of deliveries of that label on that link.
        payload: An encoded list of block bytes; the same object for everyone.
    """

    validator: ValidatorIndex
    arrival_us: int
    height: int
    label: Label
    transmission: int
    payload: bytes


class LedgerActor(Protocol):
    """The ledger as the coordinator drives it: it lives in the coordinating process alone."""

    def accept(self, submissions: Sequence[Submission]) -> None:
        """Take submissions; each arrives over its sender's FIFO link."""
        ...

    def next_block_us(self, after_us: int) -> int:
        """Return the time of the next block to materialise, at or after `after_us`, or NEVER_US."""
        ...

    def next_tick_us(self, after_us: int) -> int:
        """Return the next block time after `after_us`, materialised or not: shards stop there."""
        ...

    def form(self, block_us: int) -> list[LedgerDelivery]:
        """Form the block at `block_us` and return what it sends to validators."""
        ...

    def pending(self, block_us: int) -> Sequence[bytes]:
        """Return the transactions that block would take: what a rushing adversary may see."""
        ...

    def rush(self, block_us: int, submissions: Sequence[Submission]) -> None:
        """Take answers of rushing adversaries: they count as arrived before `block_us`."""
        ...

    def apply(self, now_us: int, rule: bytes) -> Sequence[LedgerDelivery]:
        """Apply a fault of the ledger or its links that was triggered during the run.

        Returns what a fault had held back and this one lets through, never before `now_us`.
        """
        ...


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message from another validator, for all who receive it."""

    source: ValidatorIndex
    label: Label
    payload: bytes


class Blocks(NamedTuple):
    """Blocks that arrived from the ledger; `catch_up` answers a read."""

    payload: bytes
    catch_up: bool


class Pending(NamedTuple):
    """What a rushing adversary sees before a block is formed."""

    transactions: tuple[bytes, ...]


class Command(NamedTuple):
    """What the validator's operator tells it."""

    order: str


Input: TypeAlias = Message | Blocks | Pending | Command


class Life(Protocol):
    """The code of one validator: runs once per incarnation, until it is cancelled.

    It has one receive loop and no tasks of its own, waits only through its context, and performs
    its effects without waiting in between, telling the context what `happened` after each. Its
    own state dies with it; `Context.store` survives.
    """

    def __call__(self, context: Context, /) -> Awaitable[None]:
        """Live; never return."""
        ...


class Store(Protocol):
    """What a validator keeps across restarts."""

    @property
    def failing(self) -> bool:
        """Whether its disk fails."""
        ...

    def crash(self, lose: Loss) -> str:
        """Lose what a crash takes: nothing, writes since the last flush, or everything.

        Returns what is lost, for the history: `lose`, or more if the disk fails.
        """
        ...

    def fail(self, lose: DiskLoss | None) -> None:
        """Let the disk fail from now on, unnoticed until the next crash; None mends it."""
        ...


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardParts:
    """Everything that one shard is made of, as its factory builds it.

    Attributes:
        network: The links; its draws must not depend on the shard that asks.
        lives: This shard's validators and their code.
        stores: This shard's stores, one per validator.
        owners: The shard of every validator, by index; the same in all shards.
        width_us: Window length: at most the least latency between validators of this shard.
        exchange_us: At most the least latency between validators of different shards.
        faults: All faults of the scenario, in its order; the same in all shards.
        rushing: All validators that see pending transactions; the same in all shards.
        mailbox_max: Messages that may wait in a mailbox; one more is dropped. Blocks don't count.
        downlinks: This shard's downlinks; validators without one receive at once. Messages from
            validators use them, blocks and what a validator sends to itself don't.
        around: Entered before the first life starts and left after the last one ended.
        finish: Called when all is over; its bytes go to the run's result.
        learn: Given, in a worker, what `Hooks.verdicts` returned in the coordinating process.
    """

    network: Network
    lives: Mapping[ValidatorIndex, Life]
    stores: Mapping[ValidatorIndex, Store]
    owners: Sequence[int]
    width_us: int
    exchange_us: int = NEVER_US
    faults: Sequence[Fault] = ()
    rushing: frozenset[ValidatorIndex] = frozenset()
    mailbox_max: int = 65_536
    downlinks: Mapping[ValidatorIndex, Downlink] = field(default_factory=dict)
    around: AbstractContextManager[object] = field(default_factory=nullcontext)
    finish: Callable[[], bytes] = bytes
    learn: Callable[[bytes], None] = _nothing


class Factory(Protocol):
    """Builds one shard; found by name in every process."""

    def __call__(self, config: bytes, shard: int, shards: int, /) -> ShardParts:
        """Build shard `shard` (from 0) of `shards` from `config`."""
        ...


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """What only tests set. None of it may change a result.

    Attributes:
        width_divisor: Cuts windows into shorter ones.
        shuffle: Seed of an adversarial order of waking validators up.
        trace: Whether to note the order in which validators really took their inputs.
    """

    width_divisor: int = 1
    shuffle: int | None = None
    trace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """One run.

    Attributes:
        factory: ``module:function`` of the shards' `Factory`.
        config: What the factory is given, in every process.
        processes: How many shards, each in a process of its own; the first one in this process.
        reaction_us: From a trigger to what it causes elsewhere, at least 1.
        until_us: The run ends before anything at this time happens; None leaves it to `Hooks.stop`.
        open_until_us: `Hooks.stop` isn't asked before: the time of the last scheduled event.
        message_limit: Sends after which the run stops, at the next block time, or full minute
            if there is no block time within one.
        watched: Events that are passed to `Hooks.observe`.
        keep: Whether to keep the records of the histories, and not just their digests.
        switches: What only tests set.
    """

    factory: str
    config: bytes
    processes: int = 1
    reaction_us: int = 20_000
    until_us: int | None = None
    open_until_us: int = 0
    message_limit: int | None = None
    watched: frozenset[str] = frozenset()
    keep: bool = True
    switches: Switches = field(default_factory=Switches)


class Event(NamedTuple):
    """Something that happened to a validator; tuple order is the order in which events count."""

    time_us: int
    validator: ValidatorIndex
    sequence: int
    event: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    now_us: int
    sent: int
    delivered: int


def _no() -> bool:
    return False


def _never(_: int) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a run asks of whoever started it, always in the coordinating process.

    Attributes:
        stop: Whether everything is over at a block time, which it is given. All that happened
            before is known then, so its answer may depend on that time, on the ledger and on what
            was observed, on nothing else.
        observe: Told every watched event, in order, before `stop` is asked.
        progress: Told at every exchange.
        expired: Whether to stop here and now, say because of the time it takes. Not reproducible.
        verdicts: What was found out while the last block was formed, for workers to learn; asked
            after every block where there are any.
    """

    stop: Callable[[int], bool] = _never
    observe: Callable[[Event], None] = _nothing
    progress: Callable[[Progress], None] = _nothing
    expired: Callable[[], bool] = _no
    verdicts: Callable[[], bytes] = bytes
