"""What goes wrong, and when: faults of validators, and rules for the network and the ledger.

A fault is one or more actions that happen at an instant, or a reaction time after a trigger. An
action with `for_us` undoes itself that long after it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from sim.base.ids import ValidatorIndex

Loss: TypeAlias = Literal["nothing", "unsynced", "all"]
"""What a crash takes from the store: nothing, writes since the last flush, or everything."""


DiskLoss: TypeAlias = Literal["unsynced", "all"]
"""What a failing disk takes at the next crash: writes since it began to fail, or everything."""


class _Action(msgspec.Struct, frozen=True, tag=True, array_like=True):
    pass


class Crash(_Action, frozen=True):
    """Stop `node` at once; start it again after `for_us`, if given. No effect on one that is down.

    Its memory is gone, what waits in its mailbox is lost, and its store loses what `lose` says.
    With `times` above 1 it is a loop: `up_us` after each restart it stops again, as often in all.
    """

    node: ValidatorIndex
    lose: Loss = "unsynced"
    for_us: int | None = None
    times: int = 1
    up_us: int = 0


class Restart(_Action, frozen=True):
    """Start `node` again with the same store. No effect on one that is up."""

    node: ValidatorIndex


class Pause(_Action, frozen=True):
    """Freeze `node`: its mailbox fills, its timers fire late, work in progress stands still."""

    node: ValidatorIndex
    for_us: int | None = None


class Resume(_Action, frozen=True):
    """End every pause of `node`."""

    node: ValidatorIndex


class Slow(_Action, frozen=True):
    """Let `node` spend `service_us` of virtual time on every input, timers included."""

    node: ValidatorIndex
    service_us: int
    for_us: int | None = None


class Skew(_Action, frozen=True):
    """Set the clock of `node` off by `offset_us` now, and let it gain `drift_ppm` from now on."""

    node: ValidatorIndex
    offset_us: int
    drift_ppm: int
    for_us: int | None = None


class Disk(_Action, frozen=True):
    """Let the disk of `node` fail without notice; None, and the end of `for_us`, mends it.

    From now on flushes only seem to work: a crash before it is mended takes what was written since
    (``unsynced``), or the whole store (``all``), whatever the crash itself says.
    """

    node: ValidatorIndex
    lose: DiskLoss | None
    for_us: int | None = None


class Quiet(_Action, frozen=True):
    """End every fault of `node`: start it if it is down, and mend clock, disk and speed."""

    node: ValidatorIndex


class Retire(_Action, frozen=True):
    """Stop `node` for good: nothing starts it again."""

    node: ValidatorIndex


class Command(_Action, frozen=True):
    """Hand `order` to the code of `node`, as its operator would.

    One that is down gets it when it starts again, and one that crashes before it looks at it too.
    """

    node: ValidatorIndex
    order: str


class NetworkRule(_Action, frozen=True):
    """Hand `rule` to the network of every shard."""

    rule: bytes


class LedgerRule(_Action, frozen=True):
    """Hand `rule` to the ledger."""

    rule: bytes


NodeAction: TypeAlias = (
    Crash | Restart | Pause | Resume | Slow | Skew | Disk | Quiet | Retire | Command
)
Action: TypeAlias = NodeAction | NetworkRule | LedgerRule


class When(msgspec.Struct, frozen=True):
    """Fires once, at the `nth` (from 1) `event` over the run, across incarnations.

    Attributes:
        event: A name that a life passes to `Context.happened`.
        node: Whose events count, or None: anyone's, in order of (time, validator, sequence).
        nth: 1 or more.
        until_us: Events at this time or later fire nothing any more; None is the run's end.
    """

    event: str
    node: ValidatorIndex | None = None
    nth: int = 1
    until_us: int | None = None


class Fault(msgspec.Struct, frozen=True):
    """What happens together.

    Attributes:
        actions: In the order in which they apply.
        at_us: When, unless `when` is given.
        when: The trigger. Actions on the node that it names apply at that instant, after the
            effect that fired it; all others at that instant plus the reaction time.
    """

    actions: tuple[Action, ...]
    at_us: int = 0
    when: When | None = None


class Due(NamedTuple):
    """One action with its place in time; plain tuple order is the order in which actions apply.

    At one instant what ends comes before what begins (so that spans are half-open), then the order
    of the scenario's faults decides, then that of a fault's actions. The fields before `action` are
    unique, so actions are never compared.

    Attributes:
        at_us: When it applies.
        step: 0 for the end of a span, 1 for a beginning.
        fault: Position of its fault in the scenario.
        part: Position of the action in its fault.
        action: What applies.
        follows: Whether it is a turn of a loop after the first.
    """

    at_us: int
    step: int
    fault: int
    part: int
    action: Action
    follows: bool = False


def scheduled(faults: Sequence[Fault]) -> list[Due]:
    """Return the actions of all faults that wait for no trigger, in order."""
    return sorted(
        Due(fault.at_us, 1, index, part, action)
        for index, fault in enumerate(faults)
        if fault.when is None
        for part, action in enumerate(fault.actions)
    )


def undoing(due: Due) -> list[Due]:
    """Return what ends the action of `due` after its `for_us`; and a loop's next turn."""
    match due.action:
        case Crash(node=node, for_us=int(span), times=times, up_us=up_us) as crash if times > 1:
            again = msgspec.structs.replace(crash, times=times - 1)
            next_us = due.at_us + span + up_us
            restart = Due(due.at_us + span, 0, due.fault, due.part, Restart(node))
            return [restart, Due(next_us, 1, due.fault, due.part, again, follows=True)]
        case Crash(node=node, for_us=int(span)):
            action: Action = Restart(node)
        case Pause(node=node, for_us=int(span)):
            action = Resume(node)
        case Slow(node=node, for_us=int(span)):
            action = Slow(node, 0)
        case Skew(node=node, for_us=int(span)):
            action = Skew(node, 0, 0)
        case Disk(node=node, for_us=int(span)):
            action = Disk(node, None)
        case _:
            return []
    return [Due(due.at_us + span, 0, due.fault, due.part, action)]
