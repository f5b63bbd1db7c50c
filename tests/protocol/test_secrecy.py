"""What justifications give away, shown by taking the key: the reason why replies are sealed.

An adversary holds f shares of every polynomial and drops t − f private links of each honest dealer.
The holders behind those links complain; what the dealers answer decides whether the key survives.
"""

from __future__ import annotations

import pytest

from sim.base.codec import decode_canonical
from sim.crypto.group import Group
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from sim.protocol.messages import Justification, ShareEnvelope
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster, dealing, holdings

SIZE, THRESHOLD = 7, 5
CORRUPT = (6, 7)
HONEST = tuple(i for i in range(1, SIZE + 1) if i not in CORRUPT)


def attacked(mode: str) -> tuple[Cluster, dict[int, dict[int, int]]]:
    """Run the attack; return what the adversary holds of each honest dealer: index → share."""
    cluster = Cluster(SIZE, THRESHOLD, justifications=mode)
    for dealer in HONEST:
        cut = [holder for holder in HONEST if holder != dealer][: THRESHOLD - len(CORRUPT)]
        for holder in cut:
            cluster.drop(ShareEnvelope, f"v{dealer}", f"v{holder}")
    while cluster.state.phase is not Phase.CONFIRM:
        cluster.step()
    known: dict[int, dict[int, int]] = {}
    for dealer in HONEST:
        values = {
            spy: holdings(cluster.machines[spy - 1])._parts[dealer].reveal() for spy in CORRUPT
        }
        known[dealer] = values | in_the_clear(cluster, dealer)
    return cluster, known


def in_the_clear(cluster: Cluster, by: int) -> dict[int, int]:
    """Read the shares that a dealer's justification on the ledger shows to everybody."""
    identity = cluster.ceremony.member(by).identity
    entry = next(e for e in cluster.entries if (e.principal, e.kind) == (identity, "justification"))
    replies = decode_canonical(entry.body, Justification).replies
    group = get_group(cluster.ceremony.scheme)
    return {r.accuser: group.decode_scalar(r.data) for r in replies if r.kind == "clear"}


def test_clear_justifications_of_lost_shares_give_the_key_away(group: Group) -> None:
    cluster, known = attacked("clear")

    secret = sum(interpolate_constant(known[dealer], group.order) for dealer in HONEST)
    for spy in CORRUPT:
        polynomial = dealing(cluster.machines[spy - 1])._polynomial
        assert polynomial is not None
        secret += polynomial.coefficients[0]

    assert all(len(known[dealer]) == THRESHOLD for dealer in HONEST)
    assert group.base_mul(secret % group.order) == cluster.state.public_key


def test_sealed_justifications_of_lost_shares_give_nothing_away() -> None:
    cluster, known = attacked("sealed")

    assert all(len(known[dealer]) == len(CORRUPT) for dealer in HONEST)
    assert cluster.state.published == []
    assert cluster.run().phase is Phase.ACTIVE


@pytest.mark.parametrize("mode", ["sealed", "clear"])
def test_attack_blames_nobody(mode: str) -> None:
    """The positive control: links were cut, and both modes end with disputes alone."""
    cluster, _ = attacked(mode)

    assert len(cluster.state.disputes) == len(HONEST) * (THRESHOLD - len(CORRUPT))
    assert cluster.state.faults == []
