"""The far end of a pool's worker: ``python -m sim.study.worker FD`` takes orders from a socket.

An order is a pickled ``(function, arguments, named)``, the answer ``(True, result)`` or
``(False, error)``. What the work prints goes to standard error. An interrupt is left to the pool;
when that is gone, however it went, the socket ends and so does the worker at once, in the middle of
its work.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, Final

from sim.base.errors import LocalError

_COLLECT_SECONDS: Final = 4.0
"""CPU time between two collections of garbage: a collection takes less than 0.1 s. Runs hold the
collector back, and what they leave behind in cycles would pile up."""


def work(order: bytes) -> bytes:
    """Carry out one pickled order, and return the pickled answer."""
    try:
        function, arguments, named = pickle.loads(order)  # noqa: S301  # from the process that started this one
        return pickle.dumps((True, function(*arguments, **named)))
    except Exception as error:  # noqa: BLE001  # whatever it is, who ordered it must know
        return _failed(error)


def _failed(error: Exception) -> bytes:
    told = "".join(traceback.format_exception(error)).rstrip()
    error.add_note(f"In a worker:\n{told}")
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)  # noqa: S301  # some errors can be pickled, and not be made again
    except Exception:  # noqa: BLE001  # then its text has to do
        return pickle.dumps((False, LocalError(told)))
    return answer


def serve(connection: Connection) -> None:
    """Carry out orders, one after the other, until the other end closes."""
    orders: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, orders), daemon=True).start()
    collected = time.process_time()
    while True:
        connection.send_bytes(work(orders.get()))
        if time.process_time() - collected > _COLLECT_SECONDS:
            gc.collect()
            collected = time.process_time()


def _listen(connection: Connection, orders: SimpleQueue[bytes]) -> None:
    try:
        while True:
            orders.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)  # nobody is left to answer to, and the main thread may be deep in a run


def main(arguments: list[str]) -> Any:
    """Serve the socket whose descriptor is given."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    (descriptor,) = arguments
    serve(Connection(int(descriptor)))


if __name__ == "__main__":
    main(sys.argv[1:])
