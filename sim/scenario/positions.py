"""Where the keys and values of a TOML text stand, by tree-sitter.

tree-sitter places things and decides nothing: it accepts duplicate keys and recovers from errors,
so values and syntax errors come from tomli. Its columns count UTF-8 bytes; spans count characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import tomli
import tree_sitter
import tree_sitter_toml

from sim.scenario.diagnostics import Span

_KEYS: Final = frozenset({"bare_key", "quoted_key", "dotted_key"})
_HEADERS: Final = frozenset({"table", "table_array_element"})


@dataclass(slots=True)
class Mark:
    """The place of one value and of what is in it.

    Attributes:
        span: The value; of a table with a header, the name in the header.
        key: Its key; of an array's entry, the entry itself.
        table: Marks by key, if it is a table.
        items: Marks by position, if it is an array.
    """

    span: Span
    key: Span
    table: dict[str, Mark] = field(default_factory=dict)
    items: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Twice:
    """A key that a table has twice, which tomli will refuse."""

    name: str
    first: Span
    second: Span


class Positions:
    """The marks of one text.

    Attributes:
        root: The document.
        twice: Keys that stand twice.
    """

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.encode().split(b"\n")
        self._shown = [line.decode().rstrip("\r") for line in self._lines]
        first = self._shown[0]
        start = Span(file, 1, 1, 1, first)
        self.root = Mark(start, start)
        self.twice: list[Twice] = []
        here = self.root
        for node in _parser().parse(text.encode()).root_node.children:
            if node.type == "pair":
                self._pair(self.root, node)
            elif node.type in _HEADERS:
                here = self._header(node)
                for child in node.children:
                    if child.type == "pair":
                        self._pair(here, child)

    def _header(self, node: tree_sitter.Node) -> Mark:
        key = next((child for child in node.children if child.type in _KEYS), None)
        if key is None:  # a header without a name: tomli has refused the file
            return self.root
        span = self._span(key)
        *outer, last = _parts(key)
        here = self._descend(self.root, outer, span)
        if node.type == "table":
            return self._child(here, last, span)
        array = here.table.setdefault(last, Mark(span, span))
        array.items.append(Mark(span, span))
        return array.items[-1]

    def _descend(self, here: Mark, names: list[str], span: Span) -> Mark:
        for name in names:
            here = self._child(here, name, span)
        return here

    @staticmethod
    def _child(here: Mark, name: str, span: Span) -> Mark:
        child = here.table.setdefault(name, Mark(span, span))
        return child.items[-1] if child.items else child

    def _pair(self, table: Mark, node: tree_sitter.Node) -> None:
        # Named children are the key, the value and, at times, the comment behind it.
        key, *rest = node.named_children
        if key.type not in _KEYS or not rest:
            return
        value = rest[0]
        span = self._span(key)
        *outer, last = _parts(key)
        here = self._descend(table, outer, span)
        if last in here.table:
            self.twice.append(Twice(last, here.table[last].key, span))
        here.table[last] = self._value(value, span)

    def _value(self, node: tree_sitter.Node, key: Span | None = None) -> Mark:
        span = self._span(node)
        mark = Mark(span, key or span)
        for child in node.children:
            if node.type == "inline_table" and child.type == "pair":
                self._pair(mark, child)
            elif node.type == "array" and child.is_named and child.type != "comment":
                mark.items.append(self._value(child))
        return mark

    def _span(self, node: tree_sitter.Node) -> Span:
        (row, start), (last_row, end) = node.start_point, node.end_point
        line = self._lines[row]
        if last_row > row:  # marked up to the end of its first line
            end = len(line.rstrip(b"\r"))
        column = _characters(line, start)
        length = _characters(line, end) - column
        return Span(self._file, row + 1, column + 1, max(1, length), self._shown[row])


def _characters(line: bytes, count: int) -> int:
    """Return how many characters the first `count` bytes of `line` are."""
    return len(line[:count].decode(errors="replace"))


def _parts(key: tree_sitter.Node) -> list[str]:
    """Return the parts of a key, dotted or not."""
    return list(_names(key))


def _names(key: tree_sitter.Node) -> Iterator[str]:
    if key.type == "dotted_key":
        for child in key.children:
            yield from _names(child)
    elif key.type in _KEYS:
        text = (key.text or b"").decode(errors="replace")
        yield _unquoted(text) if key.type == "quoted_key" else text


def _unquoted(text: str) -> str:
    try:
        return next(iter(tomli.loads(f"{text} = 0")))
    except ValueError:  # tree-sitter admits what TOML doesn't; tomli refuses the file itself
        return text


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
