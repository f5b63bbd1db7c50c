"""The pool that studies run on: worker processes that are started once and do many runs each.

    with Pool(2) as pool:
        for job, row in results(pool, play_row, jobs):
            …

A job is whatever can be pickled and says what it is by `str`; the function is one of a module, or a
`functools.partial` of one, and what it returns is small: workers make the figures, not the caller.
`sim.study.playing` has the job that is a run. Results come as they are done, in no fixed order:
whoever needs one sorts them. Progress is the caller's loop.

Workers are fresh interpreters that never run the caller's script, so unguarded scripts and
notebooks may use a pool. A `Pool` is a `concurrent.futures.Executor`, and `completed` and `results`
take any other, such as Dask's.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from itertools import islice
from multiprocessing import Pipe
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from sim.engine.pool import search_path

J = TypeVar("J")
R = TypeVar("R")
P = ParamSpec("P")

_AHEAD_PER_WORKER: Final = 2
"""Jobs handed out for each worker: one to do, and one so that it need not wait for the next."""

_POLL_SECONDS: Final = 0.5
"""How long a caller waits for results without looking whether it was interrupted."""


class WorkerDiedError(Exception):
    """A worker ended in the middle of a job, and took that with it."""


class _Order(NamedTuple):
    future: Future[Any]
    content: bytes


class _Worker:
    """A worker process, seen from its pool."""

    def __init__(self) -> None:
        self._connection, far = Pipe()
        with far:
            self._process = subprocess.Popen(  # noqa: S603  # this interpreter, this package
                [sys.executable, "-P", "-m", "sim.study.worker", str(far.fileno())],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": search_path()},
                pass_fds=[far.fileno()],
                start_new_session=True,  # Ctrl-C is for the pool, which ends its workers
            )

    def ask(self, order: bytes) -> tuple[bool, Any]:
        """Send an order; return whether it went well, and its result or error.

        Raises:
            WorkerDiedError: The worker is gone.

        """
        try:
            self._connection.send_bytes(order)
            answer = self._connection.recv_bytes()
        except (EOFError, OSError):
            raise WorkerDiedError(f"the worker ended: {self._end()}") from None
        well, value = pickle.loads(answer)  # noqa: S301  # from a process started here
        return bool(well), value

    def _end(self) -> str:
        self.end()
        status = self._process.returncode
        return f"signal {-status}" if status < 0 else f"status {status}"

    def kill(self) -> None:
        """Let it be gone, whatever it is doing; who waits for its answer is told."""
        self._process.kill()

    def end(self) -> None:
        """Let it end, and wait until it has: it ends when nobody is at this end."""
        self._connection.close()
        self._process.wait()


class Pool(Executor):
    """Worker processes, each started when there is work for it.

    As a context manager it waits for all that was submitted; if its body ends with an error or an
    interrupt, it kills the workers at once.

    Args:
        processes: How many; None is one per core.
        fresh: Whether every job gets a worker of its own, that has done nothing before.

    Attributes:
        processes: How many.

    """

    def __init__(self, processes: int | None = None, *, fresh: bool = False) -> None:
        self.processes = processes or os.cpu_count() or 1
        self._fresh = fresh
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._killed = False
        self._workers: set[_Worker] = set()
        self._threads: list[threading.Thread] = []

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have ``fn(*args)`` called in a worker.

        The future's error is what the call raised, with the worker's traceback as a note, or
        `WorkerDiedError`; then the others go on, and a new worker takes the place.

        Raises:
            RuntimeError: The pool is shut down.
            Exception: `fn` or an argument can't be pickled.

        """
        future: Future[R] = Future()
        order = _Order(future, pickle.dumps((fn, args, kwargs)))
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is shut down")
            self._orders.put(order)
            if len(self._threads) < self.processes:
                thread = threading.Thread(target=self._attend, name="ksim-pool", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work, and end every worker when it has done what was submitted.

        Args:
            wait: Whether to return only then.
            cancel_futures: Whether to leave undone what no worker has begun.

        """
        with self._lock:
            if cancel_futures:
                self._cancel()
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._orders.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def kill(self) -> None:
        """End every worker at once, whatever it is doing."""
        with self._lock:
            self._killed = True
            for worker in self._workers:
                worker.kill()
        self.shutdown(cancel_futures=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Shut down; at once if the body failed."""
        if kind is None:
            self.shutdown()
        else:
            self.kill()

    def _cancel(self) -> None:
        with suppress(Empty):
            while True:
                order = self._orders.get_nowait()
                if order is None:  # the threads' own: all that comes after it is, too
                    self._orders.put(None)
                    return
                order.future.cancel()

    def _attend(self) -> None:
        """Hand orders to one worker at a time, until there are no more; in a thread of its own."""
        worker: _Worker | None = None
        while (order := self._orders.get()) is not None:
            if not order.future.set_running_or_notify_cancel():
                continue
            try:
                worker = worker or self._start()
                well, value = worker.ask(order.content)
            except Exception as error:  # noqa: BLE001  # who waits for the future is to know
                self._forget(worker)
                worker = None
                order.future.set_exception(error)
            else:
                order.future.set_result(value) if well else order.future.set_exception(value)
                if self._fresh:
                    self._forget(worker)
                    worker.end()
                    worker = None
        if worker is not None:
            self._forget(worker)
            worker.end()

    def _start(self) -> _Worker:
        with self._lock:
            if self._killed:
                raise WorkerDiedError("the pool was killed")
            worker = _Worker()
            self._workers.add(worker)
        return worker

    def _forget(self, worker: _Worker | None) -> None:
        with self._lock:
            if worker is not None:
                self._workers.discard(worker)


def completed(
    pool: Executor, function: Callable[[J], R], jobs: Iterable[J], ahead: int | None = None
) -> Iterator[tuple[J, Future[R]]]:
    """Yield every job with its future, as they are done: whether well or not, the future knows.

    When the caller stops, what no worker has begun is never begun.

    Args:
        pool: Who does the work.
        function: Called with each job, in a worker.
        jobs: Read as they are handed out.
        ahead: How many are handed out at most; by default enough to keep a `Pool` busy.

    """
    if ahead is None:
        ahead = _AHEAD_PER_WORKER * (
            pool.processes if isinstance(pool, Pool) else os.cpu_count() or 1
        )
    waiting = iter(jobs)
    out: dict[Future[R], J] = {}
    try:
        while True:
            for job in islice(waiting, ahead - len(out)):
                out[pool.submit(function, job)] = job
            if not out:
                return
            done, _ = wait(out, _POLL_SECONDS, FIRST_COMPLETED)
            for future in done:
                yield out.pop(future), future
    finally:
        for future in out:
            future.cancel()


def results(
    pool: Executor, function: Callable[[J], R], jobs: Iterable[J], ahead: int | None = None
) -> Iterator[tuple[J, R]]:
    """Yield every job with its result, as they are done; see `completed`.

    Raises:
        WorkerDiedError: A worker died; the message names its job.
        Exception: What `function` raised; its notes name the job and hold the worker's traceback.

    """
    for job, future in completed(pool, function, jobs, ahead):
        try:
            result = future.result()
        except WorkerDiedError as error:
            raise WorkerDiedError(f"{job}: {error}") from None
        except Exception as error:
            error.add_note(f"This was {job}.")
            raise
        yield job, result
