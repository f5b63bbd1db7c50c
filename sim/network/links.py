"""The fate of messages between validators: lost, late, twice, held back or cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sim.base.ids import Label, ValidatorIndex
from sim.network.draws import Draws, check_rate
from sim.network.profiles import Profile
from sim.network.rules import Cuts, Rule, decode_rule

RTO_US_MIN: Final = 200_000
"""Default lower bound of retransmission timeouts."""

_HALF: Final = 1 << 31


class Fate(NamedTuple):
    """What becomes of one send.

    Attributes:
        transmission: 1-based count of sends of that label on that link, over the run; lost and cut
            ones count.
        verdict: ``ok``, ``duplicate``, ``held``, ``lost`` or ``cut`` (by a partition). A duplicate
            whose first copy was held back is ``duplicate``.
        arrivals: Virtual times in µs at which copies arrive: none, one or two, first copy first.
    """

    transmission: int
    verdict: str
    arrivals: tuple[int, ...]


class Perturb(NamedTuple):
    """Names the one send whose latency draw a test changes, wherever it happens."""

    source: ValidatorIndex
    target: ValidatorIndex
    label: Label
    transmission: int


class LinkNetwork:
    """Decides the fate of every message between validators; one instance per shard.

    Rates are in parts per 2**32.

    Args:
        profile: What links are like.
        regions: Each validator's region, by registry position.
        seed: The run's seed.
        loss: Bernoulli loss rate; None takes the profile's.
        duplicate: Chance that a second copy arrives, after a latency of its own.
        reorder: Chance that the first copy is held back …
        reorder_by_us: … by exactly this long.
        rules: Faults that start at times known before the run.
        rto_us_min: Lower bound of retransmission timeouts.
        perturb: A test switch: this send's latency comes from another draw.
    """

    def __init__(
        self,
        profile: Profile,
        regions: Sequence[str],
        seed: int,
        *,
        loss: int | None = None,
        duplicate: int = 0,
        reorder: int = 0,
        reorder_by_us: int = 20_000,
        rules: Iterable[Rule] = (),
        rto_us_min: int = RTO_US_MIN,
        perturb: Perturb | None = None,
    ) -> None:
        self._profile = profile
        self._places = [profile.place(region) for region in regions]
        self._draws = Draws(seed)
        self._loss = check_rate("loss", profile.loss if loss is None else loss)
        self._duplicate = check_rate("duplicate", duplicate)
        self._reorder = check_rate("reorder", reorder)
        self._reorder_by_us = reorder_by_us
        self._rto_us_min = rto_us_min
        self._perturb = perturb
        self._cuts = Cuts(rules)

    def send(
        self,
        now_us: int,
        source: ValidatorIndex,
        target: ValidatorIndex,
        label: Label,
        size: int,  # noqa: ARG002  # the port tells it; without bandwidth it changes nothing
    ) -> Fate:
        """Return the fate of one send: a function of the seed, the link, the label and its count.

        Every send must be asked about exactly once, in the order in which its source made them.
        """
        transmission, draw = self._draws.next(source, target, label)
        if self._cuts.cut(now_us, source, target):
            return Fate(transmission, "cut", ())
        if draw.loss < self._loss:
            return Fate(transmission, "lost", ())
        table = self._profile.tables[self._places[source]][self._places[target]]
        arrival_us = now_us + table[draw.latency >> 24]
        if self._perturb == (source, target, label, transmission):
            arrival_us = now_us + _another(table, draw.latency)
        held = draw.hold < self._reorder
        if held:
            arrival_us += self._reorder_by_us
        if draw.duplicate < self._duplicate:
            copy_us = now_us + table[draw.duplicate_latency >> 24]
            return Fate(transmission, "duplicate", (arrival_us, copy_us))
        return Fate(transmission, "held" if held else "ok", (arrival_us,))

    def apply(self, now_us: int, rule: bytes) -> None:
        """Apply a fault that was triggered during the run: it starts at `now_us`.

        Raises:
            DecodeError: `rule` is no encoded rule.
        """
        self._cuts.add(decode_rule(rule), now_us)

    def rto_us(self, source: ValidatorIndex, target: ValidatorIndex) -> int:
        """Return the first retransmission timeout: twice the pair's p90 round trip, or the minimum.

        In µs. It doubles with every retransmission; that is the sender's business.
        """
        trip = self._profile.round_trips_us[self._places[source]][self._places[target]]
        return max(self._rto_us_min, 2 * trip[1])

    def least_latency_us(
        self, sources: Iterable[ValidatorIndex], targets: Iterable[ValidatorIndex]
    ) -> int:
        """Return the least latency in µs of any link from `sources` to others among `targets`.

        Windows are as wide as it within a shard; shards meet as often as it between them.
        Without any such link it is the profile's floor.
        """
        here, there = set(sources), set(targets)
        pairs = {
            (self._places[source], self._places[target])
            for source in here
            for target in there
            if source != target
        }
        least = (self._profile.tables[source][target][0] for source, target in pairs)
        return min(least, default=self._profile.floor_us)


def _another(table: tuple[int, ...], slot: int) -> int:
    """Return a latency that differs from the drawn one: the other half's, or 1 µs more."""
    drawn, other = table[slot >> 24], table[(slot ^ _HALF) >> 24]
    return other if other != drawn else drawn + 1
