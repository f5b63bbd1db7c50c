"""What a run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sim.base.ids import ValidatorIndex
from sim.engine.history import History
from sim.engine.usage import Usage

Reason: TypeAlias = Literal["done", "until", "idle", "messages", "expired"]
"""Why a run ended: its hooks said so, its time was up, nothing was left to happen, too many
messages, or its hooks' patience was at an end."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run took of the machine: nothing here is reproducible but `order` with one process.

    Attributes:
        exchanges: Meetings of the shards.
        windows: Windows of each shard.
        wakes: Wake-ups of validators' tasks, per shard.
        cpu_s: Processor time of each shard while it advanced, and of its side of the exchanges;
            the first shard's is the coordinator's.
        forming_s: Processor time of each shard's process for blocks: what the coordinating process
            took to form them, and what the others did of it.
        critical_s: Sum over the exchanges of the slowest shard's processor time and of what the
            coordinator's side of the exchange took, and of the longest chain over the blocks: how
            long the run would take with a processor per shard.
        usage: What each shard's process had used when it was over: start-up included, but for the
            coordinating process not what comes after the run.
        crossed_bytes: Bytes that crossed between processes.
        order: Order in which each shard's validators took their inputs, if that was traced.
    """

    exchanges: int
    windows: tuple[int, ...]
    wakes: tuple[int, ...]
    cpu_s: tuple[float, ...]
    forming_s: tuple[float, ...]
    critical_s: float
    crossed_bytes: int
    order: tuple[tuple[int, ...], ...]
    usage: tuple[Usage, ...]


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What a run leaves behind.

    Attributes:
        reason: Why it ended.
        end_us: Virtual time at which it ended; everything before it has happened.
        last_us: Time of the last record in any history.
        sent: Sends, of retransmissions too.
        delivered: Inputs that validators took.
        histories: By validator, ascending.
        finished: What each shard's factory left, by shard.
        machine: What it took.
    """

    reason: Reason
    end_us: int
    last_us: int
    sent: int
    delivered: int
    histories: dict[ValidatorIndex, History]
    finished: tuple[bytes, ...]
    machine: Machine
