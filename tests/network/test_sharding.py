"""Which validators run together."""

from __future__ import annotations

import pytest

from sim.network.sharding import committee_shards, region_shards


def test_a_region_is_never_split_while_there_are_enough_regions() -> None:
    regions = ["eu", "us", "ap", "eu", "us", "eu", "sa"]

    owners = region_shards(regions, 3)

    assert owners == (0, 1, 2, 0, 1, 0, 2)


def test_without_regions_validators_are_dealt_out_by_index() -> None:
    assert region_shards([""] * 5, 3) == (0, 1, 2, 0, 1)


def test_more_shards_than_regions_are_dealt_out_by_index() -> None:
    assert region_shards(["eu", "us", "eu", "us"], 3) == (0, 1, 2, 0)


def test_one_shard_takes_all() -> None:
    assert region_shards(["eu", "us", "eu"], 1) == (0, 0, 0)


def test_no_shard_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        region_shards([""], 0)


def test_committees_are_not_cut_and_go_in_turn() -> None:
    owners = committee_shards([(0, 3), (1, 5), (2, 4)], 8, 2)

    assert owners == (0, 1, 0, 0, 0, 1, 1, 1)
    assert committee_shards([(0, 3), (1, 5), (2, 4)], 8, 1) == (0,) * 8


def test_more_shards_than_committees_are_refused() -> None:
    with pytest.raises(ValueError, match="1 … 2, got 3"):
        committee_shards([(0,), (1,)], 2, 3)
    with pytest.raises(ValueError, match="got 0"):
        committee_shards([(0,), (1,)], 2, 0)
