"""What has arrived, or will, and stands in no block yet."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, NamedTuple

from sim.base.errors import DecodeError
from sim.base.ids import NEVER_US
from sim.kchain.withholding import Inclusion
from sim.protocol.transactions import decode_transaction, transaction_id

HELD_MAX: Final = 256
"""Transactions of one account that wait for a nonce before theirs: a bound on memory."""


class Waiting(NamedTuple):
    """A transaction in the order in which blocks take them.

    Attributes:
        arrival_us: When it arrived, or when the gap before its nonce was filled.
        source: The validator that sent it; -1 for principals, who come first.
        nonce: Its account nonce.
        sequence: Its place among all submissions: those of one validator keep their order.
        principal: Its account.
        raw: Its canonical bytes.
        kind: What it asks for.
        came_us: When it arrived, or the gap was filled, if `arrival_us` is later because blocks
            leave it out until then.

    """

    arrival_us: int
    source: int
    nonce: int
    sequence: int
    principal: bytes
    raw: bytes
    kind: str
    came_us: int


class Mempool:
    """Holds transactions until a block takes them.

    A transaction whose nonce is ahead of its account waits until the gap is filled, then counts as
    arrived with the one that filled it; what more than `HELD_MAX` of an account would make wait is
    dropped. Bytes that were submitted before, or that are no transaction (those above
    `TRANSACTION_MAX` among them), are dropped silently.

    Args:
        inclusion: What blocks leave out, and until when.

    """

    def __init__(self, inclusion: Inclusion) -> None:
        self._inclusion = inclusion
        self._queue: list[Waiting] = []
        self._withheld: list[Waiting] = []
        self._held: dict[bytes, list[Waiting]] = {}
        self._known: set[bytes] = set()

    def copy(self) -> Mempool:
        """Return what waits, to take from; what arrives later goes into the original alone."""
        twin = Mempool(self._inclusion)
        twin._queue = self._queue.copy()
        twin._withheld = self._withheld.copy()
        twin._held = {principal: held.copy() for principal, held in self._held.items()}
        return twin

    def add(self, arrival_us: int, source: int, raw: bytes) -> None:
        """Take a submission that arrives at `arrival_us`."""
        name = transaction_id(raw)
        if name in self._known:
            return
        try:
            transaction = decode_transaction(raw)
        except DecodeError:
            return
        self._known.add(name)
        waiting = Waiting(
            arrival_us=arrival_us,
            source=source,
            nonce=transaction.nonce,
            sequence=len(self._known),
            principal=transaction.principal,
            raw=raw,
            kind=transaction.kind,
            came_us=arrival_us,
        )
        heapq.heappush(self._queue, waiting)

    def review(self) -> None:
        """Look again at what blocks leave out: the rules have changed."""
        everything = [*self._queue, *self._withheld]
        self._queue = [waiting._replace(arrival_us=waiting.came_us) for waiting in everything]
        self._withheld = []
        heapq.heapify(self._queue)

    def next_arrival_us(self, is_future: Callable[[bytes], bool], floor_us: int) -> int:
        """Return when the next transaction arrives that needs no other first, or NEVER_US.

        One that blocks leave out counts as arrived when they no longer do. No block comes before
        `floor_us`.
        """
        queue = self._queue
        while queue:
            first = queue[0]
            if is_future(first.raw):
                self._hold(heapq.heappop(queue))
                continue
            ready_us = self._inclusion.ready_us(
                first.came_us, first.principal, first.kind, floor_us
            )
            if ready_us <= first.arrival_us:
                return first.arrival_us
            heapq.heappop(queue)
            if ready_us >= NEVER_US:
                self._withheld.append(first)
            else:
                heapq.heappush(queue, first._replace(arrival_us=ready_us))
        return NEVER_US

    def pop(self, before_us: int, is_future: Callable[[bytes], bool]) -> Waiting | None:
        """Take what the block at `before_us` takes first: it arrived strictly before, if any."""
        if self.next_arrival_us(is_future, before_us) >= before_us:
            return None
        return heapq.heappop(self._queue)

    def release(self, filler: Waiting, next_nonce: int) -> None:
        """Put back what waited for `filler`, whose account now goes on with `next_nonce`."""
        held = self._held.pop(filler.principal, [])
        for waiting in held:
            if waiting.nonce > next_nonce:
                self._hold(waiting)
            else:
                arrival_us = max(waiting.arrival_us, filler.arrival_us)
                freed = waiting._replace(arrival_us=arrival_us, came_us=arrival_us)
                heapq.heappush(self._queue, freed)

    def _hold(self, waiting: Waiting) -> None:
        held = self._held.setdefault(waiting.principal, [])
        if len(held) < HELD_MAX:
            held.append(waiting)
