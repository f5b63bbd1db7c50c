"""Who takes part in a ceremony, how many it needs, and how long its phases last."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from sim.base.codec import tuple_hash
from sim.base.ids import ShareIndex, ValidatorIndex

CONFIRM_SLACK: Final = 5
"""Heights that Confirm waits for the rest once the quorum has confirmed."""


@dataclass(frozen=True, slots=True)
class Member:
    """One seat of a committee.

    Attributes:
        index: x-coordinate of its share, 1..n.
        validator: Its place in the registry.
        name: Its name in the scenario and in every report.
        identity: Its Ed25519 public key, 32 bytes.

    """

    index: ShareIndex
    validator: ValidatorIndex
    name: str
    identity: bytes


@dataclass(frozen=True, slots=True)
class PhaseLengths:
    """Lengths of the phases, in ledger heights, all at least 1.

    `grace` is how many heights after the deal phase a holder waits for late shares before it
    complains; `sign` is the length of each signing set.
    """

    announce: int = 15
    deal: int = 90
    respond: int = 15
    grace: int = 5
    justify: int = 15
    open: int = 5
    confirm: int = 30
    sign: int = 5


@dataclass(frozen=True)
class Ceremony:
    """Everything public and fixed about one attempt to create a key.

    Attributes:
        chain: The chain's id.
        key: The key's name.
        era: Counts public keys under that name, from 1.
        generation: Counts rotations under one public key, from 0.
        attempt: 1-based.
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        threshold: t, the number of shares that sign, 1..n.
        faults: f*, the liars and withholders that Confirm survives.
        members: By ascending index 1..n.
        start: First height of the announce phase.
        lengths: Phase lengths.
        justifications: ``sealed``, or ``clear`` to show what that leaks.
        commitments: Form of the commitments.

    """

    chain: str
    key: str
    era: int
    generation: int
    attempt: int
    scheme: str
    threshold: int
    faults: int
    members: tuple[Member, ...]
    start: int
    lengths: PhaseLengths = PhaseLengths()
    justifications: Literal["sealed", "clear"] = "sealed"
    commitments: Literal["evaluation", "coefficient"] = "evaluation"

    @property
    def size(self) -> int:
        """n, the number of members."""
        return len(self.members)

    @property
    def quorum(self) -> int:
        """Q = t + f*: the confirmations without which no key is activated."""
        return self.threshold + self.faults

    @cached_property
    def session(self) -> bytes:
        """hash(chain, key, generation, ceremony), 32 bytes: every attempt shares it."""
        return tuple_hash("session", self.chain, self.key, self.era, self.generation, "dkg")

    @property
    def label(self) -> str:
        """The scenario's name for the session; network draws are keyed by it."""
        return f"{self.key}/dkg/{self.generation}"

    @cached_property
    def by_identity(self) -> dict[bytes, Member]:
        """Members by their Ed25519 public key."""
        return {member.identity: member for member in self.members}

    @cached_property
    def by_validator(self) -> dict[ValidatorIndex, Member]:
        """Members by their place in the registry."""
        return {member.validator: member for member in self.members}

    def member(self, index: int) -> Member:
        """Return the member at `index`, 1..n."""
        return self.members[index - 1]


def default_faults(threshold: int, size: int) -> int:
    """f* when none is declared: min(t − 1, ⌊(n − t)/2⌋). 5-of-7: 1; 43-of-64: 10."""
    return min(threshold - 1, (size - threshold) // 2)
