"""What each link is like: its profile's figures, and what a scenario changes about it for good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sim.base.codec import encode, tuple_hash
from sim.base.ids import LEDGER, ValidatorIndex
from sim.network.losses import Loss, check_loss
from sim.network.pipes import Queue
from sim.network.profiles import FLOOR_US_MIN, TABLE_SIZE, Profile, Table

RTO_US_MIN: Final = 200_000
"""Default lower bound of retransmission timeouts."""

RTO_US_MAX: Final = 10_000_000
"""Default upper bound of retransmission timeouts."""


@dataclass(frozen=True)
class Override:
    """What a scenario changes about the links from `sources` to `targets`, over the whole run.

    Of several that set the same figure of a link the last one counts; what they add is summed up.

    Attributes:
        sources: Who sends over these links; `LEDGER` stands for the ledger.
        targets: Who receives.
        add_us: Added to every latency, at least 0.
        latency_us: One-way latency instead of the profile's, without jitter; or None. At least
            50, except on links of the ledger: only they may be quicker than a window.
        loss: Instead of the network's, or None.
        queue: A bandwidth of the link itself, or None.
    """

    sources: frozenset[int]
    targets: frozenset[int]
    add_us: int = 0
    latency_us: int | None = None
    loss: Loss | None = None
    queue: Queue | None = None

    @property
    def of_ledger(self) -> bool:
        """Whether it is about links of the ledger alone."""
        return self.sources == {LEDGER} or self.targets == {LEDGER}


class Path(NamedTuple):
    """A link, one way.

    Attributes:
        table: 256 latencies in µs, ascending.
        add_us: Added to each of them.
        loss: What is lost.
        queue: Its own bandwidth, or None.
        round_trip_us: p50 and p90 of the profile's round trip.
        kind: Which links are alike: source and target place in the profile's tables.
        overrides: Positions of the overrides that concern it.
    """

    table: Table
    add_us: int
    loss: Loss
    queue: Queue | None
    round_trip_us: tuple[int, int]
    kind: tuple[int, int]
    overrides: tuple[int, ...]

    @property
    def least_us(self) -> int:
        """The least latency in µs."""
        return self.table[0] + self.add_us


class Paths:
    """Every link between validators, and of validators with the ledger.

    A validator's link to the ledger is like that to the validator at the lower median of p50, ties
    by index; without other validators, like one to itself.

    Args:
        profile: What links are like.
        regions: Each validator's region, by registry position.
        seed: The run's seed.
        loss: Instead of the profile's, or None.
        overrides: Changes to some links.
        rto_us_min: Lower bound of retransmission timeouts.
    """

    def __init__(
        self,
        profile: Profile,
        regions: Sequence[str],
        seed: int,
        *,
        loss: Loss | None = None,
        overrides: Iterable[Override] = (),
        rto_us_min: int = RTO_US_MIN,
    ) -> None:
        self.profile = profile
        self._places = [profile.place(region) for region in regions]
        self._loss = profile.loss if loss is None else check_loss(loss)
        self._overrides = tuple(overrides)
        for override in self._overrides:
            _check(override)
        self._rto_us_min = rto_us_min
        self._key = tuple_hash("kchain-sim/pairs/v1", seed)
        self._known: dict[int, dict[int, Path]] = {}
        self._alike: dict[tuple[tuple[int, int], tuple[int, ...]], Path] = {}
        self._medians: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def of(self, source: int, target: int) -> Path:
        """Return the link from `source` to `target`, either of which may be `LEDGER`."""
        try:
            return self._known[source][target]
        except KeyError:
            found = self._known.setdefault(source, {})[target] = self._path(source, target)
            return found

    def rto_us(self, source: int, target: int) -> int:
        """Return the first retransmission timeout: twice the pair's p90 round trip, or the minimum.

        In µs. It doubles with every retransmission; that is the sender's business.
        """
        there, back = self.of(source, target), self.of(target, source)
        trip_us = there.round_trip_us[1]
        halves = (trip_us // 2, trip_us - trip_us // 2)
        for half_us, path in zip(halves, (there, back), strict=True):
            fixed_us = self._fixed_us(path)
            trip_us += path.add_us + (0 if fixed_us is None else fixed_us - half_us)
        return max(self._rto_us_min, 2 * trip_us)

    def least_latency_us(
        self, sources: Iterable[ValidatorIndex], targets: Iterable[ValidatorIndex]
    ) -> int:
        """Return a lower bound in µs of the latency from `sources` to others among `targets`.

        Windows are as wide as it within a shard; shards meet as often as it between them. It is
        the least of any such link by the profile, or any that an override sets; what overrides
        add is left out. Without any link it is the profile's floor.
        """
        here, there = set(sources), set(targets)
        rows = self.profile.tables
        if not (here and there) or len(here | there) < 2:
            return self.profile.floor_us
        if self.profile.regions:
            pairs = {
                (self._places[source], self._places[target])
                for source in here
                for target in there
                if source != target
            }
            least = [rows[source][target][0] for source, target in pairs]
        else:
            least = [table[0] for table in rows[0]]
        least += [
            override.latency_us
            for override in self._overrides
            if override.latency_us is not None and not override.of_ledger
        ]
        return min(least)

    def _path(self, source: int, target: int) -> Path:
        back = None if self.profile.regions else self._known.get(target, {}).get(source)
        kind = self._kind(source, target) if back is None else back.kind  # a pair's is drawn once
        concerned: tuple[int, ...] = ()
        if self._overrides:
            concerned = tuple(
                number
                for number, override in enumerate(self._overrides)
                if source in override.sources and target in override.targets
            )
        found = self._alike.get((kind, concerned))
        if found is None:
            found = self._alike[kind, concerned] = self._path_of(kind, concerned)
        return found

    def _path_of(self, kind: tuple[int, int], concerned: tuple[int, ...]) -> Path:
        table = self.profile.tables[kind[0]][kind[1]]
        add_us, loss, queue = 0, self._loss, None
        for number in concerned:
            override = self._overrides[number]
            add_us += override.add_us
            if override.latency_us is not None:
                table = (override.latency_us,) * TABLE_SIZE
            loss = loss if override.loss is None else override.loss
            queue = queue if override.queue is None else override.queue
        trip = self.profile.round_trips_us[kind[0]][kind[1]]
        return Path(table, add_us, loss, queue, trip, kind, concerned)

    def _fixed_us(self, path: Path) -> int | None:
        fixed = [self._overrides[number].latency_us for number in path.overrides]
        return next((latency for latency in reversed(fixed) if latency is not None), None)

    def _kind(self, source: int, target: int) -> tuple[int, int]:
        """Return where in the profile's tables the link stands."""
        if LEDGER in (source, target):
            validator = max(source, target)
            return self._kind(validator, self._median_peer(validator))
        if self.profile.regions:
            return self._places[source], self._places[target]
        kinds = len(self.profile.tables[0])
        if kinds == 1:
            return 0, 0
        pair = encode((min(source, target), max(source, target)))
        drawn = hashlib.blake2b(pair, digest_size=8, key=self._key).digest()
        return 0, int.from_bytes(drawn, "big") % kinds

    def _median_peer(self, validator: int) -> int:
        """Return the peer at the lower median of p50, ties by index; itself if there is none."""
        found = self._medians.get(validator)
        if found is None:
            others = sorted(
                (self._median_us(validator, other), other)
                for other in range(len(self._places))
                if other != validator
            )
            found = others[(len(others) - 1) // 2][1] if others else validator
            self._medians[validator] = found
        return found

    def _median_us(self, source: int, target: int) -> int:
        row, column = self._kind(source, target)
        return self.profile.round_trips_us[row][column][0]


def _check(override: Override) -> None:
    if override.add_us < 0:
        raise ValueError(f"a link's latency can't be cut by {-override.add_us} µs")
    low = override.latency_us is not None and override.latency_us < FLOOR_US_MIN
    if low and not override.of_ledger:
        raise ValueError(f"a latency must be at least {FLOOR_US_MIN} µs")
    if override.loss is not None:
        check_loss(override.loss)
