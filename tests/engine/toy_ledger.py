"""A toy ledger: blocks of whatever was submitted, over FIFO links of constant delay, with reads."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Sequence

from sim.base.codec import encode
from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.ports import LedgerDelivery, Submission

Entry = tuple[int, bytes]
"""Who submitted it, and what."""


class ToyLedger:
    """Forms a block when something arrived, a read wants an answer, or its deadline has come.

    Args:
        size: How many validators there are.
        block_us: Time between blocks.
        deadline: Height at which a block is due whatever happens; 0 for none.

    Attributes:
        blocks: Height and entries of every block, except those that only answer reads.
        head: Hash chain over them.
    """

    def __init__(self, size: int, block_us: int, deadline: int = 0) -> None:
        self.blocks: list[tuple[int, list[Entry]]] = []
        self.head = b"genesis"
        self._size = size
        self._block_us = block_us
        self._deadline = deadline
        self._height = 0
        self._pool: list[tuple[int, ValidatorIndex, int, bytes]] = []
        self._reads: list[tuple[int, ValidatorIndex, Label]] = []
        self._up = [0] * size
        self._down = [0] * size
        self._stretch = 1

    def _delay_us(self, validator: int) -> int:
        return self._stretch * (5_000 + 1_000 * validator)

    def accept(self, submissions: Sequence[Submission]) -> None:
        assert list(submissions) == sorted(submissions)
        for sent, validator, sequence, label, payload in submissions:
            at = max(self._up[validator], sent + self._delay_us(validator))
            self._up[validator] = at
            if label.kind == "read":
                self._reads.append((at, validator, label))
            else:
                heapq.heappush(self._pool, (at, validator, sequence, payload))

    def next_block_us(self, after_us: int) -> int:
        arrivals = [entry[0] for entry in self._pool[:1]] + [read[0] for read in self._reads]
        heights = [at // self._block_us + 1 for at in arrivals]
        if self._height < self._deadline:
            heights.append(self._deadline)
        if not heights:
            return NEVER_US
        floor = max(self._height + 1, -(-after_us // self._block_us))
        return max(min(heights), floor) * self._block_us

    def next_tick_us(self, after_us: int) -> int:
        return (after_us // self._block_us + 1) * self._block_us

    def pending(self, block_us: int) -> Sequence[bytes]:
        return [payload for at, _, _, payload in sorted(self._pool) if at < block_us]

    def rush(self, block_us: int, submissions: Sequence[Submission]) -> None:
        for submission in submissions:
            entry = (block_us - 1, submission.validator, submission.sequence, submission.payload)
            heapq.heappush(self._pool, entry)

    def apply(self, now_us: int, rule: bytes) -> list[LedgerDelivery]:
        """Make every link slower by the factor that `rule` is."""
        self._stretch = rule[0]
        return []

    def form(self, block_us: int) -> list[LedgerDelivery]:
        height = self._height = block_us // self._block_us
        entries: list[Entry] = []
        while self._pool and self._pool[0][0] < block_us:
            _, validator, _, payload = heapq.heappop(self._pool)
            entries.append((validator, payload))
        sent = []
        if entries or height == self._deadline:
            self.blocks.append((height, entries))
            self.head = hashlib.sha256(self.head + encode(self.blocks[-1])).digest()
            label = Label("", 0, "block", str(height))
            news = encode([self.blocks[-1]])
            sent = [self._deliver(block_us, v, height, label, news) for v in range(self._size)]
        answered = [read for read in self._reads if read[0] < block_us]
        self._reads = [read for read in self._reads if read[0] >= block_us]
        for _, validator, read in sorted(answered):
            label = Label("", 0, "catch-up", read.subject)
            chain = encode(self.blocks)
            sent.append(self._deliver(block_us, validator, height, label, chain))
        return sent

    def _deliver(
        self, block_us: int, validator: int, height: int, label: Label, payload: bytes
    ) -> LedgerDelivery:
        at = max(self._down[validator], block_us + self._delay_us(validator))
        self._down[validator] = at
        return LedgerDelivery(ValidatorIndex(validator), at, height, label, 1, payload)
