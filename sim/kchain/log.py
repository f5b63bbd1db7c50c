"""Append-only logs that states share: appending never copies what is already there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

from sim.base.codec import encode

T = TypeVar("T")


class Log(Generic[T]):
    """An immutable view of the first entries of a shared list, with a running hash over them.

    Appending to the longest view extends the list in place; appending to an older one branches off
    a copy, so no view ever changes.
    """

    __slots__ = ("_entries", "_length", "digest")

    def __init__(
        self, entries: list[T] | None = None, length: int = 0, digest: bytes = b""
    ) -> None:
        self._entries: list[T] = [] if entries is None else entries
        self._length = length
        self.digest = digest or bytes(32)
        """SHA-256 of the previous digest and the last entry's encoding; zeros when empty."""

    def append(self, entry: T) -> Log[T]:
        """Return the log with `entry` at its end."""
        entries = self._entries
        if len(entries) != self._length:
            entries = entries[: self._length]
        entries.append(entry)
        digest = hashlib.sha256(self.digest + encode(entry)).digest()
        return Log(entries, self._length + 1, digest)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return islice(self._entries, self._length)

    def __reversed__(self) -> Iterator[T]:
        return (self._entries[place] for place in range(self._length - 1, -1, -1))
