"""What a validator remembers across restarts.

Writes go to a buffer; `flush` makes them durable. A crash takes the buffer, or more.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from sim.base.secret import SecretBytes
from sim.base.spool import Kept, Spool, fetch

Lose: TypeAlias = Literal["nothing", "unsynced", "all"]
"""What a crash takes beside memory: nothing, writes since the last flush, or the whole store."""

DiskLose: TypeAlias = Literal["unsynced", "all"]
"""What a failing disk takes besides: writes since it began to fail, or the whole store."""

STALE: Final = "stale"
"""What a crash has taken where flushes only seemed to work: the store is as it was before."""


class Store:
    """Keys and values of one validator. Reads see the buffer; only flushed writes survive.

    While its disk fails even those don't: reads still see them, until a crash shows what the disk
    really holds.

    Args:
        spool: Where long values go, so that what simulated disks hold doesn't fill the memory; one
            of its own if None.
    """

    def __init__(self, spool: Spool | None = None) -> None:
        self.spool = spool or Spool()
        self._durable: dict[str, Kept] = {}
        self._real: dict[str, Kept] | None = None
        self._buffer: dict[str, bytes | None] = {}
        self.flushes = 0

    def get(self, key: str) -> bytes | None:
        """Return the value under `key`, or None."""
        if key in self._buffer:
            return self._buffer[key]
        found = self._durable.get(key)
        return None if found is None else fetch(found)

    def put(self, key: str, value: bytes) -> None:
        """Write `value` under `key`; durable after the next `flush`."""
        self._buffer[key] = value

    def put_sealed(self, key: str, sealed: bytes, _plaintext: SecretBytes) -> None:
        """Write a secret as its vault has sealed it.

        The plaintext is for the checks of a run alone, whose store remembers it elsewhere: nothing
        here keeps it.
        """
        self.put(key, sealed)

    def delete(self, key: str) -> None:
        """Erase `key`; durable after the next `flush`."""
        self._buffer[key] = None

    def flush(self) -> None:
        """Make every write so far durable."""
        if not self._buffer:
            return
        self.flushes += 1
        for key, value in self._buffer.items():
            if value is None:
                self._durable.pop(key, None)
            else:
                self._durable[key] = self.spool.keep(value)
        self._buffer.clear()

    def crash(self, lose: Lose) -> str:
        """Take what a crash takes. The identity key is no part of the store and never lost.

        Returns `lose`; of a failing disk ``all`` if nothing is left, else ``stale``.
        """
        if lose == "nothing":
            self.flush()
        self._buffer.clear()
        if lose == "all":
            self._durable.clear()
        if self._real is None:
            return lose
        if lose == "all":
            self._real.clear()
        self._durable = self._real.copy()
        return STALE if self._durable else "all"

    @property
    def failing(self) -> bool:
        """Whether the disk fails."""
        return self._real is not None

    def fail(self, lose: DiskLose | None) -> None:
        """Let flushes only seem to work from now on; None mends the disk.

        What was written meanwhile is on the mended disk, unless a crash came in between.
        """
        if lose is None:
            self._real = None
        else:
            self._real = {} if lose == "all" else self._durable.copy()

    def remains(self, key: str) -> bool:
        """Say whether `key` is still somewhere: in what reads see, or on a disk that fails."""
        if key in self._buffer:
            return self._buffer[key] is not None or self._is_real(key)
        return key in self._durable or self._is_real(key)

    def _is_real(self, key: str) -> bool:
        return self._real is not None and key in self._real

    def names(self, prefix: str) -> list[str]:
        """Return the keys that begin with `prefix`, ascending, with it removed."""
        found = {key for key in self._durable if key.startswith(prefix)}
        for key, value in self._buffer.items():
            if key.startswith(prefix):
                if value is None:
                    found.discard(key)
                else:
                    found.add(key)
        return sorted(key.removeprefix(prefix) for key in found)

    def under(self, prefix: str) -> dict[str, bytes]:
        """Return what stands under `prefix`, by ascending key, with the prefix removed."""
        found = {}
        for name in self.names(prefix):
            value = self.get(prefix + name)
            assert value is not None
            found[name] = value
        return found

    @property
    def empty(self) -> bool:
        """Whether nothing is remembered, not even having started: the store was lost."""
        return not self.names("")
