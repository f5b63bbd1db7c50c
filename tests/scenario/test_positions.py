"""Every value knows where it stands: in characters, through tables, arrays and headers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.source import Node, parse, walk

SCENARIOS = Path(__file__).parents[1] / "scenarios" / "valid"

TEXT = """\
top = 1
dotted.key = "é" # a comment
[table]
"quoted é.b" = { x = 1, y.z = [1, {q = "ü"}] }
[[entry]]
at = "0s"
[entry.when]
event = 2026-01-01T00:00:00Z
[[entry]]
text = \"\"\"
two lines\"\"\"
"""


def excerpt(node: Node, *, key: bool = False) -> str:
    span = node.key if key else node.span
    return span.text[span.column - 1 : span.column - 1 + span.length]


def at(root: Node, *path: str | int) -> Node:
    *_, last = walk(root, path)
    return last


def test_a_value_is_found_where_it_stands() -> None:
    root = parse("x.toml", TEXT)

    assert excerpt(at(root, "top")) == "1"
    assert excerpt(at(root, "dotted", "key")) == '"é"'
    assert excerpt(at(root, "table", "quoted é.b", "y", "z", 0)) == "1"
    assert excerpt(at(root, "table", "quoted é.b", "y", "z", 1, "q")) == '"ü"'
    assert excerpt(at(root, "entry", 0, "when", "event")) == "2026-01-01T00:00:00Z"
    assert at(root, "entry", 1, "text").span.line == 10


def test_a_key_is_found_where_it_stands() -> None:
    root = parse("x.toml", TEXT)

    assert excerpt(at(root, "table", "quoted é.b"), key=True) == '"quoted é.b"'
    assert excerpt(at(root, "table", "quoted é.b", "x"), key=True) == "x"


def test_columns_count_characters_and_not_bytes() -> None:
    span = at(parse("x.toml", 'k = ["é€𝄞", "z"]'), "k", 1).span

    assert (span.line, span.column, span.length) == (1, 13, 3)


def test_a_table_stands_at_its_header_and_an_entry_at_its_own() -> None:
    root = parse("x.toml", TEXT)

    assert (at(root, "table").span.line, excerpt(at(root, "table"))) == (3, "table")
    assert [at(root, "entry", i).span.line for i in (0, 1)] == [5, 9]


def leaves(node: Node) -> Iterator[Node]:
    if isinstance(node.value, dict):
        for child in node.value.values():
            yield from leaves(child)
    elif isinstance(node.value, list) and node.value:
        for child in node.value:
            yield from leaves(child)
    else:
        yield node


@pytest.mark.parametrize("name", ["small.toml", "everything.toml"])
def test_every_scalar_is_marked_by_text_that_reads_as_itself(name: str) -> None:
    root = parse(name, (SCENARIOS / name).read_text(encoding="utf-8"))

    for leaf in leaves(root):
        again = parse("again", f"k = {excerpt(leaf)}")
        assert again.plain() == {"k": leaf.value}


@pytest.fixture
def ordinary_recursion_limit() -> Iterator[None]:
    """Importing py_ecc, as other tests do, raises Python's limit a hundredfold."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("ordinary_recursion_limit")
def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ScenarioError, match="nested"):
        parse("x.toml", "k = " + "[" * 5000)
    with pytest.raises(ScenarioError, match="nested"):
        parse("x.toml", ".".join(["k"] * 5000) + " = 1")


def test_a_number_beyond_bounds_is_refused() -> None:
    with pytest.raises(ScenarioError):
        parse("x.toml", "k = " + "9" * 5000)


def test_a_text_with_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ScenarioError):
        parse("x.toml", "k = '\ud800'")
