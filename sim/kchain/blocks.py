"""Blocks: their bytes, their hashes, and the first of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from sim.base.codec import decode_canonical, encode, tuple_hash
from sim.base.memo import memoised
from sim.kchain.draft import Draft
from sim.kchain.genesis import Genesis, Hash, Height, Time, genesis_hash
from sim.kchain.records import Draw, Partition
from sim.kchain.registry import Registry
from sim.kchain.state import ChainState


class Included(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A transaction in a block: its bytes, and why it was rejected (``""``: it was applied)."""

    transaction: bytes
    reason: str


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One materialised block.

    Attributes:
        height: 0 is genesis.
        time_us: Unix time in µs.
        parent: Hash of the last materialised block's bytes; of the encoded genesis in block 0.
        entries: Its transactions in order.
        state_root: Hash of the state after it.
        draws: Committees drawn in it, for requests and then for rules, in their order; left out if
            there are none.
        partitions: Those drawn in it, likewise.

    """

    height: Height
    time_us: Time
    parent: Hash
    entries: tuple[Included, ...]
    state_root: Hash
    draws: tuple[Draw, ...] = ()
    partitions: tuple[Partition, ...] = ()


def block_hash(raw: bytes) -> bytes:
    """Return the hash of a block's bytes: SHA-256."""
    return hashlib.sha256(raw).digest()


def decode_block(raw: bytes) -> Block:
    """Decode a block.

    Raises:
        DecodeError: Not the canonical encoding of a block.

    """
    return decode_canonical(raw, Block)


@memoised
def genesis_state(genesis: Genesis) -> ChainState:
    """Return the state before the first block; its head is the hash of block 0."""
    return _first(genesis)[1]


def genesis_block(genesis: Genesis) -> bytes:
    """Return the bytes of block 0."""
    return _first(genesis)[0]


def _first(genesis: Genesis) -> tuple[bytes, ChainState]:
    empty = ChainState(
        genesis=genesis,
        height=0,
        number=0,
        time_us=genesis.time_us,
        head=b"",
        registry=Registry.at_genesis(genesis.validators),
        leaves={"genesis": tuple_hash("genesis", genesis)},
    )
    draft = Draft(empty, 0, genesis.time_us)
    block = encode(Block(0, genesis.time_us, genesis_hash(genesis), (), draft.root()))
    return block, draft.close(block_hash(block))


def pack_blocks(blocks: Sequence[bytes]) -> bytes:
    """Encode blocks for one delivery."""
    return encode(tuple(blocks))


@memoised
def unpack_blocks(payload: bytes) -> tuple[tuple[int, bytes], ...]:
    """Return the blocks of a delivery as (height, bytes), in its order.

    Raises:
        DecodeError: `payload` is no list of blocks.

    """
    blocks = decode_canonical(payload, tuple[bytes, ...])
    return tuple((decode_block(raw).height, raw) for raw in blocks)
