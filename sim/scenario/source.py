"""TOML texts as trees of nodes that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import tomli

from sim.scenario.diagnostics import Diagnostic, ScenarioError, Span, whole_file
from sim.scenario.positions import Mark, Positions

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a scenario: keys, and positions in arrays."""


@dataclass(slots=True)
class Node:
    """A value and its place.

    Attributes:
        value: A table of nodes, an array of nodes, or a scalar.
        span: Where the value stands; of a table with a header, the header.
        key: Where its key stands.
        mergeable: Whether `extends` merges it key by key: tables with a header or dotted keys are;
            values, inline tables and arrays among them, are replaced as a whole.
    """

    value: Any
    span: Span
    key: Span
    mergeable: bool = False

    def child(self, step: str | int) -> Node | None:
        """Return the node at key or position `step`, or None."""
        if isinstance(self.value, dict):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            entry: Node = self.value[step]
            return entry
        return None

    def plain(self) -> Any:
        """Return the value alone."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def copy(self) -> Node:
        """Return an independent copy."""
        value = self.value
        if isinstance(value, dict):
            value = {key: node.copy() for key, node in value.items()}
        elif isinstance(value, list):
            value = [node.copy() for node in value]
        return Node(value, self.span, self.key, self.mergeable)


def from_value(value: Any, span: Span) -> Node:
    """Return `value` as a tree whose every node stands at `span`."""
    if isinstance(value, dict):
        value = {str(key): from_value(entry, span) for key, entry in value.items()}
    elif isinstance(value, list | tuple):
        value = [from_value(entry, span) for entry in value]
    return Node(value, span, span)


def read_file(path: Path, shown: str, blame: Span | None = None) -> str:
    """Return the text of `path`.

    Args:
        path: The file.
        shown: Its name in diagnostics.
        blame: Where the file was asked for, if in another file.

    Raises:
        ScenarioError: It can't be read, or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        message = f"can't read {shown}: {why}"
        raise ScenarioError([Diagnostic(message, blame or whole_file(shown))]) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        before = data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()
        span = Span(shown, line, len(before) + 1, 1, f"{before}\N{REPLACEMENT CHARACTER}")
        raise ScenarioError([Diagnostic("the file is not UTF-8", span)]) from None


def parse(file: str, text: str) -> Node:
    """Return the tree of a TOML document.

    Raises:
        ScenarioError: A syntax error; there is only ever the first.
    """
    try:
        text.encode()  # a text from a program may hold lone surrogates: a ValueError, as below
        value = tomli.loads(text)
        return _join(value, Positions(file, text).root)
    except tomli.TOMLDecodeError as error:
        raise ScenarioError([_syntax_error(file, text, error)]) from None
    except RecursionError:
        raise ScenarioError([Diagnostic("nested too deeply", whole_file(file))]) from None
    except ValueError as error:  # tomli lets Python's own limits through, such as for long numbers
        raise ScenarioError([Diagnostic(str(error), whole_file(file))]) from None


def _syntax_error(file: str, text: str, error: tomli.TOMLDecodeError) -> Diagnostic:
    for twice in Positions(file, text).twice:
        if "overwrite" in error.msg:
            related = (("first", twice.first),)
            return Diagnostic(f'"{twice.name}" stands twice', twice.second, related=related)
    lines = text.split("\n")
    line = min(error.lineno, len(lines))
    shown = lines[line - 1].rstrip("\r")
    message = error.msg[:1].lower() + error.msg[1:]
    span = Span(file, line, min(error.colno, len(shown) + 1), 1, shown)
    return Diagnostic(f"not TOML: {message}", span)


def _join(value: Any, mark: Mark, *, header: bool = True) -> Node:
    """Put values and places together; what tree-sitter missed stands where its parent does."""
    here = Node(value, mark.span, mark.key)
    lost = Mark(mark.span, mark.key)
    if isinstance(value, dict):
        here.mergeable = header
        here.value = {
            key: _join(entry, mark.table.get(key, lost), header=_has_header(mark.table.get(key)))
            for key, entry in value.items()
        }
    elif isinstance(value, list):
        marks = dict(enumerate(mark.items))
        here.value = [_join(entry, marks.get(i, lost)) for i, entry in enumerate(value)]
    return here


def _has_header(mark: Mark | None) -> bool:
    """Whether a table was written with a header or dotted keys: then it has no value's place."""
    return mark is None or mark.span == mark.key


def walk(node: Node, path: KeyPath) -> Iterator[Node]:
    """Yield the nodes along `path` from `node` on, as far as they exist."""
    here: Node | None = node
    for step in path:
        if here is None:
            return
        yield here
        here = here.child(step)
    if here is not None:
        yield here
