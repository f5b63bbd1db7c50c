"""Links between validators and the ledger: streams in both directions, where loss becomes delay.

delay = a draw from the jitter table of the link to the validator at the lower median of p50 (ties
by index), plus for each consecutive lost draw, at most 5, a timeout that doubles.
arrival = max(previous arrival, go + delay), go = the send time or the heal of a partition.

The coordinating process alone holds these links. It learns of submissions at exchanges, whose times
depend on the number of processes; so what was submitted isn't settled when it is told, but when
a block is formed: by then every fault that can matter is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.network.draws import Draw, Draws, check_rate
from sim.network.links import RTO_US_MIN
from sim.network.profiles import Profile, Table
from sim.network.rules import Cuts, Rule, decode_rule

RTO_US_MAX: Final = 10_000_000
"""Default upper bound of retransmission timeouts."""

T = TypeVar("T")


class Arrived(NamedTuple, Generic[T]):
    """A submission that reached the ledger."""

    arrival_us: int
    validator: ValidatorIndex
    item: T


class Delivery(NamedTuple):
    """Something that the ledger sends to a validator.

    Attributes:
        validator: Who receives it.
        label: What it is about.
        transmission: 1-based count of deliveries of that label on that link.
        arrival_us: When it arrives; NEVER_US while a partition without a known heal holds it.
    """

    validator: ValidatorIndex
    label: Label
    transmission: int
    arrival_us: int


@dataclass
class _Crossing(Generic[T]):
    sent_us: int
    delay_us: int
    item: T
    arrival_us: int = NEVER_US


@dataclass
class _Stream(Generic[T]):
    """One direction of one validator's link: what arrived last, and what is on its way."""

    source: ValidatorIndex
    target: ValidatorIndex
    last_us: int = 0
    crossings: deque[_Crossing[T]] = field(default_factory=deque)

    def add(self, crossing: _Crossing[T], cuts: Cuts) -> None:
        previous_us = self.crossings[-1].arrival_us if self.crossings else self.last_us
        self._time(crossing, previous_us, cuts)
        self.crossings.append(crossing)

    def settle(self, cuts: Cuts) -> None:
        """Compute every arrival anew, after the faults have changed."""
        previous_us = self.last_us
        for crossing in self.crossings:
            self._time(crossing, previous_us, cuts)
            previous_us = crossing.arrival_us

    def take(self, before_us: int) -> Iterable[_Crossing[T]]:
        """Remove and yield, in order, what arrives before `before_us`."""
        while self.crossings and self.crossings[0].arrival_us < before_us:
            crossing = self.crossings.popleft()
            self.last_us = crossing.arrival_us
            yield crossing

    def _time(self, crossing: _Crossing[T], previous_us: int, cuts: Cuts) -> None:
        go_us = cuts.reachable_at(crossing.sent_us, self.source, self.target)
        crossing.arrival_us = min(NEVER_US, max(previous_us, go_us + crossing.delay_us))


class LedgerLinks(Generic[T]):
    """The streams between every validator and the ledger.

    T is what the caller attaches to a submission.

    Args:
        profile: What links are like.
        regions: Each validator's region, by registry position.
        seed: The run's seed.
        loss: Rate in parts per 2**32; None takes the profile's.
        latency_us: One-way delay of every link before losses; None takes the median link's table.
        rules: Faults that start at times known before the run.
        rto_us_min: Lower bound of the first timeout after a loss.
        rto_us_max: Upper bound of all.
    """

    def __init__(
        self,
        profile: Profile,
        regions: Sequence[str],
        seed: int,
        *,
        loss: int | None = None,
        latency_us: int | None = None,
        rules: Iterable[Rule] = (),
        rto_us_min: int = RTO_US_MIN,
        rto_us_max: int = RTO_US_MAX,
    ) -> None:
        self._draws = Draws(seed)
        self._loss = check_rate("loss", profile.loss if loss is None else loss)
        self._cuts = Cuts(rules)
        self._rto_us_max = rto_us_max
        places = [profile.place(region) for region in regions]
        self._tables: list[Table] = []
        self._rtos_us: list[int] = []
        for place, peer in zip(places, _median_peers(profile, places), strict=True):
            round_trip_us = profile.round_trips_us[place][peer][1]
            table = profile.tables[place][peer]
            if latency_us is not None:
                round_trip_us, table = 2 * latency_us, (latency_us,) * len(table)
            self._tables.append(table)
            self._rtos_us.append(max(rto_us_min, 2 * round_trip_us))
        ids = [ValidatorIndex(position) for position in range(len(places))]
        self._up: list[_Stream[T]] = [_Stream(validator, LEDGER) for validator in ids]
        self._down: list[_Stream[Delivery]] = [_Stream(LEDGER, validator) for validator in ids]

    def up(self, sent_us: int, validator: ValidatorIndex, label: Label, item: T) -> None:
        """Send `item` to the ledger. Call it in the order in which the validator sent."""
        _, draw = self._draws.next(validator, LEDGER, label)
        crossing = _Crossing(sent_us, self._delay_us(validator, draw), item)
        self._up[validator].add(crossing, self._cuts)

    def earliest_us(self) -> int:
        """Return when the next submission arrives as far as is known, or NEVER_US."""
        heads = (stream.crossings[0].arrival_us for stream in self._up if stream.crossings)
        return min(heads, default=NEVER_US)

    def arrived(self, before_us: int) -> list[Arrived[T]]:
        """Take what arrives strictly before `before_us`, by (arrival, validator, order of sends).

        By then every submission sent before `before_us` and every fault that starts before it must
        have been told.
        """
        taken = [
            Arrived(crossing.arrival_us, stream.source, crossing.item)
            for stream in self._up
            for crossing in stream.take(before_us)
        ]
        return sorted(taken, key=lambda arrived: arrived[:2])

    def down(self, sent_us: int, validator: ValidatorIndex, label: Label) -> Delivery:
        """Send something to a validator; return when it arrives.

        If that is NEVER_US the link keeps it, and `apply` returns it when a heal becomes known.
        Once an arrival was returned no later fault changes it.
        """
        transmission, draw = self._draws.next(LEDGER, validator, label)
        delivery = Delivery(validator, label, transmission, NEVER_US)
        crossing = _Crossing(sent_us, self._delay_us(validator, draw), delivery)
        stream = self._down[validator]
        stream.add(crossing, self._cuts)
        released = _release(stream)
        return released[-1] if released else delivery

    def apply(self, now_us: int, rule: bytes) -> list[Delivery]:
        """Apply a fault that was triggered during the run, from `now_us` on.

        Returns:
            Deliveries that had no known arrival and now have one, by validator and order of sends.

        Raises:
            DecodeError: `rule` is no encoded rule.
        """
        self._cuts.add(decode_rule(rule), now_us)
        for up in self._up:
            up.settle(self._cuts)
        released = []
        for down in self._down:
            down.settle(self._cuts)
            released += _release(down)
        return released

    def _delay_us(self, validator: ValidatorIndex, draw: Draw) -> int:
        delay_us = self._tables[validator][draw.latency >> 24]
        rto_us = self._rtos_us[validator]
        for slot in (draw.loss, draw.hold, draw.spare_0, draw.spare_1, draw.spare_2):
            if slot >= self._loss:
                break
            delay_us += min(rto_us, self._rto_us_max)
            rto_us *= 2
        return delay_us


def _median_peers(profile: Profile, places: Sequence[int]) -> list[int]:
    """Return for each validator the place of its peer at the lower median of p50, ties by index.

    A validator without peers is its own.
    """
    peers = []
    for position, place in enumerate(places):
        others = sorted(
            (profile.round_trips_us[place][other][0], index)
            for index, other in enumerate(places)
            if index != position
        )
        peers.append(places[others[(len(others) - 1) // 2][1]] if others else place)
    return peers


def _release(stream: _Stream[Delivery]) -> list[Delivery]:
    return [
        crossing.item._replace(arrival_us=crossing.arrival_us) for crossing in stream.take(NEVER_US)
    ]
