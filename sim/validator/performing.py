"""Effects made real: first prepared as a step that costs time, then performed without suspending.

Preparing encodes and signs; performing writes, flushes, sends and submits, one effect after the
other, and stops where the scenario crashes the validator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from sim.base.codec import encode
from sim.base.ids import Label, ValidatorIndex
from sim.protocol.effects import (
    Delete,
    Effect,
    Flush,
    Post,
    Put,
    Record,
    Send,
    SendShares,
    StartTimer,
    StopTimer,
)
from sim.protocol.messages import Private, Statement, kind_of
from sim.protocol.transactions import RECORD_SIGN_SESSION, RecordSignSession, statement_payload
from sim.validator.account import Account, Signed
from sim.validator.events import on_send, on_submit
from sim.validator.ports import Context
from sim.validator.store import Store
from sim.validator.tally import Tally
from sim.validator.timers import Timers

POSTED = "posted/"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose effects these are: one machine in one attempt of one session.

    Attributes:
        label: The scenario's name for the session.
        attempt: 1-based.
        session: 32 bytes.
        prefix: Where the machine's keys stand in the store.
        scalar_size: Bytes of one share.

    """

    label: str
    attempt: int
    session: bytes
    prefix: str
    scalar_size: int

    @property
    def owner(self) -> str:
        """The name under which its timers run."""
        return f"{self.label}#{self.attempt}"


@dataclass(frozen=True, slots=True)
class Publish:
    """A signed transaction on its way to the ledger.

    Attributes:
        signed: The transaction.
        statement: What it says.
        body: Size of that, encoded, in bytes.
        marker: Store key that remembers that it was said; empty for what may be said again.

    """

    signed: Signed
    statement: Statement | RecordSignSession
    body: int
    marker: str


@dataclass(frozen=True, slots=True)
class Resend:
    """A transaction that was written ahead and isn't on the ledger: sent unchanged."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class Deliver:
    """An encoded private message."""

    to: ValidatorIndex
    label: Label
    message: Private
    payload: bytes
    scalar_size: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A timer to start (`delay_us` on the local clock) or, with None, to forget."""

    owner: str
    name: str
    delay_us: int | None


Action: TypeAlias = Publish | Resend | Deliver | Alarm | Put | Delete | Flush


def private_kind(message: Private) -> str:
    """Return the label kind of a private message: its tag on the wire."""
    return str(message.__struct_config__.tag)


def prepare(effects: Iterable[Effect], scope: Scope, account: Account, name: str) -> list[Action]:
    """Turn a machine's effects into actions: sign statements, encode messages, place keys.

    `name` is the validator's: the subject of its statements' labels.
    """
    actions: list[Action] = []
    for effect in effects:
        match effect:
            case Post(statement):
                actions.append(_publish(statement, scope, account, name))
            case Record(session):
                label = Label(scope.label, scope.attempt, RECORD_SIGN_SESSION, name)
                body = encode(session)
                signed = account.sign(RECORD_SIGN_SESSION, label, body)
                actions.append(Publish(signed, session, len(body), ""))
            case Send(to, subject, message):
                label = Label(scope.label, scope.attempt, private_kind(message), subject)
                actions.append(Deliver(to, label, message, encode(message), scope.scalar_size))
            case Put(key, value):
                actions.append(Put(scope.prefix + key, value))
            case Delete(key):
                actions.append(Delete(scope.prefix + key))
            case Flush():
                actions.append(effect)
            case StartTimer(timer, delay_us):
                actions.append(Alarm(scope.owner, timer, delay_us))
            case StopTimer(timer):
                actions.append(Alarm(scope.owner, timer, None))
            case SendShares():
                raise AssertionError("shares are sealed before effects are prepared")
            case _:
                assert_never(effect)
    return actions


def _publish(statement: Statement, scope: Scope, account: Account, name: str) -> Publish:
    kind = kind_of(statement)
    payload = statement_payload(scope.session, scope.attempt, statement)
    signed = account.sign(kind, Label(scope.label, scope.attempt, kind, name), payload)
    return Publish(signed, statement, len(encode(statement)), f"{POSTED}{scope.prefix}{kind}")


class Performer:
    """Performs actions for one incarnation."""

    def __init__(
        self, context: Context, store: Store, account: Account, timers: Timers, tally: Tally
    ) -> None:
        self._context = context
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
                case Resend(signed):
                    self._tally.again(len(signed.raw))
                    self._context.submit(signed.label, signed.raw)
                case Deliver():
                    self._send(action)
                case Alarm(owner, name, None):
                    self._timers.stop(owner, name)
                case Alarm(owner, name, delay_us):
                    assert delay_us is not None
                    due_us = self._context.now_us + self._context.local_delay_us(delay_us)
                    self._timers.start(owner, name, due_us)
                case Put(key, value):
                    self._store.put(key, value)
                case Delete(key):
                    self._store.delete(key)
                case Flush():
                    self._store.flush()
                case _:
                    assert_never(action)

    def _submit(self, action: Publish) -> None:
        signed = action.signed
        if action.marker:
            self._store.put(action.marker, b"")
        self._account.write_ahead(signed)
        self._tally.submitted(signed.label.kind, action.statement, action.body, len(signed.raw))
        self._context.submit(signed.label, signed.raw)
        for event in on_submit(action.statement):
            self._context.happened(event)

    def _send(self, action: Deliver) -> None:
        self._tally.sent(
            action.to, action.label, action.message, len(action.payload), action.scalar_size
        )
        self._context.send(action.to, action.label, action.payload)
        event = on_send(action.message)
        if event is not None:
            self._context.happened(event)
