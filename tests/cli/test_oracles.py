"""``ksim oracle`` and ``ksim advise``: what is printed, written and returned."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from sim import api
from sim.report.oracle import oracle as shown
from sim.study.oracles.families import FAMILIES
from sim.study.oracles.lines import Chance, chance_line, exact_lines


def ksim(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sim", *arguments], capture_output=True, text=True, check=False
    )


def test_the_oracle_of_captures_prints_lines_and_exits_0() -> None:
    done = ksim("oracle", "capture", "--runs", "500", "-j", "1", "--json")

    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert (found["format"], found["verdict"]) == ("kchain-oracle", "agrees")
    assert {"measured", "formula", "difference", "verdict", "runs", "why"} < found["lines"][
        0
    ].keys()


def test_an_oracle_with_too_few_runs_is_undecided_and_exits_1() -> None:
    done = ksim("oracle", "loss", "--runs", "1", "-j", "1")

    assert done.returncode == 1
    assert "loss: undecided: too few runs for" in done.stdout
    assert "agrees" not in done.stdout


def test_the_oracles_that_can_be_asked_for_are_those_that_there_are() -> None:
    assert tuple(FAMILIES) == api.ORACLES


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["oracle", "costs"], 'there is no oracle "costs": cost, loss, capture, mobile, bias'),
        (["advise", "--validators", "100", "--malicious", "25"], "did you mean 25%?"),
        (["advise", "--malicious", "25%"], "--validators is missing"),
        (["advise", "--validators", "100", "--failure", "2^-"], "2^-40"),
    ],
)
def test_bad_usage_says_what_is_wrong_and_exits_2(arguments: list[str], said: str) -> None:
    done = ksim(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_advice_is_written_as_markdown_html_and_a_scenario(tmp_path: Path) -> None:
    done = ksim(
        "advise", "--validators", "60", "--malicious", "10%", "--failure", "1e-4",
        "-j", "1", "--out", str(tmp_path),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "Take " in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "advice.html",
        "advice.md",
        "advised.toml",
    ]


def test_advice_without_a_recommendation_leaves_no_older_scenario_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "advised.toml").write_text("of an older question")

    done = ksim(
        "advise", "--validators", "30", "--malicious", "45%", "--offline", "30%",
        "-j", "1", "--out", str(tmp_path),
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["advice.html", "advice.md"]


def test_a_table_shows_counts_once_per_kind_and_what_disagrees() -> None:
    from rich.console import Console

    lines = exact_lines("cost", "DKG, small", "x", {"a": 1}, {"a": 1}, "DKG")
    lines += exact_lines("cost", "DKG, large", "x", {"a": 7}, {"a": 9}, "DKG")
    lines.append(chance_line("loss", Chance("runs", "luck", "x", 0.5), 50, 100, 100))
    found = {"families": ["cost", "loss"], "lines": [line.exported() for line in lines]}
    console = Console(width=160, record=True, file=StringIO())

    console.print(shown(found))

    text = console.export_text()
    assert "1 of 2 equal" in text
    assert "DIFFERS" in text
    assert "cost: DISAGREES: 1 of 2 lines" in text
    assert "loss: agrees: 1 chance within 99 %" in text
