"""Benchmarks: counts are exact, nothing is measured twice, and every point is a scenario."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from sim import api
from sim.study.bench.fits import fit, fit_rows
from sim.study.bench.measuring import Job, measure
from sim.study.bench.points import point_rows, run_row
from sim.study.bench.running import Reached
from sim.study.bench.scenarios import CEREMONY_US, base_of, scenario_of
from tests.cli.test_commands import ksim

GRID = api.PRESETS["quick"].changed(
    sizes=(3, 4, 5), ceremonies=("dkg", "sign"), costs=("instant",), seeds=1
)
SIZES = (3, 4, 5)
MEASURED = ("seconds", "_mib")
SMALL = ("--sizes", "3", "--ceremonies", "dkg", "--costs", "instant", "--seeds", "1")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> api.Bench:
    return api.bench(GRID, tmp_path_factory.mktemp("bench") / "small")


def _counted(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        name for name in table.columns if not any(mark in name for mark in MEASURED)
    )


def test_a_grid_has_every_combination_once_and_the_form_that_a_protocol_takes() -> None:
    grid = GRID.changed(protocols=("pedersen", "frost", "pedersen"), schemes=("ED25519", "BLS"))

    points = list(grid.points())

    assert len(points) == len(set(points)) == len({point.slug for point in points}) == 24
    forms = {(point.protocol, point.commitments) for point in points}
    assert forms == {("pedersen", "evaluation"), ("frost", "coefficient")}


def test_counts_are_those_of_the_formulas(done: api.Bench) -> None:
    """n deals of n + 1 points and a proof, n(n − 1) shares: the reference on costs."""
    dkg = done.points.filter(pl.col("ceremony") == "dkg")

    for row in dkg.iter_rows(named=True):
        n = row["n"]
        assert row["messages.shares_mean"] == row["messages.shares_max"] == n - 1
        assert row["bytes.payload.shares_mean"] == (n - 1) * 32
        assert row["bytes.payload.commitments_mean"] == (n + 1) * 32
        assert row["charged.seal_mean"] == n - 1
        assert row["executed.seal"] == n * (n - 1)
        assert row["executed.proof.verify"] < n * row["charged.proof.verify_mean"]
        assert (row["heights"], row["completed"], row["runs"]) == (5, 1, 1)
    assert dkg["n"].to_list() == list(SIZES)


def test_a_signature_is_told_apart_from_the_key_that_it_needs(done: api.Bench) -> None:
    sign = done.points.filter(pl.col("ceremony") == "sign")
    dkg = done.points.filter(pl.col("ceremony") == "dkg")

    assert sign["messages.shares_mean"].to_list() == [0, 0, 0]
    assert sign["bytes.payload.commitments_max"].to_list() == [0, 0, 0]
    assert (sign["charged.exp.base_mean"] > 0).all()
    assert (sign["ledger_bytes"] < dkg["ledger_bytes"] / 5).all()
    assert sign["latency_p50_s"].to_list() == [4.01] * 3
    assert (sign["run_cpu_seconds"] > sign["cpu_seconds"]).all()


def test_the_stored_scenario_of_a_point_is_what_was_measured(done: api.Bench) -> None:
    for row in done.runs.filter(pl.col("n") == 4).iter_rows(named=True):
        point = api.Point(**{name: row[name] for name in api.Point.__struct_fields__})
        path = done.folder / "scenarios" / f"{point.slug}.toml"
        assert done.scenario(point) == path.read_text(encoding="utf-8")

        again = api.run(api.load(path), seed=row["seed"])

        assert again.digest == row["digest"]


def test_measuring_again_counts_the_same(done: api.Bench) -> None:
    (point,) = (p for p in GRID.points() if (p.n, p.ceremony) == (4, "sign"))
    base = base_of(point)
    assert base is not None
    records = {
        name: {"run": name, **measure(Job(name, name, scenario, 1, 1, mark_us))}
        for name, scenario, mark_us in (
            ("with", scenario_of(point), CEREMONY_US),
            ("without", base, 0),
        )
    }

    row = run_row(point, 1, records["with"], records["without"])

    stored = done.runs.filter((pl.col("n") == 4) & (pl.col("ceremony") == "sign"))
    for name, value in _counted(stored).row(0, named=True).items():
        assert row.get(name, 0) == value or name == "run", name


def test_every_run_has_a_process_of_its_own(done: api.Bench) -> None:
    records = _records(done.folder)

    assert len(records) == 6  # a signature's base is the DKG's own run
    assert len({record["pid"] for record in records}) == 6
    assert all(record["peak_memory_mib"] > 20 for record in records)
    assert all(record["startup_cpu_seconds"] > 0 for record in records)


def _records(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


def test_an_interrupted_benchmark_goes_on_and_repeats_nothing(
    done: api.Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    shutil.copytree(done.folder, folder)
    lines = (folder / "runs.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "runs.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])
    for table in folder.glob("*.parquet"):
        table.unlink()
    reached: list[Reached] = []

    again = api.bench(GRID, folder, progress=reached.append)

    assert [step.done for step in reached] == [4, 5, 6]
    assert {step.total for step in reached} == {6}
    kept = [record["pid"] for record in _records(folder)]
    assert kept[:4] == [record["pid"] for record in _records(done.folder)][:4]
    assert _counted(again.runs).equals(_counted(done.runs))
    assert _counted(again.points).equals(_counted(done.points))


def test_a_complete_benchmark_measures_nothing(done: api.Bench) -> None:
    reached: list[Reached] = []
    before = (done.folder / "runs.jsonl").read_bytes()

    again = api.bench(GRID, done.folder, progress=reached.append)

    assert [step.done for step in reached] == [6]
    assert (done.folder / "runs.jsonl").read_bytes() == before
    assert again.points.equals(done.points)


@pytest.mark.parametrize("change", ["cpu", "source"])
def test_times_of_two_machines_or_programs_never_meet_in_a_folder(
    done: api.Bench, tmp_path: Path, change: str
) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(done.folder, folder)
    about = json.loads((folder / "bench.json").read_bytes())
    if change == "cpu":
        about["machine"]["cpu"]["model"] = "Abacus"
    else:
        about["machine"]["program"]["source"] = "0" * 16
    (folder / "bench.json").write_text(json.dumps(about), encoding="utf-8")

    with pytest.raises(api.FolderError, match="measured elsewhere"):
        api.bench(GRID, folder)


def test_what_is_no_benchmark_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it", encoding="utf-8")

    with pytest.raises(api.FolderError):
        api.bench(GRID, tmp_path, fresh=True)

    assert (tmp_path / "thesis.txt").is_file()


def test_what_cannot_be_is_left_out_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(api.BenchError, match='unknown scheme "RSA"'):
        api.bench(GRID.changed(schemes=("RSA",)), tmp_path / "none")
    with pytest.raises(api.BenchError, match="threshold"):
        api.bench(GRID.changed(thresholds=("9",)), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_growth_is_fitted_and_stored(done: api.Bench) -> None:
    assert done.fits is not None
    rows = done.fits.filter((pl.col("ceremony") == "dkg") & (pl.col("metric") == "messages_mean"))

    (row,) = rows.iter_rows(named=True)

    assert (row["n_from"], row["n_to"], row["samples"]) == (3, 5, 3)
    assert row["exponent_low"] < row["exponent"] < row["exponent_high"]


def test_a_power_law_is_found_with_an_interval_that_holds_it() -> None:
    exact = fit([(n, 3.0 * n**2) for n in (4, 8, 16, 32)])
    rough = fit([(n, 3.0 * n**2 * f) for n, f in ((4, 1.1), (8, 0.9), (16, 0.9), (32, 1.1))])

    assert exact is not None
    assert rough is not None
    assert exact["exponent"] == pytest.approx(2)
    assert exact["exponent_high"] - exact["exponent_low"] < 1e-6
    assert rough["exponent_low"] < 2 < rough["exponent_high"]
    assert 0.1 < rough["exponent_high"] - rough["exponent_low"] < 1
    assert fit([(4, 1.0), (8, 2.0)]) is None


def test_more_seeds_of_the_same_counts_leave_the_interval_as_it_is() -> None:
    point = next(GRID.points())
    noise = {4: 1.1, 8: 0.9, 16: 1.05, 32: 0.95}
    once, thrice = (
        [
            {**_made_up(replace(point, n=n), 1), "messages_mean": n**2 * factor}
            for n, factor in noise.items()
            for _ in range(seeds)
        ]
        for seeds in (1, 3)
    )

    found = [_fit_of("messages_mean", rows) for rows in (once, thrice)]

    assert found[0] == found[1]
    assert found[0]["samples"] == 4
    assert found[0]["exponent_high"] - found[0]["exponent_low"] > 0.1


def _fit_of(metric: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = (row for row in fit_rows(rows, 1) if row["metric"] == metric)
    return row


def test_growth_is_of_the_median_over_completed_runs() -> None:
    point = next(GRID.points())
    rows = [
        {**_made_up(replace(point, n=n), 1), "completed": completed, "messages_mean": factor * n}
        for n in (4, 8, 16)
        for completed, factor in ((True, 1), (True, 2), (True, 7), (False, n))
    ]

    found = _fit_of("messages_mean", rows)

    assert found["exponent"] == pytest.approx(1)
    assert found["log_factor"] == pytest.approx(log(2))


def test_a_points_quantiles_are_over_all_its_seeds() -> None:
    point = next(GRID.points())
    rows = [_made_up(point, seed) for seed in (1, 2)]
    latencies = {"run1/dkg": [1_000_000] * 9, "run2/dkg": [2_000_000] * 9 + [9_000_000] * 2}

    (row,) = point_rows(rows, latencies)

    assert (row["latency_p50_s"], row["latency_p90_s"], row["latency_p99_s"]) == (2.0, 2.0, 9.0)
    assert (row["cpu_seconds"], row["cpu_seconds_least"], row["cpu_seconds_most"]) == (1.5, 1, 2)
    assert (row["messages_mean"], row["messages_max"]) == (4.0, 8)
    assert (row["runs"], row["completed"]) == (2, 2)


def test_runs_that_failed_are_counted_and_nothing_else_of_them() -> None:
    point = next(GRID.points())
    passed, failed = _made_up(point, 1), _made_up(point, 2, "expectation failed")
    latencies = {"run1/dkg": [1_000_000], "run2/dkg": [9_000_000]}

    (alone,) = point_rows([passed], latencies)
    (both,) = point_rows([passed, failed], latencies)
    (none,) = point_rows([failed], latencies)

    assert both == alone | {"runs": 2}
    assert (none["runs"], none["completed"]) == (1, 0)
    assert {name for name, value in none.items() if value is None} == {
        name
        for name in alone
        if name not in (*api.Point.__struct_fields__, "t", "validators", "runs", "completed")
    }


def test_a_point_whose_runs_all_failed_is_said_and_fails_the_command(
    done: api.Bench, tmp_path: Path
) -> None:
    fine = ksim("bench", *SMALL, "--losses", "0%", "--out", tmp_path / "fine", cwd=tmp_path)
    failed = ksim("bench", *SMALL, "--losses", "0%,100%", "--out", tmp_path / "lost", cwd=tmp_path)

    assert (fine.returncode, failed.returncode) == (0, 1)
    assert "failed: " not in fine.stderr
    (line,) = (line for line in failed.stderr.splitlines() if line.startswith("failed: "))
    assert line.startswith("failed: 1 of 1 runs of dkg of ED25519 n=3 ")
    assert "loss 100%" in line
    assert (tmp_path / "lost" / "figures" / "cost.pdf").is_file()
    stored = api.open_bench(tmp_path / "lost")
    assert list(stored.failing.values()) == [(0, 1)]
    assert (stored.exported()["exit_code"], done.exit_code, done.failing) == (1, 0, {})


def _made_up(point: api.Point, seed: int, verdict: str = "pass") -> dict[str, Any]:
    run: Mapping[str, Any] = {
        "run": f"run{seed}",
        "t": 3,
        "digest": "",
        "verdict": verdict,
        "ceremonies": {"create": {"completed": True, "heights": 5, "latencies_us": [5]}},
        "ledger_bytes": 10,
        "messages": [{"deal": 4 * seed, "blocks": 100}, {"deal": 0}],
        "bytes": [{"overhead": 1}, {}],
        "charged": [{"exp.base": 1}, {"exp.full": 2}],
        "executed": {},
        "cpu_seconds": seed,
        "run_cpu_seconds": seed,
        "checks_cpu_seconds": 0,
        "wall_seconds": seed,
        "startup_cpu_seconds": 1,
        "peak_memory_mib": seed,
    }
    row = run_row(point, seed, dict(run), None)
    assert row["messages_mean"] == 2 * seed
    return {**row, "messages_mean": 2.0 * seed + 1}


def test_parameters_make_names_for_files() -> None:
    point = next(GRID.points())

    odd = replace(point, loss="0.5%", cost="./models/my-machine.toml", processes=2, threshold="n-1")

    assert re.search("-tnm1-ideal-loss0.5pct-my-machine-[0-9a-f]{6}-p2$", odd.slug)
    assert not set(odd.slug) & set("/%+ ")


def test_cost_models_of_one_name_make_points_of_several() -> None:
    costs = ("reference", "./a/reference.toml", "./b/reference.toml")

    points = list(GRID.changed(costs=costs, sizes=(3,), ceremonies=("dkg",)).points())

    assert len({point.slug for point in points}) == len(points) == 3
    assert points[0].slug.endswith("-reference")


def test_two_points_of_one_name_are_refused(tmp_path: Path) -> None:
    grid = GRID.changed(losses=("1%", "1pct"))

    with pytest.raises(api.BenchError, match="two points are named dkg-ed25519-"):
        api.bench(grid, tmp_path / "none")
    listed = ksim("bench", "--losses", "1%,1pct", "--list", cwd=tmp_path)

    assert (listed.returncode, listed.stdout) == (2, "")
    assert not (tmp_path / "none").exists()


def _interrupt(reached: Reached) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("more", [True, False])
def test_tables_of_another_grid_do_not_outlive_their_description(
    done: api.Bench, tmp_path: Path, more: bool
) -> None:
    folder = tmp_path / "more"
    shutil.copytree(done.folder, folder)

    with pytest.raises(KeyboardInterrupt):
        api.bench(GRID.changed(seeds=2 if more else 1), folder, progress=_interrupt)

    tables = sorted(path.name for path in folder.glob("*.parquet"))
    assert tables == ([] if more else ["fits.parquet", "points.parquet", "runs.parquet"])
    assert len(list(folder.glob("*.csv"))) == len(tables)


@pytest.mark.parametrize("name", ["machine", "created", "grid", "skipped"])
def test_a_description_that_lacks_something_is_told_by_its_file(
    done: api.Bench, tmp_path: Path, name: str
) -> None:
    about = json.loads((done.folder / "bench.json").read_bytes())
    del about[name]
    (tmp_path / "bench.json").write_text(json.dumps(about), encoding="utf-8")

    for act in (api.open_bench, lambda path: api.bench(GRID, path)):
        with pytest.raises(api.FolderError, match=rf"bench\.json: .*`{name}`"):
            act(tmp_path)


def test_a_machine_without_its_cpu_is_told_by_the_file(done: api.Bench, tmp_path: Path) -> None:
    about = json.loads((done.folder / "bench.json").read_bytes())
    del about["machine"]["cpu"]
    (tmp_path / "bench.json").write_text(json.dumps(about), encoding="utf-8")

    with pytest.raises(api.FolderError, match=r"bench\.json: .*`cpu`"):
        api.open_bench(tmp_path)


@pytest.mark.parametrize("line", ['{"name": "nobody\'s"}', "[]", '{"run": 7}'])
def test_a_run_that_is_none_is_told_by_its_line(done: api.Bench, tmp_path: Path, line: str) -> None:
    folder = tmp_path / "odd"
    shutil.copytree(done.folder, folder)
    whole = (folder / "runs.jsonl").read_text(encoding="utf-8")
    (folder / "runs.jsonl").write_text(f"{whole}{line}\n", encoding="utf-8")

    with pytest.raises(api.FolderError, match=r"runs\.jsonl:8: "):
        api.bench(GRID, folder)

    (folder / "runs.jsonl").write_text(whole, encoding="utf-8")  # nobody holds it any longer
    assert api.bench(GRID, folder).points.equals(done.points)


def test_a_damaged_table_is_told_by_its_file(done: api.Bench, tmp_path: Path) -> None:
    shutil.copy(done.folder / "bench.json", tmp_path)
    (tmp_path / "points.parquet").write_bytes(b"PAR1")

    with pytest.raises(api.FolderError, match=r"points\.parquet: "):
        _ = api.open_bench(tmp_path).points


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing land in the checkout's results."""
    monkeypatch.chdir(tmp_path)
