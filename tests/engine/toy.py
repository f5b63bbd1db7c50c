"""A toy all-to-all ceremony, and the harness that runs it in every way that must not matter.

Everyone sends a share to everyone until it is acknowledged, puts a digest of its shares on the
ledger, and, once it holds all shares and has seen all digests, says on the ledger that it is done.
A life that restarts reads the ledger before it speaks. ``python -m tests.engine.toy`` runs it.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import sys
from typing import Final

import msgspec

from sim.base.codec import decode_canonical, encode
from sim.base.ids import Label, ValidatorIndex
from sim.engine.context import Context
from sim.engine.coordinator import run_simulation
from sim.engine.faults import DiskLoss, Fault, Loss
from sim.engine.history import NO_LABEL
from sim.engine.ports import (
    Blocks,
    Hooks,
    Input,
    Life,
    Message,
    ShardParts,
    SimulationConfig,
    Switches,
)
from sim.engine.results import SimulationResult
from tests.engine.toy_ledger import Entry, ToyLedger
from tests.engine.toy_network import ToyNetwork

LEAST_US: Final = 10_000
BLOCK_US: Final = 500_000
DEADLINE: Final = 60
RTO_US: Final = 200_000


class Toy(msgspec.Struct, frozen=True, kw_only=True):
    """One toy run: everything that may change its result."""

    size: int = 9
    regions: int = 3
    seed: int = 1
    loss: int = 20
    life: str = "orderly"
    cost_us: int = 0
    faults: tuple[Fault, ...] = ()


class Variation(msgspec.Struct, frozen=True, kw_only=True):
    """One way of running it: nothing of this may change its result."""

    processes: int = 1
    width_divisor: int = 1
    shuffle: int | None = None


class ToyStore:
    """Survives crashes, except for what was put since the last flush."""

    def __init__(self) -> None:
        self.disk: dict[str, bytes] = {}
        self.buffer: dict[str, bytes] = {}
        self.real: dict[str, bytes] | None = None

    @property
    def failing(self) -> bool:
        return self.real is not None

    def put(self, key: str, value: bytes) -> None:
        self.buffer[key] = value

    def flush(self) -> None:
        self.disk.update(self.buffer)
        self.buffer.clear()

    def crash(self, lose: Loss) -> str:
        if lose == "nothing":
            self.flush()
        self.buffer.clear()
        if lose == "all":
            self.disk.clear()
        if self.real is None:
            return lose
        self.disk = {} if lose == "all" else self.real.copy()
        return "stale"

    def fail(self, lose: DiskLoss | None) -> None:
        self.real = None if lose is None else {} if lose == "all" else self.disk.copy()


class Ceremony:
    """One incarnation of one member."""

    def __init__(self, context: Context, toy: Toy) -> None:
        assert isinstance(context.store, ToyStore)
        self.context = context
        self.toy = toy
        self.store = context.store
        self.peers = [ValidatorIndex(i) for i in range(toy.size) if i != context.index]
        self.shares = {k: v for k, v in self.store.disk.items() if k.startswith("share/")}
        self.dealt: set[int] = set()
        self.said: set[str] = set()
        self.unacknowledged: dict[ValidatorIndex, int] = {}
        self.timers: list[tuple[int, ValidatorIndex]] = []
        self.caught_up = context.incarnation == 0

    async def live(self) -> None:
        if self.caught_up:
            self.act()
        else:
            self.context.submit(self.label("read", str(self.context.incarnation)), b"")
        while True:
            deadline = self.timers[0][0] if self.timers else None
            received = await self.context.receive(deadline)
            await self.context.sleep(self.toy.cost_us)
            self.handle(received)

    def handle(self, received: Input | None) -> None:
        match received:
            case None:
                _, peer = heapq.heappop(self.timers)
                if peer in self.unacknowledged:
                    self.send_share(peer)
            case Message(source, Label(kind="share"), payload):
                self.store.put(f"share/{source}", payload)
                self.store.flush()
                self.shares[f"share/{source}"] = payload
                self.context.happened("share-received")
                self.context.send(source, self.label("ack", str(source)), b"")
                self.act()
            case Message(source):
                self.unacknowledged.pop(source, None)
            case Blocks(payload, catch_up):
                self.read(payload, catch_up=catch_up)

    def read(self, payload: bytes, *, catch_up: bool) -> None:
        if not (self.caught_up or catch_up):
            return
        self.caught_up = True
        for _, entries in decode_canonical(payload, list[tuple[int, list[Entry]]]):
            for author, statement in entries:
                if statement.startswith(b"deal"):
                    self.dealt.add(author)
                if author == self.context.index:
                    self.said.add(statement[:4].decode())
        self.act()

    def act(self) -> None:
        if not self.caught_up:
            return
        mine = encode((self.toy.seed, self.context.index))
        if not self.unacknowledged and not self.timers:
            for peer in self.peers:
                self.send_share(peer)
        if "deal" not in self.said:
            self.say("deal", hashlib.sha256(mine).digest())
        if len(self.shares) == len(self.peers) and len(self.dealt) == self.toy.size:
            held = encode(sorted(self.shares.items()))
            self.say("done", hashlib.sha256(held).digest())

    def say(self, kind: str, body: bytes) -> None:
        if kind in self.said:
            return
        self.said.add(kind)
        self.context.submit(self.label(kind, ""), kind.encode() + body)
        self.context.happened(f"{kind}-submitted")

    def send_share(self, peer: ValidatorIndex) -> None:
        tries = self.unacknowledged[peer] = self.unacknowledged.get(peer, 0) + 1
        share = encode((self.toy.seed, self.context.index, peer))
        self.context.send(peer, self.label("share", str(self.context.index)), share)
        self.context.happened("share-sent")
        delay = self.context.local_delay_us(RTO_US << min(tries - 1, 5))
        heapq.heappush(self.timers, (self.context.now_us + delay, peer))

    @staticmethod
    def label(kind: str, subject: str) -> Label:
        return Label("toy/dkg/0", 1, kind, subject)


_tickets = itertools.count()


class Disorderly(Ceremony):
    """Draws tickets from a counter that all members in a process share: what engines must forbid.

    Its ticket goes into its history, so the order of execution shows in the digest.
    """

    def send_share(self, peer: ValidatorIndex) -> None:
        self.context.record("ticket", NO_LABEL, extra=(next(_tickets),))
        super().send_share(peer)


CEREMONIES: Final = {"orderly": Ceremony, "disorderly": Disorderly}


def build(config: bytes, shard: int, shards: int) -> ShardParts:
    """Build one shard of a toy run."""
    global _tickets  # a new run starts anew, whatever ran before in the process
    _tickets = itertools.count()
    toy = msgspec.json.decode(config, type=Toy)
    regions = tuple(i % toy.regions for i in range(toy.size))
    owners = [region % shards for region in regions]
    network = ToyNetwork(toy.seed, regions, LEAST_US, toy.loss)
    mine = [ValidatorIndex(i) for i, owner in enumerate(owners) if owner == shard]
    return ShardParts(
        network=network,
        lives={index: _life(toy) for index in mine},
        stores={index: ToyStore() for index in mine},
        owners=owners,
        width_us=LEAST_US,
        exchange_us=4 * LEAST_US,
        faults=toy.faults,
    )


def _life(toy: Toy) -> Life:
    async def life(context: Context) -> None:
        await CEREMONIES[toy.life](context, toy).live()

    return life


def run(toy: Toy, variation: Variation) -> tuple[SimulationResult, ToyLedger]:
    """Run `toy` in one way, until everyone is done or the deadline has passed."""
    ledger = ToyLedger(toy.size, BLOCK_US, DEADLINE)

    def stop(_now_us: int) -> bool:
        done = {who for _, block in ledger.blocks for who, said in block if said[:4] == b"done"}
        return len(done) == toy.size or bool(ledger.blocks and ledger.blocks[-1][0] >= DEADLINE)

    config = SimulationConfig(
        factory="tests.engine.toy:build",
        config=msgspec.json.encode(toy),
        processes=variation.processes,
        open_until_us=max((fault.at_us for fault in toy.faults), default=0),
        switches=Switches(
            width_divisor=variation.width_divisor, shuffle=variation.shuffle, trace=True
        ),
    )
    return run_simulation(config, ledger, Hooks(stop=stop)), ledger


def digest(result: SimulationResult, ledger: ToyLedger) -> str:
    """Return one digest of all that a run computed."""
    histories = [(index, history.digest) for index, history in result.histories.items()]
    outcome = (result.reason, result.end_us, result.last_us, result.sent, result.delivered)
    return hashlib.sha256(encode((histories, ledger.head, outcome))).hexdigest()


class Outcome(msgspec.Struct, frozen=True):
    """What the harness prints for each run."""

    digest: str
    order: str
    reason: str
    delivered: int


def main() -> None:
    """Read toys and variations as JSON from standard input; print an outcome for each pair."""
    runs = msgspec.json.decode(sys.stdin.buffer.read(), type=list[tuple[Toy, Variation]])
    outcomes = []
    for toy, variation in runs:
        result, ledger = run(toy, variation)
        order = hashlib.sha256(encode(result.machine.order)).hexdigest()
        outcomes.append(Outcome(digest(result, ledger), order, result.reason, result.delivered))
    sys.stdout.buffer.write(msgspec.json.encode(outcomes))


if __name__ == "__main__":
    main()
