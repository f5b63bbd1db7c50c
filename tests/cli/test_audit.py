"""``ksim audit`` as a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli.auditing import audit_ledger
from tests.cli.test_commands import ksim
from tests.kchain.signing import STRANGER, active


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trial signed, one request signed, one refused."""
    signing = active()
    signing.record(signing.statement("test-1-0"))
    signing.request("s1")
    signing.record(signing.statement("s1"))
    signing.request("s2", STRANGER)
    path = tmp_path_factory.mktemp("audit") / "ledger.msgpack"
    path.write_bytes(signing.scene.file())
    return path


def ask(ledger: Path, query: dict[str, str], *, as_json: bool = False) -> int:
    """Ask without starting a program."""
    names = ("key", "by", "since", "until", "outcome")
    key, by, since, until, outcome = (query.get(name) for name in names)
    return audit_ledger(ledger, key, by, since, until, outcome, as_json=as_json)


def test_table_has_a_row_per_line_and_a_total(ledger: Path) -> None:
    done = ksim("audit", ledger)

    assert (done.returncode, done.stderr) == (0, "")
    rows = done.stdout.splitlines()
    assert rows[0].split() == [
        "height",
        "time",
        "key",
        "era.gen",
        "by",
        "session",
        "context",
        "message",
        "outcome",
        "signers",
    ]
    assert "s1" in rows[2]
    assert "signed" in rows[2]
    assert "v1, v2, v3" in rows[2]
    assert rows[-1] == "3 lines: 1 Unauthorized, 2 signed"


def test_options_reach_the_query(ledger: Path) -> None:
    done = ksim("audit", ledger, "--by", "owner", "--outcome", "signed", "--since", "h1", "--json")

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["format"], answer["version"]) == ("kchain-audit", 1)
    assert [line["session"] for line in answer["lines"]] == ["s1"]


def test_nothing_found_is_no_error(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(ledger, {"outcome": "expired"}) == 0
    assert capsys.readouterr().out == "no line of the audit log fits\n"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"key": "becon"}, 'error: --key: no key "becon" (it has beacon); did you mean "beacon"?'),
        ({"since": "17"}, 'did you mean "h17"?'),
        ({"outcome": "sign"}, 'did you mean "signed"?'),
    ],
)
def test_queries_without_meaning_are_usage_errors(
    ledger: Path, query: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(ledger, query) == 2
    assert said in capsys.readouterr().err


def test_broken_ledgers_and_missing_files_end_like_verify(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.msgpack"
    broken.write_bytes(ledger.read_bytes().replace(b"hello", b"hullo", 1))

    assert ask(broken, {}) == 3
    assert ask(broken, {}, as_json=True) == 3
    assert json.loads(capsys.readouterr().out)["valid"] is False
    assert ask(tmp_path / "none.msgpack", {}) == 2
