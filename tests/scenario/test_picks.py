"""Who misbehaves, by lot: so many, or so much of the stake, out of a committee or a region."""

from __future__ import annotations

import pytest

from sim.scenario.load import load_text, resolve
from sim.scenario.plan import Plan

BASE = """schema = 1
name = "picks"

[run]
seed = {seed}

[validators]
n = 9
stake = [50, 20, 10, 5, 5, 4, 3, 2, 1]
placement = {{ "us-east-1" = 4, "eu-central-1" = 5 }}

[network]
profile = "aws-10"

[keys.beacon]
scheme = "ED25519"
threshold = 5

[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"

[[adversary]]
id = "them"
nodes = {nodes}
behaviour = "silent-dealer"
"""


def corrupted(nodes: str, seed: int = 1) -> list[int]:
    plan: Plan = resolve(load_text(BASE.format(seed=seed, nodes=nodes)))
    return [corruption.validator for corruption in plan.corruptions]


def stake_of(validators: list[int]) -> int:
    return sum([50, 20, 10, 5, 5, 4, 3, 2, 1][v] for v in validators)


@pytest.mark.parametrize(
    ("share", "most"), [("<1/3", 100 / 3), ("<1/2", 100 / 2), ("<2/3", 200 / 3)]
)
def test_a_pick_by_stake_stays_below_its_share_and_nobody_else_fits(
    share: str, most: float
) -> None:
    for seed in range(20):
        chosen = corrupted(f'{{ pick = "stake", share = "{share}" }}', seed)

        assert 0 < stake_of(chosen) < most
        rest = [v for v in range(9) if v not in chosen]
        assert all(stake_of([*chosen, v]) >= most for v in rest)


def test_a_pick_by_stake_goes_by_the_seed() -> None:
    nodes = '{ pick = "stake", share = "<1/3" }'

    assert len({tuple(corrupted(nodes, seed)) for seed in range(20)}) > 5
    assert corrupted(nodes, 7) == corrupted(nodes, 7)


def test_a_pick_by_stake_out_of_a_region_goes_by_the_regions_stake() -> None:
    chosen = corrupted('{ pick = "stake", share = "<1/2", from = "region:eu-central-1" }')

    assert set(chosen) <= {4, 5, 6, 7, 8}
    assert stake_of(chosen) < 15 / 2


@pytest.mark.parametrize(
    ("word", "count"), [("one", 1), ("<1/3", 2), ("t-1", 4), ("t", 5), ("all", 9)]
)
def test_a_pick_by_word_is_of_its_size(word: str, count: int) -> None:
    assert len(corrupted(f'{{ pick = "random", size = "{word}" }}')) == count


def test_a_whole_region_misbehaves() -> None:
    assert corrupted('"region:us-east-1"') == [0, 1, 2, 3]
