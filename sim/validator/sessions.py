"""The machines of one validator: one per attempt of a ceremony, one per active key for signing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sim.base.codec import decode_canonical, encode
from sim.base.ids import Label, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, Flush, Put, SendSealed, SendShares, encoded
from sim.protocol.envelopes import MAX_PER_DEALER, envelope_key, store_prefix
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private, ShareAck, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.sharing import SharingMachine
from sim.protocol.signing import DEFAULT_CONTEXT, SigningMachine
from sim.validator.account import Account
from sim.validator.performing import POSTED, Action, Deliver, Scope, prepare
from sim.validator.ports import Chain, Conscience, Letter
from sim.validator.store import Store

EARLY: Final = "early/"
"""Store keys of envelopes whose session is still unknown; whom they came from comes next."""

EARLY_MAX: Final = 256
"""Envelopes of unknown sessions that a validator keeps from one sender: a bound on memory."""


@dataclass(slots=True)
class SigningSeat:
    """A machine for the test signature of one active key, and where its effects belong."""

    machine: SigningMachine
    scope: Scope
    state: CeremonyState
    closed: bool = False


@dataclass(slots=True)
class Seat:
    """A machine for one attempt, where its effects belong, and the state that it has last seen.

    `closed` once it has seen the attempt's end; `signing` once it takes part in a test signature.
    """

    machine: SharingMachine
    scope: Scope
    state: CeremonyState
    closed: bool = False
    signing: SigningSeat | None = None

    @property
    def ceremony(self) -> Ceremony:
        """The attempt."""
        return self.machine.ceremony


@dataclass
class Sessions:
    """Makes machines as their attempts appear on the ledger, and passes inputs on to them.

    Attributes:
        member: The validator behind the machines.
        store: Whose keys under an attempt's prefix a machine starts from.
        account: Signs its statements.
        conscience: What an adversary makes of its effects.
        amnesiac_until: In attempts that were opened before this height the validator says nothing,
            because its store was lost; None if it never was.

    """

    member: MemberContext
    store: Store
    account: Account
    conscience: Conscience
    amnesiac_until: int | None = None
    _seats: dict[tuple[bytes, int], Seat] = field(default_factory=dict)
    _signing: dict[str, SigningSeat] = field(default_factory=dict)
    _owners: dict[str, Seat | SigningSeat] = field(default_factory=dict)

    @property
    def seats(self) -> Sequence[Seat]:
        """Every machine so far, in the order in which their attempts appeared."""
        return tuple(self._seats.values())

    def seat(self, state: CeremonyState) -> Seat | None:
        """Return the machine for an attempt, made when it is first seen; None without a seat."""
        ceremony = state.ceremony
        if self.member.validator not in ceremony.by_validator:
            return None
        key = (ceremony.session, ceremony.attempt)
        if key not in self._seats:
            seat = self._open(state)
            self._seats[key] = self._owners[seat.scope.owner] = seat
        return self._seats[key]

    def _open(self, state: CeremonyState) -> Seat:
        ceremony = state.ceremony
        prefix = store_prefix(ceremony.session, ceremony.attempt)
        self._admit_early(ceremony, prefix)
        machine = SharingMachine(
            self.member,
            ceremony,
            self.store.under(prefix),
            tuple(self.store.under(POSTED + prefix)),
            amnesiac=self.amnesiac_until is not None and ceremony.start <= self.amnesiac_until,
        )
        return Seat(machine, Scope.of(ceremony), state)

    def on_state(self, seat: Seat, state: CeremonyState, height: int, now_us: int) -> list[Action]:
        """Let a machine act on its attempt as it stands at `height`; once more after its end."""
        if seat.closed:
            return []
        seat.state = state
        seat.closed = state.ended
        actions = self._prepared(seat, seat.machine.on_state(state, height), now_us)
        added = self.conscience.add(state, height, now_us)
        return actions + self._packed(seat, added, state, seat.scope, now_us)

    def on_others(self, state: CeremonyState, height: int, now_us: int) -> list[Action]:
        """Look at an attempt without a seat in it: there is nothing that one has to do."""
        added = [] if state.ended else self.conscience.add(state, height, now_us)
        return self._packed(None, added, state, Scope.of(state.ceremony), now_us) if added else []

    def on_height(self, seat: Seat, chain: Chain, height: int, now_us: int) -> list[Action]:
        """Let a holder of an active key take part in its test signature."""
        share = seat.machine.share
        if seat.state.phase is not Phase.ACTIVE or share is None:
            return []
        if seat.signing is None:
            seat.signing = self._open_signing(seat, share, chain.contexts(seat.ceremony.key))
        signing = seat.signing
        if signing.closed:
            return []
        signing.closed = chain.has_signed(seat.ceremony)
        effects = signing.machine.on_height(height, recorded=signing.closed)
        return self._prepared(signing, effects, now_us)

    def _open_signing(
        self, seat: Seat, share: SecretScalar, contexts: Sequence[str]
    ) -> SigningSeat:
        prefix = f"signing/{seat.scope.prefix}"
        purpose = contexts[0] if contexts else DEFAULT_CONTEXT
        machine = SigningMachine(self.member, seat.state, share, purpose, self.store.under(prefix))
        scope = Scope(
            label=machine.label,
            attempt=0,
            session=seat.scope.session,
            prefix=prefix,
            scalar_size=seat.scope.scalar_size,
        )
        signing = SigningSeat(machine, scope, seat.state)
        self._signing[scope.label] = self._owners[scope.owner] = signing
        return signing

    def on_timer(self, owner: str, name: str, now_us: int) -> list[Action]:
        """Let the machine that set a timer act on it."""
        seat = self._owners[owner]
        return self._prepared(seat, seat.machine.on_timer(name), now_us)

    def on_message(self, letter: Letter, message: Private, now_us: int) -> list[Action]:
        """Pass a message on; share envelopes of a session still unknown are kept for it."""
        seat: Seat | SigningSeat | None
        if isinstance(message, ShareEnvelope | ShareAck):
            seat = self._seats.get((message.session, message.attempt))
        else:
            # The label only says which of several keys is meant; the machine checks the rest.
            seat = self._signing.get(letter.label.session)
        if seat is not None:
            effects = seat.machine.on_message(letter.source, message)
            return self._prepared(seat, effects, now_us)
        if isinstance(message, ShareEnvelope):
            return self._keep_early(letter.source, letter.label, message)
        return []

    def _keep_early(
        self, source: ValidatorIndex, label: Label, envelope: ShareEnvelope
    ) -> list[Action]:
        """Store and acknowledge at once: the machine finds it when the session is known."""
        sender = f"{EARLY}{source}/"
        place = store_prefix(envelope.session, envelope.attempt) + envelope_key(envelope)
        ack = ShareAck(envelope.session, envelope.attempt, envelope.dealer, envelope.recipient)
        answer = Deliver(source, label._replace(kind="ack"), encode(ack), scalar_size=0)
        kept = self.store.under(sender)
        if place in kept:
            return [answer]
        alike = place.rpartition("/")[0]
        if len(kept) >= EARLY_MAX or sum(p.startswith(alike) for p in kept) >= MAX_PER_DEALER:
            return []
        return [Put(sender + place, encode(envelope)), Flush(), answer]

    def _admit_early(self, ceremony: Ceremony, prefix: str) -> None:
        """Move what came early to where the machine looks for it: from each dealer its own alone.

        Nobody could tell before who had which seat: another's envelopes would fill a dealer's room.
        """
        me = ceremony.by_validator[self.member.validator].index
        for key, value in self.store.under(EARLY).items():
            source, _, place = key.partition("/")
            if not place.startswith(prefix):
                continue
            self.store.delete(EARLY + key)
            envelope = decode_canonical(value, ShareEnvelope)
            sender = ceremony.by_validator.get(ValidatorIndex(int(source)))
            if sender is not None and (envelope.dealer, envelope.recipient) == (sender.index, me):
                self.store.put(place, value)

    def _prepared(
        self, seat: Seat | SigningSeat, effects: Sequence[Effect], now_us: int
    ) -> list[Action]:
        """Pass effects through the conscience, and turn what it lets through into actions."""
        if not effects:
            return []
        meant = self.conscience.filter(effects, seat.state, now_us)
        return self._packed(seat, meant, seat.state, seat.scope, now_us)

    def _packed(
        self,
        seat: Seat | SigningSeat | None,
        effects: Sequence[Effect],
        state: CeremonyState,
        scope: Scope,
        now_us: int,
    ) -> list[Action]:
        """Seal, encode and sign; what has become bytes passes the conscience once more."""
        ready: list[Effect] = []
        for effect in effects:
            for single in self._dispatched(seat, effect, state, now_us):
                packed = encoded(single, scope.session, scope.attempt)
                if packed is single:
                    ready.append(packed)
                else:
                    ready += self.conscience.filter([packed], state, now_us)
        return prepare(ready, scope, self.account, self.member.name)

    def _dispatched(
        self, seat: Seat | SigningSeat | None, effect: Effect, state: CeremonyState, now_us: int
    ) -> Sequence[Effect]:
        """Seal shares, and send what the conscience leaves of the sealed ones."""
        if not isinstance(effect, SendShares):
            return [effect]
        assert isinstance(seat, Seat)
        dispatched: list[Effect] = []
        for sealed in self.conscience.filter([seat.machine.seal(effect)], state, now_us):
            if isinstance(sealed, SendSealed):
                dispatched += seat.machine.dispatch(sealed)
            else:
                dispatched.append(sealed)
        return dispatched
