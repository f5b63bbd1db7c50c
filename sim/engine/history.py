"""What is written down of a validator: one record per send, receipt, submission and fault."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import msgspec

from sim.base.errors import LocalError
from sim.base.ids import Label, ValidatorIndex
from sim.base.spool import Kept, Spool, fetch

Extra: TypeAlias = tuple[int | str, ...]

Fields: TypeAlias = tuple[int, str, ValidatorIndex, Label | msgspec.Raw, int, str, Extra]
"""Those of a `Record`; a label may be encoded already."""

NO_LABEL: Final = Label("", 0, "", "")

_CHUNK: Final = 1 << 13
"""Bytes of a piece: hashing pieces costs no more than hashing it all, and when the histories of
hundreds of validators are merged, one piece of each is decoded at a time."""


_ROOM: Final = 1 << 22
"""Bytes of histories that a process keeps in memory: those of some dozens of validators."""


def history_spool() -> Spool:
    """Return where a process keeps histories: in a file, but for the first and short pieces."""
    return Spool(_CHUNK, room=_ROOM)


_BATCH: Final = 64
"""Records that are encoded together: as objects they take several times the memory, and one call
for each takes several times as long."""


class Record(NamedTuple):
    """One line of a validator's history.

    Attributes:
        time_us: Virtual time; never falls from one record of a validator to the next.
        kind: ``send``, ``submit``, ``receive``, ``down`` (lost because the validator was down),
            ``full`` (lost because its mailbox was), ``overflow`` (because its downlink's queue
            was), ``release`` (a message that waited travels on), ``start``, ``crash``, ``pause``,
            ``resume``, ``slow``, ``skew``, or whatever a life records.
        peer: The other end, or LEDGER.
        label: What the message is about; its session names the ceremony.
        transmission: Count of sends of that label on that link; 0 where none is counted.
        verdict: What became of a send (see `ports.Fate`); what a crash lost.
        extra: Arrival times of a send or of a message lost while waiting; the numbers of a fault.
    """

    time_us: int
    kind: str
    peer: ValidatorIndex
    label: Label
    transmission: int
    verdict: str
    extra: Extra


@dataclass(frozen=True, slots=True)
class History:
    """A validator's whole history.

    Attributes:
        digest: BLAKE2b over the encoded records, 16 bytes.
        count: How many records there are.
        last_us: Time of the last one, or 0.
        chunks: The records in MessagePack arrays of some hundreds each, in memory or on disk; none
            if they weren't kept.
    """

    digest: bytes
    count: int
    last_us: int
    chunks: tuple[Kept, ...] = field(compare=False)

    def __iter__(self) -> Iterator[Record]:
        """Decode the records, in order, a chunk at a time.

        Raises:
            LocalError: They weren't kept.
        """
        if not self.chunks and self.count:
            raise LocalError("the run kept no records")
        for chunk in self.chunks:
            yield from _DECODER.decode(fetch(chunk))


class HistoryWriter:
    """Appends records; keeps their bytes, or only a digest of them.

    Args:
        keep: Whether to keep them.
        spool: Where they go: with hundreds of validators they would fill the memory.

    Attributes:
        count: How many there are.
        last_us: Time of the last one, or 0.
    """

    __slots__ = (
        "_batch",
        "_buffer",
        "_buffered",
        "_chunks",
        "_hash",
        "_keep",
        "_spool",
        "count",
        "last_us",
    )

    def __init__(self, *, keep: bool, spool: Spool) -> None:
        self._batch: list[Fields] = []
        self._buffer = bytearray()
        self._buffered = 0
        self._chunks: list[Kept] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._keep = keep
        self._spool = spool
        self.count = 0
        self.last_us = 0

    def add(
        self,
        time_us: int,
        kind: str,
        peer: ValidatorIndex,
        label: Label | msgspec.Raw,
        transmission: int,
        verdict: str,
        extra: Extra,
    ) -> None:
        """Append one record; see `Record`."""
        self._batch.append((time_us, kind, peer, label, transmission, verdict, extra))
        self.count += 1
        self.last_us = time_us
        if len(self._batch) >= _BATCH:
            self._encode()

    def add_all(self, records: Sequence[Fields]) -> None:
        """Append records of one instant."""
        self._batch += records
        self.count += len(records)
        if records:
            self.last_us = records[-1][0]
        if len(self._batch) >= _BATCH:
            self._encode()

    def _encode(self) -> None:
        batch = self._batch
        size = len(batch)
        header = 1 if size < 1 << 4 else 3 if size < 1 << 16 else 5  # of an array in MessagePack
        self._buffer += memoryview(_ENCODER.encode(batch))[header:]
        self._buffered += len(batch)
        batch.clear()
        if len(self._buffer) > _CHUNK:
            self._close_chunk()

    def _close_chunk(self) -> None:
        self._hash.update(self._buffer)
        if self._keep and self._buffered:
            header = b"\xdd" + self._buffered.to_bytes(4, "big")  # MessagePack's array 32
            self._chunks.append(self._spool.keep(bytes(header + self._buffer)))
        self._buffer.clear()
        self._buffered = 0

    def finish(self) -> History:
        """Return the history; nothing may be added any more."""
        self._encode()
        self._close_chunk()
        return History(self._hash.digest(), self.count, self.last_us, tuple(self._chunks))


def merged(
    histories: Mapping[ValidatorIndex, History],
) -> Iterator[tuple[int, ValidatorIndex, int, Record]]:
    """Yield (time, validator, sequence, record) over all validators, in that order.

    Sequence is the record's position in its validator's history, from 0.
    """
    heap: list[tuple[int, ValidatorIndex, int, Record, Iterator[Record]]] = []
    for index, history in sorted(histories.items()):
        rest = iter(history)
        for record in rest:
            heap.append((record.time_us, index, 0, record, rest))
            break
    heapq.heapify(heap)
    while heap:
        time_us, index, sequence, first, rest = heap[0]
        yield time_us, index, sequence, first
        # A validator does much at one instant, and the heap needn't look at each of it.
        for record in rest:
            sequence += 1
            if record.time_us != time_us:
                heapq.heapreplace(heap, (record.time_us, index, sequence, record, rest))
                break
            yield time_us, index, sequence, record
        else:
            heapq.heappop(heap)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Record])
