"""What the blocks of a run say, read back from their bytes: times, statements, signing sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.crypto import verification
from sim.kchain.audit import ClosedSession
from sim.kchain.blocks import Block, Included, decode_block
from sim.kchain.records import KeyRecord
from sim.kchain.state import ChainState
from sim.protocol.messages import STATEMENTS
from sim.protocol.signing_events import SIGNED
from sim.protocol.transactions import (
    CeremonyPayload,
    decode_transaction,
    transaction_id,
)


class Inclusion(NamedTuple):
    """Where a transaction stands.

    Attributes:
        height: Of its block.
        time_us: Virtual time of its block.
        rejected: Why it was rejected, or None.

    """

    height: int
    time_us: int
    rejected: str | None


@dataclass(frozen=True)
class Statement:
    """One ceremony transaction on the ledger, applied or rejected.

    Attributes:
        height: Of its block.
        time_us: Virtual time of its block.
        author: Name of the validator that signed it, or its key's hex if none did.
        kind: Transaction kind.
        session: 32 bytes.
        attempt: 1-based.
        body: The statement's bytes, possibly malformed.
        transaction: Its id, hex.
        rejected: Why it was rejected, or None.

    """

    height: int
    time_us: int
    author: str
    kind: str
    session: bytes
    attempt: int
    body: bytes
    transaction: str
    rejected: str | None


class Chronicle:
    """The blocks of one chain.

    Args:
        state: The chain's state after the last block.
        blocks: Every materialised block's bytes, genesis first.

    """

    def __init__(self, state: ChainState, blocks: Sequence[bytes]) -> None:
        self.state = state
        self._blocks: list[Block] = [decode_block(raw) for raw in blocks]
        self._names = {v.identity: v.name for v in state.registry.values()}

    @cached_property
    def times_us(self) -> dict[int, int]:
        """Virtual time of every materialised height."""
        return {block.height: self._virtual(block) for block in self._blocks}

    def inclusion(self, raw: bytes) -> Inclusion | None:
        """Return where the transaction `raw` stands first; None if no block holds it."""
        return self._inclusions.get(transaction_id(raw))

    @cached_property
    def _inclusions(self) -> dict[bytes, Inclusion]:
        found: dict[bytes, Inclusion] = {}
        for block in self._blocks:
            time_us = self._virtual(block)
            for entry in block.entries:
                place = Inclusion(block.height, time_us, entry.reason or None)
                found.setdefault(transaction_id(entry.transaction), place)
        return found

    def attempt(self, session: bytes, attempt: int) -> list[Statement]:
        """Return what was said in one attempt, in ledger order."""
        return self._by_attempt.get((session, attempt), [])

    def signing(self, record: KeyRecord) -> ClosedSession | None:
        """Return the first session that made a signature with a generation's shares, or None."""
        return self._signed.get((record.name, record.era, record.generation))

    @cached_property
    def _signed(self) -> dict[tuple[str, int, int], ClosedSession]:
        found: dict[tuple[str, int, int], ClosedSession] = {}
        for closed in sorted(self.state.sessions.values(), key=lambda closed: closed.height):
            session = closed.session
            if closed.outcome == SIGNED:
                found.setdefault((session.key, session.era, session.generation), closed)
        return found

    @staticmethod
    def verifies(scheme: str, public: bytes, closed: ClosedSession) -> bool:
        """Say whether an ordinary verification accepts a recorded signature."""
        statement = closed.statement
        assert statement is not None, closed.session.id
        return verification.verify(scheme, public, statement.message, statement.signature)

    @cached_property
    def _by_attempt(self) -> dict[tuple[bytes, int], list[Statement]]:
        found: dict[tuple[bytes, int], list[Statement]] = {}
        for block in self._blocks:
            for entry in block.entries:
                statement = self._statement(block, entry)
                if statement is not None:
                    place = (statement.session, statement.attempt)
                    found.setdefault(place, []).append(statement)
        return found

    def _statement(self, block: Block, entry: Included) -> Statement | None:
        """Return a ceremony transaction; None for another one, or bytes that are none."""
        try:
            transaction = decode_transaction(entry.transaction)
            if transaction.kind not in STATEMENTS:
                return None
            payload = decode_canonical(transaction.payload, CeremonyPayload)
        except DecodeError:
            return None
        principal = transaction.principal
        return Statement(
            height=block.height,
            time_us=self._virtual(block),
            author=self._names.get(principal, principal.hex()),
            kind=transaction.kind,
            session=payload.session,
            attempt=payload.attempt,
            body=payload.body,
            transaction=transaction_id(entry.transaction).hex(),
            rejected=entry.reason or None,
        )

    def _virtual(self, block: Block) -> int:
        return block.time_us - self.state.genesis.time_us
