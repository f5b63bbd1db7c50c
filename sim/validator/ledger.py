"""The chain as one validator has received it, and the part of it that is final."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sim.validator.ports import Board, Chain, News


class Head(NamedTuple):
    """A block as one validator received it: its height, its hash (32 bytes), and when, in µs."""

    height: int
    hash: bytes
    at_us: int


class Heads:
    """Every block that a validator has followed, ascending: 24 bytes each, beside shared hashes."""

    def __init__(self) -> None:
        self._heights = array("q")
        self._hashes: list[bytes] = []
        self._times_us = array("q")

    def add(self, head: Head) -> None:
        """Append a block."""
        self._heights.append(head.height)
        self._hashes.append(head.hash)
        self._times_us.append(head.at_us)

    def __len__(self) -> int:
        return len(self._hashes)

    def __iter__(self) -> Iterator[Head]:
        return map(Head, self._heights, self._hashes, self._times_us)


class LedgerView:
    """Follows blocks; says which state to act on.

    A validator acts on block h once it has received block h + `finality`. A restarted one ignores
    blocks until its read is answered, since the answer holds them too.

    Args:
        board: Reads and judges blocks.
        finality: Heights, 0 or more.
        waiting: Whether this incarnation has asked for the chain and has no answer yet.
        known: What an earlier incarnation had left in `known`: a copy of the chain is public data
            that survives restarts, unless the whole store is lost. Empty begins at genesis.

    """

    def __init__(
        self, board: Board, finality: int, *, waiting: bool, known: Sequence[Chain] = ()
    ) -> None:
        self._board = board
        self._finality = finality
        self._recent: deque[Chain] = deque(known or [board.genesis()])
        self.waiting = waiting

    @property
    def known(self) -> Sequence[Chain]:
        """The chain after the last block that is final, and after each one since."""
        return tuple(self._recent)

    @property
    def head(self) -> Chain:
        """The chain after the last block received."""
        return self._recent[-1]

    @property
    def final(self) -> Chain:
        """The chain after the last block that is final."""
        return self._recent[0]

    @property
    def acting_height(self) -> int:
        """The height that the validator may act on; 0 or less while nothing is final."""
        return self.head.height - self._finality

    def receive(self, news: News) -> list[Chain]:
        """Follow what is new in `news`; return the chain after each new block, ascending."""
        if self.waiting and not news.catch_up:
            return []
        self.waiting = False
        followed = []
        for height, block in self._board.unpack(news.payload):
            if height > self.head.height:  # the answer to a read repeats blocks that came live
                self._recent.append(self._board.follow(self.head, block))
                followed.append(self.head)
        while len(self._recent) > 1 and self._recent[1].height <= self.acting_height:
            self._recent.popleft()
        return followed
