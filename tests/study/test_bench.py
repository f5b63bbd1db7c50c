"""Benchmarks: counts are exact, nothing is measured twice, and every point is a scenario."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

from sim import api
from sim.study.bench.fits import fit
from sim.study.bench.measuring import Job, measure
from sim.study.bench.points import point_rows, run_row
from sim.study.bench.running import Reached
from sim.study.bench.scenarios import CEREMONY_US, base_of, scenario_of

GRID = api.PRESETS["quick"].changed(
    sizes=(3, 4, 5), ceremonies=("dkg", "sign"), costs=("instant",), seeds=1
)
SIZES = (3, 4, 5)
MEASURED = ("seconds", "_mib")


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
    rough = fit([(n, 3.0 * n**2 * f) for n in (4, 8, 16, 32) for f in (0.8, 1.0, 1.3)])

    assert exact is not None
    assert rough is not None
    assert exact["exponent"] == pytest.approx(2)
    assert exact["exponent_high"] - exact["exponent_low"] < 1e-6
    assert rough["exponent_low"] < 2 < rough["exponent_high"]
    assert 0.1 < rough["exponent_high"] - rough["exponent_low"] < 1
    assert fit([(4, 1.0), (8, 2.0), (8, 2.1)]) is None


def test_a_points_quantiles_are_over_all_its_seeds() -> None:
    point = next(GRID.points())
    rows = [_made_up(point, seed) for seed in (1, 2)]
    latencies = {"run1/dkg": [1_000_000] * 9, "run2/dkg": [2_000_000] * 9 + [9_000_000] * 2}

    (row,) = point_rows(rows, latencies)

    assert (row["latency_p50_s"], row["latency_p90_s"], row["latency_p99_s"]) == (2.0, 2.0, 9.0)
    assert (row["cpu_seconds"], row["cpu_seconds_least"], row["cpu_seconds_most"]) == (1.5, 1, 2)
    assert (row["messages_mean"], row["messages_max"]) == (4.0, 8)
    assert (row["runs"], row["completed"]) == (2, 1)


def _made_up(point: api.Point, seed: int) -> dict[str, Any]:
    run: Mapping[str, Any] = {
        "run": f"run{seed}",
        "t": 3,
        "digest": "",
        "verdict": "pass" if seed == 1 else "expectation failed",
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

    assert odd.slug.endswith("-tnm1-ideal-loss0.5pct-my-machine-p2")
    assert not set(odd.slug) & set("/%+ ")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing land in the checkout's results."""
    monkeypatch.chdir(tmp_path)
