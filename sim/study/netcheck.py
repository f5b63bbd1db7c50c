"""Does the network do what is declared? Declared figures against samples, link class by link class.

Links are of one class if nothing that is declared tells them apart: the same pair of regions, or
the same kind of pair, and the same overrides. What is declared is read from the profile and the
plan; what is sampled comes out of the network that a run would have. Faults of the timeline are
left out: they are for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sim.scenario.plan import Plan
from sim.study.lines import Line
from sim.study.link_classes import link_classes
from sim.study.link_samples import (
    check_bursts,
    check_ledger,
    check_losses_together,
    check_messages,
    check_stream,
    sampled_plan,
)
from sim.study.pipe_samples import check_bandwidths
from sim.world.networking import make_network

SAMPLES: Final = 20_000
"""Messages per link class, unless said otherwise."""


def check_network(plan: Plan, samples: int = SAMPLES, *, loss_factor: int = 1) -> Iterator[Line]:
    """Yield every figure of the network of `plan`, by link class.

    Args:
        plan: What would be run.
        samples: Messages per link class, at least 1; more where losses are rare.
        loss_factor: A test switch: the network sampled loses this many times as much.
    """
    classes = link_classes(plan)
    sampled = sampled_plan(plan, loss_factor)
    for links in classes:
        yield from check_messages(plan, make_network(sampled), links, samples, len(classes))
        if links.declared.loss.burst:
            yield from check_bursts(make_network(sampled), links, samples)
    if len(classes) > 1:
        yield from check_losses_together(classes)
    if classes and plan.network.transport == "stream":
        yield check_stream(plan, classes[0])
    yield from check_bandwidths(plan, classes)
    yield from check_ledger(plan, samples)
