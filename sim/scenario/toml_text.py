"""Writes TOML as people do: one line per key, long arrays folded, small tables inline.

tomli-w gives every entry of an array a line of its own and moves tables about; a resolved scenario
and the documentation are made to be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

WIDTH: Final = 100


def inline(value: Any) -> str:
    """Return `value` on one line.

    Args:
        value: Text, numbers, truth values, dates with UTC offset, and arrays and tables of them.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            # TOML's basic strings escape as JSON's do, except that TOML escapes DEL too.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list() | tuple():
            return f"[{', '.join(map(inline, value))}]"
        case dict() if value:
            inner = ", ".join(f"{key_text(key)} = {inline(entry)}" for key, entry in value.items())
            return f"{{ {inner} }}"
        case dict():
            return "{}"
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}")


def key_text(key: str) -> str:
    """Return `key` bare if it may be, else quoted."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else inline(key)


def document(tables: Mapping[str, Any]) -> str:
    """Return a document: top-level values first, then a header for every table and entry.

    Args:
        tables: Values by key. Tables get a header, as do tables in them; non-empty arrays of
            tables at the top become ``[[…]]``; tables in arrays and below stand inline.
    """
    simple = {key: value for key, value in tables.items() if not _has_header(value)}
    lines = list(_pairs(simple))
    for key, value in tables.items():
        if isinstance(value, dict):
            lines += _table(key_text(key), value)
        elif _has_header(value):
            for entry in value:
                lines += ["", f"[[{key_text(key)}]]", *_pairs(entry)]
    return "\n".join(lines) + "\n"


def _has_header(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)
    )


def _table(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    simple = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if simple or not table:
        yield from ("", f"[{name}]", *_pairs(simple))
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _table(f"{name}.{key_text(key)}", value)


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        line = f"{key_text(key)} = {inline(value)}"
        if len(line) <= WIDTH or not isinstance(value, list):
            yield line
            continue
        yield f"{key_text(key)} = ["
        yield from _folded([inline(entry) for entry in value])
        yield "]"


def _folded(entries: list[str]) -> Iterator[str]:
    line = "   "
    for entry in entries:
        if len(line) + len(entry) + 2 > WIDTH and line.strip():
            yield line
            line = "   "
        line += f" {entry},"
    yield line
