"""Writes TOML as people do, through tomlkit: tables with headers, small tables in arrays inline.

tomli-w gives every entry of an array a line of its own and moves tables about; a resolved scenario
and the documentation are made to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import tomlkit
from tomlkit.items import AoT, Item, Table


def inline(value: Any) -> str:
    """Return `value` on one line.

    Args:
        value: Text, numbers, truth values, dates with UTC offset, and arrays and tables of them.
    """
    return _inline_item(value).as_string()


def document(tables: Mapping[str, Any]) -> str:
    """Return a document: top-level values first, then a header for every table and entry.

    Args:
        tables: Values by key. Tables get a header, as do tables in them; non-empty arrays of
            tables at the top become ``[[…]]``; tables in arrays and below stand inline.
    """
    written = tomlkit.document()
    for key, value in tables.items():
        if not _has_header(value):
            written.append(key, _inline_item(value))
    for key, value in tables.items():
        if isinstance(value, dict):
            written.append(key, _table(value))
        elif _has_header(value):
            written.append(key, _entries(value))
    return tomlkit.dumps(written)


def _has_header(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)
    )


def _table(table: Mapping[str, Any]) -> Table:
    nested = {key: value for key, value in table.items() if isinstance(value, dict)}
    written = tomlkit.table(is_super_table=len(nested) == len(table) and bool(table))
    for key, value in table.items():
        if key not in nested:
            written.append(key, _inline_item(value))
    for key, value in nested.items():
        written.append(key, _table(value))
    return written


def _entries(entries: list[Mapping[str, Any]]) -> AoT:
    written = tomlkit.aot()
    for entry in entries:
        table = tomlkit.table()
        for key, value in entry.items():
            table.append(key, _inline_item(value))
        written.append(table)
    return written


def _inline_item(value: Any) -> Item:
    match value:
        case dict():
            table = tomlkit.inline_table()
            for key, inner in value.items():
                table.append(key, _inline_item(inner))
            return table
        case list() | tuple():
            array = tomlkit.array()
            for inner in value:
                array.append(_inline_item(inner))
            return array
        case bool() | int() | float() | str() | datetime():
            return tomlkit.item(value)
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}")
