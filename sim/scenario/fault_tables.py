"""Timeline entries that make disks, messages, blocks fail, and the one that ends every fault."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from sim.scenario.entry_tables import Entry, LinkEntry, NodeEntry, Nodes
from sim.scenario.fields import Positive, PositiveDuration, UndoAt, Unit

MessageKind: TypeAlias = Annotated[
    Literal[
        "share",
        "ack",
        "nonce-request",
        "nonce-commitment",
        "signing-package",
        "partial-signature",
    ],
    Unit("one of"),
]
"""What a message between validators is about."""

TransactionKind: TypeAlias = Annotated[
    Literal[
        "announce",
        "deal",
        "response",
        "justification",
        "open-reply",
        "answer",
        "publish-key",
        "confirm",
        "sign",
        "sign-nonce",
        "create-key",
        "rotate-key",
        "rollback",
        "retire-key",
        "set-policy",
        "authorize",
        "revoke",
        "request-sign",
        "record-sign-session",
        "report-violation",
        "report-equivocation",
        "register",
        "join",
        "leave",
        "evict",
    ],
    Unit("one of"),
]
"""What a transaction says or asks for."""


class DiskFault(NodeEntry):
    """Let the disks of validators fail without notice: flushes only seem to work.

    Nothing is lost before the next crash. One that comes while the disk fails takes what `lose`
    says, whatever the crash itself says; a validator whose disk is mended before has lost nothing.
    """

    do: Literal["disk-fault"]
    lose: Annotated[Literal["unsynced", "all"], Unit("one of")] = Field(
        default="unsynced",
        description="What a crash takes: what was written since the disk began to fail, or the "
        "whole store.",
        examples=["all"],
    )
    restore: UndoAt | None = Field(
        default=None,
        description="When the disk is mended; never if absent.",
        examples=["after 30s"],
    )


class Filter(LinkEntry):
    """Drop or delay messages of one kind on some links, counted for each sender by itself.

    It works in the network: the sender sends again what it has no answer to, and that is a message
    like any other.
    """

    do: Literal["filter"]
    kind: MessageKind = Field(description="Which messages are counted.", examples=["share"])
    nth: Positive = Field(
        default=1,
        description="The first one that it hits, of those that a sender sends over these links "
        "from then on.",
        examples=[3],
    )
    count: Positive | None = Field(
        default=None, description="How many it hits in a row; all the rest if absent.", examples=[1]
    )
    delay: PositiveDuration | None = Field(
        default=None,
        description="How much longer they take; they are dropped if absent, which a stream "
        "doesn't allow.",
        examples=["5s"],
    )
    restore: UndoAt | None = Field(
        default=None, description="When it is over; never if absent.", examples=["after 30s"]
    )


class WithholdingEntry(Entry):
    """An entry about transactions that have reached the ledger, and stand in no block yet.

    Those of an account go by their nonces: what comes after one that waits, waits for it.
    """

    nodes: Nodes | None = Field(
        default=None, description="Which validators sent them.", examples=[["v05"]]
    )
    principals: Annotated[list[str], Unit("principals")] = Field(
        default=[], description="Which principals sent them.", examples=[["owner"]]
    )
    kinds: list[TransactionKind] = Field(
        default=[], description="Only those of these kinds; all if absent.", examples=[["response"]]
    )
    restore: UndoAt | None = Field(
        default=None, description="When it is over; never if absent.", examples=["after 30s"]
    )


class DelayLedger(WithholdingEntry):
    """Let blocks take transactions late: those of some senders, or everybody's if it names none.

    It concerns what reaches the ledger while it is in force.
    """

    do: Literal["delay-ledger"]
    by: PositiveDuration = Field(
        description="How much later they count as arrived.", examples=["10s"]
    )


class Censor(WithholdingEntry):
    """Let no block take certain transactions while it is in force; name senders, kinds, or both."""

    do: Literal["censor"]


class Quiet(Entry):
    """End every fault of validators, links and ledger that has begun before.

    Who is down starts again, whatever is cut, held, filtered or changed is as it was, clocks are
    right, disks work and heights go on. What adversaries do isn't a fault and goes on.
    """

    do: Literal["quiet"]
