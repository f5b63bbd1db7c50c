"""What is fixed before the first block: the chain's id, clock, validators and principals."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Annotated

import msgspec

from sim.base.codec import encode
from sim.kchain.errors import LedgerError
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.selection import SelectionError, check_weights
from sim.protocol.transactions import PublicKey, check_principal

Height = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Time = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]

Stake = Annotated[int, msgspec.Meta(ge=1)]

_LONGEST_PHASE = 1 << 32


class Validator(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One entry of the registry: a name, and an Ed25519 identity key of 32 bytes."""

    name: str
    identity: PublicKey


class Genesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that block 0 stands for.

    Attributes:
        chain: The chain's id; every transaction is signed for one.
        time_us: Unix time of block 0, in µs.
        block_time_us: Time between heights.
        epoch_heights: Heights per epoch: policies count signings per epoch.
        finality: Validators act on height h once they have received height h + finality.
        block_max: Most transactions per block.
        phases: Lengths of the phases of every ceremony.
        validators: The registry; positions are validator indices.
        authorised: Principals (Ed25519 or ML-DSA-65 public keys) that may create keys.
        stakes: Of each validator, at least 1 and together below 2^64. Empty, and left out of the
            bytes, when all have the same: then each counts as 1.

    """

    chain: str
    time_us: Time
    block_time_us: Annotated[int, msgspec.Meta(ge=1, le=1 << 50)]
    epoch_heights: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
    finality: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
    block_max: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
    phases: PhaseLengths
    validators: tuple[Validator, ...]
    authorised: tuple[bytes, ...]
    stakes: tuple[Stake, ...] = ()

    @property
    def weights(self) -> tuple[int, ...]:
        """The validators' stakes, by place in the registry."""
        return self.stakes or (1,) * len(self.validators)


def genesis_hash(genesis: Genesis) -> bytes:
    """Return what block 0 names as its parent, 32 bytes."""
    return hashlib.sha256(encode(genesis)).digest()


def check_genesis(genesis: Genesis) -> None:
    """Refuse what types alone don't: repeated names or keys, and what is out of range.

    Raises:
        LedgerError: What is wrong in the header.

    """
    names = {validator.name for validator in genesis.validators}
    keys = {validator.identity for validator in genesis.validators}
    if not genesis.validators or len(names) != len(keys) or len(names) != len(genesis.validators):
        raise LedgerError("header", "the registry is empty, or a name or a key stands in it twice")
    if len(genesis.weights) != len(genesis.validators):
        stakes, validators = len(genesis.stakes), len(genesis.validators)
        raise LedgerError("header", f"{stakes} stakes for {validators} validators")
    try:
        for principal in genesis.authorised:
            check_principal(principal)
    except ValueError as error:
        raise LedgerError("header", str(error)) from None
    try:
        check_weights(genesis.weights)
    except SelectionError as error:
        raise LedgerError("header", f"no committee could be drawn by stake: {error}") from None
    phases = dataclasses.asdict(genesis.phases)
    for name in sorted(phases):
        if not 1 <= phases[name] <= _LONGEST_PHASE:
            raise LedgerError("header", f"the phase {name} lasts {phases[name]} heights")
