"""What is fixed before the first block: the chain's id, clock, validators and principals."""

from __future__ import annotations

import dataclasses
import hashlib
from itertools import pairwise
from typing import Annotated, Final, Literal

import msgspec

from sim.base.codec import encode
from sim.kchain.errors import LedgerError
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.requests import (
    PublicKey,
    Small,
    Stake,
)
from sim.protocol.selection import SelectionError, check_weights
from sim.protocol.transactions import check_principal

Height = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Time = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]

TRANSPORT_SIZE: Final = 1216
"""Bytes of a long-lived transport key: ML-KEM-768, then X25519."""

AT_REST_SIZE: Final = 32
"""Bytes of the fingerprint of the key that a vault is locked with."""

_LONGEST_PHASE = 1 << 32


class Validator(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One validator that is active from the start.

    Attributes:
        name: Its name.
        identity: Its Ed25519 key, 32 bytes.
        address: Its place in the network; the registry is in ascending order of it.
        transport: Its long-lived transport key, 1216 bytes; may be empty.
        at_rest: Fingerprint of the key that its vault is locked with, 32 bytes; may be empty.
        stake: Its weight in draws; all together stay below 2^64.

    """

    name: str
    identity: PublicKey
    address: Small
    transport: bytes = b""
    at_rest: bytes = b""
    stake: Stake = 1


class Genesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that block 0 stands for.

    Attributes:
        chain: The chain's id; every transaction is signed for one.
        time_us: Unix time of block 0, in µs.
        block_time_us: Time between heights.
        epoch_heights: Heights per epoch: policies count signings per epoch, and the registry
            changes at its boundaries.
        finality: Validators act on height h once they have received height h + finality.
        block_max: Most transactions per block.
        phases: Lengths of the phases of every ceremony.
        validators: The registry as it begins, by address; others register themselves later.
        authorised: Principals (Ed25519 or ML-DSA-65 public keys) that may create keys, evict
            validators and report violations.
        transport: Whose transport keys shares are sealed to; see `ceremony.Ceremony`.

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
    transport: Literal["ceremony", "long-lived"] = "ceremony"


def genesis_hash(genesis: Genesis) -> bytes:
    """Return what block 0 names as its parent, 32 bytes."""
    return hashlib.sha256(encode(genesis)).digest()


def check_genesis(genesis: Genesis) -> None:
    """Refuse what types alone don't: repeated names or keys, and what is out of range.

    Raises:
        LedgerError: What is wrong in the header.

    """
    _check_validators(genesis.validators)
    try:
        for principal in genesis.authorised:
            check_principal(principal)
    except ValueError as error:
        raise LedgerError("header", str(error)) from None
    phases = dataclasses.asdict(genesis.phases)
    for name in sorted(phases):
        if not 1 <= phases[name] <= _LONGEST_PHASE:
            raise LedgerError("header", f"the phase {name} lasts {phases[name]} heights")


def _check_validators(validators: tuple[Validator, ...]) -> None:
    names = {validator.name for validator in validators}
    keys = {validator.identity for validator in validators}
    if not validators or len(names) != len(keys) or len(names) != len(validators):
        raise LedgerError("header", "the registry is empty, or a name or a key stands in it twice")
    if any(one.address >= other.address for one, other in pairwise(validators)):
        raise LedgerError("header", "the registry isn't in the order of its addresses")
    for validator in validators:
        if len(validator.transport) not in (0, TRANSPORT_SIZE):
            raise LedgerError("header", f"{validator.name}: no transport key takes its length")
        if len(validator.at_rest) not in (0, AT_REST_SIZE):
            raise LedgerError("header", f"{validator.name}: no fingerprint takes its length")
    try:
        check_weights([validator.stake for validator in validators])
    except SelectionError as error:
        raise LedgerError("header", f"no committee could be drawn by stake: {error}") from None
