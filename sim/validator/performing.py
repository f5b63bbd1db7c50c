"""Effects made real: first prepared as a step that costs time, then performed without suspending.

Preparing signs and addresses bytes; performing writes, flushes, sends and submits, one effect after
the other, and stops where the scenario crashes the validator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from sim.base.codec import encode
from sim.base.ids import Label, ValidatorIndex
from sim.base.secret import Secret, SecretBytes
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import (
    Delete,
    Effect,
    Filing,
    Flush,
    Packet,
    Post,
    Put,
    Record,
    Relay,
    Send,
    SendSealed,
    SendShares,
    StartTimer,
    StopTimer,
)
from sim.protocol.envelopes import store_prefix
from sim.protocol.operations import share_size
from sim.protocol.requests import RecordSignSession
from sim.validator.account import Account, Signed
from sim.validator.events import EFFECT, Said, on_send, on_submit
from sim.validator.ports import Context
from sim.validator.store import Store
from sim.validator.tally import Tally
from sim.validator.timers import Timers
from sim.validator.vaulting import Locker, Place, is_secret

POSTED: Final = "posted/"
"""Store keys of what was said; then the attempt's prefix and the statement's kind."""

ERASE: Final = "erase"
"""Kind of the note that everything of an attempt is erased: nothing more is sent for it."""

SIGNING: Final = "signing/"
"""Store keys of signing machines; then the session, 32 bytes in hex."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose effects these are: one machine in one attempt of one session.

    Attributes:
        label: The scenario's name for the session.
        attempt: 1-based.
        session: 32 bytes.
        place: Where the machine's entries stand in the store, and which vault they are in.
        scalar_size: Bytes of one share; 0 where there are none.

    """

    label: str
    attempt: int
    session: bytes
    place: Place
    scalar_size: int

    @classmethod
    def of(cls, ceremony: Ceremony) -> Scope:
        """Return the scope of a participant's machine in the attempt `ceremony`."""
        single = ceremony.operation == "generate"
        return cls(
            label=ceremony.label,
            attempt=ceremony.attempt,
            session=ceremony.session,
            place=Place(
                store_prefix(ceremony.session, ceremony.attempt),
                ceremony.key,
                ceremony.era,
                ceremony.generation,
            ),
            scalar_size=0 if single else share_size(ceremony),
        )

    @property
    def owner(self) -> str:
        """The name under which its timers run."""
        return f"{self.label}#{self.attempt}"


@dataclass(frozen=True, slots=True)
class Publish:
    """A signed transaction on its way to the ledger.

    Attributes:
        signed: The transaction.
        said: What it says, if it is for an event or a figure; None for what no machine meant.
        body: Size of that, encoded, in bytes.
        marker: Store key that remembers that it was said; empty for what may be said again.

    """

    signed: Signed
    said: Said
    body: int
    marker: str


@dataclass(frozen=True, slots=True)
class Resend:
    """Bytes that exist already: a transaction that was written ahead and isn't on the ledger."""

    label: Label
    raw: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """Bytes for another validator."""

    to: ValidatorIndex
    label: Label
    payload: bytes
    scalar_size: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A timer to start (`delay_us` on the local clock) or, with None, to forget."""

    owner: str
    name: str
    delay_us: int | None


@dataclass(frozen=True, slots=True)
class Keep:
    """A secret for the store: as its vault has sealed it, and as the checks of a run know it."""

    key: str
    sealed: bytes
    plaintext: SecretBytes


@dataclass(frozen=True, slots=True)
class Read:
    """A request for the chain after the block at `height`; it names the incarnation that asks."""

    incarnation: int
    height: int


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the validator's history about itself, and the event that goes with it, if any."""

    kind: str
    label: Label
    verdict: str
    event: str


Action: TypeAlias = Publish | Resend | Read | Deliver | Alarm | Put | Keep | Delete | Flush | Note


def prepare(
    effects: Iterable[Effect], scope: Scope, account: Account, locker: Locker, name: str
) -> list[Action]:
    """Turn effects into actions: sign transactions, address bytes, seal and place entries.

    Statements, messages and shares have become bytes before. `name` is the validator's: the subject
    of its transactions' labels.
    """
    actions: list[Action] = []
    label: Label | None = None
    for effect in effects:
        match effect:
            case Filing():
                actions.append(_publish(effect, scope, account, name))
            case Relay(kind, subject, raw):
                actions.append(Resend(Label(scope.label, scope.attempt, kind, subject), raw))
            case Packet(to, kind, subject, payload):
                if label is None or (label.kind, label.subject) != (kind, subject):
                    # A fan-out shares one: they are kept as long as transmissions are counted.
                    label = Label(scope.label, scope.attempt, kind, subject)
                actions.append(Deliver(to, label, payload, scope.scalar_size))
            case Put(key, value):
                actions += _kept(key, value, scope.place, locker)
            case Delete(key):
                actions.append(Delete(scope.place.prefix + key))
            case Flush():
                actions.append(effect)
            case StartTimer(timer, delay_us):
                actions.append(Alarm(scope.owner, timer, delay_us))
            case StopTimer(timer):
                actions.append(Alarm(scope.owner, timer, None))
            case Post() | Record() | Send() | SendShares() | SendSealed():
                raise AssertionError(f"{type(effect).__name__} has not become bytes")
            case _:
                assert_never(effect)
    return actions


def _kept(name: str, value: bytes, place: Place, locker: Locker) -> list[Action]:
    """Seal what is secret; its DEK is written before it, if it is new."""
    if not is_secret(name):
        return [Put(place.prefix + name, value)]
    sealed, fresh = locker.seal(place, name, value)
    return [
        *(Put(key, wrapped) for key, wrapped in fresh),
        Keep(place.prefix + name, sealed, Secret(value)),
    ]


def _publish(filing: Filing, scope: Scope, account: Account, name: str) -> Publish:
    kind, said = filing.kind, filing.said
    signed = account.sign(kind, Label(scope.label, scope.attempt, kind, name), filing.payload)
    if said is None or isinstance(said, RecordSignSession):
        return Publish(signed, said, len(filing.payload), "")
    return Publish(signed, said, len(encode(said)), f"{POSTED}{scope.place.prefix}{kind}")


class Performer:
    """Performs actions for one incarnation."""

    def __init__(
        self,
        context: Context,
        me: ValidatorIndex,
        store: Store,
        account: Account,
        timers: Timers,
        tally: Tally,
    ) -> None:
        self._context = context
        self._happened = context.happened
        self._me = me
        self._store = store
        self._account = account
        self._timers = timers
        self._tally = tally

    def perform(self, actions: Iterable[Action]) -> None:
        """Perform `actions` in order, without suspending. A crash at an event stops the batch."""
        for action in actions:
            match action:
                case Publish():
                    self._submit(action)
                case Resend(label, raw):
                    self._tally.again(label, len(raw))
                    self._happened(EFFECT)
                    self._context.submit(label, raw)
                case Read(incarnation, height):
                    self._tally.messages.add("reads")
                    self._happened(EFFECT)
                    self._context.submit(Label("", 0, "read", str(incarnation)), encode(height))
                case Deliver():
                    self._send(action)
                case Alarm(owner, name, None):
                    self._timers.stop(owner, name)
                case Alarm(owner, name, delay_us):
                    assert delay_us is not None
                    due_us = self._context.now_us + self._context.local_delay_us(delay_us)
                    self._timers.start(owner, name, due_us)
                case Note(kind, label, verdict, event):
                    self._context.record(kind, label, self._me, verdict)
                    if kind == ERASE:
                        self._tally.forget((label.session, label.attempt))
                    if event:
                        self._happened(event)
                case _:
                    self._write(action)

    def _write(self, action: Put | Keep | Delete | Flush) -> None:
        self._happened(EFFECT)
        match action:
            case Put(key, value):
                self._store.put(key, value)
            case Keep(key, sealed, plaintext):
                self._store.put_sealed(key, sealed, plaintext)
            case Delete(key):
                self._store.delete(key)
            case Flush():
                self._store.flush()
            case _:
                assert_never(action)

    def _submit(self, action: Publish) -> None:
        """Write ahead, then submit: a crash between the two leaves what is to be sent again."""
        signed, entries = action.signed, self._account.entries(action.signed)
        # One write: with the mark alone it would never be said, with the entry alone said twice.
        self._happened(EFFECT)
        if action.marker:
            self._store.put(action.marker, b"")
        for entry in entries:
            self._store.put(entry.key, entry.value)
        self._write(Flush())
        self._account.written(signed)
        self._tally.submitted(signed.label, action.said, action.body, len(signed.raw))
        self._happened(EFFECT)
        self._context.submit(signed.label, signed.raw)
        for event in on_submit(action.said):
            self._happened(event)

    def _send(self, action: Deliver) -> None:
        self._happened(EFFECT)
        self._tally.sent(action.to, action.label, len(action.payload), action.scalar_size)
        self._context.send(action.to, action.label, action.payload)
        event = on_send(action.label.kind)
        if event is not None:
            self._happened(event)
