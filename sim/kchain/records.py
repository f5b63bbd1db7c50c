"""What the chain keeps about keys: public values only, all of them canonically encodable.

Source: the key record of LP-043 "Key VM". Committee, owner, epoch, generation, era, QUAL and the
activation signature are additions, so that anyone has every verification share from public data.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from sim.kchain.rotation import Counter, Repair, Rotation, Seats, Trigger
from sim.protocol.ceremony import PEDERSEN, Operation
from sim.protocol.requests import CreateKey, Policy

AttemptId: TypeAlias = tuple[bytes, int]
"""(session, attempt)."""

FIRST_ERA: Final = 1
"""Eras count the public keys under one name, from 1."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pass


class KeyRecord(_Record, frozen=True):
    """One generation of a key, activated by its committee.

    Attributes:
        id: Hash of the chain and the key's name, 32 bytes.
        name: The key's name.
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``; ``MLDSA`` or ``MLKEM`` of single-party keys.
        threshold: t and n.
        public_key: V_0, the group's public key: 32, 33 or 48 bytes by scheme, never normalised; a
            single party's takes 1952 or 1184.
        share_commitments: V_1..V_n, by share index; together with `public_key` all V_x. None of a
            single-party key.
        created_at_us: Unix time of the block that activated the key's first generation, in µs.
        status: ``Active``; ``Rotating`` while a rotation is under way; ``Retired`` for good, or
            replaced by a later generation.
        policy: What it may be used for.
        committee: Validators' names, by share index.
        owner: The principal that asked for it, 32 or 1952 bytes.
        epoch: Of the block that activated it.
        generation: Counts rotations under this public key, from 0.
        era: Counts public keys under this name, from 1.
        session: The ceremony's session, 32 bytes; `attempt` is the one that succeeded.
        activated_at: Height of the block that activated it.
        activated_us: Unix time of that block, in µs.
        qual: Share indices of the dealers that the key or its shares came from.
        transcript: Digest of the ceremony, 32 bytes.
        activation_message: What the committee signed.
        activation_signature: Its signature, valid under `public_key`; empty if its scheme has none.
        faults: f*, the liars and withholders that Confirm survives.
        operation: What made it.
        trigger: Why it was made.
        retired_at: Height of the block that retired or replaced it, or None.
        endorsement: In a rekeyed era, the old public key's signature over `endorsement_message`;
            empty in the first era, and if the old key's scheme has no signatures.
        repaired: The last repair of every share that was repaired since, in order of repair.
        protocol: What created its public key; see `sim.protocol.variants`.
        complaints: What an `invalid` complaint is in its ceremonies.

    """

    id: bytes
    name: str
    scheme: str
    threshold: tuple[int, int]
    public_key: bytes
    share_commitments: tuple[bytes, ...]
    created_at_us: int
    status: Literal["Active", "Rotating", "Retired"]
    policy: Policy
    committee: tuple[str, ...]
    owner: bytes
    epoch: int
    generation: int
    era: int
    session: bytes
    attempt: int
    activated_at: int
    activated_us: int
    qual: tuple[int, ...]
    transcript: bytes
    activation_message: bytes
    activation_signature: bytes
    faults: int
    operation: Operation
    trigger: Trigger
    retired_at: int | None = None
    endorsement: bytes = b""
    repaired: tuple[Repair, ...] = ()
    protocol: str = PEDERSEN
    complaints: Literal["dispute", "provable"] = "dispute"

    @property
    def verification(self) -> tuple[bytes, ...]:
        """V_0..V_n."""
        return (self.public_key, *self.share_commitments)

    @property
    def attempts(self) -> tuple[AttemptId, ...]:
        """The attempts that its shares come from: the one that made it, and repairs since."""
        repairs = tuple((repair.session, repair.attempt) for repair in self.repaired)
        return ((self.session, self.attempt), *repairs)


class Pending(_Record, frozen=True):
    """A ceremony under way: a key's creation, or the one rotation that may be pending.

    Attributes:
        rotation: What was asked for.
        session: The ceremony's session, 32 bytes.
        era: That it makes or keeps.
        generation: Likewise.
        started_at: Height of the block that opened its first attempt.
        first_attempt: Number of that attempt in its session.
        attempt: Number of the newest attempt.
        last_attempt: Number of the last that it may have.
        seats: How the committee was asked for, if that changes.
        staged: In a rekey, the new era's record while the old key's endorsement is awaited.

    """

    rotation: Rotation
    session: bytes
    era: int
    generation: int
    started_at: int
    first_attempt: int
    attempt: int
    last_attempt: int
    seats: Seats | None = None
    staged: KeyRecord | None = None

    @property
    def operation(self) -> Operation:
        """What it does."""
        return self.rotation.operation

    @property
    def trigger(self) -> Trigger:
        """Why."""
        return self.rotation.trigger

    @property
    def requested_at(self) -> int:
        """Height of the block in which it was asked for."""
        return self.rotation.requested_at

    @property
    def newest(self) -> AttemptId:
        """The newest attempt's id."""
        return (self.session, self.attempt)


class Key(_Record, frozen=True):
    """A name that CreateKey has taken, and what has become of it.

    Attributes:
        request: What was asked for.
        owner: Who asked, 32 or 1952 bytes.
        requested_at: Height of the block that holds CreateKey.
        seats: How the present committee was asked for; epochs renew it the same way.
        newest: Id of the attempt opened last.
        pending: The ceremony under way, or None.
        queue: Rotations that wait until it is over, in order.
        counters: How far the sessions have come that may be taken up again.
        record: The active generation's record, None before the first.
        created_at: Height of the block that activated the first generation.
        signings: Requests let through in `signings_epoch`, which the policy counts.
        signings_epoch: The epoch of the last one.

    """

    request: CreateKey
    owner: bytes
    requested_at: int
    seats: Seats
    newest: AttemptId = (b"", 0)
    pending: Pending | None = None
    queue: tuple[Rotation, ...] = ()
    counters: tuple[Counter, ...] = ()
    record: KeyRecord | None = None
    created_at: int = 0
    signings: int = 0
    signings_epoch: int = 0

    @property
    def status(self) -> Literal["Pending", "Failed", "Active", "Rotating", "Retired"]:
        """Where it stands: creation is under way, or failed; else as its record says."""
        if self.record is None:
            return "Failed" if self.pending is None else "Pending"
        if self.record.retired_at is not None:
            return "Retired"
        return "Active" if self.pending is None else "Rotating"

    @property
    def active(self) -> KeyRecord | None:
        """The record, unless there is none or the key is retired."""
        return None if self.record is None or self.record.retired_at is not None else self.record

    @property
    def rests_on(self) -> tuple[AttemptId, ...]:
        """The attempts that made the shares of its active generation, and of a staged one."""
        held = () if self.active is None else self.active.attempts
        staged = None if self.pending is None else self.pending.staged
        return held if staged is None else (*held, *staged.attempts)

    @property
    def attempts(self) -> int:
        """Attempts opened in the newest session so far."""
        return self.newest[1]

    @property
    def open(self) -> bool:
        """Whether an attempt is running or will be."""
        return self.pending is not None

    def next_attempt(self, session: bytes) -> int:
        """Return the number of the next attempt of a session, from 1."""
        return next((c.next_attempt for c in self.counters if c.session == session), 1)


class Draw(_Record, frozen=True, forbid_unknown_fields=True):
    """A committee that the chain drew by stake, with all that the draw follows from.

    It stands in the block that holds the request, or at whose height a rule asked, so that anyone
    derives it again: see `sim.protocol.selection`. Every attempt has this committee.

    Attributes:
        key: The key's name.
        index: Which committee of its block this is, from 0: the stream's index.
        seed: What `selection_seed` gives, 32 bytes.
        block: Id of the previous finalised block, 32 bytes.
        signer_set: Id of those drawn from, stakes included, 32 bytes.
        p_chain_height: Height since which the registry has stood as it was read.
        epoch: Of the block.
        policy: Id of the key's policy, 32 bytes.
        committee: Validators' names, by ascending address.
        kept: Those of them that weren't drawn but kept, and so weren't drawn from either.

    """

    key: str
    index: int
    seed: bytes
    block: bytes
    signer_set: bytes
    p_chain_height: int
    epoch: int
    policy: bytes
    committee: tuple[str, ...]
    kept: tuple[str, ...] = ()


class Partition(_Record, frozen=True, forbid_unknown_fields=True):
    """The committees of a partition, drawn at once, with all that the draw follows from.

    It stands in the block that holds the first request of its round, or at whose height a rule
    asked; requests of the same round in later blocks refer to it.

    Attributes:
        name: The partition's.
        round: How often it was drawn before.
        height: Of the block.
        index: Of its first committee's stream; the others have the ones after it.
        seed: As in `Draw`, and so are `block`, `signer_set`, `p_chain_height`, `epoch`; `policy` is
            that of the key that was asked for first.
        committees: Validators' names, by ascending address, by place.

    """

    name: str
    round: int
    height: int
    index: int
    seed: bytes
    block: bytes
    signer_set: bytes
    p_chain_height: int
    epoch: int
    policy: bytes
    committees: tuple[tuple[str, ...], ...]

    def draw(self, key: str, place: int) -> Draw:
        """Return one of its committees as the draw for `key`."""
        return Draw(
            key,
            self.index + place,
            self.seed,
            self.block,
            self.signer_set,
            self.p_chain_height,
            self.epoch,
            self.policy,
            self.committees[place],
        )
