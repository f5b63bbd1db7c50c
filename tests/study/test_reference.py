"""The reference run: a line per bound, nothing measured twice, and what fails is said."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import api
from sim.study.reference import benches, lines
from sim.study.reference.__main__ import main
from sim.study.reference.commands import CommandError, ksim
from sim.study.reference.lines import Line, Task, growth
from tests.report.points import point, stored

TINY = api.PRESETS["forms"].changed(sizes=(3, 4, 5), seeds=1)


def test_what_was_measured_stands_in_the_folder_and_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called = []

    def fine() -> Iterator[Line]:
        called.append("fine")
        yield Line(id="9", what="rounds", bound="≤ 2", measured="1", holds=True, how="counted")

    def broken() -> Iterator[Line]:
        called.append("broken")
        raise CommandError("scenarios/bench/n0.toml is not there")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benches, "QUICK", {"forms": TINY})
    monkeypatch.setattr(benches, "_WIDTHS", {"column": 3.3})  # drawing all takes longer than this
    monkeypatch.setattr(benches, "_FIGURES", "cost")
    tasks = {"fine": Task("9", "rounds", fine), "broken": Task("3", "pairs", broken)}
    monkeypatch.setattr(lines, "QUICK", tasks)

    codes = [main([]), main([])]

    assert codes == [1, 1]  # a bound that couldn't be measured doesn't hold
    assert called == ["fine", "broken", "broken"]
    home = tmp_path / "results" / "reference"
    with (home / "acceptance.csv").open(encoding="utf-8") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["2.small.coefficient", "2.small.evaluation", "3", "9"]
    assert rows["9"]["verdict"] == "holds"
    assert rows["3"]["verdict"] == "not measured"
    assert rows["3"]["measured"] == "scenarios/bench/n0.toml is not there"
    about = json.loads((home / "reference.json").read_bytes())
    assert (about["format"], about["version"]) == ("kchain-reference", 1)
    assert about["machine"]["cpu"]["count"]
    page = (home / "README.md").read_text(encoding="utf-8")
    assert "| 9 | rounds | ≤ 2 | 1 | holds | counted |" in page
    assert (home / "forms" / "points.csv").is_file()
    assert (home / "forms" / "column" / "cost.pdf").is_file()
    assert capsys.readouterr().out == ""  # all that is said on the way is no result


def test_figures_of_another_program_are_not_taken_from_earlier_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benches, "QUICK", {"forms": TINY})
    monkeypatch.setattr(benches, "LONG", {})
    monkeypatch.setattr(lines, "QUICK", {"fine": Task("9", "rounds", lambda: iter(()))})
    work = lines.WORK / "bench" / "forms"
    api.bench(TINY, work)
    shown = tmp_path / "results" / "reference" / "acceptance.csv"

    main(["--only", "fine"])
    own = shown.read_text(encoding="utf-8")
    about = json.loads((work / "bench.json").read_bytes())
    about["machine"]["program"]["source"] = "0" * 16
    (work / "bench.json").write_text(json.dumps(about), encoding="utf-8")
    main(["--only", "fine"])
    others = shown.read_text(encoding="utf-8")
    (work / "bench.json").write_text("{}", encoding="utf-8")
    code = main(["--only", "fine"])

    assert "2.small.evaluation" in own
    assert "2.small" not in others
    assert code == 2
    assert "bench.json: is no kchain-bench file" in capsys.readouterr().err


def test_a_reshare_that_never_completed_is_not_measured(tmp_path: Path) -> None:
    made = [point("dkg", 64), {**point("reshare", 64), "cpu_seconds": None}]
    stored(tmp_path, made)

    (line,) = benches.bench_lines({"ceremonies": tmp_path})

    assert (line.id, line.verdict) == ("1.n64.reshare", "not measured")


def test_growth_above_its_bound_fails() -> None:
    fit = {"exponent": 2.4, "exponent_low": 2.2, "exponent_high": 2.6, "n_from": 32, "n_to": 256}

    steep = growth(fit, "2", "exponent", 2.3)
    flat = growth({**fit, "exponent": 2.1}, "2", "exponent", 2.3)
    none = growth(None, "2", "exponent", 2.3)

    assert [line.verdict for line in (steep, flat, none)] == ["fails", "holds", "not measured"]
    assert steep.measured == "2.40 [2.20, 2.60]"


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(CommandError, match=r"exit code 2: .*nope"):
        ksim("validate", "nope.toml")


def test_every_task_names_the_acceptance_line_that_it_is_about() -> None:
    named = {task.id.partition(".")[0] for task in (*lines.QUICK.values(), *lines.LONG.values())}

    assert named == {"1", "3", "4", "5", "7", "9"}  # 2 is a benchmark's
