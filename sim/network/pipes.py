"""Bandwidth: a pipe sends one message after another, and what would wait too long is dropped."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from sim.base.ids import NEVER_US

BITS_US: Final = 8_000_000
"""Bits of a byte × microseconds of a second: bytes × this / (bits per second) are microseconds."""


class Queue(NamedTuple):
    """What a pipe is like.

    Attributes:
        bits_s: Bits per second, at least 1.
        bytes_max: Most bytes that wait or are being sent when another message joins them; None
            drops nothing. A pipe that is idle takes a message of any size.
    """

    bits_s: int
    bytes_max: int | None


class Bandwidth(NamedTuple):
    """Every validator's access to the network; None means no limit."""

    up: Queue | None = None
    down: Queue | None = None


class Pipe:
    """First in, first out; each message takes its size over the rate, rounded up to whole µs.

    What comes out is a function of what went in, as (time, size) in order: whoever asks, and
    however often time is looked at in between.
    """

    __slots__ = ("_bits_s", "_bytes", "_bytes_max", "_free_us", "_inside")

    def __init__(self, queue: Queue) -> None:
        self._bits_s = queue.bits_s
        self._bytes_max = queue.bytes_max
        self._free_us = 0
        self._inside: deque[tuple[int, int]] = deque()
        self._bytes = 0

    def enter(self, now_us: int, size: int) -> int | None:
        """Put a message in; return when its last bit comes out, or None if it is dropped.

        Later than `now_us` by at least 1 µs, and later than everything that entered before.

        Args:
            now_us: When it enters: never earlier than the one before.
            size: In bytes.
        """
        inside = self._inside
        while inside and inside[0][0] <= now_us:
            self._bytes -= inside.popleft()[1]
        if self._bytes_max is not None and inside and self._bytes + size > self._bytes_max:
            return None
        takes_us = max(1, -(-size * BITS_US // self._bits_s))
        self._free_us = min(NEVER_US - 1, max(now_us, self._free_us) + takes_us)
        inside.append((self._free_us, size))
        self._bytes += size
        return self._free_us
