"""Bytes out of the way: in a temporary file without a name, until somebody asks for them.

For what a large run must be able to produce and hardly ever does, such as what simulated disks hold
of envelopes that arrived long ago, and for validators' histories. A spool's file exists while
anything in it is wanted.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import Final, TypeAlias

LEAST_BYTES: Final = 1 << 16
"""What is shorter stays in memory, unless the spool is told otherwise."""


class _File:
    """One temporary file, deleted with the last object that refers to it."""

    def __init__(self) -> None:
        # It is open for as long as this object lives, which no `with` can say.
        file = tempfile.TemporaryFile(prefix="kchain-sim-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, file.close)
        self._file = file.fileno()
        self._end = 0

    def append(self, data: bytes) -> int:
        begin = self._end
        rest = memoryview(data)
        while rest:
            rest = rest[os.pwrite(self._file, rest, self._end) :]
            self._end = begin + len(data) - len(rest)
        return begin

    def read(self, begin: int, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            piece = os.pread(self._file, length - len(data), begin + len(data))
            if not piece:
                raise EOFError("a temporary file has lost what was written to it")
            data += piece
        return bytes(data)


class Spooled:
    """Bytes in a file of this process; a copy of it, and what goes to others, is the bytes."""

    __slots__ = ("_begin", "_file", "_length")

    def __init__(self, file: _File, data: bytes) -> None:
        self._file = file
        self._length = len(data)
        self._begin = file.append(data)

    def read(self) -> bytes:
        """Return them."""
        return self._file.read(self._begin, self._length)

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        return bytes, (self.read(),)


Kept: TypeAlias = bytes | Spooled
"""Bytes, wherever they are."""


class Spool:
    """Where the validators of a process put bytes; its file appears when it is needed first.

    Args:
        least: What is shorter, in bytes, stays in memory; `LEAST_BYTES` if None.
        room: As many bytes stay there before any goes to the file: a run that needs no more holds
            no file open.
    """

    def __init__(self, least: int | None = None, *, room: int = 0) -> None:
        self._least = LEAST_BYTES if least is None else least
        self._room = room
        # Weak, so that the file goes with the last of what is kept in it.
        self._current: weakref.ref[_File] | None = None

    def keep(self, data: bytes) -> Kept:
        """Put `data` out of the way, if it is long enough and there is room on the disk."""
        if len(data) < self._least:
            return data
        if len(data) <= self._room:
            self._room -= len(data)
            return data
        file = None if self._current is None else self._current()
        try:
            if file is None:
                file = _File()
                self._current = weakref.ref(file)
            return Spooled(file, data)
        except OSError:
            return data  # it is only there to save memory


def fetch(kept: Kept) -> bytes:
    """Return bytes, from wherever they are."""
    return kept.read() if isinstance(kept, Spooled) else kept
