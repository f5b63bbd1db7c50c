"""Checking a ledger file without trusting whoever wrote it.

Public checks alone: canonical bytes, hashes, chain id, heights and times, heights that are due,
signatures and nonces, every verdict of the judge, every recorded reason, state roots, and every
generation of every key with its activation signature and endorsement. No secrets and no
re-execution of validators. A file that was rewritten as a whole, or cut off at a block and given a
new trailer, is caught by its head hash alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.base.memo import Memo, using
from sim.kchain.blocks import Block, genesis_block, genesis_state
from sim.kchain.errors import LedgerError
from sim.kchain.file import VERSION, LedgerFile, StoredBlock, parse_ledger
from sim.kchain.generations import Derived, derive
from sim.kchain.genesis import Genesis
from sim.kchain.replica import follow
from sim.kchain.state import ChainState


@dataclass(frozen=True)
class VerifiedChain:
    """A ledger that passed every check.

    Attributes:
        genesis: What it began with.
        blocks: Every materialised block, block 0 first; `raw` has their bytes.
        raw: The blocks' bytes, alike.
        state: The chain's state after the last.
        head: Hash of the last, 32 bytes.
        derived: How much of it was derived again.

    """

    genesis: Genesis
    blocks: tuple[Block, ...]
    raw: tuple[bytes, ...]
    state: ChainState
    head: bytes
    derived: Derived


def verify_ledger(data: bytes, expect_head: bytes | None = None) -> VerifiedChain:
    """Check a whole ledger file.

    Args:
        data: Its bytes.
        expect_head: The hash that its last block must have, 32 bytes; None trusts the trailer.

    Raises:
        LedgerError: Where it breaks which rule.

    """
    file = parse_ledger(data)
    if file.version != VERSION:
        raise LedgerError(
            "header",
            f"version {file.version}: its hashes link up to {file.head.hex()}, but only blocks of "
            f"version {VERSION} can be derived again",
        )
    if expect_head is not None and file.head != expect_head:
        raise LedgerError("end", f"the head is {file.head.hex()}, not {expect_head.hex()}")
    with using(Memo()):
        state = _replay(file)
        derived = derive(state, sum(_drawn(stored.block) for stored in file.blocks))
    return VerifiedChain(
        file.genesis,
        tuple(stored.block for stored in file.blocks),
        tuple(stored.raw for stored in file.blocks),
        state,
        file.head,
        derived,
    )


def _replay(file: LedgerFile) -> ChainState:
    _check_first(file.genesis, file.blocks[0])
    state = genesis_state(file.genesis)
    for stored in file.blocks[1:]:
        state = follow(state, stored.raw)
    return state


def _drawn(block: Block) -> int:
    """Count the committees that a block records as drawn, those of partitions included."""
    return len(block.draws) + sum(len(one.committees) for one in block.partitions)


def _check_first(genesis: Genesis, first: StoredBlock) -> None:
    if first.raw != genesis_block(genesis):
        raise LedgerError("block 0", "it isn't what the genesis in the header gives")
