"""A signer in a session: commits to nonces, signs one list with each pair, answers one coordinator.

FROST is RFC 9591, section 5, with the commitment of round one bound to (session, generation, round,
try). BLS has no round one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.signatures import CommitmentList, NonceCommitments, get_signatures
from sim.protocol.effects import Delete, Effect, Flush, Put, Send
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    SigningPackage,
)
from sim.protocol.signer import NonceStock
from sim.protocol.signing_task import SigningTask, partial_statement

TRIES_MAX = 64
"""Tries of one round in which a member takes part: a bound on memory."""

_TryOf = tuple[int, int]
"""(round, try). A round has one coordinator, so nobody can spend what was meant for another."""


class Signer:
    """What a holder does with its share in one binding of a session.

    Args:
        context: The validator.
        task: The session.
        share: Its share of the generation that the session is bound to.
        stored: What the store holds for this session: which pairs were committed to.

    """

    def __init__(
        self,
        context: MemberContext,
        task: SigningTask,
        share: SecretScalar,
        stored: Mapping[str, bytes],
    ) -> None:
        self.task = task
        self.me: int = task.by_validator[context.validator].index
        self._identity = context.identity
        self._share = share
        self._marks = dict.fromkeys(stored)
        self._signatures = get_signatures(task.scheme)
        self._nonces = NonceStock(context, task.scheme, task.label, task.era, task.generation)
        self._commitments: dict[_TryOf, NonceCommitments] = {}
        self._answers: dict[_TryOf, PartialSignature] = {}

    def forget(self) -> None:
        """Drop what earlier rounds have left: their coordinators aren't answered any more."""
        self._nonces.discard()
        self._commitments.clear()
        self._answers.clear()

    def erase(self) -> list[Effect]:
        """Drop everything, the store's marks included: the session is over."""
        self.forget()
        marks = list(self._marks)
        self._marks.clear()
        return [Delete(mark) for mark in marks]

    def commit(self, number: int, attempt: int) -> tuple[NonceCommitments, list[Effect]] | None:
        """Return the pair for one try, always the same, and what must be done before it leaves.

        None if it was committed to before a restart, and so is gone, or if there were too many.
        """
        use = (number, attempt)
        if use in self._commitments:
            return self._commitments[use], []
        mark = f"spent/{self.task.era}/{self.task.generation}/{number}/{attempt}"
        if mark in self._marks or len(self._commitments) >= TRIES_MAX:
            return None
        self._commitments[use] = self._nonces.fresh(self._share, number, attempt)
        self._marks[mark] = None
        return self._commitments[use], [Put(mark, b""), Flush()]

    def answer_request(self, source: ValidatorIndex, request: NonceRequest) -> list[Effect]:
        """Round one: send the coordinator of the running round a pair for its try."""
        if not self._signatures.uses_nonces:
            return []  # nobody honest asks
        committed = self.commit(request.round, request.attempt)
        if committed is None:
            return []
        nonces, before = committed
        reply = NonceCommitment(
            request.session, request.generation, request.round, request.attempt, nonces
        )
        return [*before, Send(source, self.subject(request.round, request.attempt), reply)]

    def answer_package(self, source: ValidatorIndex, package: SigningPackage) -> list[Effect]:
        """Round two: sign the session's message, and nothing else, over one list per try."""
        use = (package.round, package.attempt)
        hashed = self.task.list_hash(package.commitments)
        if use not in self._answers:
            if len(self._answers) >= TRIES_MAX or not self._signs(package):
                return []
            partial = self.partial(package.commitments)
            self._answers[use] = PartialSignature(
                package.session,
                package.generation,
                package.round,
                package.attempt,
                hashed,
                partial,
                self._identity.sign(partial_statement(hashed, partial)),
            )
        answer = self._answers[use]
        if answer.list_hash != hashed:
            return []
        return [Send(source, self.subject(*use), answer)]

    def partial(self, commitments: CommitmentList) -> bytes:
        """Spend the pair listed for this member and return its partial signature."""
        return self._nonces.sign(
            self.me, self._share, self.task.public_key, self.task.message, commitments
        )

    def subject(self, number: int, attempt: int) -> str:
        """Return the label's subject for messages of one try."""
        return f"{self.task.generation}/{number}/{attempt}"

    def _signs(self, package: SigningPackage) -> bool:
        """Say whether this member signs `package`: message, list and its own entry fit."""
        mine = self._commitments.get((package.round, package.attempt))
        return (
            self.task.is_proper
            and package.message == self.task.message
            and self.task.is_list(package.commitments, self.task.seats(package.round))
            and (not self._signatures.uses_nonces or mine is not None)
            and (mine is None or self._signatures.entry(self.me, mine) in package.commitments)
            and self._nonces.holds(self.me, package.commitments)
        )
