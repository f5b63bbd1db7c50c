"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.base.files import replacing, write_whole


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, "old\n")

    def fails(fresh: Path) -> None:
        fresh.write_text("half")
        raise ArithmeticError

    with pytest.raises(ArithmeticError), replacing(path) as fresh:
        fails(fresh)

    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "page.md"

    for content in ("t ≤ n\n", b"\x00\x01"):
        write_whole(path, content)

        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]
