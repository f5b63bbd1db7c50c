"""The far end of a worker process: ``python -m sim.engine.worker`` runs one shard.

It speaks frames on the standard streams that it was started with. What the shard prints goes to
standard error, what it reads is empty, and an interrupt is left to the coordinator: when that ends,
the worker's input does too.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import trio

from sim.base.errors import LocalError
from sim.base.spreading import perform
from sim.engine.cargo import Cargo
from sim.engine.collector import rare_collections
from sim.engine.driver import Driver, driving, find_factory
from sim.engine.exchange import Order, ShardResult
from sim.engine.failure import cause
from sim.engine.frames import (
    Advance,
    Advanced,
    Ask,
    Boot,
    Done,
    Failed,
    Finish,
    Finished,
    Frame,
    FrameBuffer,
    Learn,
    frame_bytes,
    lived,
    submitted,
)

_READ_BYTES: Final = 1 << 16


class Wire:
    """Frames over two file descriptors. Reading blocks: nothing runs between two orders."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = os.fdopen(sink, "wb")

    @classmethod
    def of_standard_streams(cls) -> Wire:
        """Take over standard input and output, and leave harmless ones in their place."""
        wire = cls(os.dup(0), os.dup(1))
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        os.dup2(2, 1)
        return wire

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the coordinator closes its end."""
        buffer = FrameBuffer()
        while data := os.read(self._source, _READ_BYTES):
            yield from buffer.feed(data)

    def write(self, *frames: Frame) -> None:
        """Send `frames`."""
        for frame in frames:
            self._sink.write(frame_bytes(frame))
        self._sink.flush()


async def serve(wire: Wire) -> None:
    """Run one shard as the coordinator orders, until it is told to finish or is left alone."""
    frames = wire.frames()
    boot = next(frames, None)
    if not isinstance(boot, Boot):
        raise LocalError(f"a worker is booted first, not given {boot!r}")
    parts = find_factory(boot.factory)(boot.config, boot.shard, boot.shards)
    async with driving(
        parts, boot.shard, watched=boot.watched, keep=boot.keep, switches=boot.switches
    ) as driver:
        cargo: list[Cargo] = []
        idle_s = time.process_time()  # for the machine's figures; no result sees it
        for frame in frames:
            match frame:
                case Cargo():
                    cargo.append(frame)
                case Advance():
                    order = Order(frame.horizon_us, cargo, frame.faults)
                    idle_s = await _advance(wire, driver, order, idle_s)
                    cargo = []
                case Ask(function, arguments):
                    outcomes = [perform(function, one) for one in arguments]
                    now_s = time.process_time()
                    wire.write(Done(outcomes, now_s - idle_s))
                    idle_s = now_s
                case Learn(journal):
                    parts.learn(journal)
                case Finish():
                    _finish(wire, driver.result())
                    return
                case _:
                    raise LocalError(f"not for a worker: {type(frame).__name__}")


async def _advance(wire: Wire, driver: Driver, order: Order, idle_s: float) -> float:
    """Carry out `order` and report.

    The processor time in the report counts from `idle_s`, when this process was idle last, so it
    holds what reading the order and packing the parcels took. Returns when it is idle again.
    """
    report = await driver.carry_out(order)
    wire.write(*report.cargo, *submitted(report.submissions))
    now_s = time.process_time()
    wire.write(
        Advanced(report.next_us, report.sent, report.delivered, now_s - idle_s, report.events)
    )
    return now_s


def _finish(wire: Wire, result: ShardResult) -> None:
    for index, history in result.histories.items():
        for frame in lived(index, history):
            wire.write(frame)
    wire.write(Finished(result.finished, result.windows, result.wakes, result.order, result.usage))


def main() -> int:
    """Run the worker; return its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wire = Wire.of_standard_streams()
    try:
        with rare_collections():
            trio.run(serve, wire)
    except BaseException as error:  # noqa: BLE001  # whatever it is, the coordinator must know
        text = "".join(traceback.format_exception(cause(error)))
        with suppress(BrokenPipeError):  # unless the coordinator is gone
            wire.write(Failed(text))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
