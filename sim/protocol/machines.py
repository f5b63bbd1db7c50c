"""Which state and which machine belong to a ceremony, by its operation and protocol."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, SendSealed, SendShares
from sim.protocol.entries import Entry
from sim.protocol.generate import GenerateState
from sim.protocol.generating import GenerateMachine
from sim.protocol.judge import CeremonyState, fold
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private
from sim.protocol.repair import RepairState
from sim.protocol.repairing import RepairMachine
from sim.protocol.variants import variant


class Machine(Protocol):
    """One participant in one attempt at any operation, sans-I/O.

    Attributes:
        amnesiac: Whether it stays silent, because its validator may have forgotten what it said.

    """

    amnesiac: bool

    @property
    def context(self) -> MemberContext:
        """The validator that runs it."""
        ...

    @property
    def ceremony(self) -> Ceremony:
        """The attempt."""
        ...

    @property
    def share(self) -> SecretScalar | None:
        """The participant's share of what the ceremony makes or repairs, once it is complete."""
        ...

    @property
    def shareless(self) -> bool:
        """Whether the result is fixed, and this participant lacks the share that it should hold."""
        ...

    def on_state(self, state: CeremonyState, height: int) -> Sequence[Effect]:
        """Act on the attempt as it stands after the last block received, at `height`."""
        ...

    def on_message(self, source: ValidatorIndex, message: Private) -> Sequence[Effect]:
        """Take a private message; what doesn't concern this participant is ignored."""
        ...

    def on_timer(self, name: str) -> Sequence[Effect]:
        """Act on a timer that it has set."""
        ...

    def seal(self, effect: SendShares) -> SendSealed:
        """Seal the shares that leave. Called after any filter."""
        ...

    def dispatch(self, effect: SendSealed) -> Sequence[Effect]:
        """Sign the sealed shares, keep them durably, send them. Called after any filter."""
        ...

    def retire(self) -> Sequence[Effect]:
        """Erase the share: a later generation is active, or the key is retired."""
        ...


def open_ceremony(ceremony: Ceremony) -> CeremonyState:
    """Begin an attempt, as everybody follows it."""
    match ceremony.operation:
        case "repair":
            return RepairState.open(ceremony)
        case "generate":
            return GenerateState.open(ceremony)
        case _:
            return variant(ceremony.variant).state.open(ceremony)


def judge(ceremony: Ceremony, entries: Iterable[Entry], height: int) -> CeremonyState:
    """Say what came of `ceremony` by the end of `height`, from its `entries` in ledger order.

    Entries that have no effect are passed over; those above `height` are not looked at.
    """
    state = open_ceremony(ceremony)
    fold(state, entries, height)
    return state


def member_machine(
    context: MemberContext,
    ceremony: Ceremony,
    stored: Mapping[str, bytes],
    posted: Collection[str] = (),
    *,
    share: SecretScalar | None = None,
    amnesiac: bool = False,
) -> Machine:
    """Return the machine of a participant; see `sharing.SharingMachine` for the arguments."""
    match ceremony.operation:
        case "repair":
            return RepairMachine(context, ceremony, stored, posted, share=share, amnesiac=amnesiac)
        case "generate":
            return GenerateMachine(context, ceremony, stored, posted, amnesiac=amnesiac)
        case _:
            machine = variant(ceremony.variant).machine
            return machine(context, ceremony, stored, posted, share=share, amnesiac=amnesiac)
