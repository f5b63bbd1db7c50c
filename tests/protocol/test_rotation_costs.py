"""A fault-free reshare or refresh costs exactly what the formulas say.

Source: costs.md, "Here, over a ledger": the DKG's terms, with |D| dealers and n' holders in a
reshare, and without V_0 and proofs of possession in a refresh. Besides, and not in that list, the
n' + 1 combinations of t_old full terms that interpolate the verification shares of a reshare.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sim.base.codec import decode_canonical
from sim.base.meters import Meter, metering
from sim.crypto.group import Group
from sim.protocol.ceremony import Operation
from sim.protocol.machines import judge
from sim.protocol.messages import Deal
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster
from tests.support.metered import Metered

S = 32

RESHARES = [
    ((3, 2), (1, 2, 3), 2),
    ((5, 3), (4, 5, 6, 7), 3),
    ((4, 3), (5, 6, 7, 8, 9, 10), 4),
    ((7, 5), (1, 3, 5), 2),
]
REFRESHES = [(3, 2), (5, 3), (7, 5)]


def rotated(
    old: tuple[int, int],
    operation: Operation,
    committee: Sequence[int] | None = None,
    threshold: int | None = None,
) -> tuple[Cluster, dict[int, Meter], Meter]:
    """Create a key and rotate it; return what each machine was charged, and the judge alone."""
    created = Cluster(*old)
    created.run()
    cluster = created.rotation(operation, committee, threshold)
    metered = {v: Metered(machine) for v, machine in cluster.machines.items()}
    cluster.machines = metered  # type: ignore[assignment]  # stands for the machines
    assert cluster.run().phase is Phase.ACTIVE
    with metering(Meter()) as public:
        judge(cluster.ceremony, cluster.entries, cluster.height)
    return cluster, {v: m.meter for v, m in metered.items()}, public


def payloads(cluster: Cluster) -> tuple[int, int, int]:
    """Count first transmissions of shares, bytes of points, and bytes of proofs of possession."""
    shares = {(source, target) for source, target, kind, _ in cluster.sent if kind == "share"}
    deals = [decode_canonical(e.body, Deal) for e in cluster.entries if e.kind == "deal"]
    points = sum(len(point) for deal in deals for point in deal.points)
    return len(shares), points, sum(len(deal.proof) for deal in deals)


def signing(scheme: str, threshold: int) -> dict[str, int]:
    """What the activation signature costs the judge: one set, all partials good."""
    if scheme == "BLS":
        return {"pairing.check": threshold, "combine.g2": 1, "combine.g2.terms": threshold}
    return {"exp.base": threshold, "exp.full": 2 * threshold}


@pytest.mark.parametrize(("old", "committee", "threshold"), RESHARES)
def test_a_reshare(
    old: tuple[int, int], committee: tuple[int, ...], threshold: int, scheme: str, group: Group
) -> None:
    (n_old, t_old), n, t = old, len(committee), threshold
    dealers = set(range(1, n_old + 1))
    both = len(dealers & set(committee))

    cluster, own, public = rotated(old, "reshare", committee, threshold)

    shares, points, proofs = payloads(cluster)
    assert shares == n_old * n - both
    assert points == n_old * (n + 1) * group.point_size
    assert proofs == n_old * (group.point_size + S)
    frost = scheme != "BLS"
    assert public.counts["combine.128"] == n + 1
    assert public.counts["combine.128.terms"] == (n + 1) * n_old
    sets = int(frost)
    assert public.counts["combine.full"] == 1 + (n + 1) + sets
    assert public.counts["combine.full.terms"] == (n + 1) + (n + 1) * t_old + sets * t
    assert public.counts["proof.verify"] == n_old + n
    for name, count in signing(scheme, t).items():
        assert public.counts[name] == count, name
    for v, meter in own.items():
        deals, holds = v + 1 in dealers, v + 1 in committee
        dealt = n + 2 if deals else 0  # the points, and the proof of possession
        checked = n_old - deals if holds else 0
        assert meter.counts.get("seal", 0) == (n - holds if deals else 0)
        assert meter.counts.get("open", 0) == checked
        confirmed = (4 if frost else 2) if holds else 0  # self-check, proof, nonces
        signs = holds and cluster.ceremony.by_validator[v].index <= t  # type: ignore[index]
        next_pair = 2 if signs and frost else 0
        assert meter.counts.get("exp.base", 0) == dealt + checked + confirmed + next_pair


@pytest.mark.parametrize("old", REFRESHES)
def test_a_refresh(old: tuple[int, int], scheme: str, group: Group) -> None:
    n, t = old

    cluster, own, public = rotated(old, "refresh")

    shares, points, proofs = payloads(cluster)
    assert shares == n * (n - 1)
    assert points == n * (n + 1) * group.point_size
    assert proofs == 0
    frost = scheme != "BLS"
    assert public.counts["combine.128"] == n
    assert public.counts["combine.128.terms"] == n * n
    assert public.counts["combine.full"] == 1 + int(frost)
    assert public.counts["combine.full.terms"] == n + int(frost) * t
    assert public.counts["proof.verify"] == n, "confirmations alone"
    for v, meter in own.items():
        confirmed = 4 if frost else 2
        next_pair = 2 if v < t and frost else 0
        assert meter.counts["exp.base"] == n + (n - 1) + confirmed + next_pair
        assert meter.counts["seal"] == meter.counts["open"] == n - 1
