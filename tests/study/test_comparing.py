"""Comparing two results: exact counts, ratios of pairs, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sim import api
from sim.study.comparing.conditions import Condition
from sim.study.comparing.pairs import Pair, Sides, changes, ratio_of
from tests.cli.test_commands import ksim

TINY = """schema = 1
name = "tiny"
[run]
seed = 1
[validators]
n = 3
[keys.beacon]
scheme = "ED25519"
threshold = 2
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
"""

MACHINE = {
    "python": "3.11.7",
    "platform": "Linux",
    "cpu": {"model": "Abacus", "count": 2},
    "program": {"source": "0"},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Run a scenario twice, and once with loss."""
    home = tmp_path_factory.mktemp("runs")
    (home / "tiny.toml").write_text(TINY, encoding="utf-8")
    scenario = api.load(home / "tiny.toml")
    folders = [
        api.run(scenario.with_({"network.loss": loss}), out=home / name).folder
        for name, loss in (("a", "0%"), ("b", "0%"), ("c", "40%"))
    ]
    a, b, c = (folder for folder in folders if folder is not None)
    return a, b, c


def _row(n: int, seed: int, seconds: float, shares: int) -> dict[str, Any]:
    text = dict.fromkeys(
        ("scheme", "protocol", "commitments", "threshold", "profile", "loss", "cost"), "-"
    )
    times = {f"{name}cpu_seconds": seconds for name in ("", "run_", "checks_", "startup_")}
    return {
        **text,
        "ceremony": "dkg",
        "processes": 1,
        "n": n,
        "seed": seed,
        "run": f"{n}-{seed}",
        "digest": f"{n}-{seed}",
        "messages_mean": shares,
        **times,
        "wall_seconds": seconds,
        "peak_memory_mib": 90.0,
    }


def _bench(folder: Path, factor: float = 1.0, shares: int = 7, **machine: Any) -> Path:
    folder.mkdir()
    about = {
        "format": "kchain-bench",
        "version": 1,
        "created": "2025-01-01T00:00:00+00:00",
        "grid": {},
        "skipped": [],
        "machine": {**MACHINE, **machine},
    }
    (folder / "bench.json").write_text(json.dumps(about), encoding="utf-8")
    rows = [
        _row(n, seed, n * n * (1 + seed / 100) * factor * (1 + 0.01 * seed * (factor > 1)), shares)
        for n in (4, 8)
        for seed in (1, 2, 3)
    ]
    pl.DataFrame(rows).write_parquet(folder / "runs.parquet")
    return folder


def test_two_equal_runs_have_no_divergence_and_no_changes(runs: tuple[Path, ...]) -> None:
    found = api.compare(runs[0], runs[1], fail_if=["counts > 0"])

    assert (found.kind, found.divergence, found.changes) == ("run", None, ())
    assert (found.failed, found.exit_code) == ((), 0)
    assert {ratio.figure for ratio in found.ratios} >= {"cpu_seconds", "wall_seconds"}


def test_the_first_divergent_event_and_the_changed_figures_of_two_runs_are_named(
    runs: tuple[Path, ...],
) -> None:
    found = api.compare(runs[0], runs[2], fail_if=["counts > 0"])

    events = [list(api.open_run(path).events()) for path in (runs[0], runs[2])]
    first = next(one for one, other in zip(*events, strict=False) if one != other)
    assert found.divergence is not None
    assert found.divergence["time_us"] == first.time_us
    assert found.divergence["sequence"] == first.sequence
    assert {change.figure for change in found.changes} >= {
        "messages.retransmissions",
        "digest",
        "head",
    }
    assert (found.failed, found.exit_code) == (("counts > 0",), 1)


def test_a_divergence_counts_even_if_no_figure_shows_it(
    runs: tuple[Path, ...], tmp_path: Path
) -> None:
    shutil.copytree(runs[0], tmp_path / "run")
    shutil.copy(runs[2] / "events.msgpack", tmp_path / "run")

    found = api.compare(runs[0], tmp_path / "run", fail_if=["counts > 0", "counts > 1"])

    assert found.divergence is not None
    assert (found.changes, found.counts, found.failed) == ((), 1, ("counts > 0",))


def test_times_are_compared_by_the_geometric_mean_of_paired_ratios(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b", factor=1.2)

    found = api.compare(a, b)

    (ratio,) = (ratio for ratio in found.ratios if ratio.figure == "cpu_seconds")
    expected = 1.2 * (1.01 * 1.02 * 1.03) ** (1 / 3)
    assert ratio.pairs == 6
    assert ratio.ratio == pytest.approx(expected)
    assert ratio.low is not None
    assert ratio.high is not None
    assert 1.2 < ratio.low < expected < ratio.high < 1.24
    assert found.changes == ()


def test_counts_are_compared_exactly(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b", shares=8)

    found = api.compare(a, b)

    assert {(change.figure, change.a, change.b) for change in found.changes} == {
        ("messages_mean", 7, 8)
    }
    assert len(found.changes) == 6


def test_a_counter_that_one_side_does_not_mention_is_0_there(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b")
    table = pl.read_parquet(b / "runs.parquet")
    more = table.with_columns(
        pl.lit(0).alias("charged.exp.small_mean"), pl.lit(2).alias("messages.open_mean")
    )
    more.write_parquet(b / "runs.parquet")

    found = api.compare(a, b)

    assert {(change.figure, change.a, change.b) for change in found.changes} == {
        ("messages.open_mean", 0, 2)
    }
    conditions = ["messages.open_mean > 1", "charged.exp.small_mean > 0"]
    assert api.compare(a, b, fail_if=conditions).failed == ("messages.open_mean > 1",)
    with pytest.raises(api.CompareError, match=r'no figure "messages\.opne_mean"'):
        api.compare(a, b, fail_if=["messages.opne_mean > 1"])


@pytest.mark.parametrize("group", ["messages", "bytes", "charged", "executed", "meters"])
def test_a_condition_sees_a_counter_that_one_side_of_a_pair_does_not_mention(group: str) -> None:
    name = f"{group}.odd"

    found = ratio_of(name, [({}, {name: 3}), ({name: 1}, {}), ({}, {})])

    assert found is not None
    assert found.pairs == 3
    assert found.difference == pytest.approx(2 / 3)
    assert ratio_of(name, [({}, {})]) is None
    assert ratio_of("odd", [({}, {"odd": 3})]) is None


def test_how_often_something_happened_counts_in_sweeps_too() -> None:
    pair = Pair("point 0 seed 1", ({}, {"sometimes.dispute": 0}), ({}, {}))

    assert list(changes(Sides("sweep", (pair,)))) == []


@pytest.mark.parametrize(
    "change",
    [{"cpu": {"model": "Abacus", "count": 4}}, {"python": "3.12.1"}, {"platform": "Elsewhere"}],
)
def test_times_of_different_machines_are_refused_unless_only_counts_are_asked_for(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b", **change)

    with pytest.raises(api.CompareError, match=r"different machines .*--counts"):
        api.compare(a, b)
    with pytest.raises(api.CompareError, match="times aren't compared"):
        api.compare(a, b, counts=True, fail_if=["cpu_seconds > 1.1x"])
    found = api.compare(a, b, counts=True)

    assert (found.changes, found.ratios, found.pairs) == ((), (), 6)


def test_another_program_on_the_same_machine_is_what_comparing_is_for(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b", program={"source": "1"})

    assert api.compare(a, b).elsewhere == ()


def test_runs_that_one_side_lacks_are_named(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b")
    table = pl.read_parquet(b / "runs.parquet")
    table.filter(pl.col("n") == 4).write_parquet(b / "runs.parquet")

    found = api.compare(a, b, fail_if=["counts > 0", "counts > 3"])
    back = api.compare(b, a, fail_if=["counts > 2"])

    assert (found.pairs, len(found.only_a), found.only_b) == (3, 3, ())
    assert (found.changes, found.counts, found.failed) == ((), 3, ("counts > 0",))
    assert (back.counts, back.failed, back.exported()["counts"]) == (3, ("counts > 2",), 3)
    table.filter(pl.col("n") == 5).write_parquet(b / "runs.parquet")
    with pytest.raises(api.CompareError, match="no run in common"):
        api.compare(a, b)


def test_two_kinds_and_no_kind_are_refused(tmp_path: Path, runs: tuple[Path, ...]) -> None:
    a = _bench(tmp_path / "a")
    (tmp_path / "none").mkdir()

    with pytest.raises(api.CompareError, match=r"is a run, .* a bench"):
        api.compare(runs[0], a)
    with pytest.raises(api.CompareError, match="no run's, benchmark's or sweep's folder"):
        api.compare(a, tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cpu_seconds > 1.10x", True),
        ("cpu_seconds > 1.30x", False),
        ("cpu_seconds>=20%", True),
        ("cpu_seconds < 20 %", False),
        ("messages_mean > 0", False),
        ("counts <= 0", True),
        ("peak_memory_mib < 1.01x", True),
    ],
)
def test_conditions_speak_of_ratios_percent_and_differences(
    tmp_path: Path, text: str, holds: bool
) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b", factor=1.2)

    found = api.compare(a, b, fail_if=[text])

    assert found.exit_code == int(holds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cpu_seconds",
        "cpu_seconds >",
        "cpu_seconds = 1x",
        "cpu_seconds > 1.1y",
        "1 > cpu_seconds",
        "cpu_seconds > 1x or True",
        "__import__('os') > 1",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(api.CompareError, match="is no condition"):
        Condition.parse(text)


def test_a_figure_that_is_nowhere_is_refused_with_those_that_are(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b")

    with pytest.raises(api.CompareError, match=r'no figure "cpu".*cpu_seconds'):
        api.compare(a, b, fail_if=["cpu > 1x"])


@pytest.mark.parametrize("condition", ["counts > 1.1x", "counts > 0%"])
def test_a_condition_on_counts_that_could_never_hold_is_refused(
    tmp_path: Path, condition: str
) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b")

    with pytest.raises(api.CompareError, match="counts is a number"):
        api.compare(a, b, fail_if=[condition])


def test_a_figure_that_grows_from_nothing_has_grown_without_bound() -> None:
    found = ratio_of("drops", [({"drops": 0}, {"drops": 3}), ({"drops": 0}, {"drops": 0})])

    assert found is not None
    assert (found.ratio, found.difference) == (inf, 1.5)
    same = ratio_of("drops", [({"drops": 0}, {"drops": 0})])
    assert same is not None
    assert same.ratio == 1


def test_the_command_exits_0_1_or_2(tmp_path: Path, runs: tuple[Path, ...]) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b", factor=1.2)

    fine = ksim("compare", a, b, "--fail-if", "cpu_seconds > 1.5x", "--json")
    failed = ksim("compare", a, b, "--fail-if", "cpu_seconds > 1.1x")
    nonsense = ksim("compare", a, b, "--fail-if", "cpu_seconds > fast")
    apart = ksim("compare", runs[0], runs[2])

    assert (fine.returncode, failed.returncode, nonsense.returncode) == (0, 1, 2)
    assert json.loads(fine.stdout)["format"] == "kchain-compare"
    assert "failed: cpu_seconds > 1.1x" in failed.stderr
    assert "is no condition" in nonsense.stderr
    assert "first differing event: time" in apart.stdout


SWEEP_MACHINE = {"host": "here", "platform": "Linux", "cpu": "Abacus", "cpus": 2}


def _sweep(
    folder: Path,
    height: int = 7,
    versions: Mapping[str, Any] | None = None,
    machine: Mapping[str, Any] = SWEEP_MACHINE,
) -> Path:
    folder.mkdir()
    plan = {
        "format": "kchain-sweep",
        "version": 1,
        "scenario": "tiny",
        "sweep": "00000000",
        "keys": [],
        "points": [{}],
        "first_seed": 1,
        "seeds": 2,
        "shard": [1, 1],
        "sometimes": [],
        "versions": versions or {"python": "3.11.7", "libraries": {"gmpy2": "2.2"}},
    }
    (folder / "sweep.json").write_text(json.dumps(plan), encoding="utf-8")
    rows = [{"point": 0, "seed": seed, "height": height - seed % 2} for seed in (1, 2)]
    pl.DataFrame(rows).write_parquet(folder / "rows.parquet")
    taken = [{"point": 0, "seed": seed, "cpu_seconds": 1.0, **machine} for seed in (1, 2)]
    pl.DataFrame(taken).write_parquet(folder / "machine.parquet")
    return folder


def test_sweeps_are_compared_run_by_run(tmp_path: Path) -> None:
    a, b = _sweep(tmp_path / "a"), _sweep(tmp_path / "b", height=8)

    found = api.compare(a, b)

    assert [(change.pair, change.a, change.b) for change in found.changes] == [
        ("point 0 seed 1", 6, 7),
        ("point 0 seed 2", 7, 8),
    ]
    assert [ratio.figure for ratio in found.ratios] == ["cpu_seconds"]
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(api.CompareError):
        api.compare(a, b)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"versions": {"python": "3.12.1", "libraries": {"gmpy2": "2.2"}}}, "python: 3.11.7 and"),
        ({"versions": {"python": "3.11.7", "libraries": {"gmpy2": "2.3"}}}, "gmpy2: 2.2 and 2.3"),
        ({"machine": SWEEP_MACHINE | {"host": "there"}}, "host: here and there"),
        ({"machine": SWEEP_MACHINE | {"platform": "Elsewhere"}}, "platform: Linux and Elsewhere"),
        ({"machine": SWEEP_MACHINE | {"cpu": "Slide rule"}}, "cpu: Abacus and Slide rule"),
        ({"machine": SWEEP_MACHINE | {"cpus": 4}}, "cpus: 2 and 4"),
    ],
)
def test_times_of_sweeps_on_different_machines_are_refused(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    a, b = _sweep(tmp_path / "a"), _sweep(tmp_path / "b", **change)

    with pytest.raises(api.CompareError, match=told):
        api.compare(a, b)

    assert api.compare(a, b, counts=True).changes == ()


def test_sweeps_that_say_less_of_their_machines_are_compared_by_what_they_say(
    tmp_path: Path,
) -> None:
    """Files of before the CPU and the platform were recorded."""
    a = _sweep(tmp_path / "a", machine={"host": "here"})

    assert api.compare(a, _sweep(tmp_path / "b")).elsewhere == ()
    with pytest.raises(api.CompareError, match="host: here and there"):
        api.compare(a, _sweep(tmp_path / "c", machine=SWEEP_MACHINE | {"host": "there"}))


@pytest.mark.parametrize("table", ["rows", "machine"])
@pytest.mark.parametrize("column", ["point", "seed"])
def test_a_sweeps_table_that_lacks_a_column_is_told_by_its_file(
    tmp_path: Path, table: str, column: str
) -> None:
    a, b = _sweep(tmp_path / "a"), _sweep(tmp_path / "b")
    path = b / f"{table}.parquet"
    pl.read_parquet(path).drop(column).write_parquet(path)

    with pytest.raises(api.FolderError, match=rf"{table}\.parquet: has no column {column}"):
        api.compare(a, b)


def test_a_run_that_stands_in_a_table_twice_is_told(tmp_path: Path) -> None:
    a, b = _sweep(tmp_path / "a"), _sweep(tmp_path / "b")
    c, d = _bench(tmp_path / "c"), _bench(tmp_path / "d")
    for path in (b / "rows.parquet", d / "runs.parquet"):
        table = pl.read_parquet(path)
        pl.concat([table, table.head(1)]).write_parquet(path)

    with pytest.raises(api.FolderError, match=r"rows\.parquet: has point 0 seed 1 twice"):
        api.compare(a, b)
    with pytest.raises(api.FolderError, match=r"runs\.parquet: has dkg n=4 .*seed=1 twice"):
        api.compare(c, d)


def test_a_benchmarks_table_that_lacks_a_column_is_told_by_its_file(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b")
    pl.read_parquet(b / "runs.parquet").drop("seed", "loss").write_parquet(b / "runs.parquet")

    with pytest.raises(api.FolderError, match=r"runs\.parquet: has no column loss, seed"):
        api.compare(a, b)


def test_the_command_refuses_a_damaged_description(tmp_path: Path) -> None:
    a, b = _bench(tmp_path / "a"), _bench(tmp_path / "b")
    (b / "bench.json").write_text('{"format": "kchain-bench", "version": 1}', encoding="utf-8")

    refused = ksim("compare", a, b)

    assert refused.returncode == 2
    assert "bench.json: " in refused.stderr
    assert "internal error" not in refused.stderr
