"""Ledgers: what a run wrote, and its public verification."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sim.api.records import CommitteeDraw, Record


class Ledger:
    """The chain of one run, as `ledger.msgpack` holds it.

    Attributes:
        data: The file's bytes: a stream of MessagePack objects.

    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __bytes__(self) -> bytes:
        return self.data

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the materialised blocks as plain maps, block 0 first; nothing is checked."""
        import msgpack

        unpacker = msgpack.Unpacker(use_list=False, max_buffer_size=max(len(self.data), 1))
        unpacker.feed(self.data)
        yield from (found for found in unpacker if "state_root" in found)

    def save(self, path: str | Path) -> None:
        """Write the file to `path`."""
        Path(path).write_bytes(self.data)


class VerifiedLedger(Record, frozen=True):
    """A ledger that passed every public check.

    Attributes:
        chain: The chain's id.
        head: Hash of the last block, hex.
        height: Of the last block.
        blocks: Materialised blocks, genesis included.
        transactions: In them, applied and rejected; `rejected` counts the latter.
        keys: Public key (hex) by name, None for a key that has none.
        draws: Committees that the chain drew by stake, by key name; each was derived again.

    """

    chain: str
    head: str
    height: int
    blocks: int
    transactions: int
    rejected: int
    keys: dict[str, str | None]
    draws: dict[str, CommitteeDraw]


def verify(ledger: Ledger | bytes | str | Path, expect_head: str | None = None) -> VerifiedLedger:
    """Check a ledger by public rules alone: no secrets, nothing executed again.

    Without `expect_head` a ledger that somebody rewrote as a whole, or cut off between two blocks,
    passes: only a head hash known from elsewhere shows that.

    Args:
        ledger: As a run returns it, its bytes, its file, or a run's folder.
        expect_head: The hash that the last block must have, 64 hex digits.

    Raises:
        LedgerError: The first block or offset at which a rule is broken.
        FolderError: A folder without exactly one run.
        OSError: The file can't be read.
        ValueError: `expect_head` is no hash.

    """
    from sim.kchain.verify import verify_ledger
    from sim.world.keys import describe_draw

    head = None if expect_head is None else bytes.fromhex(expect_head)
    if head is not None and len(head) != 32:
        raise ValueError(f"a head hash has 64 hex digits, not {2 * len(head)}")
    chain = verify_ledger(_bytes(ledger), head)
    entries = [entry for block in chain.blocks for entry in block.entries]
    records = {name: key.record for name, key in chain.state.keys.items()}
    return VerifiedLedger(
        chain=chain.genesis.chain,
        head=chain.head.hex(),
        height=chain.state.height,
        blocks=len(chain.blocks),
        transactions=len(entries),
        rejected=sum(bool(entry.reason) for entry in entries),
        keys={n: None if r is None else r.public_key.hex() for n, r in records.items()},
        draws={
            name: msgspec.convert(describe_draw(draw), CommitteeDraw)
            for name, draw in chain.state.draws.items()
        },
    )


def _bytes(ledger: Ledger | bytes | str | Path) -> bytes:
    if isinstance(ledger, str | Path):
        from sim.world.folder import RunFolder

        path = Path(ledger)
        return RunFolder.find(path).ledger() if path.is_dir() else path.read_bytes()
    return bytes(ledger)
