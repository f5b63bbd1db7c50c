"""Network profiles from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final, TypeAlias

from sim.network.losses import Loss, check_loss
from sim.network.matrix import ROUND_TRIP_US_MAX, ROUND_TRIP_US_MIN, matrix_profile
from sim.network.profiles import PROFILES, Profile, Provenance, check_profile
from sim.scenario.quantities import parse_rate

RoundTrip: TypeAlias = tuple[float, float]
"""p50 and p90 of the round trip in ms."""

_US_PER_MS: Final = 1000


def profile(
    name: str,
    round_trip_ms: RoundTrip | Mapping[str, Sequence[RoundTrip]],
    *,
    source: str,
    provenance: Provenance = "engineering choice",
    loss: str = "0%",
    burst: int = 0,
) -> None:
    """Register a network profile; jitter is fitted to the figures as in `aws-10`.

    Args:
        name: Lower-case letters, digits and dashes.
        round_trip_ms: p50 and p90 of every link; or, by source region, those towards every region
            in the order of the regions. p50 is at least 0.125.
        source: Where the figures come from, in words.
        provenance: The same in a word.
        loss: Rate, such as ``0.5%``.
        burst: Mean burst in slots of 20 ms; 0 loses each message by itself.

    Raises:
        ValueError: There is no such profile.
        LocalError: The name is taken, or no extension is being loaded.

    """
    regions = tuple(round_trip_ms) if isinstance(round_trip_ms, Mapping) else ()
    rows = round_trip_ms.values() if isinstance(round_trip_ms, Mapping) else [[round_trip_ms]]
    trips = tuple(tuple((_us(p50), _us(p90)) for p50, p90 in row) for row in rows)
    lost = check_loss(Loss(parse_rate(loss), burst))
    if any(len(row) != len(trips) for row in trips):
        raise ValueError(f"profile {name}: not {len(trips)} × {len(trips)} links")
    for p50, p90 in (trip for row in trips for trip in row):
        if not ROUND_TRIP_US_MIN <= p50 <= p90 <= ROUND_TRIP_US_MAX:
            raise ValueError(f"profile {name}: no round trip: p50 {p50} µs, p90 {p90} µs")

    @cache
    def made(full: str) -> Profile:
        fitted = matrix_profile(regions or ("",), trips)
        named = replace(
            fitted, name=full, regions=regions, loss=lost, source=source, provenance=provenance
        )
        check_profile(named)
        return named

    PROFILES.register(name, None, lambda full: lambda: made(full))


def _us(ms: float) -> int:
    return round(ms * _US_PER_MS)
