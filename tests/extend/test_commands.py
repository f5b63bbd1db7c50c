"""``ksim list``, ``show``, ``schema`` and ``replay`` with extensions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sim import api
from sim.api.catalogue import CATALOGUES
from sim.cli.catalogues import list_catalogue, show_name
from sim.cli.running import replay_run, run_scenario
from sim.cli.scenarios import explain_scenario, print_schema
from tests.extend.own import BEHAVIOUR, CHECK, SILENT, write

CAPTURE = pytest.CaptureFixture[str]


def test_list_says_where_each_behaviour_applies() -> None:
    entries = api.catalogue("behaviours")

    assert "Applies in: refresh." in entries["refresh-nonzero-sum"]
    assert "not on BLS" in entries["nonce-reuse"]
    assert all("Applies in: " in sentence for sentence in entries.values())


def test_list_includes_an_extension_that_is_named(tmp_path: Path, capsys: CAPTURE) -> None:
    write(tmp_path, BEHAVIOUR + CHECK)
    use = [str(tmp_path / "mine.py")]

    assert list_catalogue("behaviours", use, as_json=True) == 0
    assert "mine:off" in json.loads(capsys.readouterr().out)
    assert list_catalogue("invariants", use, as_json=True) == 0
    assert "mine:never-a-block" in json.loads(capsys.readouterr().out)
    assert list_catalogue("behaviours", [], as_json=True) == 0
    assert "mine:off" not in json.loads(capsys.readouterr().out)


def test_show_tells_all_about_a_behaviour(tmp_path: Path, capsys: CAPTURE) -> None:
    write(tmp_path, BEHAVIOUR)

    assert show_name("mine:off", [str(tmp_path / "mine.py")], as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)["found"]

    assert found["does"] == "Add something to a share. Applies to a dealer."
    assert found["expected"] == "a dispute."
    assert [param["name"] for param in found["params"]] == ["victims", "delta", "mood"]
    assert found["params"][1]["least"] == 1


def test_show_names_the_row_of_the_catalogue_and_the_schemes_without() -> None:
    (found,) = [one for one in api.show("nonce-reuse") if one["kind"] == "behaviours"]

    assert found["rows"] == [76]
    assert found["schemes"] == ["ED25519", "SECP256K1"]
    assert "BLS" in found["absent"]


@pytest.mark.parametrize("kind", CATALOGUES)
def test_show_knows_everything_that_is_listed(kind: str) -> None:
    for name in api.catalogue(kind):
        assert kind in [found["kind"] for found in api.show(name)]


def test_show_prints_a_page_for_people(capsys: CAPTURE) -> None:
    assert show_name("bad-share-many", [], as_json=False) == 0

    page = capsys.readouterr().out
    for word in ("catalogue", "row 4", "parameter", "victims (names or int", "expected"):
        assert word in page


def test_show_suggests_what_was_probably_meant(capsys: CAPTURE) -> None:
    assert show_name("bad-shar-one", [], as_json=False) == 2

    assert 'did you mean "bad-share-one"?' in capsys.readouterr().err


@pytest.mark.parametrize("command", [list_catalogue, show_name])
def test_a_broken_extension_is_refused(
    tmp_path: Path, capsys: CAPTURE, command: Callable[..., int]
) -> None:
    write(tmp_path, "1 / 0\n")

    code = command("behaviours", [str(tmp_path / "mine.py")], as_json=False)

    assert code == 2
    assert f"{tmp_path / 'mine.py'}:1:1" in capsys.readouterr().err


def test_schema_knows_an_extension(tmp_path: Path, capsys: CAPTURE) -> None:
    write(tmp_path, BEHAVIOUR)

    assert print_schema([str(tmp_path / "mine.py")]) == 0
    assert '"mine:off"' in capsys.readouterr().out


def test_explain_names_what_is_used(tmp_path: Path, capsys: CAPTURE) -> None:
    path = write(tmp_path, BEHAVIOUR)

    assert explain_scenario(path, None, []) == 0
    page = capsys.readouterr().out
    assert "mine:off" in page
    assert api.load(path).extensions[0].sha256 in "".join(page.split())


def test_replay_refuses_a_changed_file_unless_told(tmp_path: Path, capsys: CAPTURE) -> None:
    out = tmp_path / "results"
    path = write(tmp_path, BEHAVIOUR)
    assert run_scenario(path, None, [], 1, out, [], as_json=True) == 0
    (tmp_path / "mine.py").write_text(SILENT)

    codes = [replay_run(out, 1, which, [], as_json=True) for which in (None, "stored", "current")]
    wrong = replay_run(out, 1, "newest", [], as_json=True)

    assert codes == [2, 0, 5]
    assert wrong == 2
    said = capsys.readouterr().err
    assert "has changed since the run" in said
    assert "note: extension mine: " in said


def test_a_bug_in_an_extension_ends_with_its_line(tmp_path: Path, capsys: CAPTURE) -> None:
    code = BEHAVIOUR.replace("    match effect:\n", "    1 / 0\n    match effect:\n")

    assert run_scenario(write(tmp_path, code), None, [], 1, tmp_path, [], as_json=True) == 2

    said = capsys.readouterr().err
    assert f'{tmp_path / "mine.py"}", line' in said
    assert "this is a bug in the extension mine" in said
