"""The moments of a validator's life that a scenario can wait for (`when = { event = ... }`).

Events count over the run, across incarnations. One fires right after the effect, or right before
the reaction to the input, that it names; ``effect`` right before every effect. A crash at an event
stops the batch that it stands in.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from sim.protocol.messages import Private, Response, ShareAck, ShareEnvelope, Statement, kind_of
from sim.protocol.requests import RecordSignSession, RotateKey

EFFECT: Final = "effect"

EVENTS: Final[dict[str, str]] = {
    "started": "a validator has started, or restarted",
    "block-received": "a block, or the answer to a read, has arrived",
    "announce-submitted": "an Announce has left for the ledger",
    "deal-submitted": "a Deal has left for the ledger",
    "share-sent": "one sealed share has left for its holder, first time or again",
    "share-received": "one sealed share has arrived",
    "ack-received": "one acknowledgement of a share has arrived",
    "response-submitted": "a Response has left for the ledger",
    "complaint-sent": "a complaint has left for the ledger: one event per complaint of a Response",
    "justification-submitted": "a Justification has left for the ledger",
    "open-reply-submitted": "an OpenReply has left for the ledger",
    "confirm-submitted": "a Confirm has left for the ledger",
    "sign-submitted": "a Sign has left for the ledger",
    "answer-submitted": "the Answer of an accused helper of a repair has left for the ledger",
    "publish-key-submitted": "the public key of a single party has left for the ledger",
    "repair-requested": "a member of an active generation without a share has asked for repair",
    "share-repaired": "the share that this validator had lost has been re-created",
    "share-erased": "what it held of one attempt that no longer counts is erased, durably",
    "rotation-activated": "a generation after a key's first, with a seat for it, has become active",
    "sign-session-opened": "a signing session, with a seat for it, has begun, or is bound anew",
    EFFECT: "one write, erasure, flush, sending or submission is about to be performed",
}
"""Event name to what it means: everything that `when` may name."""


Said: TypeAlias = Statement | RecordSignSession | RotateKey | None
"""What a transaction says that a validator submits, as far as anybody waits for or counts it."""


def on_submit(statement: Said) -> tuple[str, ...]:
    """Return the events that follow the submission of `statement`, in order."""
    if statement is None or isinstance(statement, RecordSignSession):
        return ()
    if isinstance(statement, RotateKey):
        return ("repair-requested",)
    names = [f"{kind_of(statement)}-submitted"]
    if isinstance(statement, Response):
        names += ["complaint-sent"] * len(statement.complaints)
    return tuple(name for name in names if name in EVENTS)


def on_send(kind: str) -> str | None:
    """Return the event that follows the sending of a message of that kind, if it has one."""
    return "share-sent" if kind == "share" else None


def on_arrival(message: Private) -> str | None:
    """Return the event that precedes the reaction to `message`, if it has one."""
    match message:
        case ShareEnvelope():
            return "share-received"
        case ShareAck():
            return "ack-received"
        case _:
            return None
