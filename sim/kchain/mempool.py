"""What has arrived, or will, and stands in no block yet."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, NamedTuple

from sim.base.errors import DecodeError
from sim.base.ids import NEVER_US
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

    """

    arrival_us: int
    source: int
    nonce: int
    sequence: int
    principal: bytes
    raw: bytes


class Mempool:
    """Holds transactions until a block takes them.

    A transaction whose nonce is ahead of its account waits until the gap is filled, then counts as
    arrived with the one that filled it; what more than `HELD_MAX` of an account would make wait is
    dropped. Bytes that were submitted before, or that are no transaction (those above
    `TRANSACTION_MAX` among them), are dropped silently.
    """

    def __init__(self) -> None:
        self._queue: list[Waiting] = []
        self._held: dict[bytes, list[Waiting]] = {}
        self._known: set[bytes] = set()

    def copy(self) -> Mempool:
        """Return what waits, to take from; what arrives later goes into the original alone."""
        twin = Mempool()
        twin._queue = self._queue.copy()
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
            arrival_us, source, transaction.nonce, len(self._known), transaction.principal, raw
        )
        heapq.heappush(self._queue, waiting)

    def next_arrival_us(self, is_future: Callable[[bytes], bool]) -> int:
        """Return when the next transaction arrives that needs no other first, or NEVER_US."""
        while self._queue and is_future(self._queue[0].raw):
            self._hold(heapq.heappop(self._queue))
        return self._queue[0].arrival_us if self._queue else NEVER_US

    def pop(self, before_us: int, is_future: Callable[[bytes], bool]) -> Waiting | None:
        """Take the first transaction that arrived strictly before `before_us`, if any."""
        if self.next_arrival_us(is_future) >= before_us:
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
                heapq.heappush(self._queue, waiting._replace(arrival_us=arrival_us))

    def _hold(self, waiting: Waiting) -> None:
        held = self._held.setdefault(waiting.principal, [])
        if len(held) < HELD_MAX:
            held.append(waiting)
