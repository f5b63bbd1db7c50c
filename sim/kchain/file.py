"""ledger.msgpack: a stream of MessagePack objects that any MessagePack library reads.

1. A header, a map: ``format`` ("kchain-ledger"), ``version`` (2) and ``genesis``.
2. One map per materialised block, block 0 first: ``height``, ``time_us``, ``parent`` (SHA-256 of
   the object before it, byte for byte; in block 0, of the encoded genesis), ``entries`` (pairs of a
   signed transaction's bytes and a reason, empty if it was applied) and ``state_root``.
3. A trailer, a map: ``head`` (SHA-256 of the last block's object) and ``blocks`` (their number).

Files of version 1 are read as well: their headers decode as `HeaderV1`, whose genesis had stakes
apart and neither addresses nor keys of validators, and their hashes link in the same way. Their
blocks follow rules that are no longer kept (other transactions, other state roots), so they can be
read but not derived again; `verify` says so.

The trailer says where the file ends, but whoever cuts off blocks can write another trailer: only a
head hash from elsewhere shows that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple

import msgpack
import msgspec

from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.kchain.blocks import Block, block_hash, decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.genesis import (
    Genesis,
    Hash,
    Time,
    Validator,
    check_genesis,
    genesis_hash,
)
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.requests import PublicKey, Stake

FORMAT: Final = "kchain-ledger"
VERSION: Final = 2


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first object."""

    format: Literal["kchain-ledger"]
    version: Literal[2]
    genesis: Genesis


class ValidatorV1(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One entry of the registry of version 1; its place there is its address."""

    name: str
    identity: PublicKey


class GenesisV1(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The genesis of version 1: stakes apart from validators, and left out if all are 1."""

    chain: str
    time_us: Time
    block_time_us: Annotated[int, msgspec.Meta(ge=1, le=1 << 50)]
    epoch_heights: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
    finality: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
    block_max: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
    phases: PhaseLengths
    validators: tuple[ValidatorV1, ...]
    authorised: tuple[PublicKey, ...]
    stakes: tuple[Stake, ...] = ()

    def upgraded(self) -> Genesis:
        """Return the same start in today's terms.

        Raises:
            LedgerError: There are stakes, but not one for each validator.

        """
        stakes = self.stakes or (1,) * len(self.validators)
        if len(stakes) != len(self.validators):
            raise LedgerError("header", f"{len(stakes)} stakes for {len(self.validators)}")
        return Genesis(
            chain=self.chain,
            time_us=self.time_us,
            block_time_us=self.block_time_us,
            epoch_heights=self.epoch_heights,
            finality=self.finality,
            block_max=self.block_max,
            phases=self.phases,
            validators=tuple(
                Validator(one.name, one.identity, place, stake=stakes[place])
                for place, one in enumerate(self.validators)
            ),
            authorised=self.authorised,
        )


class HeaderV1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first object of a file of version 1."""

    format: Literal["kchain-ledger"]
    version: Literal[1]
    genesis: GenesisV1


class Trailer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last object: the hash of the last block, and how many blocks there are."""

    head: Hash
    blocks: Annotated[int, msgspec.Meta(ge=1)]


class StoredBlock(NamedTuple):
    """A block as it stands in a file.

    Attributes:
        offset: Of its first byte.
        raw: Its bytes.
        block: What they say.

    """

    offset: int
    raw: bytes
    block: Block


class LedgerFile(NamedTuple):
    """A ledger whose objects decode and whose hashes link; nothing else is checked yet.

    Attributes:
        version: Of the file.
        genesis: From the header, in today's terms.
        blocks: Block 0 first.
        head: Hash of the last one, as the trailer confirms.

    """

    version: int
    genesis: Genesis
    blocks: tuple[StoredBlock, ...]
    head: bytes


def encode_ledger(genesis: Genesis, blocks: Sequence[bytes]) -> bytes:
    """Return a whole ledger file; `blocks` begin with block 0."""
    header = encode(Header(FORMAT, VERSION, genesis))
    trailer = encode(Trailer(block_hash(blocks[-1]), len(blocks)))
    return b"".join([header, *blocks, trailer])


def parse_ledger(data: bytes) -> LedgerFile:
    """Take a ledger file apart, and check that its hashes link from genesis to the trailer.

    Raises:
        LedgerError: The block or the offset at which it is broken.

    """
    objects = _split(data)
    if len(objects) < 3:
        raise LedgerError(f"offset {len(data)}", "it ends before block 0 and the trailer")
    version, genesis, parent = _decode_header(objects[0][1])
    trailer = _decode_trailer(*objects[-1])
    blocks = []
    for place, (offset, raw) in enumerate(objects[1:-1]):
        block = _decode_linked(place, offset, raw, parent)
        blocks.append(StoredBlock(offset, raw, block))
        parent = block_hash(raw)
    if (trailer.head, trailer.blocks) != (parent, len(blocks)):
        last = blocks[-1].block.height
        raise LedgerError(
            f"block {last}", f"its hash, {parent.hex()}, isn't the head that the trailer states"
        )
    return LedgerFile(version, genesis, tuple(blocks), parent)


def _split(data: bytes) -> list[tuple[int, bytes]]:
    """Find the objects' (offset, bytes) without building any of them."""
    unpacker = msgpack.Unpacker(max_buffer_size=max(len(data), 1))
    unpacker.feed(data)
    objects = []
    begin = 0
    while begin < len(data):
        try:
            unpacker.skip()
        except (msgpack.UnpackException, ValueError) as error:
            raise LedgerError(
                f"offset {begin}", f"no complete MessagePack object: {type(error).__name__}"
            ) from None
        end = unpacker.tell()
        objects.append((begin, data[begin:end]))
        begin = end
    return objects


def _decode_header(raw: bytes) -> tuple[int, Genesis, bytes]:
    """Return the version, the genesis in today's terms, and what block 0 names as its parent."""
    try:
        old = decode_canonical(raw, HeaderV1)
    except DecodeError:
        pass
    else:
        genesis = old.genesis.upgraded()
        check_genesis(genesis)
        return 1, genesis, hashlib.sha256(encode(old.genesis)).digest()
    try:
        header = decode_canonical(raw, Header)
    except DecodeError as error:
        raise LedgerError("header", f"no {FORMAT} header, version {VERSION}: {error}") from None
    check_genesis(header.genesis)
    return VERSION, header.genesis, genesis_hash(header.genesis)


def _decode_trailer(offset: int, raw: bytes) -> Trailer:
    try:
        return decode_canonical(raw, Trailer)
    except DecodeError as error:
        raise LedgerError(f"offset {offset}", f"it doesn't end with a trailer: {error}") from None


def _decode_linked(place: int, offset: int, raw: bytes, parent: bytes) -> Block:
    try:
        block = decode_block(raw)
    except DecodeError as error:
        raise LedgerError(f"offset {offset}", f"no block: {error}") from None
    if block.parent != parent:
        before = "the genesis in the header" if place == 0 else "the block before it"
        raise LedgerError(f"block {block.height}", f"its parent isn't the hash of {before}")
    return block
