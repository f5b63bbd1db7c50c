"""What the chain of a finished run shows to the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class BlockView:
    """One materialised block.

    Attributes:
        height: Its height; 0 is genesis.
        hash: 32 bytes.
        time_us: Virtual time.
        raw: Its bytes as they stand in the ledger's file.
        transactions: Encoded signed transactions, applied or rejected, in order.
        reasons: Why each was rejected, one for one; empty for those that were applied.

    """

    height: int
    hash: bytes
    time_us: int
    raw: bytes
    transactions: tuple[bytes, ...]
    reasons: tuple[str, ...]


class AuditLine(NamedTuple):
    """One line of the chain's audit log.

    Attributes:
        height: Of the block that closed the session, or refused it.
        key: The key's name, as the request gives it.
        signing: The session's id.
        requester: The principal that asked; zeros for the chain itself.
        context: What was signed for.
        outcome: ``signed``, ``failed``, ``expired``, why its key is out of use, or the reason for
            which it was refused.
        bad: Names of signers whose partials were proven bad.

    """

    height: int
    key: str
    signing: str
    requester: bytes
    context: str
    outcome: str
    bad: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One draw of a partition, as a block records it.

    Attributes:
        name: The partition's.
        round: How often it was drawn before.
        height: Of the block.
        committees: Names, by place.
        seated: Of the keys whose active generation is in this draw: their place, and the names of
            their committee.

    """

    name: str
    round: int
    height: int
    committees: tuple[tuple[str, ...], ...]
    seated: Mapping[str, tuple[int, tuple[str, ...]]]
