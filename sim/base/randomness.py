"""Labelled randomness: every draw is a function of the seed and of what it is for.

There is no shared generator: removing one draw never moves another. A label names its purpose
(session, attempt, kind, subject, incarnation …), never a position, a process or a window.
"""

from __future__ import annotations

import hashlib
from typing import TypeVar

from sim.base.codec import encode

T = TypeVar("T")


class Stream:
    """An endless stream of bytes fixed by its labels: SHAKE256 in blocks of 136 bytes."""

    __slots__ = ("_block", "_buffer", "_key")

    def __init__(self, seed: int | bytes, *labels: str | int | bytes) -> None:
        self._key = hashlib.sha256(encode(("stream", seed, labels))).digest()
        self._block = 0
        self._buffer = b""

    def bytes(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        while len(self._buffer) < count:
            size = max(136, count - len(self._buffer))
            self._buffer += hashlib.shake_256(self._key + self._block.to_bytes(8, "big")).digest(
                size
            )
            self._block += 1
        drawn, self._buffer = self._buffer[:count], self._buffer[count:]
        return drawn

    def below(self, bound: int) -> int:
        """Return an integer in 0..bound−1 without bias: candidates above are drawn again."""
        if bound < 1:
            raise ValueError(f"bound must be at least 1, got {bound}")
        bits = (bound - 1).bit_length()
        size = (bits + 7) // 8
        while True:
            candidate = int.from_bytes(self.bytes(size), "big") >> (8 * size - bits)
            if candidate < bound:
                return candidate

    def sample(self, pool: list[T], count: int) -> list[T]:
        """Return `count` distinct entries of `pool`, in drawn order (partial Fisher–Yates)."""
        if not 0 <= count <= len(pool):
            raise ValueError(f"cannot draw {count} of {len(pool)}")
        rest = list(pool)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]


def stream(seed: int | bytes, *labels: str | int | bytes) -> Stream:
    """Return the stream named by `labels` under `seed`."""
    return Stream(seed, *labels)
