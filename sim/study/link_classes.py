"""Links of a plan by class: those that nothing declared tells apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sim.base.ids import LEDGER, ValidatorIndex
from sim.network.losses import Loss
from sim.network.paths import Path
from sim.scenario.plan import Plan
from sim.world.networking import loss_of, make_network, overrides_of, profile_of

LINKS_MAX: Final = 64
"""Links of a class that are sampled, in turn."""


class Declared(NamedTuple):
    """What a plan and its profile say about a link.

    Attributes:
        latency_us: p50 and p90, one-way.
        loss: What is lost.
    """

    latency_us: tuple[float, float]
    loss: Loss


@dataclass
class LinkClass:
    """Links that nothing tells apart.

    Attributes:
        name: For people.
        path: Of one of them, as the network has it.
        declared: What it should be like.
        links: The first of them, at most `LINKS_MAX`.
        sent: Messages sent over them so far.
        lost: How many of those were lost.
    """

    name: str
    path: Path
    declared: Declared
    links: list[tuple[ValidatorIndex, ValidatorIndex]] = field(default_factory=list)
    sent: int = 0
    lost: int = 0


def link_classes(plan: Plan) -> list[LinkClass]:
    """Return the classes of links between validators, in the order of their first links."""
    network = make_network(plan)
    ids = [ValidatorIndex(position) for position in range(len(plan.validators))]
    found: dict[tuple[tuple[int, int], tuple[int, ...]], LinkClass] = {}
    for source in ids:
        for target in ids:
            if source == target:
                continue
            path = network.paths.of(source, target)
            key = (path.kind, path.overrides)
            if key not in found:
                name = _name(plan, path, source, target)
                found[key] = LinkClass(name, path, declared(plan, path, source, target))
            if len(found[key].links) < LINKS_MAX:
                found[key].links.append((source, target))
    return list(found.values())


def ledger_classes(plan: Plan) -> list[tuple[ValidatorIndex, Declared]]:
    """Return a validator for every class of links from the ledger, and what is declared."""
    paths = make_network(plan).paths
    found: dict[tuple[tuple[int, int], tuple[int, ...]], tuple[ValidatorIndex, Declared]] = {}
    for position in range(len(plan.validators)):
        path = paths.of(LEDGER, position)
        entry = ValidatorIndex(position), declared(plan, path, LEDGER, position)
        found.setdefault((path.kind, path.overrides), entry)
    return list(found.values())


def declared(plan: Plan, path: Path, source: int, target: int) -> Declared:
    """Return what `plan` says about a link.

    Args:
        plan: The plan.
        path: The link as the network has it: tells its place in the profile, no more.
        source: Who sends; may be the ledger.
        target: Who receives.
    """
    profile = profile_of(plan.network)
    loss = loss_of(plan.network) or profile.loss
    p50_us, p90_us = (us / 2 for us in profile.round_trips_us[path.kind[0]][path.kind[1]])
    if source == LEDGER and plan.ledger.latency_us is not None:
        p50_us = p90_us = plan.ledger.latency_us
    added_us = 0
    for override in overrides_of(plan.network):
        if source in override.sources and target in override.targets:
            added_us += override.add_us
            loss = loss if override.loss is None else override.loss
            if override.latency_us is not None:
                p50_us = p90_us = override.latency_us
    return Declared((p50_us + added_us, p90_us + added_us), loss)


def _name(plan: Plan, path: Path, source: int, target: int) -> str:
    here, there = (plan.validators[v].region for v in (source, target))
    profile = profile_of(plan.network)
    said = []
    if profile.regions:
        said.append(f"{here} → {there}")
    elif len(profile.tables[0]) > 1:
        said.append(f"round trip {profile.round_trips_us[0][path.kind[1]][0] // 1000} ms")
    if path.overrides:
        entries = ", ".join(str(number + 1) for number in path.overrides)
        said.append(f"network.link {entries}")
    return ", ".join(said) or ("other links" if plan.network.links else "all links")
