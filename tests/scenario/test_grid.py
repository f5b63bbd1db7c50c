"""The grid of `[sweep]`: which points there are, and where its errors stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.dump import dump_resolved
from sim.scenario.grid import SweepGrid, load_grid
from sim.scenario.load import load, resolve
from tests.support.tiny import TINY

GRIDS = Path(__file__).parents[1] / "scenarios" / "grids"
BROKEN = sorted(path.stem for path in GRIDS.glob("*.toml"))


def grid(tmp_path: Path, sweep: str, *sets: str) -> SweepGrid:
    path = tmp_path / "swept.toml"
    path.write_text(f"{TINY}\n[sweep]\n{sweep}\n")
    return load_grid(str(path), sets)


def values(found: SweepGrid) -> list[tuple[object, ...]]:
    return [tuple(point.values.values()) for point in found.points]


def test_arrays_multiply_the_last_one_fastest_and_scalars_override(tmp_path: Path) -> None:
    found = grid(
        tmp_path,
        '"validators.n" = [5, 7]\n"keys.beacon.threshold" = "n/2+1"\n'
        'network.loss = ["0%", "1%"]\nseeds = 3',
    )

    assert found.keys == ("validators.n", "keys.beacon.threshold", "network.loss")
    assert values(found) == [
        (5, "n/2+1", "0%"),
        (5, "n/2+1", "1%"),
        (7, "n/2+1", "0%"),
        (7, "n/2+1", "1%"),
    ]
    assert (found.seeds, found.runs) == (3, 12)


def test_expressions_stay_expressions(tmp_path: Path) -> None:
    found = grid(tmp_path, '"validators.n" = [5, 9]\n"keys.beacon.threshold" = "n/2+1"')

    thresholds = [resolve(point.scenario, 1).keys[0].threshold for point in found.points]
    assert thresholds == [3, 5]


def test_keys_that_zip_names_go_together(tmp_path: Path) -> None:
    found = grid(
        tmp_path,
        '"validators.n" = [5, 7]\n"network.loss" = ["0%", "1%"]\n"keys.beacon.threshold" = [2, 3]\n'
        'zip = [["validators.n", "keys.beacon.threshold"]]',
    )

    assert [tuple(p.values[k] for k in found.keys) for p in found.points] == [
        (5, "0%", 2),
        (5, "1%", 2),
        (7, "0%", 3),
        (7, "1%", 3),
    ]


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ('["validators.n", "validators.n"]', "validators.n stands twice in a group"),
        ('["validators.n"]', "arrays go together in groups of two or more"),
    ],
)
def test_a_group_joins_different_arrays(group: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=said):
        grid(tmp_path, f'"validators.n" = [5, 7]\nzip = [{group}]')


def test_a_point_is_the_scenario_with_its_values_set(tmp_path: Path) -> None:
    found = grid(tmp_path, '"network.loss" = ["0%", "1%"]')
    set_by_hand = load(str(tmp_path / "swept.toml"), ["network.loss=1%"])

    assert resolve(found.points[1].scenario, 4) == resolve(set_by_hand, 4)


def test_changes_reach_the_grid(tmp_path: Path) -> None:
    found = grid(
        tmp_path, '"network.loss" = "1%"\nseeds = 2', "sweep.seeds=9", 'sweep."validators.n"=[5,6]'
    )

    assert found.seeds == 9
    assert values(found) == [("1%", 5), ("1%", 6)]


def test_a_file_without_a_sweep_has_one_point_without_values(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)

    found = load_grid(str(path))

    assert values(found) == [()]
    assert not found.base.swept


def test_a_run_of_the_base_ignores_the_sweep(tmp_path: Path) -> None:
    found = grid(tmp_path, '"network.loss" = ["5%"]')
    plain = tmp_path / "tiny.toml"
    plain.write_text(TINY)

    assert found.base.swept
    here, there = resolve(found.base, 1), resolve(load(str(plain)), 1)
    assert dump_resolved(here) == dump_resolved(there)


def test_there_are_broken_grids() -> None:
    assert len(BROKEN) >= 5


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_grid_is_refused_with_everything_that_is_wrong_in_it_and_in_its_points(
    name: str, monkeypatch: pytest.MonkeyPatch, rewrite: bool
) -> None:
    monkeypatch.chdir(GRIDS)
    with pytest.raises(ScenarioError) as caught:
        load_grid(f"{name}.toml")

    said, expected = f"{caught.value}\n", GRIDS / f"{name}.txt"
    if rewrite:
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")
