"""What the chain keeps about keys: public values only, all of them canonically encodable.

Source: the key record of LP-043 "Key VM". Committee, owner, epoch, generation, era, QUAL and the
activation signature are additions, so that anyone has every verification share from public data.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from sim.protocol.transactions import CreateKey, Policy

FIRST_ERA: Final = 1
"""Eras count the public keys under one name, from 1."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pass


class KeyRecord(_Record, frozen=True):
    """A key that its committee has activated.

    Attributes:
        id: Hash of the chain and the key's name, 32 bytes.
        name: The key's name.
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        threshold: t and n.
        public_key: V_0, the group's public key: 32, 33 or 48 bytes by scheme, never normalised.
        share_commitments: V_1..V_n, by share index; together with `public_key` all V_x.
        created_at_us: Unix time of the block that activated it, in µs.
        status: ``Active``.
        policy: What it may be used for.
        committee: Validators' names, by share index.
        owner: The principal that asked for it, 32 or 1952 bytes.
        epoch: Of the block that activated it.
        generation: Counts rotations under this public key, from 0.
        era: Counts public keys under this name, from 1.
        session: The ceremony's session, 32 bytes; `attempt` is the one that succeeded.
        activated_at: Height of the block that activated it.
        qual: Share indices of the dealers that the key came from.
        transcript: Digest of the ceremony, 32 bytes.
        activation_message: What the committee signed.
        activation_signature: Its signature, valid under `public_key`: 64 bytes, 96 for BLS.

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
    qual: tuple[int, ...]
    transcript: bytes
    activation_message: bytes
    activation_signature: bytes

    @property
    def verification(self) -> tuple[bytes, ...]:
        """V_0..V_n."""
        return (self.public_key, *self.share_commitments)


class Key(_Record, frozen=True):
    """A name that CreateKey has taken, and what has become of it.

    Attributes:
        request: What was asked for.
        owner: Who asked, 32 bytes.
        requested_at: Height of the block that holds CreateKey.
        session: The ceremony's session, 32 bytes.
        attempts: Attempts opened so far.
        failed: Whether the last attempt that it may have has failed.
        record: The record, once it is active.
        signings: Requests let through in `signings_epoch`, which the policy counts.
        signings_epoch: The epoch of the last one.

    """

    request: CreateKey
    owner: bytes
    requested_at: int
    session: bytes
    attempts: int = 0
    failed: bool = False
    record: KeyRecord | None = None
    signings: int = 0
    signings_epoch: int = 0

    @property
    def status(self) -> Literal["Pending", "Failed", "Active", "Rotating", "Retired"]:
        """Where it stands: a ceremony is pending, the key is active, or all attempts failed."""
        if self.record is not None:
            return self.record.status
        return "Failed" if self.failed else "Pending"

    @property
    def open(self) -> bool:
        """Whether an attempt is running or will be."""
        return self.record is None and not self.failed


class Draw(_Record, frozen=True, forbid_unknown_fields=True):
    """A committee that the chain drew by stake, with all that the draw follows from.

    It stands in the block that holds the request, so that anyone derives it again: see
    `sim.protocol.selection`. Every attempt at the key has this committee.

    Attributes:
        key: The key's name.
        index: Which committee of its block this is, from 0: the stream's index.
        seed: What `selection_seed` gives, 32 bytes.
        block: Id of the previous finalised block, 32 bytes.
        signer_set: Id of the registry, stakes included, 32 bytes.
        p_chain_height: Height of the P-chain at which the registry was read.
        epoch: Of the block.
        policy: Id of the key's policy, 32 bytes.
        committee: Validators' names, in the order of the registry.

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
