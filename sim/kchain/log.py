"""Collections that states share: adding to one never copies what is already there.

A state of the chain is never written to, and a year of them stands side by side in memory; so what
only grows is kept once, and every state has a view of its beginning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, Generic, TypeVar

from sim.base.codec import encode

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_RECENT_MAX: Final = 64
"""Changed entries that a `Layered` copies at every step; more are folded into a new base."""


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

    def __getitem__(self, place: int) -> T:
        """Return the entry at `place`, from 0 in order of appending.

        Raises:
            IndexError: There is no such place.

        """
        if not 0 <= place < self._length:
            raise IndexError(place)
        return self._entries[place]

    def __reversed__(self) -> Iterator[T]:
        return (self._entries[place] for place in range(self._length - 1, -1, -1))


class Index(Mapping[K, V]):
    """An immutable view of the first entries of a shared dict, each of which is written once.

    As with `Log`, adding to the longest view extends the dict in place, and adding to an older one
    branches off a copy. Iteration is in order of adding.
    """

    __slots__ = ("_entries", "_length")

    def __init__(self, entries: dict[K, tuple[int, V]] | None = None, length: int = 0) -> None:
        self._entries: dict[K, tuple[int, V]] = {} if entries is None else entries
        self._length = length

    def adding(self, key: K, value: V) -> Index[K, V]:
        """Return the index with one entry more; `key` must be new to it."""
        assert key not in self, key
        entries = self._entries
        if len(entries) != self._length:
            entries = dict(islice(entries.items(), self._length))
        entries[key] = (self._length, value)
        return Index(entries, self._length + 1)

    def __getitem__(self, key: K) -> V:
        """Return the value of `key`.

        Raises:
            KeyError: There is none.

        """
        place, value = self._entries[key]
        if place >= self._length:
            raise KeyError(key)
        return value

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        return islice(self._entries, self._length)


class Layered(Mapping[K, V]):
    """An immutable map whose next version costs what changes: a shared base, and recent changes."""

    __slots__ = ("_base", "_recent")

    def __init__(self, base: Mapping[K, V] | None = None, recent: Mapping[K, V] | None = None):
        self._base: Mapping[K, V] = {} if base is None else base
        self._recent: Mapping[K, V] = {} if recent is None else recent

    def changed(self, changes: Mapping[K, V]) -> Layered[K, V]:
        """Return the map with `changes` written over it."""
        if not changes:
            return self
        recent = {**self._recent, **changes}
        if len(recent) > _RECENT_MAX:
            return Layered({**self._base, **recent})
        return Layered(self._base, recent)

    def __getitem__(self, key: K) -> V:
        """Return the value of `key`.

        Raises:
            KeyError: There is none.

        """
        return self._recent[key] if key in self._recent else self._base[key]

    def __len__(self) -> int:
        return len(self._base) + sum(key not in self._base for key in self._recent)

    def __iter__(self) -> Iterator[K]:
        yield from self._base
        yield from (key for key in self._recent if key not in self._base)
