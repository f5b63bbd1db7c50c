"""The network of a plan: links between validators, links to the ledger, and who shares a shard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.ports import Submission
from sim.network.ledger_links import LedgerLinks
from sim.network.links import LinkNetwork, Perturb
from sim.network.profiles import get_profile
from sim.network.sharding import region_shards
from sim.scenario.plan import Plan
from sim.world.timeline import scheduled_rules


def make_network(plan: Plan, perturb: str | None = None) -> LinkNetwork:
    """Return the links between validators; `perturb` as `parse_perturb` reads it."""
    network = plan.network
    return LinkNetwork(
        get_profile(network.profile),
        [validator.region for validator in plan.validators],
        plan.seed,
        loss=network.loss,
        duplicate=network.duplicate,
        reorder=network.reorder,
        reorder_by_us=network.reorder_by_us,
        rules=scheduled_rules(plan),
        rto_us_min=plan.transport.rto_min_us,
        perturb=None if perturb is None else parse_perturb(perturb),
    )


def make_ledger_links(plan: Plan) -> LedgerLinks[Submission]:
    """Return the links between validators and the ledger."""
    return LedgerLinks(
        get_profile(plan.network.profile),
        [validator.region for validator in plan.validators],
        plan.seed,
        loss=plan.network.loss,
        latency_us=plan.ledger.latency_us,
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
    """Return the shard of every validator."""
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
