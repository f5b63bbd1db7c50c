"""The network of a plan: links between validators, links to the ledger, and who shares a shard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.ports import Submission
from sim.network.ledger_links import LedgerLinks
from sim.network.links import LinkNetwork, Perturb
from sim.network.losses import Loss
from sim.network.matrix import matrix_profile
from sim.network.paths import Override
from sim.network.pipes import Bandwidth, Queue
from sim.network.profiles import Profile, get_profile
from sim.network.sharding import committee_shards, region_shards
from sim.scenario.network_plan import NetworkPlan
from sim.scenario.plan import Plan
from sim.world.partitions import foreseen
from sim.world.timeline import figures_loss, figures_queue, scheduled_rules


def profile_of(network: NetworkPlan) -> Profile:
    """Return the profile that a plan names, or brings along."""
    if network.matrix is None:
        return get_profile(network.profile)
    return matrix_profile(network.matrix.regions, network.matrix.round_trips_us)


def loss_of(network: NetworkPlan) -> Loss | None:
    """Return the plan's own loss, or None: the profile's."""
    return None if network.loss is None else Loss(network.loss, network.burst)


def overrides_of(network: NetworkPlan) -> list[Override]:
    """Return what is different about some links over the whole run."""
    return [
        Override(
            frozenset(link.sources),
            frozenset(link.targets),
            add_us=link.figures.add_us,
            latency_us=link.latency_us,
            loss=figures_loss(link.figures),
            queue=figures_queue(link.figures),
        )
        for link in network.links
    ]


def bandwidth_of(network: NetworkPlan) -> Bandwidth:
    """Return every validator's access to the network."""
    plan = network.bandwidth
    if plan is None:
        return Bandwidth()
    up, down = (None if rate is None else Queue(rate, plan.queue) for rate in (plan.up, plan.down))
    return Bandwidth(up, down)


def make_network(plan: Plan, perturb: str | None = None) -> LinkNetwork:
    """Return the links between validators; `perturb` as `parse_perturb` reads it."""
    network = plan.network
    return LinkNetwork(
        profile_of(network),
        [validator.region for validator in plan.validators],
        plan.seed,
        loss=loss_of(network),
        duplicate=network.duplicate,
        reorder=network.reorder,
        reorder_by_us=network.reorder_by_us,
        transport=network.transport,
        bandwidth=bandwidth_of(network),
        overrides=overrides_of(network),
        rules=scheduled_rules(plan),
        rto_us_min=plan.transport.rto_min_us,
        rto_us_max=plan.transport.rto_max_us,
        perturb=None if perturb is None else parse_perturb(perturb),
    )


def make_ledger_links(plan: Plan) -> LedgerLinks[Submission]:
    """Return the links between validators and the ledger."""
    return LedgerLinks(
        profile_of(plan.network),
        [validator.region for validator in plan.validators],
        plan.seed,
        loss=loss_of(plan.network),
        latency_us=plan.ledger.latency_us,
        overrides=overrides_of(plan.network),
        rules=scheduled_rules(plan),
        rto_us_min=plan.transport.rto_min_us,
        rto_us_max=plan.transport.rto_max_us,
    )


def parse_perturb(text: str) -> Perturb:
    """Read the name of one send: ``source>target session#attempt kind subject count``.

    Validators are registry positions, and the count is the transmission, from 1:
    ``2>5 beacon/dkg/0#1 share v2 1``.

    Raises:
        ValueError: It is written otherwise.

    """
    link, place, kind, subject, count = text.split()
    source, _, target = link.partition(">")
    session, _, attempt = place.rpartition("#")
    label = Label(session, int(attempt), kind, subject)
    return Perturb(ValidatorIndex(int(source)), ValidatorIndex(int(target)), label, int(count))


def owners_of(plan: Plan, shards: int) -> tuple[int, ...]:
    """Return the shard of every validator: by committee in a partitioned network, or by region.

    Committees of several regions make the lookahead shorter than whole regions would; most messages
    then stay inside a shard, which is worth more.
    """
    committees = foreseen(plan) if shards > 1 else ()
    if shards <= len(committees):
        return committee_shards(committees, len(plan.validators), shards)
    return region_shards([validator.region for validator in plan.validators], shards)


def members_of(owners: Sequence[int], shard: int) -> list[ValidatorIndex]:
    """Return the validators of one shard, ascending."""
    return [ValidatorIndex(index) for index, owner in enumerate(owners) if owner == shard]


def exchange_us(network: LinkNetwork, owners: Sequence[int]) -> int:
    """Return the least latency between validators of different shards, or NEVER_US."""
    groups = [members_of(owners, shard) for shard in sorted(set(owners))]
    return min(
        (network.least_latency_us(here, there) for here, there in permutations(groups, 2)),
        default=NEVER_US,
    )


def rto_from(network: LinkNetwork, source: ValidatorIndex) -> Callable[[ValidatorIndex], int]:
    """Return the first retransmission timeout of `source` towards each peer."""
    return lambda target: network.rto_us(source, target)
