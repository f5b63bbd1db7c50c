"""A profile made of round trips that a scenario brings along."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Final, TypeAlias

from sim.network import fit
from sim.network.losses import LOSSLESS
from sim.network.profiles import FLOOR_US_MIN, Profile, check_profile

Matrix: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""(p50, p90) of the round trip in µs, by [source][target]."""

ROUND_TRIP_US_MIN: Final = 125
"""The least p50: its shift, four tenths of it one way, is the shortest latency there may be."""

ROUND_TRIP_US_MAX: Final = 600_000_000
"""Ten minutes: anything longer is a slip of the keyboard."""


@cache
def matrix_profile(regions: tuple[str, ...], round_trips_us: Matrix) -> Profile:
    """Return the profile of these regions: jitter fitted as in `aws-10`, no loss.

    Args:
        regions: Their names.
        round_trips_us: A row for every source. p50 within the bounds above, p90 not below it.

    Raises:
        ValueError: The figures can't be fitted, or some are missing.
    """
    trips = [trip for row in round_trips_us for trip in row]
    for p50_us, p90_us in trips:
        if not ROUND_TRIP_US_MIN <= p50_us <= p90_us <= ROUND_TRIP_US_MAX:
            raise ValueError(f"no round trip: p50 {p50_us} µs, p90 {p90_us} µs")
    tables = tuple(tuple(fit.table(_law(trip)) for trip in row) for row in round_trips_us)
    profile = Profile(
        name="matrix",
        provenance="measured",
        source="a matrix of the scenario's own",
        floor_us=max(FLOOR_US_MIN, _least_us(trips)),
        loss=LOSSLESS,
        regions=regions,
        tables=tables,
        round_trips_us=round_trips_us,
    )
    check_profile(profile)
    return profile


def _law(trip: tuple[int, int]) -> str:
    p50, p90 = (Decimal(us) / 1000 for us in trip)
    return f"shifted-log-normal {p50} {p90}" if p90 > p50 else f"constant {p50 * 500}"


def _least_us(trips: Sequence[tuple[int, int]]) -> int:
    return min(p50_us for p50_us, _ in trips) * 4 // 10
