"""Behaviours of those that move last and of all dealers together end as the catalogue predicts."""

from __future__ import annotations

import pytest

from sim.adversary.rushing import liked
from sim.checks import check_all
from sim.crypto.groups import get_group
from sim.protocol.phases import Phase
from tests.adversary.test_catalogue import injections, named
from tests.checks.observing import Life, Wicked, observe_life, rehearse
from tests.support.cluster import Cluster
from tests.support.curves import SCHEMES

EVERYBODY = [f"v{i}" for i in range(1, 8)]
HIDDEN = {"secrecy", "generations-stay-hidden"}
"""Checks that cannot hold when everybody is corrupted."""


def everybody(behaviour: str) -> list[Wicked]:
    return [Wicked(who, behaviour) for who in EVERYBODY]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_constants_that_add_up_to_zero_fail_the_attempt_and_blame_nobody(scheme: str) -> None:
    cluster = Cluster(7, 5, scheme=scheme)
    for who in EVERYBODY:
        cluster.corrupt(who, "identity-group-key")

    state = cluster.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "identity-key")
    assert state.faults == []
    assert all(injections(cluster, who) for who in EVERYBODY)


def test_constants_of_all_but_one_make_an_ordinary_key() -> None:
    cluster = Cluster(7, 5)
    for who in EVERYBODY[:-1]:
        cluster.corrupt(who, "identity-group-key")

    state = cluster.run()

    assert (state.phase, state.faults) == (Phase.ACTIVE, [])


@pytest.mark.parametrize("form", ["evaluation", "coefficient"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_cancelled_leading_coefficient_is_tolerated_and_reshares(scheme: str, form: str) -> None:
    life = Life(7, 5, *everybody("cancelled-leading-coefficient"), scheme=scheme, commitments=form)

    created = life.active.state
    life.rotate("reshare", (2, 3, 4, 5, 6, 8, 9, 10))

    assert all(life.injected[who] for who in EVERYBODY)
    assert created.faults == []
    assert len(created.qual) == 7
    assert life.active.state.ceremony.operation == "reshare"
    assert life.active.state.public_key == created.public_key
    # With every dealer corrupted nothing is secret; everything else holds.
    assert {broken.invariant for broken in check_all(observe_life(life))} <= HIDDEN


def test_who_cancels_commitments_alone_knows_no_share_that_fits() -> None:
    cluster = rehearse(("v3", "cancelled-leading-coefficient", ()), params={"knowing": "none"})

    state = cluster.state
    assert named(state, proof=False) == [("v3", "accused-by-t")]
    assert (state.phase, 3 in state.qual) == (Phase.ACTIVE, False)
    assert injections(cluster, "v3") >= 2


@pytest.mark.parametrize("bit", [0, 1])
def test_a_grinder_gets_the_key_that_it_likes_and_nobody_sees_it(bit: int) -> None:
    cluster = rehearse(("v3", "grinder", ()), params={"bit": bit, "candidates": 64})

    state = cluster.state
    assert (state.faults, state.disputes, len(state.qual)) == ([], [], 7)
    assert liked(state.public_key, bit)
    assert injections(cluster, "v3") >= 7


def test_a_rushing_dealer_deals_in_the_block_that_has_all_other_deals() -> None:
    honest, rushed = rehearse(), rehearse(("v3", "grinder", ()))

    assert rushed.state.deal_end == honest.state.deal_end


@pytest.mark.parametrize("seed", range(6))
def test_a_dealer_drops_out_exactly_if_that_makes_a_key_that_it_likes(seed: int) -> None:
    cluster = Cluster(7, 5, seed)
    cluster.corrupt("v3", "drop-out-rusher", ["v5"])

    state = cluster.run()

    form = [recorded.deal.points[0] for d, recorded in sorted(state.deals.items()) if recorded.deal]
    group = get_group(cluster.ceremony.scheme)
    everyone, others = group.sum_points(form), group.sum_points(form[:2] + form[3:])
    drops = not liked(everyone, 1) and liked(others, 1)
    assert (3 in state.qual) == (not drops)
    assert state.public_key == (others if drops else everyone)
    assert named(state, proof=True) == []
    assert injections(cluster, "v3") == 1 + drops


@pytest.mark.parametrize("behaviour", ["drop-out-rusher", "grinder"])
def test_without_a_behaviour_half_of_the_keys_are_liked(behaviour: str) -> None:
    keys = {True: 0, False: 0}
    for corrupted in keys:
        for seed in range(16):
            cluster = Cluster(4, 2, seed)
            if corrupted:
                cluster.corrupt("v3", behaviour)
            keys[corrupted] += liked(cluster.run().public_key, 1)

    assert keys[True] >= 10 > keys[False]
