"""A test signature: t members sign peer to peer, and the result goes on the ledger.

After activation the lowest-index confirmer that Sign didn't exclude coordinates, over the lossy
network; if no session of the key is recorded `sign` heights later, the next one does. FROST
(RFC 9591) takes two rounds: the coordinator asks everyone eligible for nonce commitments, takes the
first t that answer, and sends them the list; every try has fresh nonces. BLS takes one: everyone
eligible is listed, and the first t partials make the signature. Whoever gives a bad partial, or
none, is left out of the next try.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto import verification
from sim.crypto.signatures import CommitmentList, NonceCommitments, get_signatures
from sim.protocol.activation import list_hash, partial_holds
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, Flush, Put, Record, Send, StartTimer, StopTimer
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    Private,
    SigningPackage,
)
from sim.protocol.result import usable_nonces
from sim.protocol.signer import NonceStock
from sim.protocol.transactions import RecordSignSession

TEST: Final = "K-chain/test/v1"

TRY_US: Final = 10_000_000
"""How long a coordinator waits for one round before it tries again without the silent, µs."""

DEFAULT_CONTEXT: Final = "test"

TRIES_MAX: Final = 256
"""Tries of one coordinator in which a member takes part: a bound on memory."""


def signing_message(ceremony: Ceremony, purpose: str) -> bytes:
    """Return the message that a test signature signs: the prefix, then the key and its context."""
    return TEST.encode() + encode(
        (ceremony.chain, ceremony.key, ceremony.era, ceremony.generation, purpose)
    )


def eligible(state: CeremonyState) -> list[int]:
    """Return the confirmers that Sign didn't exclude, ascending: they coordinate in this order."""
    return [member for member in sorted(state.confirmed) if member not in state.unsigning]


def coordinator_turns(state: CeremonyState) -> list[tuple[int, int]]:
    """Return (height, member): from that height on, that member may coordinate a session."""
    assert state.ended_at is not None
    pace = state.ceremony.lengths.sign
    return [(state.ended_at + rank * pace, member) for rank, member in enumerate(eligible(state))]


_TryOf = tuple[ValidatorIndex, str, int]
"""(coordinator, session, try): nobody can spend the nonces that were meant for another."""


def _room(source: ValidatorIndex, tries: Collection[_TryOf]) -> bool:
    """Say whether one more try of the coordinator `source` may be remembered."""
    return sum(coordinator == source for coordinator, _, _ in tries) < TRIES_MAX


@dataclass
class _Try:
    """One try of a coordinator: round one (FROST alone) collects commitments, round two partials.

    `package` is the frozen list, empty during round one.
    """

    number: int
    asked: list[int]
    commitments: dict[int, NonceCommitments] = field(default_factory=dict)
    package: CommitmentList = ()
    partials: dict[int, bytes] = field(default_factory=dict)
    sends: dict[int, int] = field(default_factory=dict)


class SigningMachine:
    """One member's part in the test signature of an active key: as signer, and as coordinator.

    Args:
        context: The validator that runs it.
        state: The ceremony that activated the key.
        share: The member's share.
        purpose: The policy's context in which the test signature is asked for.
        stored: What the store holds for this session.

    """

    def __init__(
        self,
        context: MemberContext,
        state: CeremonyState,
        share: SecretScalar,
        purpose: str,
        stored: Mapping[str, bytes],
    ) -> None:
        self.context = context
        self.ceremony = state.ceremony
        self._state = state
        self._share = share
        self._purpose = purpose
        self._message = signing_message(state.ceremony, purpose)
        self._me = state.ceremony.by_validator[context.validator].index
        self._stored = dict(stored)
        self._signatures = get_signatures(state.ceremony.scheme)
        self._nonces = NonceStock(context, state.ceremony.scheme, self.label)
        self._commitments: dict[_TryOf, NonceCommitments] = {}
        self._answers: dict[_TryOf, PartialSignature] = {}
        self._try: _Try | None = None
        self._left_out: set[int] = set()
        self._done = False

    @property
    def label(self) -> str:
        """The scenario's name for the session."""
        return f"{self.ceremony.key}/sign/{self.ceremony.generation}"

    @property
    def _signing(self) -> str:
        """The id of the session that this member would coordinate, in this incarnation."""
        generation = self.ceremony.generation
        return f"test-{generation}-{self.context.name}-{self.context.incarnation}"

    def on_height(self, height: int, *, recorded: bool) -> list[Effect]:
        """Coordinate when it is this member's turn; stop once a session is on the ledger."""
        if recorded:
            self._done = True
            return self._stop_timers()
        mine = (turn for turn, member in coordinator_turns(self._state) if member == self._me)
        if self._try is None and height >= next(mine, height + 1):
            return self._begin(1)
        return []

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Take a private message; what doesn't concern this session is ignored."""
        member = self.ceremony.by_validator.get(source)
        if member is None:
            return []
        match message:
            case NonceRequest():
                return self._commit(source, message)
            case SigningPackage():
                return self._sign(source, message)
            case NonceCommitment():
                return self._take_commitment(member.index, message)
            case PartialSignature():
                return self._take_partial(member.index, message)
            case _:
                return []

    def on_timer(self, name: str) -> list[Effect]:
        """``ask/<member>`` sends again what that member hasn't answered; ``try`` gives up."""
        if self._try is None or self._done:
            return []
        if name == "try":
            waiting = self._try.package or [(member, b"", b"") for member in self._try.asked]
            answered = self._try.partials if self._try.package else self._try.commitments
            self._left_out |= {member for member, *_ in waiting if member not in answered}
            return self._begin(self._try.number + 1)
        return self._ask(self._try, int(name.removeprefix("ask/")))

    # Signer

    def _commit(self, source: ValidatorIndex, request: NonceRequest) -> list[Effect]:
        """Round one: commit to a pair, the same for the same (coordinator, session, try)."""
        session = (source, request.signing, request.attempt)
        if (request.key, request.generation) != (self.ceremony.key, self.ceremony.generation):
            return []
        if not self._signatures.uses_nonces:
            return []  # nobody honest asks
        if session not in self._commitments:
            key = f"spent/{source}/{request.signing}/{request.attempt}"
            if key in self._stored:
                return []  # committed before a restart: those nonces are gone
            if not _room(source, self._commitments):
                return []
            self._commitments[session] = self._nonces.fresh(self._share)
            effects: list[Effect] = [Put(key, b""), Flush()]
        else:
            effects = []
        pair = self._commitments[session]
        reply = NonceCommitment(request.signing, request.attempt, pair)
        return [*effects, Send(source, request.signing, reply)]

    def _sign(self, source: ValidatorIndex, package: SigningPackage) -> list[Effect]:
        """Round two: sign the test message, and nothing else, over a list that has this member."""
        session = (source, package.signing, package.attempt)
        if session not in self._answers:
            mine = self._commitments.get(session)
            if not _room(source, self._answers) or not self._signs(package, mine):
                return []
            partial = self._partial(package.commitments)
            self._answers[session] = PartialSignature(
                package.signing, package.attempt, self._list_hash(package.commitments), partial
            )
        answer = self._answers[session]
        if answer.list_hash != self._list_hash(package.commitments):
            return []
        return [Send(source, package.signing, answer)]

    def _signs(self, package: SigningPackage, mine: NonceCommitments | None) -> bool:
        """Say whether this member signs `package`: its message, order, size and own entry fit.

        `mine` is the pair that was committed for it; None if there was none.
        """
        indices = [member for member, _, _ in package.commitments]
        return (
            package.message == self._message
            and indices == sorted(set(indices))
            and self._is_set(len(indices))
            and all(1 <= member <= self.ceremony.size for member in indices)
            and all(
                usable_nonces(self.ceremony.scheme, self._signatures.nonces_of(entry))
                for entry in package.commitments
            )
            and (mine is not None or not self._signatures.uses_nonces)
            and (mine is None or (self._me, *mine) in package.commitments)
            and self._nonces.holds(self._me, package.commitments)
        )

    def _is_set(self, size: int) -> bool:
        """Say whether so many listed signers make a signature: t with nonces, else t or more."""
        threshold = self.ceremony.threshold
        return size == threshold if self._signatures.uses_nonces else size >= threshold

    def _partial(self, commitments: CommitmentList) -> bytes:
        return self._nonces.sign(
            self._me, self._share, self._state.public_key, self._message, commitments
        )

    def _list_hash(self, commitments: CommitmentList) -> bytes:
        return list_hash(
            self.ceremony.session, self.ceremony.generation, self._message, commitments
        )

    # Coordinator

    def _begin(self, number: int) -> list[Effect]:
        """Begin a try: ask everyone eligible for a commitment, or at once for a partial."""
        members = [member for member in eligible(self._state) if member != self._me]
        if len(members) - len(self._left_out) < self.ceremony.threshold - 1:
            self._left_out = set()  # nobody else is left to ask
        asked = [member for member in members if member not in self._left_out]
        stop = self._stop_timers()
        self._try = _Try(number, asked)
        self._try.commitments[self._me] = self._nonces.fresh(self._share)
        effects = [*stop, StartTimer("try", TRY_US)]
        if self._signatures.uses_nonces:
            for member in asked:
                effects += self._ask(self._try, member)
        else:
            self._try.commitments.update(dict.fromkeys(asked, ()))
        return effects + self._package_if_ready(self._try)

    def _ask(self, current: _Try, member: int) -> list[Effect]:
        """Send `member` what the current round asks of it; RTO doubles with every send."""
        message: NonceRequest | SigningPackage
        if current.package:
            if member in current.partials:
                return []
            message = SigningPackage(
                self.ceremony.key,
                self.ceremony.generation,
                self._signing,
                current.number,
                self._message,
                current.package,
            )
        else:
            message = NonceRequest(
                self.ceremony.key, self.ceremony.generation, self._signing, current.number
            )
        peer = self.ceremony.member(member).validator
        sends = current.sends[member] = current.sends.get(member, 0) + 1
        timeout = min(self.context.rto_us(peer) << min(sends - 1, 40), self.context.rto_max_us)
        return [
            Send(peer, self._signing, message),
            StartTimer(f"ask/{member}", timeout),
        ]

    def _take_commitment(self, member: int, message: NonceCommitment) -> list[Effect]:
        current = self._current(message.signing, message.attempt)
        if current is None or current.package or member not in current.asked:
            return []
        if not usable_nonces(self.ceremony.scheme, message.nonces):
            return []
        current.commitments.setdefault(member, message.nonces)
        return [StopTimer(f"ask/{member}"), *self._package_if_ready(current)]

    def _package_if_ready(self, current: _Try) -> list[Effect]:
        """With t commitments, the first to come, or all, freeze the list and ask for partials."""
        if len(current.commitments) < self.ceremony.threshold:
            return []
        stop: list[Effect] = [StopTimer(f"ask/{member}") for member in current.asked]
        current.package = tuple(
            self._signatures.entry(member, current.commitments[member])
            for member in sorted(current.commitments)
        )
        current.sends = {}
        current.partials[self._me] = self._partial(current.package)
        effects = [*stop, StartTimer("try", TRY_US)]
        for member, _, _ in current.package:
            if member != self._me:
                effects += self._ask(current, member)
        return effects + self._finish_if_ready(current)

    def _take_partial(self, member: int, message: PartialSignature) -> list[Effect]:
        current = self._current(message.signing, message.attempt)
        if current is None or member not in [index for index, _, _ in current.package]:
            return []
        if member in current.partials or message.list_hash != self._list_hash(current.package):
            return []
        if not partial_holds(
            self.ceremony.scheme,
            self._state.public_key,
            self._state.verification[member],
            member,
            self._message,
            current.package,
            message.partial,
        ):
            self._left_out.add(member)
            return self._begin(current.number + 1)
        current.partials[member] = message.partial
        return [StopTimer(f"ask/{member}"), *self._finish_if_ready(current)]

    def _finish_if_ready(self, current: _Try) -> list[Effect]:
        """With t partials in, aggregate, check, and put the session on the ledger."""
        if len(current.partials) < self.ceremony.threshold:
            return []
        signers = sorted(current.partials)
        signature = self._signatures.aggregate(
            self._state.public_key,
            self._message,
            tuple(entry for entry in current.package if entry[0] in current.partials),
            [current.partials[member] for member in signers],
        )
        # Every partial was checked, so the sum verifies; anything else is a bug here.
        assert verification.verify(
            self.ceremony.scheme, self._state.public_key, self._message, signature
        )
        self._done = True
        record = RecordSignSession(
            key=self.ceremony.key,
            generation=self.ceremony.generation,
            signing=self._signing,
            context=self._purpose,
            message=self._message,
            signature=signature,
            signers=tuple(signers),
        )
        return [*self._stop_timers(), Record(record)]

    def _current(self, signing: str, number: int) -> _Try | None:
        """Return the running try, if a message belongs to it."""
        current = self._try
        if self._done or current is None or (signing, number) != (self._signing, current.number):
            return None
        return current

    def _stop_timers(self) -> list[Effect]:
        if self._try is None:
            return []
        asked: Collection[int] = self._try.asked
        return [StopTimer("try"), *(StopTimer(f"ask/{member}") for member in asked)]
