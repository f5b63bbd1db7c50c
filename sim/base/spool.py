"""Bytes out of the way: in a temporary file without a name, until somebody asks for them.

For what a large run must be able to produce and hardly ever does, such as what simulated disks hold
of envelopes that arrived long ago. A run has a file in each of its processes; it is deleted once
nothing in it is wanted any more.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, TypeAlias

LEAST_BYTES: Final = 1 << 16
"""What is shorter stays in memory: small runs never write here."""


class _File:
    """A temporary file: made when it is first written to, gone with the last that refers to it."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._end = 0

    def append(self, data: bytes) -> int:
        """Write `data`; return where it begins."""
        begin = self._end
        rest = memoryview(data)
        while rest:
            rest = rest[os.pwrite(self._opened(), rest, begin + len(data) - len(rest)) :]
        self._end = begin + len(data)
        return begin

    def read(self, begin: int, length: int) -> bytes:
        """Return `length` bytes from `begin` on."""
        data = bytearray()
        while len(data) < length:
            piece = os.pread(self._opened(), length - len(data), begin + len(data))
            if not piece:
                raise EOFError("a temporary file has lost what was written to it")
            data += piece
        return bytes(data)

    def _opened(self) -> int:
        if self._file is None:
            self._file, path = tempfile.mkstemp(prefix="kchain-sim-")
            Path(path).unlink()
            weakref.finalize(self, os.close, self._file)
        return self._file


class Spooled:
    """Bytes in a file."""

    __slots__ = ("_begin", "_file", "_length")

    def __init__(self, file: _File, data: bytes) -> None:
        self._file = file
        self._length = len(data)
        self._begin = file.append(data)

    def read(self) -> bytes:
        """Return them."""
        return self._file.read(self._begin, self._length)


Kept: TypeAlias = bytes | Spooled
"""Bytes, wherever they are."""

_current: ContextVar[_File | None] = ContextVar("spool", default=None)


@contextmanager
def spooling() -> Iterator[None]:
    """Let what is long leave memory inside; outside, everything stays there."""
    token = _current.set(_File())
    try:
        yield
    finally:
        _current.reset(token)


def spool(data: bytes) -> Kept:
    """Put `data` out of the way, if it is long enough and there is room on the disk."""
    file = _current.get()
    if file is None or len(data) < LEAST_BYTES:
        return data
    try:
        return Spooled(file, data)
    except OSError:
        return data  # it is only there to save memory


def fetch(kept: Kept) -> bytes:
    """Return bytes, from wherever they are."""
    return kept.read() if isinstance(kept, Spooled) else kept
