"""Public computations are done once and charged to everyone who asks.

A memoised function runs on a miss under a fresh meter; its result (or exception) is stored with
what it was charged, and every call, hit or miss, adds that to its caller. So charges never depend
on the state or the size of the cache, or on which process asks. The cache belongs to one run: it is
set for a context by `using`; outside any, functions simply run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sim.base.errors import LocalError
from sim.base.meters import Meter, charge_all, metering
from sim.base.secret import Secret

P = ParamSpec("P")
R = TypeVar("R")


class Memo:
    """A cache of public computations.

    Args:
        size: Entries kept, least recently used first out; None keeps all, 0 keeps none.
    """

    def __init__(self, size: int | None = None) -> None:
        self._size = size
        self._entries: OrderedDict[Hashable, tuple[Any, Exception | None, dict[str, int]]] = (
            OrderedDict()
        )
        self.hits = 0
        self.misses = 0
        self.saved = Meter()
        """What hits were charged without being executed."""

    def call(self, key: Hashable, function: Callable[[], R]) -> R:
        """Return `function()`, from the cache if `key` is in it; charge it either way."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            entry = self._run(function)
            self._keep(key, entry)
        else:
            self.hits += 1
            self.saved.merge(entry[2])
            if self._size is not None:
                self._entries.move_to_end(key)
        result, error, charged = entry
        charge_all(charged)
        if error is not None:
            raise error.with_traceback(None)
        return result  # type: ignore[no-any-return]  # stored under the same key by `function`

    @staticmethod
    def _run(function: Callable[[], Any]) -> tuple[Any, Exception | None, dict[str, int]]:
        with metering(Meter()) as meter:
            try:
                return function(), None, meter.counts
            except LocalError:
                raise
            except Exception as error:  # noqa: BLE001  # stored, and raised again for every caller
                return None, error, meter.counts

    def _keep(self, key: Hashable, entry: tuple[Any, Exception | None, dict[str, int]]) -> None:
        if self._size == 0:
            return
        self._entries[key] = entry
        if self._size is not None and len(self._entries) > self._size:
            self._entries.popitem(last=False)


_current: ContextVar[Memo | None] = ContextVar("memo", default=None)


@contextmanager
def using(memo: Memo) -> Iterator[Memo]:
    """Let memoised functions called inside share `memo`."""
    token = _current.set(memo)
    try:
        yield memo
    finally:
        _current.reset(token)


def memoised(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` a public computation: pure, of hashable arguments, none of them secret."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        memo = _current.get()
        if any(isinstance(a, Secret) for a in (*args, *kwargs.values())):
            raise LocalError(f"{name} is memoised: it must not see secrets")
        if memo is None:
            return function(*args, **kwargs)
        key = (name, args, tuple(sorted(kwargs.items())) if kwargs else ())
        return memo.call(key, lambda: function(*args, **kwargs))

    return wrapper
