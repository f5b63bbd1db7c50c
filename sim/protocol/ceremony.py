"""Who takes part in a ceremony, what it does, how many it needs, and how long phases last."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final, Literal, TypeAlias

from sim.base.codec import tuple_hash
from sim.base.ids import ShareIndex, ValidatorIndex

CONFIRM_SLACK: Final = 5
"""Heights that Confirm waits for the rest once the quorum has confirmed."""

PEDERSEN: Final = "pedersen"
"""The protocol that makes a key unless another one is named: Pedersen's DKG."""

Operation: TypeAlias = Literal["dkg", "reshare", "refresh", "repair", "rekey", "generate"]
"""What a ceremony does: ``dkg`` creates the first public key, ``rekey`` the next era's; ``reshare``
and ``refresh`` give a public key new shares, ``repair`` re-creates one member's lost share;
``generate`` makes a single-party key, of a scheme that can't be shared."""


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


@dataclass(frozen=True, slots=True)
class Base:
    """The generation that a rotation starts from, as the key's record has it: public values only.

    Attributes:
        generation: Counts rotations under its public key, from 0.
        threshold: t_old, the number of its shares that sign.
        members: Its committee, by ascending index 1..n_old.
        verification: V_0..V_n_old; V_0 is the public key.
        transcript: Digest of the ceremony that made it, 32 bytes.

    """

    generation: int
    threshold: int
    members: tuple[Member, ...]
    verification: tuple[bytes, ...]
    transcript: bytes


@dataclass(frozen=True)
class Ceremony:
    """Everything public and fixed about one attempt to create or rotate a key.

    Attributes:
        chain: The chain's id.
        key: The key's name.
        era: Counts public keys under that name, from 1.
        generation: Counts rotations under one public key, from 0: the one that the ceremony makes,
            or in a repair the one that it keeps.
        attempt: 1-based; counts on over all rotations that the same session could be about.
        scheme: ``ED25519``, ``SECP256K1``, ``BLS``; ``MLDSA`` or ``MLKEM`` for ``generate`` alone.
        threshold: t, the number of shares that sign, 1..n.
        faults: f*, the liars and withholders that Confirm survives.
        members: Who holds shares of what it makes, by ascending index 1..n.
        start: First height of the announce phase.
        lengths: Phase lengths.
        justifications: ``sealed``, or ``clear`` to show what that leaks.
        commitments: Form of the commitments.
        operation: What it does.
        base: What a rotation starts from; None in ``dkg``, ``rekey`` and ``generate``.
        helpers: In a repair, the share indices of the t helpers, ascending; else empty.
        target: In a repair, the share index whose share is re-created; else 0.
        transport: ``ceremony`` announces fresh transport keys; ``long-lived`` uses the registry's,
            to show what that costs.
        protocol: The variant that makes the key, as `variants` names them. For ``dkg`` and
            ``rekey`` alone: a reshare, a refresh and a repair are the same whatever made the key.
        complaints: What an `invalid` complaint is: ``dispute`` (a word against a word), or
            ``provable`` (it shows the envelope's content). For every operation that deals.

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
    operation: Operation = "dkg"
    base: Base | None = None
    helpers: tuple[int, ...] = ()
    target: int = 0
    transport: Literal["ceremony", "long-lived"] = "ceremony"
    protocol: str = PEDERSEN
    complaints: Literal["dispute", "provable"] = "dispute"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Memoised computations are looked up by ceremony, and committees are long.
        return hash((self.session, self.attempt, self.start, self.members, self.base))

    @cached_property
    def digest(self) -> bytes:
        """A hash of everything about the attempt, 32 bytes: what verdicts about it are known by."""
        return tuple_hash("ceremony", *(getattr(self, field.name) for field in fields(self)))

    @property
    def variant(self) -> str:
        """The protocol that this ceremony follows: a rotation's is always Pedersen's."""
        return self.protocol if self.operation in ("dkg", "rekey") else PEDERSEN

    @property
    def provable(self) -> bool:
        """Whether an `invalid` complaint proves who is at fault."""
        return self.complaints == "provable"

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
        repaired = (self.member(self.target).name,) if self.operation == "repair" else ()
        return tuple_hash(
            "session", self.chain, self.key, self.era, self.generation, self.operation, *repaired
        )

    @property
    def label(self) -> str:
        """The scenario's name for the session; network draws are keyed by it.

        ``beacon/dkg/0``, ``beacon/reshare/3``, ``beacon/repair/3/v07``; from the second era on the
        key's name carries it: ``beacon@2/refresh/1``.
        """
        key = self.key if self.era == 1 else f"{self.key}@{self.era}"
        label = f"{key}/{self.operation}/{self.generation}"
        return f"{label}/{self.member(self.target).name}" if self.operation == "repair" else label

    @cached_property
    def dealers(self) -> tuple[Member, ...]:
        """The dealing set, by ascending index: each with the index that it deals under.

        The old committee in a reshare, the helpers in a repair, else the members.
        """
        if self.operation == "reshare":
            assert self.base is not None
            return self.base.members
        if self.operation == "repair":
            return tuple(self.member(helper) for helper in self.helpers)
        return self.members

    @property
    def needed(self) -> int:
        """How many good deals the result takes: t; in a reshare t_old; in a repair every helper."""
        if self.operation == "reshare":
            assert self.base is not None
            return self.base.threshold
        return self.threshold

    @property
    def signs(self) -> bool:
        """Whether the committee signs an activation message; a repair makes nothing new."""
        return self.operation != "repair"

    @property
    def always_sealed(self) -> bool:
        """Whether every reply is sealed, to `invalid` complaints too, as in a repair.

        There t − 1 corrupted helpers lack one honest mask or sum: in the clear it is the share.
        """
        return self.operation == "repair"

    @cached_property
    def dealer_by_identity(self) -> dict[bytes, Member]:
        """The dealing set by Ed25519 public key."""
        return {dealer.identity: dealer for dealer in self.dealers}

    @cached_property
    def dealer_by_validator(self) -> dict[ValidatorIndex, Member]:
        """The dealing set by place in the registry."""
        return {dealer.validator: dealer for dealer in self.dealers}

    @cached_property
    def dealer_by_index(self) -> dict[int, Member]:
        """The dealing set by the index that each deals under."""
        return {dealer.index: dealer for dealer in self.dealers}

    @cached_property
    def participants(self) -> tuple[Member, ...]:
        """Everybody who takes part, by place in the registry; whoever has two seats, as dealer.

        In a repair the helpers and the target: the other members have nothing to do.
        """
        holders = (self.member(self.target),) if self.operation == "repair" else self.members
        seats = {member.validator: member for member in (*holders, *self.dealers)}
        return tuple(seats[validator] for validator in sorted(seats))

    def own_dealer(self, holder: int) -> int:
        """Return the index under which the holder `holder` deals, 0 if it doesn't."""
        seat = self.dealer_by_validator.get(self.member(holder).validator)
        return 0 if seat is None else seat.index

    def own_holder(self, dealer: int) -> int:
        """Return the index of the share that the dealer `dealer` will hold, 0 if it leaves."""
        seat = self.by_validator.get(self.dealer_by_index[dealer].validator)
        return 0 if seat is None else seat.index

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
