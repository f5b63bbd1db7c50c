"""The fate of messages between validators: lost, late, twice, held back, cut, or out of room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.network.conditions import UNCHANGED, Changed, Conditions
from sim.network.draws import Draw, Draws, check_rate
from sim.network.fans import Impairments, Links, plain_links
from sim.network.losses import Loss, Losses
from sim.network.paths import RTO_US_MAX, RTO_US_MIN, Override, Path, Paths
from sim.network.pipes import Bandwidth, Pipe, Queue
from sim.network.profiles import Profile
from sim.network.rules import Rule, decode_rule
from sim.network.streams import timeouts_us

Transport: TypeAlias = Literal["datagram", "stream"]

_HALF: Final = 1 << 31


class Fate(NamedTuple):
    """What becomes of one send.

    Attributes:
        transmission: 1-based count of sends of that label on that link, over the run; lost and cut
            ones count.
        verdict: ``ok``, ``duplicate``, ``held`` (back, to be overtaken), ``lost``, ``cut`` (by a
            partition), ``dropped`` (by a filter), ``overflow`` (the sender's queue was full) or
            ``waiting`` (behind a hold; in a stream, behind a partition too). A duplicate whose
            first copy was held back is ``duplicate``.
        arrivals: Virtual times in µs at which copies arrive: none, one or two, first copy first. A
            message that waits for an end which isn't known yet has none: `LinkNetwork.apply`
            tells them.
    """

    transmission: int
    verdict: str
    arrivals: tuple[int, ...]


class Released(NamedTuple):
    """A message that waited, and now travels on.

    Attributes:
        source: Its sender.
        target: Its receiver.
        label: Its label.
        transmission: As its `Fate` had it.
        arrivals: As a `Fate` has them.
    """

    source: ValidatorIndex
    target: ValidatorIndex
    label: Label
    transmission: int
    arrivals: tuple[int, ...]


class Perturb(NamedTuple):
    """Names the one send whose latency draw a test changes, wherever it happens."""

    source: ValidatorIndex
    target: ValidatorIndex
    label: Label
    transmission: int


class _Send(NamedTuple):
    """One send that was neither cut, nor lost, nor out of room.

    Attributes:
        now_us: When it was sent.
        leaves_us: When its last bit left the sender.
        source: Its sender.
        target: Its receiver.
        label: Its label.
        transmission: Count of sends of that label on that link.
        draw: Its draws.
        path: Its link.
        changed: What a fault changed about the link when it was sent.
    """

    now_us: int
    leaves_us: int
    source: ValidatorIndex
    target: ValidatorIndex
    label: Label
    transmission: int
    draw: Draw
    path: Path
    changed: Changed


class LinkNetwork:
    """Decides the fate of every message between validators; one instance per shard.

    What it does to a message depends on the message and its link alone, except that messages of
    one sender share its uplink, those of one link its own bandwidth, and those of a stream their
    order: all of that is known to the sender's shard.

    Rates are in parts per 2**32.

    Args:
        profile: What links are like.
        regions: Each validator's region, by registry position.
        seed: The run's seed.
        loss: Instead of the profile's; a number is a rate without bursts.
        duplicate: Chance that a second copy arrives, after a latency of its own.
        reorder: Chance that the first copy is held back …
        reorder_by_us: … by exactly this long.
        transport: ``datagram``, or ``stream``: loss becomes delay, partitions make messages wait,
            every link is first in first out, and nothing is duplicated, held back or dropped.
        bandwidth: Of every validator's access to the network.
        overrides: What is different about some links.
        rules: Faults that start at times known before the run.
        rto_us_min: Lower bound of retransmission timeouts.
        rto_us_max: Upper bound of those of streams.
        perturb: A test switch: this send's latency comes from another draw.
    """

    def __init__(
        self,
        profile: Profile,
        regions: Sequence[str],
        seed: int,
        *,
        loss: Loss | int | None = None,
        duplicate: int = 0,
        reorder: int = 0,
        reorder_by_us: int = 20_000,
        transport: Transport = "datagram",
        bandwidth: Bandwidth | None = None,
        overrides: Iterable[Override] = (),
        rules: Iterable[Rule] = (),
        rto_us_min: int = RTO_US_MIN,
        rto_us_max: int = RTO_US_MAX,
        perturb: Perturb | None = None,
    ) -> None:
        chosen = Loss(loss) if isinstance(loss, int) else loss
        self.paths = Paths(
            profile, regions, seed, loss=chosen, overrides=overrides, rto_us_min=rto_us_min
        )
        self.losses = Losses(seed)
        self._draws = Draws(seed)
        self._duplicate = check_rate("duplicate", duplicate)
        self._reorder = check_rate("reorder", reorder)
        self._reorder_by_us = reorder_by_us
        self._stream = transport == "stream"
        self._bandwidth = bandwidth or Bandwidth()
        self._rto_us_max = rto_us_max
        self._perturb = perturb
        self._draws_decide = not (self._stream or self._bandwidth.up or perturb)
        self._rules = bool(rules := tuple(rules))
        self._conditions = Conditions(rules)
        self._pipes: dict[tuple[int, int, int], Pipe] = {}
        self._last_us: dict[tuple[int, int], int] = {}
        self._waiting: dict[tuple[ValidatorIndex, ValidatorIndex], list[_Send]] = {}
        self._fans: dict[ValidatorIndex, tuple[tuple[ValidatorIndex, ...], Links | None]] = {}
        self._impairments = Impairments(
            self.losses, self._duplicate, self._reorder, self._reorder_by_us
        )

    def send(
        self,
        now_us: int,
        source: ValidatorIndex,
        target: ValidatorIndex,
        label: Label,
        size: int,
    ) -> Fate:
        """Return the fate of one send: a function of the seed, the link, the label and its count.

        Bursts, faults and bandwidth make it one of time too, and bandwidth one of what the sender
        has sent before. Every send must be asked about exactly once, in the order in which its
        source made them.

        Args:
            now_us: When; never earlier than the sender's last send.
            source: By whom.
            target: To whom.
            label: What it is about.
            size: In bytes.
        """
        transmission, draw = self._draws.next(source, target, label)
        path = self.paths.of(source, target)
        changed, cut, dropped = UNCHANGED, False, False
        if self._rules:
            filtered = self._conditions.filtered(now_us, source, target, label.kind)
            changed = self._conditions.changed(now_us, source, target)
            changed = changed._replace(add_us=changed.add_us + filtered.add_us)
            dropped = filtered.dropped
            cut = not self._stream and self._conditions.cut(now_us, source, target)
        # What is cut or lost has left its sender nevertheless: a heal moves no other message.
        leaves_us = self._leaves_us(now_us, source, target, size, path, changed)
        if cut:
            return Fate(transmission, "cut", ())
        if dropped:
            return Fate(transmission, "dropped", ())
        if leaves_us is None:
            return Fate(transmission, "overflow", ())
        sent = _Send(now_us, leaves_us, source, target, label, transmission, draw, path, changed)
        if self._stream:
            return self._streamed(sent)
        if self.losses.lost(changed.loss or path.loss, now_us, source, target, draw.loss):
            return Fate(transmission, "lost", ())
        if self._rules:
            go_us = self._conditions.released_at(now_us, source, target)
            if go_us > now_us:
                return self._wait(sent, go_us)
        return self._datagram(sent, leaves_us)

    def fan_out(
        self,
        now_us: int,
        source: ValidatorIndex,
        targets: tuple[ValidatorIndex, ...],
        label: Label,
        size: int,
    ) -> Sequence[tuple[int, str, tuple[int, ...]]]:
        """Return the fates of one message to each of `targets`: those of sends one by one.

        Where nothing but draws decides, all are decided at once.
        """
        if self._draws_decide and not self._rules:
            known, links = self._fans.get(source, ((), None))
            if known is not targets:  # mostly a source has one fan
                links = plain_links(targets, [self.paths.of(source, to) for to in targets])
                self._fans[source] = targets, links
            draws = None if links is None else self._draws.fan(source, links.fan, label)
            if links is not None and draws is not None:
                return self._impairments.fates(now_us, source, links, draws)
        return [self.send(now_us, source, target, label, size) for target in targets]

    def apply(self, now_us: int, rule: bytes) -> list[Released]:
        """Apply a fault that was triggered during the run: it starts at `now_us`.

        Returns:
            What waited for an end that wasn't known and now is, by link and order of sends.

        Raises:
            DecodeError: `rule` is no encoded rule.
        """
        self._conditions.add(decode_rule(rule), now_us)
        self._rules = True
        released = []
        for (source, target), waiting in sorted(self._waiting.items()):
            still = []
            for sent in waiting:
                fate = self._go(sent, self._go_us(sent))
                if fate is None:
                    still.append(sent)
                else:
                    name = (source, target, sent.label, sent.transmission)
                    released.append(Released(*name, fate.arrivals))
            waiting[:] = still
        return released

    def downlinks(self, validators: Iterable[ValidatorIndex]) -> Mapping[ValidatorIndex, Pipe]:
        """Return the pipe behind which each of `validators` receives: none without a bandwidth."""
        down = self._bandwidth.down
        if down is None:
            return {}
        queue = self._unbounded(down)
        return {validator: Pipe(queue) for validator in validators}

    def rto_us(self, source: ValidatorIndex, target: ValidatorIndex) -> int:
        """Return the first retransmission timeout; see `Paths.rto_us`."""
        return self.paths.rto_us(source, target)

    def least_latency_us(
        self, sources: Iterable[ValidatorIndex], targets: Iterable[ValidatorIndex]
    ) -> int:
        """Return a lower bound of latencies; see `Paths.least_latency_us`."""
        return self.paths.least_latency_us(sources, targets)

    # Bandwidth.

    def _leaves_us(
        self, now_us: int, source: int, target: int, size: int, path: Path, changed: Changed
    ) -> int | None:
        """Return when a message has left the uplink and its link's own pipe, or None: no room."""
        leaves_us: int | None = now_us
        if self._bandwidth.up is not None:
            leaves_us = self._pipe((source, source, 0), self._bandwidth.up).enter(now_us, size)
        queue, owner = path.queue, 0
        if changed.queue is not None:
            queue, owner = changed.queue, changed.owner
        if queue is not None and leaves_us is not None:
            leaves_us = self._pipe((source, target, owner), queue).enter(leaves_us, size)
        return leaves_us

    def _pipe(self, name: tuple[int, int, int], queue: Queue) -> Pipe:
        found = self._pipes.get(name)
        if found is None:
            found = self._pipes[name] = Pipe(self._unbounded(queue))
        return found

    def _unbounded(self, queue: Queue) -> Queue:
        """Return what `queue` is like here: a stream's sender waits until there is room."""
        return queue._replace(bytes_max=None) if self._stream else queue

    # Waiting, and going on.

    def _go_us(self, sent: _Send) -> int:
        """Return when nothing stops a message any more, or NEVER_US."""
        if self._stream:
            return self._conditions.reachable_at(sent.leaves_us, sent.source, sent.target)
        return self._conditions.released_at(sent.now_us, sent.source, sent.target)

    def _wait(self, sent: _Send, go_us: int) -> Fate:
        fate = self._go(sent, go_us)
        if fate is None:
            self._waiting.setdefault((sent.source, sent.target), []).append(sent)
            return Fate(sent.transmission, "waiting", ())
        return fate._replace(verdict="waiting")

    def _go(self, sent: _Send, go_us: int) -> Fate | None:
        """Return the fate of a message that travels on at `go_us`, or None if that is never."""
        if go_us >= NEVER_US:
            return None
        if self._stream:
            return self._stream_fate(sent, go_us)
        return self._datagram(sent, max(sent.leaves_us, go_us))

    # Travelling.

    def _datagram(self, sent: _Send, go_us: int) -> Fate:
        draw = sent.draw
        base_us = go_us + self._delay_us(sent)
        arrival_us = base_us + self._drawn_us(sent)
        held = draw.hold < self._reorder
        if held:
            arrival_us += self._reorder_by_us
        if draw.duplicate < self._duplicate:
            copy_us = base_us + sent.path.table[draw.duplicate_latency >> 24]
            return Fate(sent.transmission, "duplicate", (arrival_us, copy_us))
        return Fate(sent.transmission, "held" if held else "ok", (arrival_us,))

    def _streamed(self, sent: _Send) -> Fate:
        go_us = self._go_us(sent)
        if go_us > sent.leaves_us:
            return self._wait(sent, go_us)
        return self._stream_fate(sent, go_us)

    def _stream_fate(self, sent: _Send, go_us: int) -> Fate:
        source, target = sent.source, sent.target
        late_us = timeouts_us(
            self.losses,
            sent.changed.loss or sent.path.loss,
            go_us,
            source,
            target,
            sent.draw,
            self.paths.rto_us(source, target),
            self._rto_us_max,
        )
        arrival_us = go_us + late_us + self._delay_us(sent) + self._drawn_us(sent)
        arrival_us = max(arrival_us, self._last_us.get((source, target), 0))
        self._last_us[source, target] = arrival_us
        return Fate(sent.transmission, "ok", (arrival_us,))

    def _delay_us(self, sent: _Send) -> int:
        """Return what scenario and faults add to a latency."""
        added_us = sent.path.add_us + sent.changed.add_us
        if self._rules:
            clog_us = self._conditions.clog_us(sent.now_us, sent.source, sent.target)
            added_us += sent.draw.clog(clog_us)
        return added_us

    def _drawn_us(self, sent: _Send) -> int:
        table, slot = sent.path.table, sent.draw.latency
        if self._perturb == (sent.source, sent.target, sent.label, sent.transmission):
            return _another(table, slot)
        return table[slot >> 24]


def _another(table: tuple[int, ...], slot: int) -> int:
    """Return a latency that differs from the drawn one: the other half's, or 1 µs more."""
    drawn, other = table[slot >> 24], table[(slot ^ _HALF) >> 24]
    return other if other != drawn else drawn + 1
