"""The coordinator of one round of a session: collects, aggregates, names who spoils it.

FROST: it asks every seat for nonce commitments, takes the first that answer, as many as make a
signature, and sends them the list; every try has fresh nonces. BLS: every seat is listed, and the
first partials make the signature. Whoever is silent is left out of the next try of the round, and
whoever gives a bad partial of all that follow: its identity's signature over the partial makes it
evidence, which goes on the ledger with the session (ROAST calls such a scheme robust, as long as
enough honest holders answer).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.crypto import identity, verification
from sim.crypto.signatures import CommitmentList, NonceCommitments, get_signatures
from sim.protocol.effects import Effect, Record, Send, StartTimer, StopTimer
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    SigningPackage,
)
from sim.protocol.requests import BadPartial, RecordSignSession
from sim.protocol.result import usable_nonces
from sim.protocol.signing_signer import Signer
from sim.protocol.signing_task import SigningTask, partial_statement

TRY_MIN_US = 1_000_000
"""Least time that a coordinator waits for answers before it tries again without the silent, µs."""

TRIES_PER_INCARNATION = 1 << 20
"""Tries are numbered from here on in each incarnation: a restart repeats none."""


@dataclass
class _Try:
    """One try: step one (FROST alone) collects commitments, step two partials.

    `package` is the frozen list, empty during step one.
    """

    attempt: int
    asked: list[int]
    commitments: dict[int, NonceCommitments] = field(default_factory=dict)
    package: CommitmentList = ()
    partials: dict[int, bytes] = field(default_factory=dict)
    sends: dict[int, int] = field(default_factory=dict)


class Coordinator:
    """What the first seat of a round does; over several rounds it remembers who was bad.

    Args:
        context: The validator.
        signer: Its own part as a signer.

    """

    def __init__(self, context: MemberContext, signer: Signer) -> None:
        self._context = context
        self._signer = signer
        self._task: SigningTask = signer.task
        self._signatures = get_signatures(self._task.scheme)
        self._round = 0
        self._tries = context.incarnation * TRIES_PER_INCARNATION
        self._try: _Try | None = None
        self._silent: set[int] = set()
        self._out: set[int] = set()
        self._bad: dict[int, BadPartial] = {}

    def begin_round(self, number: int) -> list[Effect]:
        """Coordinate round `number`."""
        stop = self.stop()
        self._round, self._silent = number, set()
        return stop + self._begin()

    def stop(self) -> list[Effect]:
        """Coordinate no longer."""
        current, self._try = self._try, None
        if current is None:
            return []
        return [StopTimer("try"), *(StopTimer(f"ask/{member}") for member in current.asked)]

    def on_timer(self, name: str) -> list[Effect]:
        """``ask/<member>`` sends again what that member hasn't answered; ``try`` gives up."""
        current = self._try
        if current is None:
            return []
        if name == "try":
            waiting = [member for member, *_ in current.package] or current.asked
            answered = current.partials if current.package else current.commitments
            self._silent |= {member for member in waiting if member not in answered}
            return self.stop() + self._begin()
        return self._ask(current, int(name.removeprefix("ask/")))

    # One try after the other

    def _begin(self) -> list[Effect]:
        """Begin a try: ask every seat for a commitment, or at once for a partial."""
        task, me = self._task, self._signer.me
        good = [s for s in task.seats(self._round) if s != me and s not in self._out]
        if len(good) + 1 < task.needed:
            return []  # later rounds draw other seats
        if sum(seat not in self._silent for seat in good) + 1 < task.needed:
            self._silent = set()  # nobody else is left to ask
        self._tries += 1
        own = self._signer.commit(self._round, self._tries)
        if own is None:
            return []  # so many tries in one round lead nowhere
        current = _Try(self._tries, [seat for seat in good if seat not in self._silent])
        self._try = current
        current.commitments[me] = own[0]
        effects = [*own[1], self._patience()]
        if self._signatures.uses_nonces:
            for member in current.asked:
                effects += self._ask(current, member)
        else:
            current.commitments.update(dict.fromkeys(current.asked, ()))
        return effects + self._package_if_ready(current)

    def _patience(self) -> Effect:
        # A round has room for three of them: two steps, and one more try without the silent.
        return StartTimer("try", max(self._task.pace * self._task.block_us // 3, TRY_MIN_US))

    def _ask(self, current: _Try, member: int) -> list[Effect]:
        """Send `member` what the current step asks of it; RTO doubles with every send."""
        task = self._task
        head = (task.session, task.generation, self._round, current.attempt)
        message: NonceRequest | SigningPackage
        if current.package:
            if member in current.partials:
                return []
            message = SigningPackage(*head, task.message, current.package)
        else:
            message = NonceRequest(*head)
        peer = task.member(member).validator
        sends = current.sends[member] = current.sends.get(member, 0) + 1
        timeout = min(self._context.rto_us(peer) << min(sends - 1, 40), self._context.rto_max_us)
        return [
            Send(peer, self._signer.subject(self._round, current.attempt), message),
            StartTimer(f"ask/{member}", timeout),
        ]

    def take_commitment(self, member: int, message: NonceCommitment) -> list[Effect]:
        """Take a pair of nonce commitments for the running try."""
        current = self._current(message)
        if current is None or current.package or member not in current.asked:
            return []
        if not usable_nonces(self._task.scheme, message.nonces):
            return []
        current.commitments.setdefault(member, message.nonces)
        return [StopTimer(f"ask/{member}"), *self._package_if_ready(current)]

    def _package_if_ready(self, current: _Try) -> list[Effect]:
        """With commitments enough, freeze the list and ask for partials."""
        if len(current.commitments) < self._task.needed:
            return []
        stop: list[Effect] = [StopTimer(f"ask/{member}") for member in current.asked]
        current.package = tuple(
            self._signatures.entry(member, current.commitments[member])
            for member in sorted(current.commitments)
        )
        current.sends = {}
        current.partials[self._signer.me] = self._signer.partial(current.package)
        effects = [*stop, self._patience()]
        for member in current.asked:
            if member in current.commitments:
                effects += self._ask(current, member)
        return effects + self._finish_if_ready(current)

    def take_partial(self, member: int, message: PartialSignature) -> list[Effect]:
        """Take a partial signature for the running try; keep a bad one as evidence."""
        current = self._current(message)
        if current is None or member not in [index for index, _, _ in current.package]:
            return []
        if member in current.partials or member in self._out:
            return []
        if message.list_hash != self._task.list_hash(current.package):
            return []
        if not self._task.holds(member, current.package, message.partial):
            return self._leave_out(current, member, message)
        current.partials[member] = message.partial
        return [StopTimer(f"ask/{member}"), *self._finish_if_ready(current)]

    def _leave_out(self, current: _Try, member: int, message: PartialSignature) -> list[Effect]:
        """Exclude a signer whose partial doesn't hold, with proof if it stands for it."""
        self._out.add(member)
        evidence = BadPartial(member, current.package, message.partial, message.signature)
        public = self._task.member(member).identity
        said = partial_statement(message.list_hash, message.partial)
        if identity.verify(public, said, message.signature):
            self._bad[member] = evidence
        if len(self._task.holders) - len(self._bad) < self._task.needed:
            return self._record(b"", ())
        left = sum(index not in self._out for index, _, _ in current.package)
        if left >= self._task.needed:
            return [StopTimer(f"ask/{member}")]  # there are others enough in the list
        return self.stop() + self._begin()

    def _finish_if_ready(self, current: _Try) -> list[Effect]:
        """With partials enough, aggregate, check, and put the session on the ledger."""
        if len(current.partials) < self._task.needed:
            return []
        task, signers = self._task, sorted(current.partials)
        signature = self._signatures.aggregate(
            task.public_key,
            task.message,
            tuple(entry for entry in current.package if entry[0] in current.partials),
            [current.partials[member] for member in signers],
        )
        # Every partial was checked, so the sum verifies; anything else is a bug here.
        assert verification.verify(task.scheme, task.public_key, task.message, signature)
        return self._record(signature, tuple(signers))

    def _record(self, signature: bytes, signers: tuple[int, ...]) -> list[Effect]:
        task = self._task
        bad = tuple(self._bad[member] for member in sorted(self._bad))
        record = RecordSignSession(
            key=task.key,
            generation=task.generation,
            signing=task.signing,
            context=task.context,
            message=task.message,
            signature=signature,
            signers=signers,
            bad=bad,
        )
        return [*self.stop(), Record(record)]

    def _current(self, message: NonceCommitment | PartialSignature) -> _Try | None:
        """Return the running try, if a message belongs to it."""
        current = self._try
        if current is None or (message.round, message.attempt) != (self._round, current.attempt):
            return None
        return current
