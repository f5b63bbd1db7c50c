"""A journal: what a long study has finished, one JSON object per line, kept as it goes.

The first line says what the journal is of. Lines are only ever added, each in one write; what a
crash left of a last one is cut off when the journal is opened again.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec

from sim.world.folder import FolderError

_SYNC_SECONDS: Final = 1.0
"""How much of the work a power cut may undo. A killed process loses nothing that it has written."""


class Journal:
    """A journal that is being written; a context manager.

    Args:
        path: Of the file; it is made if it isn't there.
        header: What it is of: format, version, and whatever makes two journals two.
        shape: What every entry must convert to, by msgspec; entries stay the objects that they are.

    Attributes:
        entries: What was in it.

    Raises:
        FolderError: It is of something else, is damaged, or somebody else is writing it.

    """

    def __init__(self, path: Path, header: Mapping[str, Any], shape: type = dict) -> None:
        self._stream = path.open("ab")
        self._synced = time.monotonic()
        try:
            _lock(self._stream, path)
            found = list(_lines(path))
            self._stream.truncate(sum(map(len, found)))
            self.entries = _entries(path, found, header, shape)
            if not found:
                self.append(header)
                self.sync()
        except BaseException:
            self._stream.close()
            raise

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add an entry; now and then all of them are made durable."""
        self._stream.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._stream.flush()
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Make everything durable."""
        os.fsync(self._stream.fileno())
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Make everything durable, and close it."""
        self.sync()
        self._stream.close()


def read_journal(path: Path, header: Mapping[str, Any], shape: type = dict) -> list[dict[str, Any]]:
    """Return the entries of a journal, which somebody may be writing; `shape` as of `Journal`.

    Raises:
        FolderError: It is missing, damaged, or of something else.

    """
    try:
        return _entries(path, list(_lines(path)), header, shape)
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}") from None


def check_free(path: Path) -> None:
    """See that nobody is writing the journal at `path`, if there is one.

    Raises:
        FolderError: Somebody is.

    """
    with held(path):
        pass


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep others from writing the journal at `path`, if there is one: while it is replaced, say.

    Raises:
        FolderError: Somebody is writing it.

    """
    if not path.exists():
        yield
        return
    with path.open("r+b") as stream:
        _lock(stream, path)
        yield


def _lock(stream: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderError(f"{path}: another process is writing it") from None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from (line for line in stream if line.endswith(b"\n"))


def _entries(
    path: Path, lines: list[bytes], header: Mapping[str, Any], shape: type
) -> list[dict[str, Any]]:
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            if number > 1:
                msgspec.convert(entry, shape)
                entries.append(entry)
        except ValueError as error:
            raise FolderError(f"{path}:{number}: {error}") from None
        if number == 1 and entry != dict(header):
            raise FolderError(f"{path}: is of something else: {json.dumps(entry)[:200]}")
    return entries
