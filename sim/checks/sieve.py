"""Finding few needles of millions in a long haystack, without holding all of them at once.

A sieve remembers two marks of each needle, in places that others may share: what passes it need not
be a needle, but every needle passes. So needles can be made one by one, twice: once to fill the
sieve, once to be compared with the little that has passed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

WINDOW: Final = 16
"""Bytes of a needle that count: those that it begins with."""

_MARK: Final = 4  # bytes; a needle's first four and its next four
_LEAST_BITS: Final = 12
_ROOM: Final = 16  # places per needle: one in 16 passes one mark by chance, one in 256 both
_MOST_BITS: Final = 26  # 64 MiB per mark


class Sieve:
    """Knows which windows may begin a needle.

    Args:
        expected: How many needles there will be, roughly: more make it let more through.

    """

    def __init__(self, expected: int) -> None:
        bits = min(max((expected * _ROOM).bit_length(), _LEAST_BITS), _MOST_BITS)
        self._shift = 8 * _MARK - bits
        self._first = bytearray(1 << bits)
        self._second = bytearray(1 << bits)

    def add(self, needle: bytes) -> None:
        """Let through what begins like `needle`, which has `WINDOW` bytes or more."""
        self._first[int.from_bytes(needle[:_MARK], sys.byteorder) >> self._shift] = 1
        self._second[int.from_bytes(needle[_MARK : 2 * _MARK], sys.byteorder) >> self._shift] = 1

    def passing(self, data: bytes) -> Iterator[int]:
        """Yield where in `data` a needle may begin, in no particular order."""
        first, second, shift = self._first, self._second, self._shift
        last = len(data) - WINDOW
        for offset in range(_MARK):
            # Four readings as whole words, a byte apart, see every place; the loop is a tight one.
            end = offset + (len(data) - offset) // _MARK * _MARK
            words = memoryview(data)[offset:end].cast("I")
            for place in [place for place, word in enumerate(words) if first[word >> shift]]:
                start = offset + _MARK * place
                if start <= last and second[words[place + 1] >> shift]:
                    yield start
