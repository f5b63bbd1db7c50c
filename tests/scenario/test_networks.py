"""Networks of scenarios: figures, links, and matrices of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.network.matrix import matrix_profile
from sim.scenario.load import Scenario, load, load_text, resolve
from sim.scenario.network_plan import BandwidthPlan, LinkFigures, MatrixPlan, NetworkPlan

SCENARIOS = Path(__file__).parents[1] / "scenarios"
OWN = SCENARIOS / "valid" / "own-network.toml"


def scenario(**network: Any) -> Scenario:
    text = 'schema = 1\nname = "m"\n[run]\nseed = 1\n[validators]\nn = 4\n'
    return load_text(text, str(SCENARIOS / "valid" / "text.toml")).with_(
        {f"network.{key}": value for key, value in network.items()}
    )


def network(**changes: Any) -> NetworkPlan:
    return resolve(scenario(**changes)).network


def test_a_rate_alone_has_no_bursts_and_a_table_may() -> None:
    chain = {"model": "gilbert-elliott", "rate": "25%", "burst": 3}

    assert (network().loss, network().burst) == (None, 0)
    assert (network(loss="25%").loss, network(loss="25%").burst) == (1 << 30, 0)
    assert (network(loss=chain).loss, network(loss=chain).burst) == (1 << 30, 3)


def test_a_square_matrix_gives_round_trips_and_the_way_back_fills_gaps() -> None:
    """Rows are sources. One figure has no jitter; a lone validator's own region needs none."""
    plan = resolve(load(str(OWN)))

    assert plan.network.profile == "matrix"
    assert plan.network.matrix == MatrixPlan(
        regions=("north", "south", "east"),
        round_trips_us=(
            ((3_000, 6_000), (70_000, 75_000), (20_500, 22_000)),
            ((72_000, 80_000), (31_000, 31_000), (31_000, 31_000)),
            ((20_000, 22_000), (31_000, 31_000), (4_000, 4_000)),
        ),
    )


def test_a_list_of_links_is_a_matrix_too_and_figures_may_be_one_way() -> None:
    changes = {
        "network.profile": {"matrix": "../matrices/list.csv", "figures": "one-way"},
        "validators.placement": ["north", "north", "south", "east"],
    }
    text = 'schema = 1\nname = "m"\n[run]\nseed = 1\n[validators]\nn = 4\n'
    with pytest.raises(Exception, match="no latency from south to east"):
        load_text(text, str(SCENARIOS / "valid" / "text.toml")).with_(changes)
    changes["validators.placement"] = ["north", "north", "south", "south"]
    found = load_text(text, str(SCENARIOS / "valid" / "text.toml")).with_(changes)

    assert resolve(found).network.matrix == MatrixPlan(
        regions=("north", "south"),
        round_trips_us=(((3_000, 6_000), (70_000, 75_000)), ((72_000, 80_000), (4_000, 4_000))),
    )


def test_without_placement_validators_take_turns_through_the_matrix() -> None:
    inline = {"regions": ["a", "b"], "cells": [["3/6", "70/75"], ["-", "4"]]}
    plan = resolve(scenario(profile=inline))

    assert [validator.region for validator in plan.validators] == ["a", "b", "a", "b"]
    assert plan.network.matrix is not None
    assert plan.network.matrix.round_trips_us[1] == ((70_000, 75_000), (4_000, 4_000))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate_cells(mark: str, tmp_path: Path) -> None:
    rows = [["", "a", "b"], ["a", "3/6", '"70/75"'], ["b", "70/75", "4"]]
    text = "\ufeff" + "\r\n".join(mark.join(row) for row in rows)
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")

    plan = resolve(scenario(profile={"matrix": str(tmp_path / "own.csv")}))

    assert plan.network.matrix is not None
    assert plan.network.matrix.round_trips_us[0][1] == (70_000, 75_000)


def test_a_matrix_is_fitted_as_aws_10_is() -> None:
    profile = matrix_profile(("a",), (((64_000, 69_000),),))
    table = profile.tables[0][0]

    assert profile.floor_us == 25_600 <= table[0]
    assert table[127] <= 32_000 <= table[128]
    assert table[229] <= 34_500 <= table[230]
    assert set(matrix_profile(("a",), (((125, 125),),)).tables[0][0]) == {62}


@pytest.mark.parametrize("trip", [(124, 200), (200, 199), (1, 600_000_001)])
def test_a_matrix_that_cannot_be_fitted_is_refused(trip: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no round trip"):
        matrix_profile(("a",), ((trip,),))


def test_links_know_their_ends_and_figures() -> None:
    plan = resolve(load(str(OWN)))
    links = plan.network.links

    assert plan.network.bandwidth == BandwidthPlan(up=10**8, down=2_500_000, queue=200_000)
    assert [(link.sources, link.targets) for link in links] == [
        ((5,), (0, 1, 2, 3, 4, 5)),
        ((-1, 0), (1, 2, 3, 4)),
        ((0, 1, 2, 3, 4, 5), (0, 1, 2, 4, 5)),
        ((1,), (2,)),
    ]
    assert links[0].figures == LinkFigures(add_us=40_000)
    assert links[1].latency_us == 12_500
    assert links[2].figures.burst == 8
    assert links[3].figures == LinkFigures(rate=64_000, queue=4_096)


def test_actions_on_links_know_what_they_are_about() -> None:
    actions = {action.id: action for action in resolve(load(str(OWN))).timeline}
    by_do = {action.do: action for action in actions.values()}

    assert by_do["clog"].by_us == 5_000_000
    assert actions["stuck"].sources == (-1, 1, 2, 3, 4)
    assert actions["stuck"].until_us is None
    assert [a.target for a in actions.values() if a.do == "release"] == ["stuck", ""]
    lossy = next(a for a in actions.values() if a.do == "link" and a.until_us is not None)
    assert lossy.until_us == 32_000_000
    assert lossy.figures == LinkFigures(add_us=200_000, loss=858_993_459)
