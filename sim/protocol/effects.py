"""What a protocol machine asks of the world around it.

Behaviours of an adversary rewrite these before anyone acts on them, at two points. First what the
machine asks for: public statements and shares, still readable. Then the bytes that this becomes:
`SendSealed` before the dealer signs it, `Packet` and `Filing` before they leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sim.base.codec import encode
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.messages import Private, Statement, kind_of, private_kind
from sim.protocol.requests import RECORD_SIGN_SESSION, RecordSignSession
from sim.protocol.transactions import statement_payload


@dataclass(frozen=True, slots=True)
class Post:
    """Publish `statement` on the ledger, in this machine's session and attempt."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class SendShares:
    """Seal each share to its holder's transport key, and send it until acknowledged."""

    shares: Mapping[ShareIndex, SecretScalar]


@dataclass(frozen=True, slots=True)
class SendSealed:
    """Sign the sealed shares, keep the envelopes durably, and send each until acknowledged.

    Attributes:
        sealed: By holder; see `crypto.sealing`. Holders without a transport key have none.

    """

    sealed: Mapping[ShareIndex, bytes]


@dataclass(frozen=True, slots=True)
class Send:
    """Send `message` to one validator over the lossy network.

    Attributes:
        to: The receiver.
        subject: The label's subject; with the session and the message's kind it keys the draws.
        message: What is sent.

    """

    to: ValidatorIndex
    subject: str
    message: Private


@dataclass(frozen=True, slots=True)
class Put:
    """Write `value` under `key` to the store's buffer; durable only after `Flush`."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Delete:
    """Erase `key` from the store's buffer; durable only after `Flush`."""

    key: str


@dataclass(frozen=True, slots=True)
class Flush:
    """Make every write so far durable before anything else happens."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Ask for `on_timer(name)` after `delay_us` on the local clock; replaces one of that name."""

    name: str
    delay_us: int


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Forget the timer `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Record:
    """Publish a finished signing session on the ledger."""

    session: RecordSignSession


@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes for one validator: an encoded private message, or whatever an adversary sends.

    Attributes:
        to: The receiver.
        kind: The label's kind: the message's tag.
        subject: The label's subject.
        payload: What the receiver gets.

    """

    to: ValidatorIndex
    kind: str
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Filing:
    """A transaction for the ledger, not signed yet: it gets the next nonce of its account.

    Attributes:
        kind: The transaction's kind.
        payload: The encoded payload of that kind.
        said: What the machine meant by it, for events and figures; None if no machine did.

    """

    kind: str
    payload: bytes
    said: Statement | RecordSignSession | None


@dataclass(frozen=True, slots=True)
class Relay:
    """Bytes for the ledger as they are, such as a transaction that somebody else has signed.

    Attributes:
        kind: The label's kind.
        subject: The label's subject.
        raw: What the ledger gets.

    """

    kind: str
    subject: str
    raw: bytes


Effect: TypeAlias = (
    Post
    | Record
    | SendShares
    | SendSealed
    | Send
    | Packet
    | Filing
    | Relay
    | Put
    | Delete
    | Flush
    | StartTimer
    | StopTimer
)
"""`SendSealed`, `Packet`, `Filing` and `Relay` are what becomes of the rest: no machine asks."""


def encoded(effect: Effect, session: bytes, attempt: int) -> Effect:
    """Return the bytes that a statement or message becomes; any other effect as it is.

    `session` and `attempt` are the machine's; statements carry them.
    """
    match effect:
        case Post(statement):
            payload = statement_payload(session, attempt, statement)
            return Filing(kind_of(statement), payload, statement)
        case Record(finished):
            return Filing(RECORD_SIGN_SESSION, encode(finished), finished)
        case Send(to, subject, message):
            return Packet(to, private_kind(message), subject, encode(message))
        case _:
            return effect
