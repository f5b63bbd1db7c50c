"""A run's own thread: Trio may not start inside another event loop, such as a notebook's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_POLL_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 15.0


class Stopped(Exception):  # noqa: N818  # an order to stop, not a malfunction
    """Raised inside the run to end it and its workers."""


class Errand(Generic[T]):
    """Runs `function` in a thread of its own; Ctrl-C in the caller stops it cleanly.

    Args:
        function: What to run. It must call `check` every now and then.

    """

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._stop = threading.Event()
        self._done = threading.Event()
        self._results: list[T] = []
        self._errors: list[BaseException] = []

    def check(self) -> None:
        """Raise `Stopped` if the caller was interrupted."""
        if self._stop.is_set():
            raise Stopped

    def run(self) -> T:
        """Run it and return its result.

        Raises:
            KeyboardInterrupt: The caller was interrupted; the function has ended.
            BaseException: Whatever the function raised.

        """
        thread = threading.Thread(target=self._work, name="ksim-run", daemon=True)
        thread.start()
        try:
            # Not thread.join: an interrupt in it makes the thread look ended (up to Python 3.12).
            while not self._done.wait(_POLL_SECONDS):
                pass
        except BaseException:
            self._stop.set()
            self._done.wait(_PATIENCE_SECONDS)
            raise
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def _work(self) -> None:
        try:
            self._results.append(self._function())
        except BaseException as error:  # noqa: BLE001  # raised again in the calling thread
            self._errors.append(error)
        finally:
            self._done.set()
