"""TOML that is written reads back as what was meant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.toml_text import document, inline

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.booleans() | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ENTRIES = st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=3)
TABLES = st.dictionaries(TEXT, VALUES | ENTRIES, max_size=4)


@settings(deadline=None)
@given(VALUES)
def test_a_value_on_one_line_reads_back(value: Any) -> None:
    assert tomli.loads(f"key = {inline(value)}") == {"key": value}


@settings(deadline=None)
@given(TABLES)
def test_a_document_reads_back(tables: dict[str, Any]) -> None:
    assert tomli.loads(document(tables)) == tables


def test_a_date_reads_back_to_the_microsecond() -> None:
    date = datetime(2026, 1, 1, 12, 30, 0, 250_000, tzinfo=UTC)

    assert tomli.loads(f"key = {inline(date)}") == {"key": date}


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        inline(None)
