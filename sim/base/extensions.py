"""What runs choose from by name: the built-in things, and those that a run brings along.

A `Registry` holds one sort of named thing. What a module of `sim` registers is built in and there
for every run. What an extension registers, a source of somebody else's, is there inside `extended`
alone: in the run that uses it, and in no other of this process. Both go the same way.

An extension is executed anew by every `extended`, from the bytes that it is given and not from
disk, so that its module's variables belong to one use of it and every process sees the same code.
"""

from __future__ import annotations

import hashlib
import linecache
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

import msgspec

from sim.base.errors import LocalError

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_HOME: Final = "sim"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An extension as bytes: what crosses to the processes, and is kept with the run.

    Attributes:
        name: Qualifies what it registers: the file's stem, or the distribution's name.
        content: Python source.
        origin: The file that it was read from, for tracebacks; nothing is read from there again.
    """

    name: str
    content: bytes
    origin: str

    @property
    def sha256(self) -> str:
        """Of the content, 64 hex digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def module(self) -> str:
        """The name of the module that it becomes."""
        plain = re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", self.name)
        return f"ksim_extension_{plain}"


class ExtensionError(Exception):
    """An extension could not be executed, or failed later on.

    Attributes:
        source: The extension.
        cause: What it raised.
    """

    def __init__(self, source: Source, cause: BaseException) -> None:
        self.source = source
        self.cause = cause
        super().__init__(f"extension {source.name}: {type(cause).__name__}: {cause}")

    def __reduce__(self) -> tuple[type[ExtensionError], tuple[Source, BaseException]]:
        return ExtensionError, (self.source, self.cause)


@dataclass
class _Scope:
    """What the extensions of one run have registered, by sort and name."""

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Loading:
    """The extension that is being executed, and where its things go."""

    source: Source
    scope: _Scope


_scope: ContextVar[_Scope | None] = ContextVar("extensions", default=None)
_loading: ContextVar[_Loading | None] = ContextVar("extension_loading", default=None)


class Registry(Mapping[str, T], Generic[T]):
    """Things of one sort by name: built-in ones first, then those of the present run.

    Args:
        kind: What they are, such as ``behaviour``.
        qualified: Whether the name of an extension is put before what it registers.
    """

    def __init__(self, kind: str, *, qualified: bool = True) -> None:
        self.kind = kind
        self._qualified = qualified
        self._own: dict[str, T] = {}

    def register(self, name: str, home: str | None, make: Callable[[str], T]) -> None:
        """Register a thing for the module `home`, under the name that scenarios call it by.

        A module that is merely imported, and neither part of `sim` nor an extension of a run,
        registers nothing: so extensions can be imported by their own tests.

        Args:
            name: Lower-case letters, digits and dashes; an extension's name is put before it.
            home: Name of the module that registers; None for the extension being executed.
            make: Makes the thing, given its whole name.

        Raises:
            LocalError: The name is none or taken, or an extension registers from another module.
        """
        if not _NAME.fullmatch(name):
            raise LocalError(
                f'"{name}" is no name for a {self.kind}: lower-case letters, digits and dashes, '
                "64 at most"
            )
        loading = _loading.get()
        if home is not None and home.partition(".")[0] == _HOME:
            self._put(self._own, name, make(name))
        elif loading is None:
            make(name)
        elif home not in (None, loading.source.module):
            raise LocalError(
                f"{home} registers the {self.kind} {name}: an extension registers in its own file"
            )
        else:
            full = f"{loading.source.name}:{name}" if self._qualified else name
            self._put(loading.scope.entries.setdefault(self.kind, {}), full, make(full))

    def _put(self, entries: dict[str, T], name: str, entry: T) -> None:
        if name in entries or name in self._own:
            raise LocalError(f"the {self.kind} {name} is registered twice")
        entries[name] = entry

    def _outside(self) -> dict[str, T]:
        scope = _scope.get()
        return {} if scope is None else scope.entries.get(self.kind, {})

    def built_in(self) -> Mapping[str, T]:
        """Return those that need no extension."""
        return dict(self._own)

    def __getitem__(self, name: str) -> T:
        found = self._own if name in self._own else self._outside()
        return found[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from self._outside()

    def __len__(self) -> int:
        return len(self._own) + len(self._outside())


@contextmanager
def extended(sources: Sequence[Source]) -> Iterator[None]:
    """Let registries have what `sources` register, inside; they are executed in order.

    Raises:
        ExtensionError: One of them can't be executed.
    """
    scope = _Scope()
    for source in sources:
        _execute(source, scope)
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def _execute(source: Source, scope: _Scope) -> None:
    lines = source.content.decode(errors="replace").splitlines(keepends=True)
    linecache.cache[source.origin] = (len(source.content), None, lines, source.origin)
    module = ModuleType(source.module)
    module.__file__ = source.origin
    # Dataclasses and type hints look their module up by name.
    sys.modules[source.module] = module
    token = _loading.set(_Loading(source, scope))
    try:
        exec(compile(source.content, source.origin, "exec"), module.__dict__)  # noqa: S102  # the user's own code is the point
    except (Exception, SystemExit) as error:
        raise ExtensionError(source, error) from error
    finally:
        _loading.reset(token)


def culprit(error: BaseException, sources: Sequence[Source]) -> Source | None:
    """Return the extension in which `error` was raised, here or in a worker, or None."""
    traceback = error.__traceback__
    files = []
    while traceback is not None:
        files.append(traceback.tb_frame.f_code.co_filename)
        traceback = traceback.tb_next
    told = str(error)
    for source in sources:
        if source.origin in files or f'File "{source.origin}"' in told:
            return source
    return None
