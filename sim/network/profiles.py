"""Named network profiles: loss, regions, and a jitter table for every ordered pair of regions.

A profile is a TOML file in `data/`, typed in by hand with its source. It names one *law* per link,
such as ``uniform 40000 80000``; `data/tables.csv` holds each law's inverse CDF as 256 integers, one
row per law: the law, the first entry, and 255 steps to the next, all in microseconds. `fit` makes
that file; at run time there is no arithmetic but a look-up. Only a matrix that a scenario brings
along is fitted when it is read.

Latency is stable per pair, with jitter on top. Without regions a profile may have several *kinds*
of pairs: which kind two validators are follows from the run's seed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from itertools import accumulate
from typing import Final, Literal, TypeAlias

import msgspec

from sim.base.extensions import Registry
from sim.network.losses import Loss, check_loss

PROFILES: Final = Registry[Callable[[], "Profile"]]("profile")
"""What returns each profile, by name: the shipped ones, then those of the run."""

_SHIPPED: Final = ("ideal", "lan", "aws-10", "internet-good", "internet-bad", "lossy-stress")

TABLE_SIZE: Final = 256
"""Entries of a jitter table: entry i is the (2i+1)/512 quantile of the one-way latency."""

FLOOR_US_MIN: Final = 50
"""No profile may declare a lower floor: windows would be too many to run."""

Table: TypeAlias = tuple[int, ...]
"""256 one-way latencies in µs, ascending."""

Provenance: TypeAlias = Literal["measured", "derived", "engineering choice"]


class LinkFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one link of a profile without regions.

    Attributes:
        law: A row of `data/tables.csv`.
        round_trip_us: p50 and p90 of the round trip.
    """

    law: str
    round_trip_us: tuple[int, int]


class PairsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds of pairs of a profile without regions: each is as likely as any other.

    Attributes:
        law: The family: ``shifted-log-normal`` or ``shifted-pareto``.
        round_trip_ms: p50 and p90 of the round trip, for every kind.
    """

    law: str
    round_trip_ms: tuple[tuple[int, int], ...]


class ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A profile file: one `link`, or `pairs`, or `round_trip_ms` with a row per source region.

    Attributes:
        format: Always ``kchain-profile``.
        version: Of the format.
        name: The profile's name, as the file's.
        provenance: Where the figures come from.
        source: The same in words.
        floor_us: No latency is below it, at least 50.
        loss: Loss rate in parts per 2**32.
        burst: Mean burst in slots, or 0 if each message is lost or not by itself.
        link: The law of every link, in a profile without regions.
        pairs: The kinds of pairs, in a profile without regions.
        round_trip_ms: Source region to (p50, p90) in ms towards each region, in the rows' order.
    """

    format: Literal["kchain-profile"]
    version: Literal[1]
    name: str
    provenance: Provenance
    source: str
    floor_us: int
    loss: int
    burst: int = 0
    link: LinkFile | None = None
    pairs: PairsFile | None = None
    round_trip_ms: dict[str, tuple[tuple[int, int], ...]] = {}

    def laws(self) -> tuple[tuple[str, ...], ...]:
        """Return the laws as `Profile.tables` has the tables."""
        if self.link is not None:
            return ((self.link.law,),)
        if self.pairs is not None:
            family = self.pairs.law
            return (tuple(f"{family} {p50} {p90}" for p50, p90 in self.pairs.round_trip_ms),)
        return tuple(
            tuple(f"shifted-log-normal {p50} {p90}" for p50, p90 in row)
            for row in self.round_trip_ms.values()
        )

    def round_trips_us(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Return (p50, p90) of the round trips, as `Profile.round_trips_us` has them."""
        if self.link is not None:
            return ((self.link.round_trip_us,),)
        if self.pairs is not None:
            return (tuple((1000 * p50, 1000 * p90) for p50, p90 in self.pairs.round_trip_ms),)
        return tuple(
            tuple((1000 * p50, 1000 * p90) for p50, p90 in row)
            for row in self.round_trip_ms.values()
        )


@dataclass(frozen=True)
class Profile:
    """What links are like. Pairs of regions are by [source][target], in the order of `regions`.

    Attributes:
        name: As in `PROFILES`, or ``matrix``.
        provenance: ``measured``, ``derived`` or ``engineering choice``.
        source: Where the figures come from.
        floor_us: No latency is below it.
        loss: What is lost unless a scenario says otherwise.
        regions: Names; empty if places don't matter.
        tables: Jitter tables; without regions one row with a table for each kind of pairs.
        round_trips_us: (p50, p90) of the round trip.
    """

    name: str
    provenance: Provenance
    source: str
    floor_us: int
    loss: Loss
    regions: tuple[str, ...]
    tables: tuple[tuple[Table, ...], ...]
    round_trips_us: tuple[tuple[tuple[int, int], ...], ...]

    def place(self, region: str) -> int:
        """Return the position of `region` in the tables: always 0 in a profile without regions.

        Raises:
            ValueError: this profile has regions, and this is none of them.
        """
        if not self.regions:
            return 0
        try:
            return self.regions.index(region)
        except ValueError:
            allowed = ", ".join(self.regions)
            raise ValueError(
                f'profile {self.name} has no region "{region}" (allowed: {allowed})'
            ) from None


def get_profile(name: str) -> Profile:
    """Return the profile `name`.

    Raises:
        ValueError: no such profile, or its file breaks a rule above.
    """
    if name not in PROFILES:
        raise ValueError(f'no network profile "{name}" (allowed: {", ".join(PROFILES)})')
    return PROFILES[name]()


def regions_of(name: str) -> tuple[str, ...]:
    """Return the regions of the profile `name` in its order; none if it has no geography."""
    if name in _SHIPPED:
        return tuple(read_profile(name).round_trip_ms)  # without the tables
    return get_profile(name).regions


@cache
def _shipped(name: str) -> Profile:
    file = read_profile(name)
    tables = read_tables()
    profile = Profile(
        name=file.name,
        provenance=file.provenance,
        source=file.source,
        floor_us=file.floor_us,
        loss=check_loss(Loss(file.loss, file.burst)),
        regions=tuple(file.round_trip_ms),
        tables=tuple(tuple(tables[law] for law in row) for row in file.laws()),
        round_trips_us=file.round_trips_us(),
    )
    check_profile(profile)
    return profile


def read_profile(name: str) -> ProfileFile:
    """Read and convert the file of profile `name`."""
    text = _data(f"{name}.toml")
    return msgspec.convert(tomllib.loads(text), ProfileFile)


@cache
def read_tables() -> dict[str, Table]:
    """Read every jitter table, by law."""
    rows = (line.split(",") for line in _data("tables.csv").splitlines()[1:])
    return {law: tuple(accumulate(map(int, steps))) for law, *steps in rows}


def _data(name: str) -> str:
    return (resources.files("sim.network") / "data" / name).read_text(encoding="utf-8")


def check_profile(profile: Profile) -> None:
    """Check what every profile promises.

    Raises:
        ValueError: a table is missing, isn't 256 ascending entries, or undercuts the floor.
    """
    side = len(profile.regions)
    shape = [len(row) for row in profile.tables]
    if shape != [side] * side if side else len(shape) != 1 or shape[0] < 1:
        raise ValueError(f"profile {profile.name}: not {side} × {side} links")
    if profile.floor_us < FLOOR_US_MIN:
        raise ValueError(f"profile {profile.name}: floor below {FLOOR_US_MIN} µs")
    for table in (table for row in profile.tables for table in row):
        if len(table) != TABLE_SIZE or list(table) != sorted(table):
            raise ValueError(
                f"profile {profile.name}: a table isn't {TABLE_SIZE} ascending entries"
            )
        if table[0] < profile.floor_us:
            raise ValueError(f"profile {profile.name}: a table undercuts the floor")


for _name in _SHIPPED:
    PROFILES.register(_name, __name__, lambda name: partial(_shipped, name))
