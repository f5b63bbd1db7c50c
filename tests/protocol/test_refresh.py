"""Refresh: the same committee and public key, shares that don't mix with the old ones."""

from __future__ import annotations

from itertools import combinations

import pytest

from sim.crypto.group import Group
from sim.protocol.effects import Effect, Post
from sim.protocol.messages import Deal, ShareEnvelope
from sim.protocol.phases import Phase
from tests.protocol.test_resharing import changing, held, proven
from tests.support.cluster import Cluster
from tests.support.threshold import exactly_t_open, opens, signs


@pytest.fixture
def old() -> Cluster:
    """An active key, 3 of v1…v5."""
    cluster = Cluster(5, 3)
    cluster.run()
    return cluster


@pytest.mark.parametrize("form", ["evaluation", "coefficient"])
def test_every_share_changes_and_the_key_does_not(form: str, scheme: str, group: Group) -> None:
    old = Cluster(5, 3, commitments=form)
    old.run()

    new = old.rotation("refresh")
    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.public_key == old.state.public_key
    before, after = held(old), held(new)
    assert sorted(after) == [1, 2, 3, 4, 5]
    assert all(before[i] != after[i] for i in after)
    assert all(group.base_mul(s) == state.verification[i] for i, s in after.items())
    exactly_t_open(scheme, state.public_key, 3, after)


def test_old_and_new_shares_do_not_mix(old: Cluster, scheme: str) -> None:
    new = old.rotation("refresh")
    state = new.run()
    before, after = held(old), held(new)

    for mine in combinations(range(1, 6), 3):
        for kept in (*combinations(mine, 1), *combinations(mine, 2)):
            points = {i: before[i] if i in kept else after[i] for i in mine}
            assert not opens(scheme, state.public_key, points)

    assert signs(scheme, state.public_key, {i: after[i] for i in (1, 3, 4)})


def test_a_deal_has_the_identity_first_and_no_proof(old: Cluster, group: Group) -> None:
    new = old.rotation("refresh")

    state = new.run()

    deals = [recorded.deal for recorded in state.deals.values()]
    assert len(deals) == 5
    assert all(deal is not None and deal.points[0] == group.identity for deal in deals)
    assert all(deal is not None and deal.proof == b"" for deal in deals)


def test_a_constant_that_would_shift_the_key_is_proof(old: Cluster, group: Group) -> None:
    new = old.rotation("refresh")
    new.tamper("v4", changing(0, group.base_mul(5)))  # type: ignore[arg-type]

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert proven(state) == [("v4", "wrong-constant")]
    assert state.qual == (1, 2, 3, 5)
    assert state.public_key == old.state.public_key


def test_an_identity_elsewhere_is_an_invalid_point(old: Cluster, group: Group) -> None:
    new = old.rotation("refresh")
    new.tamper("v4", changing(2, group.identity))  # type: ignore[arg-type]

    state = new.run()

    assert proven(state) == [("v4", "invalid-point")]


def test_a_high_degree_is_found_without_the_constant(old: Cluster, group: Group) -> None:
    new = old.rotation("refresh")
    new.tamper("v4", changing(5, group.base_mul(5)))  # type: ignore[arg-type]

    state = new.run()

    assert proven(state) == [("v4", "degree-too-high")]


def test_a_proof_where_none_belongs_is_a_malformed_deal(old: Cluster) -> None:
    new = old.rotation("refresh")

    def prove(effect: Effect) -> list[Effect]:
        match effect:
            case Post(Deal(points, _)):
                return [Post(Deal(points, bytes(64)))]
            case _:
                return [effect]

    new.tamper("v4", prove)

    state = new.run()

    assert proven(state) == [("v4", "malformed-deal")]


def test_a_member_without_its_old_share_ends_without_a_new_one(old: Cluster, scheme: str) -> None:
    new = old.rotation("refresh")
    kept = {v: share for v, share in new.shares.items() if v != 1}
    new = Cluster(ceremony=new.ceremony, shares=kept)

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert new.machines[1].shareless
    assert sorted(held(new)) == [1, 3, 4, 5]
    exactly_t_open(scheme, state.public_key, 3, held(new))


def test_fewer_than_t_dealers_abort_and_the_old_shares_still_sign(
    old: Cluster, scheme: str
) -> None:
    new = old.rotation("refresh")
    for name in ("v2", "v3", "v5"):
        new.stop(name)

    state = new.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert signs(scheme, old.state.public_key, {i: held(old)[i] for i in (1, 2, 4)})


def test_lost_shares_are_justified_and_the_refresh_goes_on(old: Cluster) -> None:
    new = old.rotation("refresh")
    new.drop(ShareEnvelope, "v1", "v2")
    new.drop(ShareEnvelope, "v3", "v2")

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert len(state.disputes) == 2
    assert proven(state) == []
    assert len(new.kept()) == 5
