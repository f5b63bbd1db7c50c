"""Ledgers: what a run wrote, and its public verification."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sim.api.catalogue import using
from sim.api.records import CommitteeDraw, Record

if TYPE_CHECKING:
    from sim.kchain.state import ChainState


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


class VerifiedKey(Record, frozen=True):
    """What was derived again of one key, from public data.

    Attributes:
        public_key: Of the latest era, hex; None for a key that has none.
        status: ``Pending``, ``Failed``, ``Active``, ``Rotating`` or ``Retired``.
        era: Counts public keys from 1.
        generation: Counts rotations under the latest public key from 0.
        generations: Derived again, of all eras: public key, verification shares, transcript.
        activations: Signatures by new generations that were checked; 0 for schemes without any.
        endorsements: Signatures by the public keys of earlier eras over those of later ones.
        sessions: Signing sessions that are over.

    """

    public_key: str | None
    status: str
    era: int
    generation: int
    generations: int
    activations: int
    endorsements: int
    sessions: int


class VerifiedLedger(Record, frozen=True):
    """A ledger that passed every public check.

    Attributes:
        chain: The chain's id.
        head: Hash of the last block, hex.
        height: Of the last block.
        blocks: Materialised blocks, genesis included.
        transactions: In them, applied and rejected; `rejected` counts the latter.
        keys: What was derived again, by key name.
        attempts: Ceremonies that were judged again, failed ones too.
        draws: The committee that the chain drew last by stake, by key name; all were drawn again.

    """

    chain: str
    head: str
    height: int
    blocks: int
    transactions: int
    rejected: int
    keys: dict[str, VerifiedKey]
    attempts: int
    draws: dict[str, CommitteeDraw]


def verify(
    ledger: Ledger | bytes | str | Path, expect_head: str | None = None, use: Sequence[str] = ()
) -> VerifiedLedger:
    """Check a ledger by public rules alone: no secrets, nothing executed again.

    Without `expect_head` a ledger that somebody rewrote as a whole, or cut off between two blocks,
    passes: only a head hash known from elsewhere shows that.

    Args:
        ledger: As a run returns it, its bytes, its file, or a run's folder.
        expect_head: The hash that the last block must have, 64 hex digits.
        use: Extensions with protocols by which keys were created, files or distributions; those
            installed are known anyway. Nothing that lies beside a ledger is executed.

    Raises:
        ScenarioError: An extension in `use` can't be loaded.
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
    with using(use):
        chain = verify_ledger(ledger_bytes(ledger), head)
    entries = [entry for block in chain.blocks for entry in block.entries]
    return VerifiedLedger(
        chain=chain.genesis.chain,
        head=chain.head.hex(),
        height=chain.state.height,
        blocks=len(chain.blocks),
        transactions=len(entries),
        rejected=sum(bool(entry.reason) for entry in entries),
        keys={name: _key(name, chain.state) for name in chain.state.keys},
        attempts=chain.derived.attempts,
        draws={
            name: msgspec.convert(describe_draw(draw), CommitteeDraw)
            for name, draw in chain.state.draws.items()
        },
    )


def _key(name: str, state: ChainState) -> VerifiedKey:
    """Count what `kchain.generations` has checked of a key."""
    records, last = state.generations(name), state.record(name)
    return VerifiedKey(
        public_key=None if last is None else last.public_key.hex(),
        status=state.keys[name].status,
        era=1 if last is None else last.era,
        generation=0 if last is None else last.generation,
        generations=len(records),
        activations=sum(bool(record.activation_signature) for record in records),
        endorsements=sum(bool(record.endorsement) for record in records if record.generation == 0),
        sessions=sum(key == name for key, _ in state.sessions),
    )


def ledger_bytes(ledger: Ledger | bytes | str | Path) -> bytes:
    """Return the bytes of a ledger, of its file, or of the one in a run's folder."""
    if isinstance(ledger, str | Path):
        from sim.world.folder import RunFolder

        path = Path(ledger)
        return RunFolder.find(path).ledger() if path.is_dir() else path.read_bytes()
    return bytes(ledger)
