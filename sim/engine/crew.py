"""The processes of a run as a crew: while a block is formed no shard advances, and all can help.

The ledger forms a block in a thread, so that it may ask for help in the middle of its rules; the
coordinator's own loop meanwhile talks to the workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import trio

from sim.base.spreading import helped, perform
from sim.engine.pool import Worker

T = TypeVar("T")


class Crew:
    """The coordinating process and its workers; implements `base.spreading.Crew`.

    Args:
        workers: None in a run of one process: then it helps itself.

    Attributes:
        busy_s: Processor time that each process has spent on what was asked of it here, as it has
            on the rest of forming blocks; the coordinating process comes first.
        critical_s: Processor time of the longest chain of all that.

    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self.busy_s = [0.0] * (1 + len(workers))
        self.critical_s = 0.0

    async def help(self, function: Callable[[], T]) -> T:
        """Run `function`, with the crew at its side."""
        started = time.process_time()  # for the machine's figures; no result sees it
        if self._workers:
            with helped(self):
                result = await trio.to_thread.run_sync(function)
        else:
            result = function()
        spent = time.process_time() - started
        self.busy_s[0] += spent
        self.critical_s += spent
        return result

    def __call__(self, name: str, arguments: Sequence[bytes], /) -> list[bytes]:
        """Share calls of the function `name` out evenly; this process makes the first of them."""
        hands = 1 + len(self._workers)
        cuts = [len(arguments) * hand // hands for hand in range(hands + 1)]
        own, *others = [arguments[begin:end] for begin, end in pairwise(cuts)]
        return trio.from_thread.run(self._shared, name, own, others)

    async def _shared(
        self, name: str, own: Sequence[bytes], others: Sequence[Sequence[bytes]]
    ) -> list[bytes]:
        answers: list[list[bytes]] = [[] for _ in self._workers]
        slowest_s = 0.0

        async def ask(place: int) -> None:
            nonlocal slowest_s
            answers[place], spent = await self._workers[place].ask(name, others[place])
            self.busy_s[1 + place] += spent
            slowest_s = max(slowest_s, spent)

        started = time.process_time()
        async with trio.open_nursery() as nursery:
            for place in range(len(self._workers)):
                nursery.start_soon(ask, place)
            mine = await trio.to_thread.run_sync(lambda: [perform(name, one) for one in own])
        # Its own part is in what `help` measures; only what it had to wait for comes on top.
        self.critical_s += max(0.0, slowest_s - (time.process_time() - started))
        return [*mine, *(outcome for answer in answers for outcome in answer)]
