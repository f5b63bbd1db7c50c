"""The ledger itself: takes submissions and reads, forms blocks when there is reason to.

One actor, in virtual time, without links: whoever drives it says when things arrive. A block exists
at a height iff it holds a transaction, a rule makes a validator act there, or a read is answered.
"""

from __future__ import annotations

import heapq
from functools import partial
from typing import NamedTuple

from sim.base.codec import encode
from sim.base.errors import LocalError
from sim.base.ids import NEVER_US
from sim.kchain.blocks import Block, Included, block_hash, genesis_block, genesis_state
from sim.kchain.clock import BlockClock
from sim.kchain.draft import Draft
from sim.kchain.execution import execute, finish, is_future
from sim.kchain.genesis import Genesis
from sim.kchain.mempool import Mempool
from sim.kchain.state import ChainState
from sim.kchain.withholding import Inclusion, Withholding


class Formed(NamedTuple):
    """A new block.

    Attributes:
        height: Its height.
        raw: Its bytes.
        readers: Whose reads it answers, with every block so far, by arrival.

    """

    height: int
    raw: bytes
    readers: tuple[int, ...]


class Ledger:
    """Forms the chain of one run.

    Attributes:
        genesis: What it began with.
        state: After the last block.
        blocks: Bytes of every materialised block, block 0 first.

    """

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.state: ChainState = genesis_state(genesis)
        self.blocks = [genesis_block(genesis)]
        self._clock = BlockClock(genesis.block_time_us)
        self._inclusion = Inclusion(self._clock.tick_from)
        self._mempool = Mempool(self._inclusion)
        self._reads: list[tuple[int, int]] = []
        self._formed_us = -1

    def submit(self, arrival_us: int, source: int, raw: bytes) -> None:
        """Take a transaction that arrives at `arrival_us` from a validator; -1 for a principal."""
        self._mempool.add(arrival_us, source, raw)

    def read(self, arrival_us: int, reader: int) -> None:
        """Take a request for the whole chain, answered at the first height after it arrives."""
        heapq.heappush(self._reads, (arrival_us, reader))

    def halt(self, from_us: int, until_us: int | None) -> None:
        """Stop heights in [from_us, until_us), or for good."""
        if from_us <= self._formed_us:
            raise LocalError(f"there is a block at {self._formed_us} µs, so no halt at {from_us}")
        self._clock.halt(from_us, until_us)

    def withhold(self, rule: Withholding) -> None:
        """Leave transactions out of blocks, or take them late; see `Withholding`."""
        if rule.from_us <= self._formed_us:
            at_us = rule.from_us
            raise LocalError(f"there is a block at {self._formed_us} µs, so no rule from {at_us}")
        self._inclusion.add(rule)
        self._mempool.review()

    def quiet(self, at_us: int) -> None:
        """End every halt, and whatever blocks leave out, as far as it began before `at_us`."""
        self._clock.resume(at_us)
        self._inclusion.quiet(at_us)
        self._mempool.review()

    def height_at(self, now_us: int) -> int:
        """Return the ledger's height at a virtual time, materialised or not."""
        return self._clock.height_at(now_us)

    def next_tick_us(self, after_us: int) -> int:
        """Return the next block time strictly after `after_us`, or NEVER_US while halted for good.

        It need not have a block.
        """
        return self._clock.tick_from(after_us + 1)

    def next_block_us(self, after_us: int) -> int:
        """Return the time of the next block, at or after `after_us`, or NEVER_US.

        It may change with every submission, read and halt.
        """
        floor_us = max(after_us, self._formed_us + 1)
        arrival_us = self._mempool.next_arrival_us(partial(is_future, self.state), floor_us)
        if self._reads:
            arrival_us = min(arrival_us, self._reads[0][0])
        times = [NEVER_US]
        if arrival_us < NEVER_US:
            times.append(self._clock.tick_from(max(arrival_us + 1, floor_us)))
        if self.state.next_due is not None:
            times.append(max(self._clock.time_of(self.state.next_due), floor_us))
        return min(times)

    def form(self, block_us: int) -> Formed | None:
        """Form the block at `block_us`, None if there is no reason for one.

        Raises:
            LocalError: `block_us` brings no height, or a block before it was left out.

        """
        if self._clock.tick_from(block_us) != block_us or block_us <= self._formed_us:
            raise LocalError(f"no height comes at {block_us} µs")
        height = self._clock.height_at(block_us)
        due = self.state.next_due
        if due is not None and due < height:
            raise LocalError(f"height {due} is due and was left out before {height}")
        draft = Draft(self.state, height, self.genesis.time_us + block_us)
        entries = self._fill(draft, self._mempool, block_us)
        readers = self._answered(block_us)
        if not entries and not readers and due != height:
            return None
        raw, self.state = _propose(draft, entries)
        self.blocks.append(raw)
        self._formed_us = block_us
        return Formed(height, raw, readers)

    def pending(self, block_us: int) -> tuple[bytes, ...]:
        """Return the transactions that a block at `block_us` would take by now, in order."""
        height = self._clock.height_at(block_us)
        draft = Draft(self.state, height, self.genesis.time_us + block_us)
        entries = self._fill(draft, self._mempool.copy(), block_us)
        return tuple(included.transaction for included in entries)

    def _fill(self, draft: Draft, mempool: Mempool, block_us: int) -> tuple[Included, ...]:
        entries: list[Included] = []
        waits = partial(is_future, draft)
        while len(entries) < self.genesis.block_max:
            waiting = mempool.pop(block_us, waits)
            if waiting is None:
                break
            entries.append(Included(waiting.raw, execute(draft, waiting.raw)))
            mempool.release(waiting, draft.nonce(waiting.principal) + 1)
        return tuple(entries)

    def _answered(self, block_us: int) -> tuple[int, ...]:
        readers = []
        while self._reads and self._reads[0][0] < block_us:
            readers.append(heapq.heappop(self._reads)[1])
        return tuple(readers)


def _propose(draft: Draft, entries: tuple[Included, ...]) -> tuple[bytes, ChainState]:
    """Make the block of what `draft` has executed; return its bytes and the state after it."""
    root = finish(draft, transactions=len(entries))
    block = Block(
        draft.height,
        draft.time_us,
        draft.before.head,
        entries,
        root,
        draft.new_draws,
        draft.new_partitions,
    )
    raw = encode(block)
    return raw, draft.close(block_hash(raw))
