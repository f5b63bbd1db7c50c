"""Samples of bandwidth: what accesses and links carry, and how much waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from sim.base.ids import Label, ValidatorIndex
from sim.network.links import LinkNetwork
from sim.network.pipes import BITS_US, Queue
from sim.scenario.network_plan import LinkFigures, LinkPlan, NetworkPlan
from sim.scenario.plan import Plan
from sim.study.lines import Line
from sim.study.link_classes import LinkClass
from sim.world.networking import bandwidth_of, make_network

Enter: TypeAlias = Callable[[int, int], int | None]
"""Takes (µs, bytes) of a message; returns when it is through, or None if it was dropped."""

_LATENCY_US: Final = 10_000  # in place of jitter
_TRAIN: Final = 1_000  # messages that measure a bandwidth


def check_bandwidths(plan: Plan, classes: Sequence[LinkClass]) -> Iterator[Line]:
    """Measure what accesses and links carry, with links of one constant latency and no loss."""
    everyone = tuple(range(len(plan.validators)))
    calm = LinkPlan(
        sources=everyone, targets=everyone, latency_us=_LATENCY_US, figures=LinkFigures(loss=0)
    )
    access = bandwidth_of(plan.network)
    stream = plan.network.transport == "stream"
    if access.up is not None and classes:
        only = _calm(plan, msgspec.structs.replace(plan.network, links=(calm,)))
        enter = lambda: _over(make_network(only), *classes[0].links[0])  # noqa: E731
        yield from _pipe("every validator", "uplink", access.up, enter, bounded=not stream)
    if access.down is not None:
        first = ValidatorIndex(0)
        yield from _pipe(
            "every validator",
            "downlink",
            access.down,
            lambda: make_network(plan).downlinks([first])[first].enter,
            bounded=not stream,
        )
    bare = [
        msgspec.structs.replace(
            link,
            latency_us=None,
            figures=LinkFigures(rate=link.figures.rate, queue=link.figures.queue),
        )
        for link in plan.network.links
    ]
    quiet = msgspec.structs.replace(plan.network, bandwidth=None, links=(*bare, calm))
    for links in classes:
        if links.path.queue is not None:
            link = links.links[0]
            yield from _pipe(
                links.name,
                "bandwidth",
                links.path.queue,
                lambda link=link: _over(make_network(_calm(plan, quiet)), *link),  # type: ignore[misc]
                bounded=not stream,
            )


def _calm(plan: Plan, network: NetworkPlan) -> Plan:
    still = msgspec.structs.replace(network, duplicate=0, reorder=0)
    return msgspec.structs.replace(plan, network=still, timeline=())


def _over(
    network: LinkNetwork, source: ValidatorIndex, target: ValidatorIndex
) -> Callable[[int, int], int | None]:
    """Return what sends over a link, and says when the message has left its sender."""

    def enter(now_us: int, size: int) -> int | None:
        fate = network.send(now_us, source, target, Label("netcheck", 0, "train", ""), size)
        return fate.arrivals[0] - _LATENCY_US if fate.arrivals else None

    return enter


def _pipe(
    name: str,
    figure: str,
    queue: Queue,
    make: Callable[[], Callable[[int, int], int | None]],
    *,
    bounded: bool,
) -> Iterator[Line]:
    """Measure a pipe: twice as much is sent as it takes; and all at once."""
    room = queue.bytes_max if bounded else None
    size = 1_250 if room is None else max(1, min(1_250, room // 8))
    takes_us = max(1, -(-size * BITS_US // queue.bits_s))
    enter = make()
    out = [enter(i * takes_us // 2, size) for i in range(_TRAIN)]
    through = [at for at in out if at is not None]
    sampled = len(through) * size * BITS_US / through[-1]
    # Every message takes whole microseconds, at least one.
    exact = size * BITS_US / takes_us
    low = exact if room is None or room >= 2 * size else exact / 2
    yield Line(
        link=name,
        figure=figure,
        unit="bit/s",
        declared=queue.bits_s,
        sampled=sampled,
        low=low,
        high=exact,
        samples=_TRAIN,
        honest=low * 0.999 <= sampled <= exact * 1.001,
    )
    if room is None:
        return
    enter, taken = make(), 0
    while taken <= room + size and enter(0, size) is not None:
        taken += size
    yield Line(
        link=name,
        figure=f"{figure} queue",
        unit="bytes",
        declared=room,
        sampled=taken,
        low=max(size, room // size * size),
        high=max(size, room),
        samples=taken // size,
        honest=max(size, room // size * size) <= taken <= max(size, room),
    )
