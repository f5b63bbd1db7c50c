"""A signing session of the T-chain, as one holder takes part in it: as signer, and as coordinator.

The K-chain opens sessions and closes them; between the two, members sign peer to peer over the
lossy network, in rounds that begin at ledger heights. In every round one member coordinates, and
only that one is answered. A machine serves one binding of a session to a generation: when the chain
binds the session anew, another machine with the new share and other nonces takes over.

`signing_task` what everyone knows of a session · `signing_signer` a share at work ·
`signing_coordinator` collecting, aggregating, evidence · `signing_sole` single-party keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto import mldsa
from sim.protocol.effects import Effect, StartTimer, StopTimer
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    Private,
    SigningMessage,
    SigningPackage,
)
from sim.protocol.signing_coordinator import Coordinator
from sim.protocol.signing_signer import Signer
from sim.protocol.signing_sole import SoleMachine
from sim.protocol.signing_task import SigningTask

EXPIRY = "expiry"
"""The timer after which a session looks expired to this member, whatever the ledger does."""


class SigningMachine:
    """One member's part in one session, bound to one generation.

    Args:
        context: The validator that runs it.
        task: The session, as the chain has it.
        share: The member's share of the generation that `task` names.
        stored: What the store holds under this session's prefix.

    """

    def __init__(
        self,
        context: MemberContext,
        task: SigningTask,
        share: SecretScalar,
        stored: Mapping[str, bytes],
    ) -> None:
        self.context = context
        self.task = task
        self._signer = Signer(context, task, share, stored)
        self._coordinator = Coordinator(context, self._signer)
        self._round: int | None = None
        self._expired = False

    @property
    def label(self) -> str:
        """The scenario's name for the session."""
        return self.task.label

    def on_task(self, task: SigningTask, height: int) -> list[Effect]:
        """Look at the session as the chain has it at `height`, and coordinate if it is one's turn.

        `task` has the binding that the machine was made for.
        """
        assert task.binding == self.task.binding, task.binding
        self.task = task
        self._expired = height >= task.expires
        if self._expired:
            return self._coordinator.stop()
        # The local clock may be wrong; it only makes this member refuse, never blame.
        effects: list[Effect] = [StartTimer(EXPIRY, (task.expires - height) * task.block_us)]
        number = task.round_at(height)
        if number is None or number == self._round:
            return effects
        self._round = number
        self._signer.forget()
        if task.seats(number)[0] == self._signer.me and task.is_proper:
            return effects + self._coordinator.begin_round(number)
        return effects + self._coordinator.stop()

    def close(self) -> list[Effect]:
        """End: the chain has closed the session, or has bound it to another generation."""
        self._expired = True
        return [*self._coordinator.stop(), StopTimer(EXPIRY), *self._signer.erase()]

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Take a private message; what doesn't concern this session, now, is ignored."""
        member = self.task.by_validator.get(source)
        if member is None or self._expired or not isinstance(message, SigningMessage):
            return []
        here = (self.task.session, self.task.generation, self._round)
        if (message.session, message.generation, message.round) != here:
            return []
        match message:
            case NonceRequest():
                return self._signer.answer_request(source, message) if self._heeds(source) else []
            case SigningPackage():
                return self._signer.answer_package(source, message) if self._heeds(source) else []
            case NonceCommitment():
                return self._coordinator.take_commitment(member.index, message)
            case PartialSignature():
                return self._coordinator.take_partial(member.index, message)

    def on_timer(self, name: str) -> list[Effect]:
        """``expiry``: the session looks expired; any other timer is the coordinator's."""
        if name == EXPIRY:
            self._expired = True
            return self._coordinator.stop()
        return [] if self._expired else self._coordinator.on_timer(name)

    def _heeds(self, source: ValidatorIndex) -> bool:
        """Say whether `source` coordinates the running round, and this member has a seat in it."""
        assert self._round is not None
        seats = self.task.seats(self._round)
        return (
            self.task.is_proper
            and self._signer.me in seats
            and self.task.member(seats[0]).validator == source
        )


def open_signing(
    context: MemberContext,
    task: SigningTask,
    share: SecretScalar | mldsa.SigningKey,
    stored: Mapping[str, bytes],
) -> SigningMachine | SoleMachine:
    """Return the machine for one binding of a session.

    Args:
        context: The validator that runs it.
        task: The session, as the chain has it.
        share: The validator's share of the generation that `task` names; the whole key where a
            single party holds it.
        stored: What the store holds under this session's prefix.

    """
    if isinstance(share, mldsa.SigningKey):
        return SoleMachine(task, share)
    return SigningMachine(context, task, share, stored)
