"""The extensions that a scenario uses: found, read, tried out.

``use`` names files, by path from the file in which it stands, or installed distributions. A
distribution that a qualified name in the scenario begins with needs no ``use``: its entry point in
the group ``ksim.extensions`` names the one module that it registers from.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

from sim.base.extensions import ExtensionError, Source, extended
from sim.scenario.diagnostics import Diagnostic, ScenarioError, Span, nearest
from sim.scenario.fields import NAME_BEGINS, NAME_PATTERN
from sim.scenario.plan import ExtensionPlan
from sim.scenario.source import KeyPath, Node, read_file

GROUP: Final = "ksim.extensions"
"""The entry-point group: one entry per distribution, and what it names is a module."""

USE: Final[KeyPath] = ("use",)

_QUALIFIED: Final = re.compile(rf"({NAME_PATTERN}):[a-z0-9-]+", re.ASCII)
_SELECTORS: Final = frozenset({"region", "committee"})
"""What stands before a colon in selectors."""


@dataclass(frozen=True)
class Used:
    """An extension that a scenario uses.

    Attributes:
        source: Its name and bytes.
        shown: Its file as diagnostics show it.
        span: Where the scenario asks for it.
    """

    source: Source
    shown: str
    span: Span


def find_extensions(root: Node, path: str) -> tuple[tuple[Source, ...], list[Diagnostic]]:
    """Return the extensions of a scenario that can be executed, and what is wrong with the rest.

    Args:
        root: The scenario's tree.
        path: Of the scenario: relative files named in no file start from its folder.
    """
    problems: list[Diagnostic] = []
    found: dict[str, Used] = {}
    for entry in _entries(root):
        try:
            used = _read(entry, path)
            _check_new(used, found)
            _try(used)
        except ScenarioError as error:
            problems += error.diagnostics
        else:
            found[used.source.name] = used
    for name, span in _named(root):
        if name not in found and name in installed():
            try:
                found[name] = used = _installed(name, span)
                _try(used)
            except ScenarioError as error:
                problems += error.diagnostics
    return tuple(used.source for used in found.values()), problems


def plans(sources: tuple[Source, ...]) -> tuple[ExtensionPlan, ...]:
    """Return extensions as a plan has them."""
    return tuple(ExtensionPlan(name=known.name, sha256=known.sha256) for known in sources)


def read_extension(given: str) -> Source:
    """Return the extension that a program or a command line names: a file, or a distribution.

    Raises:
        ScenarioError: There is none, or it can't be executed.
    """
    span = Span("--use", 1, len("--use") + 2, max(1, len(given)), f"--use {given}")
    used = _file(given, Path(), span) if _is_path(given) else _installed(given, span)
    _try(used)
    return used.source


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message about a name that nothing has."""
    qualifier, colon, _ = name.partition(":")
    missing = colon and not any(entry.startswith(f"{qualifier}:") for entry in known)
    hint = f": no extension in use is called {qualifier} and has a {what}" if missing else ""
    return f'unknown {what} "{name}"{hint}'


def _entries(root: Node) -> list[Node]:
    """Return the entries of ``use`` that may be ones; the schema reports the rest."""
    node = root.child("use")
    listed = node.value if node is not None and isinstance(node.value, list) else []
    return [entry for entry in listed if isinstance(_file_node(entry).value, str)]


def _file_node(entry: Node) -> Node:
    return entry.child("file") or entry


def _read(entry: Node, path: str) -> Used:
    node = _file_node(entry)
    given, span = str(node.value), node.span
    if not _is_path(given):
        return _installed(given, span)
    home = Path(span.file).parent if Path(span.file).is_file() else Path(path).parent
    used = _file(given, home, span)
    wanted = entry.child("sha256")
    if wanted is not None and isinstance(wanted.value, str) and wanted.value != used.source.sha256:
        message = f"{used.shown} has changed: its SHA-256 is {used.source.sha256}"
        raise ScenarioError([Diagnostic(message, wanted.span)])
    return used


def _is_path(given: str) -> bool:
    return given.endswith(".py") or "/" in given or os.sep in given


def _file(given: str, home: Path, span: Span) -> Used:
    shown = os.path.normpath(home / given)
    name = Path(given).stem
    if not re.fullmatch(NAME_PATTERN, name, re.ASCII) or not given.endswith(".py"):
        message = f"an extension is a Python file, NAME.py, and its name begins with {NAME_BEGINS}"
        raise ScenarioError([Diagnostic(message, span)])
    try:
        text = read_file(Path(shown), shown, span)
    except ScenarioError as error:
        there = [str(Path(given).parent / file.name) for file in Path(shown).parent.glob("*.py")]
        close = nearest(str(Path(given)), sorted(there))
        hint = None if close is None else f'"{close}"'
        first = error.diagnostics[0]
        raise ScenarioError([Diagnostic(first.message, first.span, hint)]) from None
    origin = str(Path(shown).absolute())
    return Used(Source(name=name, content=text.encode(), origin=origin), shown, span)


def installed() -> dict[str, tuple[str, ...]]:
    """Return the modules of installed extensions by the normal form of the distribution's name."""
    found: dict[str, tuple[str, ...]] = {}
    for point in metadata.entry_points(group=GROUP):
        if point.dist is not None:
            name = _normal(point.dist.name)
            found[name] = tuple(sorted({*found.get(name, ()), point.module}))
    return dict(sorted(found.items()))


def _normal(name: str) -> str:
    """Return a distribution's name as packaging compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(given: str, span: Span) -> Used:
    name, known = _normal(given), installed()
    if name not in known:
        message = f'no file, and no installed distribution with an entry in {GROUP}: "{given}"'
        close = nearest(name, known)
        hint = None if close is None else f'"{close}"'
        raise ScenarioError([Diagnostic(message, span, hint, tuple(known))])
    if len(known[name]) > 1:
        message = f"{name} has several modules in {GROUP}, and one is read: {known[name]}"
        raise ScenarioError([Diagnostic(message, span)])
    (module,) = known[name]
    try:
        spec = util.find_spec(module)
    except Exception as error:  # noqa: BLE001  # whatever the packages around it raise
        message = f"{name}: {module} can't be found: {type(error).__name__}: {error}"
        raise ScenarioError([Diagnostic(message, span)]) from None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ScenarioError([Diagnostic(f"{name}: {module} is no Python file", span)])
    text = read_file(Path(spec.origin), spec.origin, span)
    return Used(Source(name=name, content=text.encode(), origin=spec.origin), spec.origin, span)


def _named(root: Node) -> Iterator[tuple[str, Span]]:
    """Yield what stands before the colon of qualified names, and where, each once, in order."""
    seen: set[str] = set()
    for node in _texts(root):
        match = _QUALIFIED.fullmatch(node.value)
        if match is not None and match[1] not in seen | _SELECTORS:
            seen.add(match[1])
            yield match[1], node.span


def _texts(node: Node) -> Iterator[Node]:
    if isinstance(node.value, str):
        yield node
    elif isinstance(node.value, dict | list):
        inner = node.value.values() if isinstance(node.value, dict) else node.value
        for child in inner:
            yield from _texts(child)


def _check_new(used: Used, found: dict[str, Used]) -> None:
    first = found.get(used.source.name)
    if first is not None:
        message = f"two extensions are called {used.source.name}: their names would be the same"
        raise ScenarioError([Diagnostic(message, used.span, related=(("first", first.span),))])


def _try(used: Used) -> None:
    """Execute an extension to see whether that works.

    Raises:
        ScenarioError: It doesn't; placed at its own line.
    """
    try:
        with extended((used.source,)):
            pass
    except ExtensionError as error:
        place = _place(error.cause, used)
        kind = type(error.cause).__name__
        told = error.cause.msg if isinstance(error.cause, SyntaxError) else str(error.cause)
        message = f"extension {used.source.name} can't be loaded: {kind}: {told}"
        related = (("used", used.span),) if place is not used.span else ()
        raise ScenarioError([Diagnostic(message, place, related=related)]) from None


def _place(error: BaseException, used: Used) -> Span:
    """Return the last line of the extension that `error` came through."""
    lines = used.source.content.decode().split("\n")
    if isinstance(error, SyntaxError) and error.filename == used.source.origin:
        line, start = error.lineno or 1, (error.offset or 1) - 1
        return Span(used.shown, line, start + 1, 1, lines[line - 1])
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename == used.source.origin and frame.lineno is not None:
            text = lines[frame.lineno - 1]
            start = len(text.encode()[: frame.colno or 0].decode(errors="ignore"))
            single = frame.end_lineno == frame.lineno and frame.end_colno is not None
            end = len(text.encode()[: frame.end_colno].decode(errors="ignore")) if single else 0
            return Span(used.shown, frame.lineno, start + 1, max(1, end - start), text)
    return used.span
