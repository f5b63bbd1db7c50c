"""Frames between the coordinator and a worker process: MessagePack behind a length of 4 bytes.

Big batches are cut into several frames, so that neither side holds one twice. Mail crosses as
`cargo` has packed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

import msgspec

from sim.base.ids import ValidatorIndex
from sim.base.spool import Spool, fetch
from sim.engine.cargo import FRAME_BYTES, FRAME_ITEMS, Cargo
from sim.engine.exchange import Report, ShardResult
from sim.engine.faults import Due
from sim.engine.history import History
from sim.engine.ports import Event, Submission, Switches
from sim.engine.usage import Usage

_HEADER_BYTES: Final = 4

T = TypeVar("T")


class _Frame(msgspec.Struct, frozen=True, tag=True, array_like=True):
    pass


class Boot(_Frame, frozen=True):
    """To a worker, first: what it is. Fields as in `ports.SimulationConfig`."""

    factory: str
    config: bytes
    shard: int
    shards: int
    watched: frozenset[str]
    keep: bool
    switches: Switches


class Advance(_Frame, frozen=True):
    """To a worker: the rest of an order, after its cargo."""

    horizon_us: int
    faults: list[Due]


class Ask(_Frame, frozen=True):
    """To a worker: calls of a function to make; see `base.spreading`. A `Done` answers it."""

    function: str
    arguments: list[bytes]


class Done(_Frame, frozen=True):
    """From a worker: what came of the calls of an `Ask`, in their order, and the CPU time."""

    outcomes: list[bytes]
    cpu_s: float


class Learn(_Frame, frozen=True):
    """To a worker: verdicts that the coordinator has reached; see `base.memo`."""

    journal: bytes


class Finish(_Frame, frozen=True):
    """To a worker: the run is over; leave the results and go."""


class Submitted(_Frame, frozen=True):
    """From a worker: submissions to the ledger."""

    submissions: list[Submission]


class Advanced(_Frame, frozen=True):
    """From a worker: the rest of a report, after cargo and submissions."""

    next_us: int
    sent: int
    delivered: int
    cpu_s: float
    events: list[Event]

    def report(self, cargo: list[Cargo], submissions: list[Submission]) -> Report:
        """Return the report that this closes."""
        return Report(
            self.next_us,
            self.sent,
            self.delivered,
            self.cpu_s,
            cargo,
            submissions,
            self.events,
        )


class Lived(_Frame, frozen=True):
    """From a worker, at the end: a validator's history, or the next pieces of it."""

    validator: ValidatorIndex
    digest: bytes
    count: int
    last_us: int
    chunks: list[bytes]

    def history(self, spool: Spool, known: History | None) -> History:
        """Return the history as far as it is here: after `known`, with its pieces in `spool`."""
        chunks = tuple(spool.keep(chunk) for chunk in self.chunks)
        before = () if known is None else known.chunks
        return History(self.digest, self.count, self.last_us, before + chunks)


class Finished(_Frame, frozen=True):
    """From a worker, last: the rest of `exchange.ShardResult`, after the histories."""

    finished: bytes
    windows: int
    wakes: int
    order: tuple[int, ...]
    usage: Usage

    def result(self, histories: dict[ValidatorIndex, History]) -> ShardResult:
        """Return the result that this closes."""
        return ShardResult(
            histories, self.finished, self.windows, self.wakes, self.order, self.usage
        )


class Failed(_Frame, frozen=True):
    """From a worker, last: it died of an exception."""

    traceback: str


Frame: TypeAlias = (
    Boot
    | Cargo
    | Advance
    | Ask
    | Done
    | Learn
    | Finish
    | Submitted
    | Advanced
    | Lived
    | Finished
    | Failed
)

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Frame]] = msgspec.msgpack.Decoder(Frame)


def frame_bytes(frame: Frame) -> bytes:
    """Return `frame` as it crosses."""
    body = _ENCODER.encode(frame)
    return len(body).to_bytes(_HEADER_BYTES, "big") + body


class FrameBuffer:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes | bytearray) -> Iterator[Frame]:
        """Take in `data`; yield the frames that are complete now."""
        self._bytes += data
        start = 0
        while len(self._bytes) >= start + _HEADER_BYTES:
            body = start + _HEADER_BYTES
            end = body + int.from_bytes(self._bytes[start:body], "big")
            if len(self._bytes) < end:
                break
            yield _DECODER.decode(self._bytes[body:end])
            start = end
        del self._bytes[:start]


def submitted(submissions: Iterable[Submission]) -> Iterator[Submitted]:
    """Pack `submissions` into frames of bounded size."""
    return map(Submitted, _batches(submissions, lambda one: len(one.payload)))


def asked(function: str, arguments: Iterable[bytes]) -> Iterator[Ask]:
    """Pack calls of `function` into frames of bounded size."""
    return (Ask(function, batch) for batch in _batches(arguments, len))


def lived(validator: ValidatorIndex, history: History) -> Iterator[Lived]:
    """Pack a history into frames of bounded size, one at least; pieces come out of their file."""
    about = validator, history.digest, history.count, history.last_us
    if not history.chunks:
        yield Lived(*about, [])
    for batch in _batches(map(fetch, history.chunks), len):
        yield Lived(*about, batch)


def _batches(items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield `items` in lists, each closed as soon as it is large or long enough for a frame."""
    batch: list[T] = []
    size = 0
    for item in items:
        batch.append(item)
        size += size_of(item)
        if size > FRAME_BYTES or len(batch) >= FRAME_ITEMS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
