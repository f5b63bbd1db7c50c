"""What a run leaves behind: the runner fills it, the summary and the run's folder are made from it.

Everything but `machine` is a function of the plan alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from sim.world.eventlog import EventLog

if TYPE_CHECKING:
    from sim.checks.observation import Violation
    from sim.kchain.state import ChainState
    from sim.scenario.plan import Plan
    from sim.world.principals import Asked
    from sim.world.views import Attacks

Ending: TypeAlias = Literal["finished", "duration", "message-limit", "wall-limit"]
"""Why a run stopped: nothing was open, its duration was over, or a budget was used up."""


class Progress(NamedTuple):
    """How far a run is; handed to the progress callback at exchanges.

    Attributes:
        time_us: Virtual time reached.
        height: Last ledger height.
        messages: Messages sent between validators so far.
        phases: Open ceremonies and where they stand: ``(("beacon#1", "deal"), …)``.

    """

    time_us: int
    height: int
    messages: int
    phases: tuple[tuple[str, str], ...] = ()


class NodeTraffic(NamedTuple):
    """What one validator sent, over the whole run; of blocks, what it received.

    Attributes:
        messages: Counts by kind.
        bytes: By byte meter.

    """

    messages: Mapping[str, int]
    bytes: Mapping[str, int]


ProgressCallback: TypeAlias = Callable[[Progress], None]
"""Called at every exchange; raising from it ends the run and its workers at once."""


@dataclass(frozen=True)
class RunOutcome:
    """A finished run.

    Attributes:
        plan: What was run.
        events: Every validator's records, by (time, validator, sequence).
        histories: Digest of each validator's history, hex, by registry position.
        ledger: The bytes of `ledger.msgpack`, header and head hash included.
        blocks: Every materialised block's bytes, genesis first.
        state: The chain's state after the last of them.
        violations: What the checks found, in a fixed order.
        messages: Counts by kind: ``shares`` (first transmissions), ``acks``,
            ``retransmissions``, and ledger transactions by kind (``deal``, ``response`` …).
        bytes: ``payload.shares``, ``payload.commitments``, ``payload.proofs``,
            ``payload.control``, ``overhead``.
        charged: Operations charged to each validator, by its name, then by meter.
        injected: How often each corruption changed something, by its id.
        ending: Why the run stopped.
        end_us: Virtual time at which it stopped.
        last_us: Virtual time of the last history record.
        shareless: Per key, the names of honest members without a share at the end.
        holders: Per key, the names of those that are up and hold a good share of the active
            generation at the end.
        tchain: The T-chain's own count of its sessions.
        traffic_of: What each validator sent, by its name; `messages` and `bytes` are the sums.
        traffic: Messages and bytes that attempts of ceremonies took, by (session label, attempt).
        attacks: What an attacker could do at the end; None if nobody may try.
        happened: How often an event did, by (event, validator or None for anyone), for those that
            `sometimes` expectations name.
        asked: What principals asked of the chain, in order of arrival.
        fired: When each entry of the timeline that waited for an event began to act, by its id; not
            those that waited in vain.
        machine: Figures of this machine and execution: nothing deterministic need be here.

    """

    plan: Plan
    events: EventLog
    histories: Sequence[str]
    ledger: bytes
    blocks: Sequence[bytes]
    state: ChainState
    violations: Sequence[Violation]
    messages: Mapping[str, int]
    bytes: Mapping[str, int]
    charged: Mapping[str, Mapping[str, int]]
    injected: Mapping[str, int]
    ending: Ending
    end_us: int
    last_us: int
    shareless: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tchain: Mapping[str, Any] = field(default_factory=dict)
    traffic_of: Mapping[str, NodeTraffic] = field(default_factory=dict)
    traffic: Mapping[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    attacks: Attacks | None = None
    happened: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    asked: Sequence[Asked] = ()
    fired: Mapping[str, int] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)


class BadSwitchError(Exception):
    """A test switch that doesn't exist, or a value that it can't have."""


@dataclass(frozen=True)
class Switches:
    """Test switches: no part of the scenario, the plan or the digest.

    Attributes:
        width_divisor: Engine windows are this many times narrower than the least link latency.
        shuffle: Seed that shuffles the order in which validators wake; None leaves it to Trio.
        memo: Entries that the memoiser keeps; None all, 0 none.
        perturb: Changes one network draw; the runner says how it is written.

    """

    width_divisor: int = 1
    shuffle: int | None = None
    memo: int | None = None
    perturb: str | None = None

    @classmethod
    def parse(cls, given: Sequence[str]) -> Switches:
        """Return the switches that ``name=value`` texts set.

        Raises:
            BadSwitchError: No such switch, or a value that it can't have.

        """
        values: dict[str, Any] = {}
        for text in given:
            name, _, value = text.partition("=")
            if name not in cls.__dataclass_fields__:
                raise BadSwitchError(f"no switch {name}: {', '.join(cls.__dataclass_fields__)}")
            try:
                values[name] = _switched(name, value)
            except ValueError:
                raise BadSwitchError(f"{name} can't be {value!r}") from None
        return cls(**values)


_LEAST: Final = {"width_divisor": 1, "memo": 0}


def _switched(name: str, value: str) -> int | str:
    from sim.world.networking import parse_perturb

    if name == "perturb":
        parse_perturb(value)
        return value
    number = int(value)
    if number < _LEAST.get(name, number):
        raise ValueError(value)
    return number
