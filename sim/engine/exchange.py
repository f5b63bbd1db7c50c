"""What crosses between the coordinator and its shards at an exchange."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.base.ids import ValidatorIndex
from sim.engine.cargo import Cargo
from sim.engine.faults import Due
from sim.engine.history import History
from sim.engine.ports import Event, Submission
from sim.engine.usage import Usage


@dataclass(slots=True)
class Order:
    """What the coordinator asks of a shard.

    Attributes:
        horizon_us: Do everything that is due before this time.
        cargo: Mail for its validators.
        faults: Triggered actions that are to apply there, none before the last horizon.
    """

    horizon_us: int
    cargo: list[Cargo] = field(default_factory=list)
    faults: list[Due] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """What a shard did up to its horizon.

    Attributes:
        next_us: The next time at which it has something to do.
        sent: Sends over the run so far.
        delivered: Inputs taken over the run so far.
        cpu_s: Processor time that it took.
        cargo: Mail for other shards, none of it due before the horizon.
        submissions: For the ledger, in no particular order.
        events: Watched events, in no particular order.
    """

    next_us: int
    sent: int
    delivered: int
    cpu_s: float
    cargo: list[Cargo] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class ShardResult:
    """What a shard leaves behind.

    Attributes:
        histories: Of its validators.
        finished: What its factory's `finish` returned.
        windows: Windows that it ran.
        wakes: Wake-ups of validators' tasks.
        order: Order in which its validators took inputs, if that was traced.
        usage: What its process has used by then.
    """

    histories: dict[ValidatorIndex, History]
    finished: bytes
    windows: int
    wakes: int
    order: tuple[int, ...]
    usage: Usage
