"""What ends a run early: which failure among several, and a worker's."""

from __future__ import annotations


class WorkerError(Exception):
    """A worker process died; the message holds its traceback, or how it ended without one."""


def cause(error: BaseException) -> BaseException:
    """Return the failure at the root of `error`.

    Trio wraps what a task raises in groups, one per nursery on its way. A run has one cause; if
    several tasks failed together, an interrupt by the user counts more than anything else.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [cause(inner) for inner in error.exceptions]
    interrupts = [inner for inner in causes if isinstance(inner, KeyboardInterrupt)]
    return (interrupts or causes)[0]
