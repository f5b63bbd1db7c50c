"""Public computations are done once and charged to everyone who asks.

A memoised function runs on a miss under a fresh meter; its result (or exception) is stored with
what it was charged, and every call, hit or miss, adds that to its caller. So charges never depend
on the state or the size of the cache, or on which process asks. The cache belongs to one run: it is
set for a context by `using`; outside any, functions simply run.

What is expensive is found out once for all processes of a run (`verdict`): the process that forms a
block keeps a journal of such results, and they travel to the others with the block. A process that
has learnt one is charged for it as if it had computed it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, wraps
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar, get_type_hints

import msgspec

from sim.base.codec import encode, tuple_hash
from sim.base.errors import LocalError
from sim.base.meters import Meter, charge_all, metering
from sim.base.secret import Secret
from sim.base.spreading import has_crew, outcomes

P = ParamSpec("P")
R = TypeVar("R")


class _Entry(NamedTuple):
    result: Any
    error: Exception | None
    charged: dict[str, int]


class _Key(NamedTuple):
    """The key of a verdict: whose, and a digest of everything that it depends on, 32 bytes."""

    function: str
    digest: bytes


class Memo:
    """A cache of public computations.

    Args:
        size: Entries kept, least recently used first out; None keeps all, 0 keeps none.

    Attributes:
        hits: Calls that it has answered.
        misses: Calls that it has run.
        saved: What hits were charged without being executed.
        ahead: What was executed before anybody asked, so without being charged.

    """

    def __init__(self, size: int | None = None) -> None:
        self._size = size
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._journal: list[_Key] | None = None
        self.hits = 0
        self.misses = 0
        self.saved = Meter()
        self.ahead = Meter()

    def call(self, key: Hashable, function: Callable[[], R]) -> R:
        """Return `function()`, from the cache if `key` is in it; charge it either way."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            entry = self._run(function)
            self._keep(key, entry)
        else:
            self.hits += 1
            self.saved.merge(entry.charged)
            if self._size is not None:
                self._entries.move_to_end(key)
            if entry.error is not None:
                entry.error.with_traceback(None)  # how it came to another caller
        charge_all(entry.charged)
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[no-any-return]  # stored under the same key by `function`

    @staticmethod
    def _run(function: Callable[[], Any]) -> _Entry:
        with metering(Meter()) as meter:
            try:
                return _Entry(function(), None, meter.counts)
            except (LocalError, MemoryError, RecursionError):
                raise  # no function of the arguments
            except Exception as error:  # noqa: BLE001  # stored, and raised again for every caller
                return _Entry(None, error, meter.counts)

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        if self._size == 0:
            return
        self._entries[key] = entry
        if self._journal is not None and isinstance(key, _Key):
            self._journal.append(key)
        if self._size is not None and len(self._entries) > self._size:
            self._entries.popitem(last=False)

    # With other processes.

    def foresee(self, function: Verdict[..., Any], calls: Sequence[tuple[Any, ...]]) -> None:
        """Let the crew find out what calls of `function` are about to ask; nobody is charged."""
        unknown = [call for call in calls if function.key(*call) not in self._entries]
        if self._size == 0 or len(unknown) < 2:
            return
        for call, (result, charged) in zip(unknown, outcomes(function, unknown), strict=True):
            self.ahead.merge(charged)
            self._keep(function.key(*call), _Entry(result, None, charged))

    def keep_journal(self) -> None:
        """Note from now on which verdicts were reached."""
        self._journal = []

    def journal(self) -> bytes:
        """Return the verdicts reached since the last time, encoded. Errors stay where they are."""
        assert self._journal is not None
        keys, self._journal = self._journal, []
        found = ((key, self._entries.get(key)) for key in keys)
        return encode(
            [
                (*key, encode(entry.result), entry.charged)
                for key, entry in found
                if entry is not None and entry.error is None
            ]
        )

    def learn(self, journal: bytes) -> None:
        """Take over the verdicts that another process has reached."""
        for name, digest, result, charged in _JOURNAL.decode(journal):
            known = msgspec.msgpack.decode(result, type=_VERDICTS[name].kind)
            self._keep(_Key(name, digest), _Entry(known, None, charged))


_JOURNAL = msgspec.msgpack.Decoder(list[tuple[str, bytes, bytes, dict[str, int]]])
_VERDICTS: dict[str, Verdict[..., Any]] = {}
"""Every kind of verdict, by its function's name."""

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
        _refuse_secrets(name, *args, *kwargs.values())
        if memo is None:
            return function(*args, **kwargs)
        key = (name, args, tuple(sorted(kwargs.items())) if kwargs else ())
        return memo.call(key, lambda: function(*args, **kwargs))

    return wrapper


class Verdict(Generic[P, R]):
    """A public computation whose results travel; its own module can reach it as a function."""

    def __init__(self, function: Callable[P, R], parts: Callable[P, tuple[Any, ...]]) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self._parts = parts
        self._name = f"{function.__module__}.{function.__qualname__}"
        _VERDICTS[self._name] = self

    @cached_property
    def kind(self) -> Any:
        """The type of its results."""
        return get_type_hints(self.__wrapped__)["return"]

    def key(self, *args: P.args, **kwargs: P.kwargs) -> _Key:
        """Return what a call is known by."""
        return _Key(self._name, tuple_hash(self._name, *self._parts(*args, **kwargs)))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the verdict, charged to the caller."""
        memo = _current.get()
        _refuse_secrets(self._name, *args, *kwargs.values())
        if memo is None:
            return self.__wrapped__(*args, **kwargs)
        return memo.call(self.key(*args, **kwargs), lambda: self.__wrapped__(*args, **kwargs))


def verdict(
    parts: Callable[P, tuple[Any, ...]],
) -> Callable[[Callable[P, R]], Verdict[P, R]]:
    """Make a function a public computation whose results travel between the processes of a run.

    Args:
        parts: Given the arguments, what the result depends on, as the codec takes it. What is long
            had better be a digest already: it is hashed with every call.

    """
    return lambda function: Verdict(function, parts)


def foresee(function: Verdict[..., Any], calls: Sequence[tuple[Any, ...]]) -> None:
    """Share calls that are about to be made out among the processes, where there are several."""
    memo = _current.get()
    if memo is not None and has_crew():
        memo.foresee(function, calls)


def _refuse_secrets(name: str, *given: object) -> None:
    if any(isinstance(one, Secret) for one in given):
        raise LocalError(f"{name} is memoised: it must not see secrets")
