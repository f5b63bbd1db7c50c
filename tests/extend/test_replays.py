"""Replays of runs that used extensions: the stored source, unless it is said otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import api
from tests.extend.own import BEHAVIOUR, SILENT, write

CHANGED = r"mine: .*mine\.py has changed since the run .*--extensions stored .*--extensions current"


@pytest.fixture
def stored(tmp_path: Path) -> api.Run:
    return api.run(api.load(write(tmp_path, BEHAVIOUR)), out=tmp_path / "results")


def folder_of(run: api.Run) -> Path:
    assert run.folder is not None
    return run.folder


def test_an_unchanged_one_replays_without_a_word(stored: api.Run) -> None:
    again = api.replay(folder_of(stored))

    assert again.exit_code == 0
    assert again.notes == ()
    assert not [name for name, _, _ in again.versions if name.startswith("extensions")]


def test_a_changed_file_is_refused_unless_told(stored: api.Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SILENT)

    with pytest.raises(api.FolderError, match=CHANGED):
        api.replay(folder_of(stored))


def test_the_stored_source_replays_whatever_became_of_the_file(
    stored: api.Run, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(SILENT)

    again = api.replay(folder_of(stored), processes=2, extensions="stored")

    assert again.exit_code == 0
    assert "the stored copy was run" in again.notes[0]


def test_the_current_source_diverges_and_is_named(stored: api.Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SILENT)

    again = api.replay(folder_of(stored), extensions="current")

    assert again.exit_code == 5
    assert again.divergence is not None
    assert "the changed" in again.notes[0]
    assert [name for name, _, _ in again.versions] == ["extensions.mine"]


def test_a_lost_file_replays_from_the_stored_one(stored: api.Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").unlink()

    again = api.replay(folder_of(stored))

    assert again.exit_code == 0
    assert "is gone; the stored copy was run" in again.notes[0]
    with pytest.raises(api.FolderError, match="is not there"):
        api.replay(folder_of(stored), extensions="current")


def test_a_stored_source_that_was_tampered_with_is_refused(stored: api.Run) -> None:
    (folder_of(stored) / "extensions" / "mine.py").write_text(SILENT)

    with pytest.raises(api.FolderError, match=r"extensions/mine\.py: is not what was run"):
        api.replay(folder_of(stored))


def test_an_extension_that_is_not_deterministic_is_caught(tmp_path: Path) -> None:
    code = BEHAVIOUR.replace(
        "from sim import extend\n",
        "from pathlib import Path\n\nfrom sim import extend\n",
        1,
    ).replace("match effect:", f"flag = Path({str(tmp_path / 'flag')!r})\n    match effect:")
    code = code.replace(
        "            yield extend.SendShares({**shares, **wrong})",
        "            yield extend.SendShares({} if flag.exists() else {**shares, **wrong})",
    )
    run = api.run(api.load(write(tmp_path, code)), out=tmp_path / "results")
    (tmp_path / "flag").touch()

    again = api.replay(folder_of(run))

    assert again.exit_code == 5
