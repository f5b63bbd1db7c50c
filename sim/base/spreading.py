"""Public computations that the processes of a run share out among them.

A crew takes the name of a function and arguments for many calls of it, and returns what came of
each. Where there is none, as in a run of one process, the calls are simply made here: nothing but
the time it takes depends on it. What a call was charged comes back with its result, so whoever
asked for it is charged, wherever it ran.

Functions are found by name in every process; arguments and results cross as MessagePack. So they
are functions of a module, with annotations that say what they take and return, pure, of public
values alone, and they don't raise.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar, get_type_hints

import msgspec

from sim.base.meters import Meter, charge_all, metering

R = TypeVar("R")


class Crew(Protocol):
    """Processes that share work out among them."""

    def __call__(self, name: str, arguments: Sequence[bytes], /) -> list[bytes]:
        """Return what `perform` gives for each of `arguments`, in their order."""
        ...


class Outcome(NamedTuple):
    """What came of a call: its result, and what it was charged."""

    result: Any
    charged: dict[str, int]


_crew: ContextVar[Crew | None] = ContextVar("crew", default=None)


@contextmanager
def helped(crew: Crew) -> Iterator[None]:
    """Let `crew` do what is spread inside."""
    token = _crew.set(crew)
    try:
        yield
    finally:
        _crew.reset(token)


def has_crew() -> bool:
    """Say whether others would help."""
    return _crew.get() is not None


def spread(function: Callable[..., R], arguments: Sequence[tuple[Any, ...]]) -> list[R]:
    """Return `function(*one)` for each of `arguments`; the caller is charged."""
    if not has_crew() or len(arguments) < 2:
        return [function(*one) for one in arguments]
    found = []
    for result, charged in outcomes(function, arguments):
        charge_all(charged)
        found.append(result)
    return found


def outcomes(
    function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
) -> Iterator[Outcome]:
    """Yield what comes of `function(*one)` for each of `arguments`; nobody is charged."""
    crew = _crew.get()
    assert crew is not None
    signature = _signature(_name(function))
    for done in crew(_name(function), [msgspec.msgpack.encode(one) for one in arguments]):
        yield Outcome(*signature.outcome.decode(done))


def perform(name: str, arguments: bytes) -> bytes:
    """Make the call that another process asks for."""
    signature = _signature(name)
    with metering(Meter()) as meter:
        result = signature.function(*signature.arguments.decode(arguments))
    return msgspec.msgpack.encode((result, meter.counts))


class _Signature(NamedTuple):
    function: Callable[..., Any]
    arguments: msgspec.msgpack.Decoder[tuple[Any, ...]]
    outcome: msgspec.msgpack.Decoder[tuple[Any, dict[str, int]]]


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


@cache
def _signature(name: str) -> _Signature:
    module, _, qualname = name.partition(":")
    function: Callable[..., Any] = inspect.unwrap(
        getattr(importlib.import_module(module), qualname)
    )
    hints = get_type_hints(function)
    result: Any = hints.pop("return")
    given: Any = tuple[tuple(hints.values())]  # type: ignore[misc]  # known when it runs
    done: Any = tuple[result, dict[str, int]]
    return _Signature(function, msgspec.msgpack.Decoder(given), msgspec.msgpack.Decoder(done))
