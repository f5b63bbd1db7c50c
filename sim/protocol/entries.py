"""What the judge reads and what it says: ledger entries, faults, disputes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Entry:
    """One ceremony transaction as it stands in a block.

    Attributes:
        height: Of the block that includes it.
        transaction: Its id, 32 bytes.
        principal: The key that signed it, 32 or 1952 bytes; a member's always has 32.
        kind: A key of `messages.STATEMENTS`.
        body: The statement's bytes, possibly malformed.
        raw: The whole signed transaction, for evidence.

    """

    height: int
    transaction: bytes
    principal: bytes
    kind: str
    body: bytes
    raw: bytes


class Rejected(Exception):  # noqa: N818  # a verdict on a transaction, not a malfunction
    """The entry has no effect; `reason` is recorded with it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


UNPROVEN: Final = frozenset({"no-deal", "unjustified", "accused-by-t", "no-extraction"})
"""What silence or a majority brings about: nothing proves who is to blame."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a validator did wrong.

    Attributes:
        validator: Its name.
        fault: A verdict name of the protocol.
        proof: Whether the evidence re-verifies for a third party.
        evidence: The signed transactions that prove it, in the order `evidence.reverify` reads.
        height: At which the verdict was reached.

    """

    validator: str
    fault: str
    proof: bool
    evidence: tuple[bytes, ...]
    height: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """An accusation against a dealer in QUAL: the ledger cannot tell who is right."""

    dealer: str
    accuser: str
    kind: Literal["missing", "invalid"]


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A phase that has ended: its first and last height, both inclusive."""

    phase: str
    start: int
    end: int
