"""Profiles: the figures that were typed in, and the tables made of them."""

from __future__ import annotations

from decimal import Decimal
from math import exp, log
from statistics import NormalDist

import pytest

from sim.network import fit
from sim.network.draws import CERTAIN
from sim.network.profiles import FLOOR_US_MIN, PROFILES, TABLE_SIZE, get_profile


@pytest.mark.parametrize("name", PROFILES)
def test_no_table_undercuts_the_declared_floor(name: str) -> None:
    profile = get_profile(name)

    least = min(table[0] for row in profile.tables for table in row)

    assert FLOOR_US_MIN <= profile.floor_us <= least


@pytest.mark.parametrize("name", PROFILES)
def test_tables_are_256_ascending_integers(name: str) -> None:
    for table in (table for row in get_profile(name).tables for table in row):
        assert len(table) == TABLE_SIZE
        assert all(type(entry) is int for entry in table)
        assert list(table) == sorted(table)


def test_regenerating_gives_the_committed_tables() -> None:
    assert fit.render() == fit.TABLES.read_text(encoding="utf-8")


@pytest.mark.parametrize("place", [1, 2, 100, 255, 256, 300, 460, 511])
def test_the_normal_quantile_agrees_with_the_standard_library(place: int) -> None:
    assert float(fit.normal_quantile(Decimal(place) / 512)) == pytest.approx(
        NormalDist().inv_cdf(place / 512), abs=1e-12
    )


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(ValueError, match='unknown law "cauchy 1"'):
        fit.table("cauchy 1")


def test_ideal_always_takes_ten_milliseconds() -> None:
    assert set(get_profile("ideal").tables[0][0]) == {10_000}


def test_lossy_stress_is_uniform_over_60_plus_minus_20_ms() -> None:
    profile = get_profile("lossy-stress")
    table = profile.tables[0][0]

    assert profile.loss == (CERTAIN // 4, 0)
    assert (table[0], table[-1]) == (40_078, 79_922)
    assert sum(table) / TABLE_SIZE == pytest.approx(60_000, abs=1)


def test_lan_has_its_mean_and_deviation() -> None:
    table = get_profile("lan").tables[0][0]
    mean = sum(table) / TABLE_SIZE
    deviation = (sum((entry - mean) ** 2 for entry in table) / TABLE_SIZE) ** 0.5

    assert mean == pytest.approx(250, abs=0.5)
    assert deviation == pytest.approx(50, abs=1)


def test_aws_10_meets_half_of_every_measured_percentile() -> None:
    """Entries 127/128 straddle p50 and 229/230 straddle p90."""
    profile = get_profile("aws-10")

    assert len(profile.regions) == 10
    for tables, trips in zip(profile.tables, profile.round_trips_us, strict=True):
        for table, (p50_us, p90_us) in zip(tables, trips, strict=True):
            assert table[127] <= p50_us / 2 <= table[128]
            assert table[229] <= p90_us / 2 <= table[230]


def test_aws_10_is_a_log_normal_shifted_by_four_fifths_of_the_median() -> None:
    """The same law in binary floating point, for the pair us-east-1 to us-west-2 (64 / 69 ms)."""
    table = get_profile("aws-10").tables[0][1]
    shift, median, ninth = 25_600, 32_000, 34_500
    scale = log(median - shift)
    spread = (log(ninth - shift) - scale) / NormalDist().inv_cdf(0.9)

    for i, entry in enumerate(table):
        quantile = NormalDist().inv_cdf((2 * i + 1) / 512)
        assert entry == pytest.approx(shift + exp(scale + spread * quantile), abs=0.51)


def test_aws_10_has_the_figures_of_its_source() -> None:
    """Spot checks against the published matrix: corners, diagonal, and an asymmetric pair."""
    profile = get_profile("aws-10")

    def trip(source: str, target: str) -> tuple[int, int]:
        return profile.round_trips_us[profile.place(source)][profile.place(target)]

    assert trip("us-east-1", "us-east-1") == (6_000, 9_000)
    assert trip("us-east-1", "af-south-1") == (228_000, 234_000)
    assert trip("af-south-1", "us-east-1") == (226_000, 230_000)
    assert trip("af-south-1", "af-south-1") == (4_000, 12_000)
    assert trip("ap-south-1", "sa-east-1") == (301_000, 305_000)
    assert profile.loss == (round(CERTAIN / 10_000), 3)


def test_an_unknown_region_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match=r'no region "mars-1" \(allowed: us-east-1, '):
        get_profile("aws-10").place("mars-1")


def test_a_profile_without_regions_takes_any() -> None:
    assert get_profile("lan").place("mars-1") == 0


def test_an_unknown_profile_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match=r'no network profile "wan" \(allowed: ideal, lan, '):
        get_profile("wan")


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_says_where_its_figures_come_from(name: str) -> None:
    profile = get_profile(name)

    assert profile.provenance in ("measured", "derived", "engineering choice")
    assert profile.source
