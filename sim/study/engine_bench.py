"""How many messages per second the engine delivers: ``python -m sim.study.engine_bench``.

Validators of a toy all-to-all life broadcast a typed message every round; every receiver decodes
it, refuses any but the canonical encoding, and checks what it says. The links are those of a run:
every send has all its draws, and losses in bursts, duplicates and hold-backs happen at small rates.
Every send and receipt becomes a record of a history, which is hashed and, if asked for, kept. There
is no ledger and no cryptography: what is measured is what a run spends on being a simulation.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from sim.base.codec import decode_canonical, encode, tuple_hash
from sim.base.errors import LocalError
from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.context import Context
from sim.engine.coordinator import run_simulation
from sim.engine.faults import DiskLoss, Loss
from sim.engine.ports import (
    LedgerDelivery,
    Life,
    Message,
    ShardParts,
    SimulationConfig,
    Submission,
)
from sim.network import losses
from sim.network.draws import CERTAIN
from sim.network.links import LinkNetwork
from sim.network.pipes import Bandwidth, Queue
from sim.network.profiles import PROFILES, get_profile
from sim.network.sharding import region_shards

INTERVAL_US: Final = 1_000_000
"""From one round to the next: on the shipped profiles hardly a message takes longer."""


class Bench(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement.

    Attributes:
        validators: All send to all others.
        rounds: How often.
        processes: One shard in each.
        profile: What links are like; with regions, validators are dealt out to them in turn.
        loss: Share of messages lost, in bursts of 3 slots, in parts per 2**32.
        duplicate: Share of messages that arrive twice, in parts per 2**32.
        reorder: Share of messages held back by 20 ms, in parts per 2**32.
        bandwidth: Bits per second of every validator's access in either direction; 0 is no limit.
        keep: Whether to keep the records and not just their digests.
        seed: Of all draws.
    """

    validators: int = 1000
    rounds: int = 5
    processes: int = 1
    profile: str = "internet-good"
    loss: int = CERTAIN // 100
    duplicate: int = CERTAIN // 100
    reorder: int = CERTAIN // 100
    bandwidth: int = 0
    keep: bool = False
    seed: int = 1


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one measurement came to.

    Attributes:
        processes: Shards, each in a process of its own.
        sent: Messages sent.
        delivered: Messages that validators received, decoded and found right.
        wall_s: Wall time of the whole run: start of the workers, end and digests included.
        cpu_s: Processor time of all processes.
        critical_s: Sum over the exchanges of the slowest process's processor time, what packing
            and unpacking takes included.
        rate: Messages delivered per second of wall time.
        digest: Of all histories: the same however many processes there are.
    """

    processes: int
    sent: int
    delivered: int
    wall_s: float
    cpu_s: float
    critical_s: float
    rate: float
    digest: str


class Gossip(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="gossip"
):
    """What validators tell each other: as large as a signed statement.

    Attributes:
        source: Who says it.
        round: 0-based.
        digest: 32 bytes that follow from both.
        signature: 64 bytes that nobody checks: cryptography isn't measured here.
    """

    source: int
    round: int
    digest: bytes
    signature: bytes


class NoLedger:
    """A ledger on which nothing ever happens."""

    def accept(self, submissions: Sequence[Submission]) -> None:
        """Refuse: nobody submits anything."""
        raise LocalError(f"{len(submissions)} submissions to no ledger")

    def next_block_us(self, after_us: int) -> int:
        """Return NEVER_US."""
        del after_us
        return NEVER_US

    def next_tick_us(self, after_us: int) -> int:
        """Return NEVER_US."""
        del after_us
        return NEVER_US

    def form(self, block_us: int) -> list[LedgerDelivery]:
        """Refuse: no block is due."""
        raise LocalError(f"no block is due at {block_us}")

    def pending(self, block_us: int) -> Sequence[bytes]:
        """Return nothing."""
        del block_us
        return ()

    def rush(self, block_us: int, submissions: Sequence[Submission]) -> None:
        """Refuse: nobody rushes."""
        raise LocalError(f"{len(submissions)} answers to no ledger at {block_us}")

    def apply(self, now_us: int, rule: bytes) -> Sequence[LedgerDelivery]:
        """Refuse: nothing goes wrong."""
        raise LocalError(f"no ledger for {len(rule)} bytes at {now_us}")


class NoStore:
    """A store of a validator that keeps nothing and never crashes."""

    failing = False

    def crash(self, lose: Loss) -> str:
        """Lose nothing."""
        return lose

    def fail(self, lose: DiskLoss | None) -> None:
        """Do nothing."""


class Talker:
    """One validator: broadcasts in every round, and checks what others say.

    Attributes:
        received: Messages that arrived and were right, copies included.
    """

    def __init__(self, bench: Bench, index: ValidatorIndex) -> None:
        self.received = 0
        self._bench = bench
        self._index = index
        self._round = 0
        self._peers = tuple(
            ValidatorIndex(peer) for peer in range(bench.validators) if peer != index
        )

    async def live(self, context: Context) -> None:
        """Broadcast at the beginning of every round; receive all the while."""
        while True:
            more = self._round < self._bench.rounds
            received = await context.receive(self._round * INTERVAL_US if more else None)
            if isinstance(received, Message):
                self.check(received)
            elif received is None:
                context.broadcast(self._peers, *self.begin(self._round))
            else:
                raise LocalError(f"nobody sends {received!r}")

    def begin(self, round_: int) -> tuple[Label, bytes]:
        """Begin a round; return what to tell everybody, and about what it is."""
        self._round = round_ + 1
        label = Label("bench", round_, "gossip", str(self._index))
        return label, gossip(self._index, round_)

    def check(self, received: Message) -> None:
        """Take a message.

        Raises:
            DecodeError: It isn't the canonical encoding of what validators say.
            LocalError: Its source can't have said it.
        """
        said = decode_canonical(received.payload, Gossip)
        if said.source != received.source or not 0 <= said.round < self._round:
            raise LocalError(f"{received.source} can't say {said}")
        if len(said.digest) != 32 or len(said.signature) != 64:
            raise LocalError(f"{received.source} says too much or too little")
        self.received += 1


def gossip(source: ValidatorIndex, round_: int) -> bytes:
    """Return what `source` says in a round, encoded: 110 bytes or so."""
    digest = tuple_hash("kchain-sim/engine-bench/v1", source, round_)
    return encode(Gossip(source, round_, digest, digest * 2))


def make_network(bench: Bench) -> LinkNetwork:
    """Return the links of a measurement."""
    queue = Queue(bench.bandwidth, None) if bench.bandwidth else None
    return LinkNetwork(
        get_profile(bench.profile),
        regions_of(bench),
        bench.seed,
        loss=losses.Loss(bench.loss, 3 if bench.loss else 0),
        duplicate=bench.duplicate,
        reorder=bench.reorder,
        bandwidth=Bandwidth(queue, queue),
    )


def regions_of(bench: Bench) -> list[str]:
    """Return each validator's region; empty names if the profile has none."""
    regions = get_profile(bench.profile).regions or ("",)
    return [regions[index % len(regions)] for index in range(bench.validators)]


def build(config: bytes, shard: int, shards: int) -> ShardParts:
    """Build one shard; see `engine.ports.Factory`."""
    bench = decode_canonical(config, Bench)
    network = make_network(bench)
    owners = region_shards(regions_of(bench), shards)
    indexes = [ValidatorIndex(index) for index in range(bench.validators)]
    mine = [index for index in indexes if owners[index] == shard]
    talkers = {index: Talker(bench, index) for index in mine}
    others = [index for index in indexes if owners[index] != shard]
    return ShardParts(
        network=network,
        lives={index: _life(talker) for index, talker in talkers.items()},
        stores={index: NoStore() for index in mine},
        owners=owners,
        width_us=network.least_latency_us(mine, mine),
        exchange_us=network.least_latency_us(indexes, indexes) if others else NEVER_US,
        downlinks=network.downlinks(mine),
        finish=lambda: encode(sum(talker.received for talker in talkers.values())),
    )


def _life(talker: Talker) -> Life:
    return talker.live


def measure(bench: Bench) -> Measured:
    """Run one measurement.

    Raises:
        LocalError: A validator received something that nobody sent.
    """
    config = SimulationConfig(
        factory="sim.study.engine_bench:build",
        config=encode(bench),
        processes=bench.processes,
        keep=bench.keep,
    )
    wall_s, cpu_s = time.perf_counter(), _cpu_s()
    result = run_simulation(config, NoLedger())
    wall_s, cpu_s = time.perf_counter() - wall_s, _cpu_s() - cpu_s
    received = sum(decode_canonical(left, int) for left in result.finished)
    if received != result.delivered:
        raise LocalError(f"{result.delivered} messages delivered, {received} received")
    digests = b"".join(history.digest for history in result.histories.values())
    return Measured(
        processes=bench.processes,
        sent=result.sent,
        delivered=result.delivered,
        wall_s=wall_s,
        cpu_s=cpu_s,
        critical_s=result.machine.critical_s,
        rate=result.delivered / wall_s,
        digest=hashlib.sha256(digests).hexdigest()[:16],
    )


def _cpu_s() -> float:
    """Return the processor time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def compare(bench: Bench, processes: Sequence[int], repetitions: int) -> list[Measured]:
    """Measure with every number of `processes` in turn, `repetitions` times over.

    Raises:
        LocalError: Results differ.
    """
    found = [
        measure(msgspec.structs.replace(bench, processes=number))
        for _ in range(repetitions)
        for number in processes
    ]
    if len({measured.digest for measured in found}) != 1:
        raise LocalError("the same messages, and other histories")
    return found


def machine() -> dict[str, str]:
    """Return what these figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def table(found: Sequence[Measured]) -> str:
    """Return medians and spreads by number of processes, and how much faster several are."""
    lines = [
        f"{'processes':>9} {'delivered':>10} {'messages/s':>10} {'lowest':>8} {'highest':>8}"
        f" {'CPU s':>8} {'µs CPU/msg':>10} {'critical s':>10} {'msg/s critical':>14}"
    ]
    for number in sorted({measured.processes for measured in found}):
        some = [measured for measured in found if measured.processes == number]
        rates = sorted(measured.rate for measured in some)
        cpu_s = statistics.median(measured.cpu_s for measured in some)
        critical_s = statistics.median(measured.critical_s for measured in some)
        delivered = some[0].delivered
        lines.append(
            f"{number:>9} {delivered:>10,} {statistics.median(rates):>10,.0f} {rates[0]:>8,.0f}"
            f" {rates[-1]:>8,.0f} {cpu_s:>8.2f} {cpu_s / delivered * 1e6:>10.2f}"
            f" {critical_s:>10.2f} {delivered / critical_s:>14,.0f}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure as the command line says, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m sim.study.engine_bench", description=__doc__)
    parser.add_argument("--validators", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, nargs="+", default=[1])
    parser.add_argument("--profile", choices=sorted(PROFILES), default="internet-good")
    parser.add_argument("--bandwidth", type=int, default=0, help="bits per second; 0: no limit")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep the records")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    bench = Bench(
        validators=given.validators,
        rounds=given.rounds,
        profile=given.profile,
        bandwidth=given.bandwidth,
        keep=given.keep,
    )
    found = compare(bench, given.processes, given.repetitions)
    if given.json:
        content = {"bench": bench, "machine": machine(), "measured": found}
        sys.stdout.write(json.dumps(msgspec.to_builtins(content), indent=1) + "\n")
    else:
        sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main()
