"""What tests of repairs share: a key whose committee has just made it, and what was lost."""

from __future__ import annotations

from functools import lru_cache

from sim.base.secret import SecretScalar
from sim.protocol.repairing import RepairMachine
from tests.support.cluster import Cluster


@lru_cache
def active(scheme: str, size: int = 5, threshold: int = 3) -> Cluster:
    """A key that its committee has just made. Repairs of it leave it as it is."""
    cluster = Cluster(size, threshold, scheme=scheme)
    cluster.run()
    return cluster


def lost_share(repair: Cluster, old: Cluster) -> SecretScalar:
    """What the target held before."""
    return old.kept()[repair.ceremony.member(repair.ceremony.target).validator]


def target_of(repair: Cluster) -> RepairMachine:
    """The target's machine."""
    machine = repair.machines[repair.ceremony.member(repair.ceremony.target).validator]
    assert isinstance(machine, RepairMachine)
    return machine
