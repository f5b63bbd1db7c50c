"""One tree out of several sources: `extends` chains and `--set`, every node with its own place.

The nearer source wins. Tables with a header or dotted keys are merged key by key; everything else,
inline tables and arrays (`[[timeline]]` too) among it, is replaced as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli

from sim.scenario.diagnostics import Diagnostic, ScenarioError, Span
from sim.scenario.source import KeyPath, Node, from_value, parse, read_file

SET_FILE = "--set"
"""The source that command-line changes stand in, one line each."""

WITH_FILE = "with_"
"""The source that changes by `Scenario.with_` stand in."""


def load_tree(path: str) -> Node:
    """Return the tree of the file at `path`, merged over what it extends.

    Raises:
        ScenarioError: A file can't be read, is no TOML, or extends itself.
    """
    return _extended(parse(path, read_file(Path(path), path)), path, (os.path.realpath(path),))


def extend_tree(root: Node, path: str) -> Node:
    """Return `root`, the tree of a text that is named `path`, merged over what it extends."""
    return _extended(root, path, (os.path.realpath(path),))


def _extended(root: Node, path: str, chain: tuple[str, ...]) -> Node:
    """Merge `root` over its base. `chain` holds the real paths of the files above, nearest last."""
    named = root.child("extends")
    if named is None or not isinstance(named.value, str):
        return root  # of another type: the schema says so
    base = os.path.normpath(str(Path(path).parent / named.value))
    real = os.path.realpath(base)
    if real in chain:
        names = " → ".join(Path(file).name for file in (*chain[chain.index(real) :], real))
        raise ScenarioError([Diagnostic(f"extends goes round in a circle: {names}", named.span)])
    tree = parse(base, read_file(Path(base), base, named.span))
    return merged(_extended(tree, base, (*chain, real)), root)


def merged(base: Node, over: Node) -> Node:
    """Return `over` on top of `base`."""
    if not (
        base.mergeable
        and over.mergeable
        and isinstance(base.value, dict)
        and isinstance(over.value, dict)
    ):
        return over
    entries = dict(base.value)
    for key, node in over.value.items():
        entries[key] = merged(entries[key], node) if key in entries else node
    return Node(entries, over.span, over.key, mergeable=True)


def with_sets(root: Node, sets: Sequence[str]) -> Node:
    """Return `root` with every ``key=value`` of `sets` applied, later ones over earlier ones.

    A value that is no TOML is text, so ``network.loss=1%`` needs no quotes.

    Raises:
        ScenarioError: With a diagnostic for every entry that can't be applied.
    """
    root = root.copy()
    problems: list[Diagnostic] = []
    for line, entry in enumerate(sets, 1):
        try:
            keys, value = _parse_set(entry, line)
            put(root, keys, value)
        except ScenarioError as error:
            problems += error.diagnostics
    if problems:
        raise ScenarioError(problems)
    return root


def _parse_set(entry: str, line: int) -> tuple[KeyPath, Node]:
    shown = entry.split("\n")[0]
    left, equals, right = entry.partition("=")
    whole = Span(SET_FILE, line, 1, max(1, len(shown)), shown)
    key = Span(SET_FILE, line, 1, max(1, len(left.rstrip())), shown)
    place = Span(SET_FILE, line, min(len(left) + 2, len(shown) + 1), max(1, len(right)), shown)
    if not equals:
        raise ScenarioError([Diagnostic("a change is written key=value", whole)])
    keys = parse_key(left, key)
    node = from_value(_parse_value(right), place)
    node.key = key
    return keys, node


def parse_key(text: str, span: Span) -> KeyPath:
    """Return the path that a dotted key stands for.

    Raises:
        ScenarioError: It is no key.
    """
    try:
        table: Any = tomli.loads(f"{text} = 0")
    except (ValueError, RecursionError):
        raise ScenarioError([Diagnostic(f'"{text}" is no key', span)]) from None
    keys: list[str | int] = []
    while isinstance(table, dict):
        if len(table) != 1:
            raise ScenarioError([Diagnostic(f'"{text}" is no key', span)])
        key, table = next(iter(table.items()))
        keys.append(key)
    return tuple(keys)


def _parse_value(text: str) -> Any:
    try:
        table = tomli.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):
        return text.strip()
    return table["value"] if len(table) == 1 else text.strip()


def with_changes(root: Node, changes: Mapping[str, Any]) -> Node:
    """Return `root` with values from a program put at dotted keys.

    Raises:
        ScenarioError: With a diagnostic for every change that can't be applied.
    """
    root = root.copy()
    problems: list[Diagnostic] = []
    for line, (key, value) in enumerate(changes.items(), 1):
        shown = f"{key} = {value!r}".split("\n")[0][:200]
        span = Span(WITH_FILE, line, 1, max(1, min(len(key), len(shown))), shown)
        column = min(len(key) + 4, len(shown))
        node = from_value(
            value, Span(WITH_FILE, line, column, max(1, len(shown) - column + 1), shown)
        )
        node.key = span
        try:
            put(root, parse_key(key, span), node)
        except ScenarioError as error:
            problems += error.diagnostics
    if problems:
        raise ScenarioError(problems)
    return root


def put(root: Node, keys: KeyPath, node: Node) -> None:
    """Put `node` at `keys`, making tables on the way; entries of arrays go by position.

    Raises:
        ScenarioError: There is no such entry.
    """
    here = root
    if keys[0] == "extends":
        message = "a change can't extend another file: it has been merged already"
        raise ScenarioError([Diagnostic(message, node.key)])
    for i, key in enumerate(keys):
        last = i == len(keys) - 1
        if isinstance(here.value, list):
            here = _entry(here, str(key), node) if not last else _replace(here, str(key), node)
            continue
        if not isinstance(here.value, dict):
            here.value = {}  # the change wins over the value that stands here
        if last:
            here.value[key] = node
        else:
            here = here.value.setdefault(key, Node({}, node.key, node.key, mergeable=True))


def _position(array: Node, key: str, node: Node) -> int:
    if key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(array.value):
        return int(key)
    message = f'there is no entry "{key}": entries count from 0, and there are {len(array.value)}'
    raise ScenarioError([Diagnostic(message, node.key)])


def _entry(array: Node, key: str, node: Node) -> Node:
    entry: Node = array.value[_position(array, key, node)]
    return entry


def _replace(array: Node, key: str, node: Node) -> Node:
    array.value[_position(array, key, node)] = node
    return node
