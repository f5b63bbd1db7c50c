"""``ksim netcheck``: exit codes, the table, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim import api
from tests.cli.test_commands import ksim

TEXT = """schema = 1
name = "links"
[run]
seed = 3
[validators]
n = 3
[network]
profile = "lossy-stress"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "links.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_an_honest_network_is_told_so_figure_by_figure(file: Path) -> None:
    done = ksim("netcheck", file, "--samples", "2000")

    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[1:3] == [["all", "links"], ["latency", "p50", "60.000", "ms", *rows[2][4:]]]
    assert sum(row[-1:] == ["ok"] for row in rows) == 7
    assert "links: the network is what it says, by 7 figures" in done.stdout


def test_a_lie_exits_with_1_and_is_named(file: Path) -> None:
    done = ksim("netcheck", file, "--samples", "2000", "--loss-factor", "2")

    assert done.returncode == 1
    assert done.stdout.count("LIES") == 1
    assert "not what it says, by 1 of 7 figures" in done.stdout


def test_json_holds_every_figure(file: Path) -> None:
    done = ksim("netcheck", file, "--samples", "500", "--json", "--set", "network.loss=5%")

    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert (found["format"], found["version"]) == ("kchain-netcheck", 1)
    assert (found["scenario"], found["seed"], found["samples"]) == ("links", 3, 500)
    assert found["verdict"] == "honest"
    loss = next(line for line in found["lines"] if line["figure"] == "loss")
    assert loss["declared"] == pytest.approx(0.05)
    assert loss["low"] <= loss["sampled"] <= loss["high"]
    assert loss["honest"] is True


def test_a_bad_scenario_exits_with_2(file: Path) -> None:
    assert ksim("netcheck", file, "--set", "network.loss=no").returncode == 2
    assert ksim("netcheck", file, "--samples", "5").returncode == 2


def test_the_python_surface_says_the_same(file: Path) -> None:
    scenario = api.load(file)

    honest = api.netcheck(scenario, samples=1_000)
    lying = api.netcheck(scenario, 4, samples=1_000, loss_factor=3)

    assert honest.honest
    assert honest.exported()["verdict"] == "honest"
    assert not lying.honest
    assert [line.figure for line in lying.lines if not line.honest] == ["loss"]
