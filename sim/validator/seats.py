"""A machine in its place: whose effects are whose, and what the machine has last seen."""

from __future__ import annotations

from dataclasses import dataclass

from sim.protocol.ceremony import Ceremony
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import Machine
from sim.protocol.signing import SigningMachine
from sim.protocol.signing_sole import SoleMachine
from sim.validator.performing import Scope


@dataclass(slots=True)
class Seat:
    """A machine for one attempt, where its effects belong, and the state that it has last seen.

    `closed` once it has seen the attempt's end.
    """

    machine: Machine
    scope: Scope
    state: CeremonyState
    closed: bool = False

    @property
    def ceremony(self) -> Ceremony:
        """The attempt."""
        return self.machine.ceremony


@dataclass(slots=True)
class SigningSeat:
    """A machine for one binding of a signing session, and where its effects belong.

    `state` is the attempt behind the share that signs.
    """

    machine: SigningMachine | SoleMachine
    scope: Scope
    state: CeremonyState
