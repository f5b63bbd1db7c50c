"""Links between validators and the ledger: streams in both directions, where loss becomes delay.

delay = a draw from the jitter table of the link to the validator at the lower median of p50 (ties
by index), plus what clogs and changed links add, plus for each consecutive lost transmission, at
most 5, a timeout that doubles. arrival = max(previous arrival, go + delay), go = the send time or
the end of a partition or hold. Bandwidth is no matter here: the ledger stands for an idealised
consensus, whose traffic isn't modelled.

The coordinating process alone holds these links. It learns of submissions at exchanges, whose times
depend on the number of processes; so what was submitted isn't settled when it is told, but when
a block is formed: by then every fault that can matter is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.network.conditions import Conditions
from sim.network.draws import Draw, Draws
from sim.network.losses import Loss, Losses
from sim.network.paths import RTO_US_MAX, RTO_US_MIN, Override, Paths
from sim.network.profiles import Profile
from sim.network.rules import Rule, decode_rule
from sim.network.streams import timeouts_us

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
    draw: Draw
    item: T
    arrival_us: int = NEVER_US


class _Travel(Protocol):
    def __call__(
        self, sent_us: int, source: ValidatorIndex, target: ValidatorIndex, draw: Draw
    ) -> int:
        """Return when something arrives that nothing overtakes, or NEVER_US."""
        ...


@dataclass
class _Stream(Generic[T]):
    """One direction of one validator's link: what arrived last, and what is on its way."""

    source: ValidatorIndex
    target: ValidatorIndex
    last_us: int = 0
    crossings: deque[_Crossing[T]] = field(default_factory=deque)

    def add(self, crossing: _Crossing[T], travel: _Travel) -> None:
        previous_us = self.crossings[-1].arrival_us if self.crossings else self.last_us
        self._time(crossing, previous_us, travel)
        self.crossings.append(crossing)

    def settle(self, travel: _Travel) -> None:
        """Compute every arrival anew, after the faults have changed."""
        previous_us = self.last_us
        for crossing in self.crossings:
            self._time(crossing, previous_us, travel)
            previous_us = crossing.arrival_us

    def take(self, before_us: int) -> Iterable[_Crossing[T]]:
        """Remove and yield, in order, what arrives before `before_us`."""
        while self.crossings and self.crossings[0].arrival_us < before_us:
            crossing = self.crossings.popleft()
            self.last_us = crossing.arrival_us
            yield crossing

    def _time(self, crossing: _Crossing[T], previous_us: int, travel: _Travel) -> None:
        arrival_us = travel(crossing.sent_us, self.source, self.target, crossing.draw)
        crossing.arrival_us = max(previous_us, arrival_us)


class LedgerLinks(Generic[T]):
    """The streams between every validator and the ledger.

    T is what the caller attaches to a submission.

    Args:
        profile: What links are like.
        regions: Each validator's region, by registry position.
        seed: The run's seed.
        loss: Instead of the profile's; a number is a rate without bursts.
        latency_us: One-way delay of every link before losses; None takes the median link's table.
        overrides: What is different about some links; those that name `LEDGER` matter here.
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
        loss: Loss | int | None = None,
        latency_us: int | None = None,
        overrides: Iterable[Override] = (),
        rules: Iterable[Rule] = (),
        rto_us_min: int = RTO_US_MIN,
        rto_us_max: int = RTO_US_MAX,
    ) -> None:
        ids = [ValidatorIndex(position) for position in range(len(regions))]
        fixed = []
        if latency_us is not None:
            ends = (frozenset(ids), frozenset({LEDGER}))
            fixed = [Override(*way, latency_us=latency_us) for way in (ends, ends[::-1])]
        self._paths = Paths(
            profile,
            regions,
            seed,
            loss=Loss(loss) if isinstance(loss, int) else loss,
            overrides=[*fixed, *overrides],
            rto_us_min=rto_us_min,
        )
        self._losses = Losses(seed)
        self._draws = Draws(seed)
        self._conditions = Conditions(rules)
        self._rto_us_max = rto_us_max
        self._up: list[_Stream[T]] = [_Stream(validator, LEDGER) for validator in ids]
        self._down: list[_Stream[Delivery]] = [_Stream(LEDGER, validator) for validator in ids]

    def up(self, sent_us: int, validator: ValidatorIndex, label: Label, item: T) -> None:
        """Send `item` to the ledger. Call it in the order in which the validator sent."""
        _, draw = self._draws.next(validator, LEDGER, label)
        self._up[validator].add(_Crossing(sent_us, draw, item), self._travel)

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
        stream = self._down[validator]
        stream.add(_Crossing(sent_us, draw, delivery), self._travel)
        released = _release(stream)
        return released[-1] if released else delivery

    def apply(self, now_us: int, rule: bytes) -> list[Delivery]:
        """Apply a fault that was triggered during the run, from `now_us` on.

        Returns:
            Deliveries that had no known arrival and now have one, by validator and order of sends.

        Raises:
            DecodeError: `rule` is no encoded rule.
        """
        self._conditions.add(decode_rule(rule), now_us)
        for up in self._up:
            up.settle(self._travel)
        released = []
        for down in self._down:
            down.settle(self._travel)
            released += _release(down)
        return released

    def _travel(
        self, sent_us: int, source: ValidatorIndex, target: ValidatorIndex, draw: Draw
    ) -> int:
        conditions = self._conditions
        go_us = conditions.reachable_at(sent_us, source, target)
        if go_us >= NEVER_US:
            return NEVER_US
        path = self._paths.of(source, target)
        changed = conditions.changed(go_us, source, target)
        late_us = timeouts_us(
            self._losses,
            changed.loss or path.loss,
            go_us,
            source,
            target,
            draw,
            self._paths.rto_us(source, target),
            self._rto_us_max,
        )
        clog_us = draw.clog(conditions.clog_us(go_us, source, target))
        added_us = path.add_us + changed.add_us + clog_us
        return go_us + late_us + added_us + path.table[draw.latency >> 24]


def _release(stream: _Stream[Delivery]) -> list[Delivery]:
    return [
        crossing.item._replace(arrival_us=crossing.arrival_us) for crossing in stream.take(NEVER_US)
    ]
