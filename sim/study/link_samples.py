"""Samples of links: latency, loss, bursts, duplicates, hold-backs, order, and the ledger's links.

Samples of a class are independent even where losses come in bursts: each is in another frame of
its link. Bursts themselves are read from whole frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import Final

import msgspec

from sim.base.ids import Label
from sim.network.draws import CERTAIN
from sim.network.links import LinkNetwork
from sim.network.losses import FRAME_SLOTS, FRAME_US, SLOT_US
from sim.scenario.network_plan import LinkPlan, NetworkPlan
from sim.scenario.plan import Plan
from sim.study.lines import Line, latency_lines, share_line
from sim.study.link_classes import LinkClass, ledger_classes
from sim.study.statistics import binomial_range, burst_range
from sim.world.networking import loss_of, make_ledger_links, make_network, profile_of

LOSSES_MIN: Final = 200
"""Losses to be expected over a class, so that twice as many can't pass for chance …"""

MESSAGES_MAX: Final = 1_000_000
"""… and the most messages that are sent for it, over all classes together."""

_TRAIN: Final = 1_000  # messages that show whether a stream keeps their order


def sampled_plan(plan: Plan, loss_factor: int) -> Plan:
    """Return `plan` without bandwidth, faults and streams, which have checks of their own."""
    network = plan.network
    links = tuple(
        msgspec.structs.replace(link, figures=msgspec.structs.replace(link.figures, rate=None))
        for link in network.links
    )
    changed = msgspec.structs.replace(network, bandwidth=None, transport="datagram", links=links)
    if loss_factor != 1:
        changed = _lossier(changed, loss_factor)
    return msgspec.structs.replace(plan, network=changed, timeline=())


def _lossier(network: NetworkPlan, factor: int) -> NetworkPlan:
    loss = loss_of(network) or profile_of(network).loss
    links = tuple(
        msgspec.structs.replace(
            link,
            figures=msgspec.structs.replace(
                link.figures,
                loss=None if link.figures.loss is None else factor * link.figures.loss,
            ),
        )
        for link in network.links
    )
    return msgspec.structs.replace(network, loss=factor * loss.rate, burst=loss.burst, links=links)


def check_messages(
    plan: Plan, network: LinkNetwork, links: LinkClass, samples: int, classes: int
) -> Iterator[Line]:
    """Send messages over a class of links; yield what became of them.

    Args:
        plan: What is declared.
        network: What is sampled: unused so far.
        links: The class; its counts of messages grow.
        samples: Messages, or more if losses are rare.
        classes: How many classes share the limit of messages.
    """
    rate = links.declared.loss.rate / CERTAIN
    count = samples
    if rate and not links.declared.loss.burst:
        most = max(samples, MESSAGES_MAX // classes)
        count = max(samples, min(most, ceil(LOSSES_MIN * CERTAIN / links.declared.loss.rate)))
    delays: list[int] = []
    twice = held = 0
    for i in range(count):
        source, target = links.links[i % len(links.links)]
        frame = i // len(links.links)
        now = frame * FRAME_US + i * 7_919 % FRAME_SLOTS * SLOT_US
        fate = network.send(now, source, target, Label("netcheck", 0, "sample", str(i)), 0)
        match fate.verdict:
            case "ok" if len(delays) < samples:
                delays.append(fate.arrivals[0] - now)
            case "lost":
                links.lost += 1
            case "duplicate":
                twice += 1
            case "held":
                held += 1
    links.sent += count
    yield from latency_lines(links.name, links.declared.latency_us, sorted(delays))
    yield share_line(links.name, "loss", links.lost, count, rate)
    arrived = count - links.lost
    declared = plan.network.duplicate / CERTAIN
    if declared:
        yield share_line(links.name, "duplicates", twice, arrived, declared)
    declared = plan.network.reorder / CERTAIN
    if declared:
        # A duplicate may be held back as well; it counts as a duplicate.
        yield share_line(links.name, "held back", held, arrived - twice, declared)


def check_bursts(network: LinkNetwork, links: LinkClass, samples: int) -> Iterator[Line]:
    """Read whole frames: the share of bad slots, and how often a bad slot is its burst's last."""
    source, target = links.links[0]
    chain = network.losses.bursts(network.paths.of(source, target).loss)
    bad = seen = last = 0
    for i in range(samples):
        link = links.links[i % len(links.links)]
        edges = chain.edges(i // len(links.links), *link)
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            bad += end - start
            # The last slot of a frame doesn't tell whether its burst is over.
            whole = end < FRAME_SLOTS
            seen += end - start - (not whole)
            last += whole
    slots = samples * FRAME_SLOTS
    rate, burst = links.declared.loss.rate / CERTAIN, links.declared.loss.burst
    found = burst_range(samples, FRAME_SLOTS, rate, burst)
    yield Line(
        link=links.name,
        figure="loss over time",
        unit="share",
        declared=rate,
        sampled=bad / slots,
        low=found.low,
        high=found.high,
        samples=slots,
        honest=found.holds(bad / slots),
    )
    if seen:
        ends = binomial_range(seen, 1 / burst)
        yield Line(
            link=links.name,
            figure="mean burst",
            unit="slots",
            declared=burst,
            sampled=seen / last if last else float(seen),
            low=seen / ends.high,
            high=seen / max(1.0, ends.low),
            samples=seen,
            honest=ends.holds(last),
        )


def check_losses_together(classes: Sequence[LinkClass]) -> Iterator[Line]:
    """Yield the losses over all classes with the same loss: rare ones show only together."""
    for loss in dict.fromkeys(links.declared.loss for links in classes):
        alike = [links for links in classes if links.declared.loss == loss]
        if len(alike) == 1:
            continue
        sent, lost = sum(links.sent for links in alike), sum(links.lost for links in alike)
        name = "all links" if len(alike) == len(classes) else f"{len(alike)} classes together"
        yield share_line(name, "loss", lost, sent, loss.rate / CERTAIN)


def check_stream(plan: Plan, links: LinkClass) -> Line:
    """Check that a stream delivers everything once and in order."""
    network = make_network(msgspec.structs.replace(plan, timeline=()))
    source, target = links.links[0]
    arrivals: list[int] = []
    for i in range(_TRAIN):
        fate = network.send(i * 1_000, source, target, Label("netcheck", 0, "stream", str(i)), 1)
        arrivals += fate.arrivals
    in_order = sum(one <= other for one, other in pairwise(arrivals)) + 1
    return Line(
        link=links.name,
        figure="delivered in order",
        unit="messages",
        declared=_TRAIN,
        sampled=in_order,
        low=_TRAIN,
        high=_TRAIN,
        samples=_TRAIN,
        honest=in_order == len(arrivals) == _TRAIN,
    )


def check_ledger(plan: Plan, samples: int) -> Iterator[Line]:
    """Check the latency of ledger links, one of each kind, without their losses."""
    ledgerless = msgspec.structs.replace(
        plan,
        network=msgspec.structs.replace(
            plan.network,
            loss=0,
            burst=0,
            links=tuple(_lossless(link) for link in plan.network.links),
        ),
        timeline=(),
    )
    for validator, figures in ledger_classes(plan):
        links = make_ledger_links(ledgerless)
        delays = []
        for i in range(samples):
            sent_us = i * FRAME_US
            label = Label("netcheck", 0, "ledger", str(i))
            delays.append(links.down(sent_us, validator, label).arrival_us - sent_us)
        name = f"ledger → {plan.validators[validator].name} and its like"
        yield from latency_lines(name, figures.latency_us, sorted(delays))


def _lossless(link: LinkPlan) -> LinkPlan:
    return msgspec.structs.replace(link, figures=msgspec.structs.replace(link.figures, loss=0))
