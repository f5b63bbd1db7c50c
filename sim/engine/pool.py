"""The near end of worker processes: start them, talk to them, and never leave one behind."""

from __future__ import annotations

import codecs
import math
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import trio

from sim.base.errors import LocalError
from sim.base.ids import ValidatorIndex
from sim.engine.cargo import Cargo
from sim.engine.exchange import Order, Report, ShardResult
from sim.engine.failure import WorkerError
from sim.engine.frames import (
    Advance,
    Advanced,
    Boot,
    Done,
    Failed,
    Finish,
    Finished,
    Frame,
    FrameBuffer,
    Learn,
    Lived,
    Submitted,
    asked,
    frame_bytes,
)
from sim.engine.history import History, history_spool
from sim.engine.ports import Submission

_STDERR_KEPT_BYTES: Final = 1 << 14
"""How much of a worker's last words an error repeats."""

_LAST_WORDS_SECONDS: Final = 2.0
"""How long they are waited for."""


class Worker:
    """A worker process and what it has said.

    Attributes:
        crossed_bytes: Bytes that crossed in both directions.
    """

    def __init__(self, number: int, process: trio.Process) -> None:
        self.crossed_bytes = 0
        self._number = number
        self._process = process
        self._stderr = bytearray()
        self._silent = trio.Event()
        self._reported, self._reports = trio.open_memory_channel[Report](1)
        self._left, self._results = trio.open_memory_channel[ShardResult](1)
        self._done, self._outcomes = trio.open_memory_channel[Done](math.inf)

    @classmethod
    async def start(cls, number: int) -> Worker:
        """Start the process of shard `number`.

        It is a fresh interpreter, not a fork and not a child that runs the caller's script again,
        so this works from threads, unguarded scripts and notebooks.
        """
        process = await trio.lowlevel.open_process(
            [sys.executable, "-P", "-m", "sim.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search_path()},
            start_new_session=True,  # Ctrl-C is for the coordinator, which ends its workers
        )
        return cls(number, process)

    async def boot(self, boot: Boot) -> None:
        """Tell the worker what it is."""
        await self._write(boot)

    async def _write(self, *frames: Frame) -> None:
        assert self._process.stdin is not None
        for frame in frames:
            data = frame_bytes(frame)
            self.crossed_bytes += len(data)
            try:
                await self._process.stdin.send_all(data)
            except trio.BrokenResourceError:
                await trio.sleep_forever()  # it is dead: `read` is about to say why

    async def order(self, order: Order) -> None:
        """Send `order`; `report` waits for what comes of it."""
        await self._write(*order.cargo)
        await self._write(Advance(order.horizon_us, order.faults))

    async def report(self) -> Report:
        """Wait for the report on the last order."""
        return await self._reports.receive()

    async def ask(self, function: str, arguments: Sequence[bytes]) -> tuple[list[bytes], float]:
        """Let the worker call `function`; see `base.spreading`.

        Returns:
            What comes of each call, and the processor time that they took.
        """
        frames = list(asked(function, arguments))
        outcomes: list[bytes] = []
        cpu_s = 0.0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, *frames)
            for _ in frames:
                done = await self._outcomes.receive()
                outcomes += done.outcomes
                cpu_s += done.cpu_s
        return outcomes, cpu_s

    async def learn(self, journal: bytes) -> None:
        """Tell the worker what verdicts were reached elsewhere."""
        await self._write(Learn(journal))

    async def result(self) -> ShardResult:
        """Let the worker finish, and return what it leaves behind."""
        await self._write(Finish())
        return await self._results.receive()

    async def read(self) -> None:
        """Listen until the worker has finished.

        Raises:
            WorkerError: It died.
        """
        assert self._process.stdout is not None
        buffer = FrameBuffer()
        cargo: list[Cargo] = []
        submissions: list[Submission] = []
        histories: dict[ValidatorIndex, History] = {}
        spool = history_spool()
        async for data in self._process.stdout:
            self.crossed_bytes += len(data)
            for frame in buffer.feed(data):
                match frame:
                    case Cargo():
                        cargo.append(frame)
                    case Submitted():
                        submissions += frame.submissions
                    case Advanced():
                        await self._reported.send(frame.report(cargo, submissions))
                        cargo, submissions = [], []
                    case Done():
                        await self._done.send(frame)
                    case Lived():
                        known = histories.get(frame.validator)
                        histories[frame.validator] = frame.history(spool, known)
                    case Finished():
                        await self._left.send(frame.result(histories))
                        return
                    case Failed():
                        raise WorkerError(f"worker {self._number} failed:\n{frame.traceback}")
                    case _:
                        raise LocalError(f"not from a worker: {type(frame).__name__}")
        # What it started may hold its stderr open.
        with trio.move_on_after(_LAST_WORDS_SECONDS):  # noqa: TID251  # this machine's clock is meant
            await self._silent.wait()
        status = await self._process.wait()
        last_words = self._stderr.decode(errors="replace")
        raise WorkerError(f"worker {self._number} ended with status {status}:\n{last_words}")

    async def pass_on_stderr(self) -> None:
        """Repeat what the worker prints, and remember its last words."""
        assert self._process.stderr is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for data in self._process.stderr:
            with suppress(OSError):  # nobody reads it: no reason to end the run
                sys.stderr.write(decoder.decode(data))
            self._stderr += data
            del self._stderr[:-_STDERR_KEPT_BYTES]
        self._silent.set()

    async def end(self) -> None:
        """See to it that the process is gone."""
        self._process.kill()
        await self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            await stream.aclose()


@asynccontextmanager
async def working(boots: Sequence[Boot]) -> AsyncIterator[list[Worker]]:
    """Start a worker for each of `boots`; none outlives the body, however that ends.

    Raises:
        WorkerError: One of them died; the body is cancelled at once.
    """
    workers: list[Worker] = []
    try:
        async with trio.open_nursery() as nursery:
            for boot in boots:
                worker = await Worker.start(boot.shard)
                workers.append(worker)
                nursery.start_soon(worker.read)
                nursery.start_soon(worker.pass_on_stderr)
                await worker.boot(boot)
            yield workers
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            for worker in workers:
                await worker.end()


def search_path() -> str:
    """Return this interpreter's module search path, so that a worker finds what it finds."""
    return os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
