"""Heights and virtual time: a height every block time, except while the ledger is halted."""

from __future__ import annotations

from sim.base.errors import LocalError
from sim.base.ids import NEVER_US


class BlockClock:
    """Tells which height the ledger has at a virtual time, and when a height comes.

    A tick is a multiple of the block time; every tick at which the ledger isn't halted brings the
    next height. So nothing expires while it is halted.

    Args:
        block_time_us: Time between ticks.

    """

    def __init__(self, block_time_us: int) -> None:
        self._block_time_us = block_time_us
        self._halts: list[tuple[int, int]] = []

    def halt(self, from_us: int, until_us: int | None) -> None:
        """Halt the ledger at ticks in [from_us, until_us); None halts it for good."""
        end = NEVER_US if until_us is None else until_us
        if end <= from_us:
            raise LocalError(f"a halt must end after it begins: {from_us}..{end} µs")
        merged: list[tuple[int, int]] = []
        for begin, stop in sorted([*self._halts, (from_us, end)]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((begin, stop))
        self._halts = merged

    def resume(self, at_us: int) -> None:
        """End at `at_us` every halt that began before."""
        self._halts = [
            (begin, min(end, at_us) if begin < at_us else end) for begin, end in self._halts
        ]

    def height_at(self, now_us: int) -> int:
        """Return the number of ticks in 1..now_us at which the ledger wasn't halted."""
        halted = sum(
            self._ticks(begin, min(end, now_us + 1))
            for begin, end in self._halts
            if begin <= now_us
        )
        return now_us // self._block_time_us - halted

    def tick_from(self, now_us: int) -> int:
        """Return the first tick at or after `now_us` that brings a height, or NEVER_US."""
        tick = max(1, -(-now_us // self._block_time_us))
        for begin, end in self._halts:
            if begin <= tick * self._block_time_us < end:
                if end >= NEVER_US:
                    return NEVER_US
                tick = -(-end // self._block_time_us)
        return tick * self._block_time_us

    def time_of(self, height: int) -> int:
        """Return the virtual time of `height`, as far as halts are known by now, or NEVER_US."""
        tick = height
        for begin, end in self._halts:
            if tick * self._block_time_us >= begin:
                if end >= NEVER_US:
                    return NEVER_US
                tick += self._ticks(begin, end)
        return tick * self._block_time_us

    def _ticks(self, begin_us: int, end_us: int) -> int:
        """Count the ticks in [begin_us, end_us), from tick 1 on."""
        first = max(1, -(-begin_us // self._block_time_us))
        return max(0, -(-end_us // self._block_time_us) - first)
