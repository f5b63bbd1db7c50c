"""Two correct copies of one validator, with one key: what a careless failover leaves running.

Each draws its own secrets, since incarnation numbers differ between copies, and each keeps its own
entries. Both hear whatever is sent to the validator, and what both say goes out under its name and
account. Neither knows of the other: there is no attack code here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final

from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import (
    Delete,
    Effect,
    Put,
    SendSealed,
    SendShares,
    StartTimer,
    StopTimer,
)
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import Machine
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private

TWIN: Final = "twin/"
"""Before the names of the second copy's entries and timers."""

_APART: Final = 1 << 32
"""Between the incarnation numbers of the copies: no validator starts so often."""


def second(member: MemberContext) -> MemberContext:
    """Return the validator behind the second copy."""
    return dataclasses.replace(member, incarnation=member.incarnation + _APART)


class Twins:
    """A machine that is two: the first one's result counts as the validator's.

    Args:
        one: The copy that would be there anyway.
        other: The second one; it seals its shares itself.

    """

    def __init__(self, one: Machine, other: Machine) -> None:
        self._one = one
        self._other = other
        self.amnesiac = one.amnesiac

    @property
    def context(self) -> MemberContext:
        """The validator that runs the first copy."""
        return self._one.context

    @property
    def ceremony(self) -> Ceremony:
        """The attempt."""
        return self._one.ceremony

    @property
    def share(self) -> SecretScalar | None:
        """The first copy's share."""
        return self._one.share

    @property
    def shareless(self) -> bool:
        """Whether the first copy lacks its share."""
        return self._one.shareless

    def on_state(self, state: CeremonyState, height: int) -> list[Effect]:
        """Let both act on the attempt."""
        first = self._one.on_state(state, height)
        return [*first, *self._apart(self._other.on_state(state, height))]

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Let both hear it."""
        first = self._one.on_message(source, message)
        return [*first, *self._apart(self._other.on_message(source, message))]

    def on_timer(self, name: str) -> list[Effect]:
        """Let the copy that set the timer act on it."""
        if name.startswith(TWIN):
            return self._apart(self._other.on_timer(name.removeprefix(TWIN)))
        return list(self._one.on_timer(name))

    def seal(self, effect: SendShares) -> SendSealed:
        """Seal the first copy's shares."""
        return self._one.seal(effect)

    def dispatch(self, effect: SendSealed) -> Sequence[Effect]:
        """Send the first copy's shares."""
        return self._one.dispatch(effect)

    def retire(self) -> list[Effect]:
        """Let both erase their shares."""
        return [*self._one.retire(), *self._apart(self._other.retire())]

    def _apart(self, effects: Iterable[Effect]) -> list[Effect]:
        """Give the second copy's entries and timers names of their own."""
        found: list[Effect] = []
        for effect in effects:
            match effect:
                case SendShares():
                    found += self._apart(self._other.dispatch(self._other.seal(effect)))
                case Put(key) | Delete(key):
                    found.append(dataclasses.replace(effect, key=TWIN + key))
                case StartTimer(name) | StopTimer(name):
                    found.append(dataclasses.replace(effect, name=TWIN + name))
                case _:
                    found.append(effect)
        return found
