"""What a protocol machine asks of the world around it.

Behaviours of an adversary rewrite these before anyone acts on them: public statements and shares
are still readable here, before signing and sealing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.messages import Private, Statement
from sim.protocol.transactions import RecordSignSession


@dataclass(frozen=True, slots=True)
class Post:
    """Publish `statement` on the ledger, in this machine's session and attempt."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class SendShares:
    """Seal each share to its holder's transport key, and send it until acknowledged."""

    shares: Mapping[ShareIndex, SecretScalar]


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


Effect: TypeAlias = (
    Post | Record | SendShares | Send | Put | Delete | Flush | StartTimer | StopTimer
)
