"""The machines of one validator: one per attempt of a ceremony, one per open signing session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sim.base.codec import encode
from sim.base.ids import Label, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Delete, Effect, Flush, SendSealed, SendShares, encoded
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import member_machine
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private, ShareAck, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.signing import open_signing
from sim.protocol.signing_task import Binding, SigningTask
from sim.validator.account import Account
from sim.validator.early import Early
from sim.validator.erasing import erased, left_behind
from sim.validator.keyring import share_of, signing_key_of
from sim.validator.performing import POSTED, SIGNING, Action, Deliver, Note, Scope, prepare
from sim.validator.ports import AttemptId, Chain, Conscience, Letter
from sim.validator.seats import Seat, SigningSeat
from sim.validator.store import Store
from sim.validator.twins import TWIN, Twins, second
from sim.validator.vaulting import Locker, Place


@dataclass
class Sessions:
    """Makes machines as their attempts appear on the ledger, and passes inputs on to them.

    Attributes:
        member: The validator behind the machines.
        store: Whose keys under an attempt's prefix a machine starts from.
        account: Signs its statements.
        conscience: What an adversary makes of its effects.
        locker: Seals what its machines keep.
        amnesiac_until: In attempts that were opened before this height the validator says nothing,
            because its store was lost; None if it never was.
        height: Of the last block that it has received.

    """

    member: MemberContext
    store: Store
    account: Account
    conscience: Conscience
    locker: Locker
    amnesiac_until: int | None = None
    height: int = 0
    _seats: dict[AttemptId, Seat] = field(default_factory=dict)
    _signing: dict[Binding, SigningSeat] = field(default_factory=dict)
    _owners: dict[str, Seat | SigningSeat] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.early = Early(self.store)

    @property
    def seats(self) -> Sequence[Seat]:
        """Every machine of an attempt that counts, in the order in which they appeared."""
        return tuple(self._seats.values())

    @property
    def signs(self) -> bool:
        """Whether it takes part in a signing session."""
        return bool(self._signing)

    def seat(self, state: CeremonyState) -> Seat:
        """Return the machine for an attempt with a seat for it, made when it is first seen."""
        ceremony = state.ceremony
        key = (ceremony.session, ceremony.attempt)
        if key not in self._seats:
            seat = self._open(state)
            self._seats[key] = self._owners[seat.scope.owner] = seat
        return self._seats[key]

    def _open(self, state: CeremonyState) -> Seat:
        ceremony, scope = state.ceremony, Scope.of(state.ceremony)
        prefix = scope.place.prefix
        self.early.admit(ceremony, self.member.validator, prefix)
        stored, said = self.locker.opened(scope.place), tuple(self.store.names(POSTED + prefix))
        opened = partial(
            member_machine,
            ceremony=ceremony,
            posted=said,
            share=self._base_share(ceremony),
            amnesiac=self.amnesiac_until is not None and ceremony.start <= self.amnesiac_until,
        )
        machine = opened(self.member, stored=stored)
        if self.conscience.twinned:
            theirs = {
                name.removeprefix(TWIN): value
                for name, value in stored.items()
                if name.startswith((TWIN, "envelope/"))
            }
            return Seat(Twins(machine, opened(second(self.member), stored=theirs)), scope, state)
        return Seat(machine, scope, state)

    def _base_share(self, ceremony: Ceremony) -> SecretScalar | None:
        base = ceremony.base
        if base is None:
            return None
        return share_of(self._seats.values(), ceremony.key, ceremony.era, base.generation)

    def retire(self, chain: Chain, now_us: int) -> list[Action]:
        """Erase what belongs to attempts that no longer count."""
        if self._seats.keys() <= chain.live():
            return []
        actions: list[Action] = []
        for attempt in [known for known in self._seats if known not in chain.live()]:
            seat = self._seats.pop(attempt)
            del self._owners[seat.scope.owner]
            actions += self._prepared(seat, seat.machine.retire(), now_us)
            actions += erased(attempt, seat.scope.label, self.store, self.locker, "retired")
        return actions

    def sweep(self, chain: Chain) -> list[Action]:
        """After a start: erase what an earlier incarnation left of attempts that don't count."""
        open_now = {task.session.hex() for task in chain.signing_tasks(self.member.validator)}
        marks = [
            Delete(SIGNING + name)
            for name in self.store.names(SIGNING)
            if name.partition("/")[0] not in open_now
        ]
        return marks + [
            action
            for attempt in left_behind(self.store, chain.live())
            for action in erased(attempt, chain.label(attempt), self.store, self.locker, "swept")
        ]

    def on_state(self, seat: Seat, state: CeremonyState, height: int, now_us: int) -> list[Action]:
        """Let a machine act on its attempt as it stands at `height`; once more after its end."""
        went_on = not seat.state.ended
        seat.state = state
        seat.closed = state.ended
        actions = self._prepared(seat, seat.machine.on_state(state, height), now_us)
        added = self.conscience.add(state, height, now_us)
        actions += self._packed(seat, added, state, seat.scope, now_us)
        if not seat.closed:
            return actions
        # What a scenario waits for comes before the erasure: a crash there leaves all to the sweep.
        return [*(self._activated(seat) if went_on else []), *actions, *self._closing(seat)]

    def _activated(self, seat: Seat) -> list[Action]:
        """Note that the attempt has reached what it was for, if it has."""
        ceremony = seat.ceremony
        if seat.state.phase is not Phase.ACTIVE:
            return []
        if ceremony.operation == "repair":
            event = "" if seat.machine.share is None else "share-repaired"
        else:
            event = "rotation-activated" if (ceremony.era, ceremony.generation) > (1, 0) else ""
        label = Label(ceremony.label, ceremony.attempt, "activate", "")
        return [Note("activate", label, ceremony.operation, event)]

    def _closing(self, seat: Seat) -> list[Action]:
        """Erase the DEK of what only the ceremony needed; all of them if there is no share."""
        failed = seat.state.phase is Phase.FAILED
        doomed = self.locker.forget(seat.scope.place.prefix, lasting=failed)
        return [*map(Delete, doomed), Flush()] if doomed else []

    def on_others(self, state: CeremonyState, height: int, now_us: int) -> list[Action]:
        """Look at an attempt without a seat in it: there is nothing that one has to do."""
        ceremony = state.ceremony
        if state.ended or (ceremony.session, ceremony.attempt) in self._seats:
            return []
        added = self.conscience.add(state, height, now_us)
        return self._packed(None, added, state, Scope.of(state.ceremony), now_us) if added else []

    def on_foreseen(self, state: CeremonyState, height: int, now_us: int) -> list[Action]:
        """Add what the conscience wants in the block that would make `state`."""
        seat = self._seats.get((state.ceremony.session, state.ceremony.attempt))
        if seat is None:
            return []
        added = self.conscience.foresee(state, height, now_us)
        return self._packed(seat, added, state, seat.scope, now_us)

    def on_tasks(self, tasks: Sequence[SigningTask], height: int, now_us: int) -> list[Action]:
        """Take part in the open signing sessions; end what has been closed or bound anew."""
        bindings = {task.binding for task in tasks}
        actions: list[Action] = []
        for binding in [known for known in self._signing if known not in bindings]:
            seat = self._signing.pop(binding)
            del self._owners[seat.scope.owner]
            actions += self._prepared(seat, seat.machine.close(), now_us)
        for task in tasks:
            signing = self._signing.get(task.binding)
            if signing is None:
                signing = self._join(task)
                if signing is None:
                    continue
                note = Label(task.label, 0, "sign", "")
                actions.append(Note("open", note, task.purpose, "sign-session-opened"))
            effects = signing.machine.on_task(task, height)
            actions += self._prepared(signing, effects, now_us)
        return actions

    def _join(self, task: SigningTask) -> SigningSeat | None:
        """Make the machine for a binding; None without a share of its generation."""
        held = signing_key_of(self._seats.values(), task.key, task.era, task.generation)
        if held is None:
            return None
        seat, share = held
        place = Place(f"{SIGNING}{task.session.hex()}/", task.key, task.era, task.generation)
        machine = open_signing(self.member, task, share, self.locker.opened(place))
        scope = Scope(
            label=task.label,
            attempt=0,
            session=task.session,
            place=place,
            scalar_size=seat.scope.scalar_size,
        )
        signing = SigningSeat(machine, scope, seat.state)
        self._signing[task.binding] = self._owners[scope.owner] = signing
        return signing

    def on_timer(self, owner: str, name: str, now_us: int) -> list[Action]:
        """Let the machine that set a timer act on it, if it is still there."""
        seat = self._owners.get(owner)
        if seat is None:
            return []
        return self._prepared(seat, seat.machine.on_timer(name), now_us)

    def on_message(self, letter: Letter, message: Private, now_us: int) -> list[Action]:
        """Pass a message on; share envelopes of a session still unknown are kept for it."""
        seat: Seat | SigningSeat | None
        if isinstance(message, ShareEnvelope | ShareAck):
            seat = self._seats.get((message.session, message.attempt))
        else:
            seat = next(
                (
                    signing
                    for signing in self._signing.values()
                    if signing.scope.session == message.session
                ),
                None,
            )
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
        kept = self.early.keep(source, envelope, self.height)
        if kept is None:
            return []
        ack = ShareAck(envelope.session, envelope.attempt, envelope.dealer, envelope.recipient)
        return [*kept, Deliver(source, label._replace(kind="ack"), encode(ack), scalar_size=0)]

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
        return prepare(ready, scope, self.account, self.locker, self.member.name)

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
                # Nothing is sealed where the secrets are gone that would have to go with shares.
                dispatched += seat.machine.dispatch(sealed) if sealed.sealed else []
            else:
                dispatched.append(sealed)
        return dispatched
