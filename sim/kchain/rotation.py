"""What the chain keeps about rotations: those asked for, the one under way, and how each ended."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from sim.protocol.ceremony import Operation
from sim.protocol.requests import ByStake, InPartition

Trigger: TypeAlias = Literal[
    "create",
    "manual",
    "epoch",
    "churn",
    "schedule",
    "max-age",
    "policy-violation",
    "emergency",
    "lost-share",
]
"""What made a ceremony begin: ``create`` is CreateKey, the rest are rotations."""

Outcome: TypeAlias = Literal["activated", "aborted", "rolled-back", "dropped"]
"""How a rotation ended; ``dropped`` never began."""

Seats: TypeAlias = tuple[str, ...] | ByStake | InPartition
"""How a committee was asked for: by name, by number for the chain to draw, by a partition."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pass


class Rotation(_Record, frozen=True):
    """A rotation that was asked for, by a transaction or by a rule.

    Attributes:
        operation: What it does; ``dkg`` and ``generate`` stand for a key's creation.
        trigger: Why.
        requested_at: Height of the block in which it was asked for.
        era: Of the key at that time.
        generation: Likewise; a queued repair of a generation that is gone is dropped.
        committee: Of the new generation, or None for the present one; a rule's reshare decides when
            it begins.
        threshold: t of the new generation, 0 for the present one.
        faults: f* of the new generation, None for the present one or the default.
        target: Name of the validator whose share is repaired, else empty.
        attempts: Most attempts, 0 for the key's.

    """

    operation: Operation
    trigger: Trigger
    requested_at: int
    era: int
    generation: int
    committee: Seats | None = None
    threshold: int = 0
    faults: int | None = None
    target: str = ""
    attempts: int = 0


class Counter(_Record, frozen=True):
    """How far the attempts of one session have come: they count on over repeated rotations.

    Attributes:
        session: 32 bytes.
        era: That the session makes or keeps.
        generation: Likewise.
        next_attempt: Number of the next attempt, from 1.

    """

    session: bytes
    era: int
    generation: int
    next_attempt: int


class Repair(_Record, frozen=True):
    """The last successful repair of one member's share, under the active generation.

    Attributes:
        name: The member.
        height: Of the block in which it ended.
        session: Of the repair's ceremony, 32 bytes; `attempt` is the one that succeeded.

    """

    name: str
    height: int
    session: bytes
    attempt: int


class RotationEntry(_Record, frozen=True):
    """A rotation that is over.

    Attributes:
        key: The key's name.
        operation: What it was to do.
        trigger: Why.
        era: That it was to make or keep.
        generation: Likewise.
        requested_at: Height of the block in which it was asked for.
        started_at: Height of the block that opened its first attempt, None if none was.
        ended_at: Height of the block in which it ended.
        attempts: Opened.
        outcome: How it ended.
        reason: Why, unless it was activated: the last attempt's reason; ``unendorsed``; why it was
            refused; ``coalesced``, ``generation-gone``, ``renewed``, ``retired`` of dropped ones.
        target: Name of the validator whose share was to be repaired, else empty.
        session: Of its ceremony, 32 bytes; empty if it never began.
        first_attempt: Number of its first attempt in that session, 0 if it never began.

    """

    key: str
    operation: Operation
    trigger: Trigger
    era: int
    generation: int
    requested_at: int
    started_at: int | None
    ended_at: int
    attempts: int
    outcome: Outcome
    reason: str
    target: str
    session: bytes = b""
    first_attempt: int = 0
