"""Commit–reveal: what it stops, what it doesn't, and who is blamed."""

from __future__ import annotations

import dataclasses

import pytest

from sim.base.codec import encode
from sim.crypto.group import Group
from sim.crypto.polynomial import Polynomial
from sim.protocol.citations import PublicRecord
from sim.protocol.commit_reveal import CommitRevealState, deal_digest
from sim.protocol.effects import Effect, Post
from sim.protocol.evidence import reverify
from sim.protocol.messages import Commit, Deal, ShareEnvelope
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster, dealing

QUIET = ["announce", "commit", "deal", "respond", "confirm", "sign-1"]


def made(size: int = 4, threshold: int = 2, **changes: object) -> Cluster:
    return Cluster(size, threshold, protocol="commit-reveal", **changes)  # type: ignore[arg-type]


def test_without_faults_every_deal_is_what_was_committed_to() -> None:
    cluster = made()
    state = cluster.run()

    assert isinstance(state, CommitRevealState)
    assert cluster.outcome() == ["active", "qual v1 v2 v3 v4"]
    assert [span.phase for span in state.spans] == QUIET
    assert not cluster.rejected
    for dealer, recorded in state.deals.items():
        expected = deal_digest(cluster.ceremony, dealer, recorded.body)
        assert state.pledges[dealer].digest == expected


def test_digests_show_nothing_of_the_deals() -> None:
    cluster = made()
    cluster.until(Phase.DEAL)

    assert not cluster.state.deals
    assert {entry.kind for entry in cluster.entries} == {"announce", "commit"}


def test_a_deal_chosen_after_seeing_others_is_proven_and_out(group: Group) -> None:
    """The grinder: v4 commits to one deal, waits for the others, and reveals another, valid one."""
    cluster = made()
    dealer = dealing(cluster.machines[3])

    def grind(effect: Effect) -> list[Effect]:
        if not _deals(effect):
            return [effect]
        dealer._polynomial = Polynomial([11, 12], group.order)
        return [Post(dealer.deal(cluster.state))]

    cluster.tamper("v4", grind)
    state = cluster.run()
    record = PublicRecord.of(state)

    (fault,) = state.faults
    assert (fault.validator, fault.fault, fault.proof) == ("v4", "wrong-reveal", True)
    assert reverify(record, fault)
    assert state.qual == (1, 2, 3)
    assert state.excluded == {4: "wrong-reveal"}
    for name in ("v1", "v2"):
        assert not reverify(record, dataclasses.replace(fault, validator=name))
    honest = (state.pledges[1].raw, state.deals[1].raw)  # type: ignore[attr-defined]
    framed = dataclasses.replace(fault, validator="v1", evidence=honest)
    assert not reverify(record, framed)
    assert not reverify(
        record, dataclasses.replace(framed, evidence=(honest[0], fault.evidence[1]))
    )


def _deals(effect: Effect) -> bool:
    return isinstance(effect, Post) and isinstance(effect.statement, Deal)


def test_a_bad_deal_that_was_committed_to_has_its_own_verdict(group: Group) -> None:
    cluster = made()
    dealer = dealing(cluster.machines[0])

    def bend(effect: Effect) -> list[Effect]:
        good = dealer.deal(cluster.state) if dealer.has_polynomial else Deal((), b"")
        bad = Deal((group.identity, *good.points[1:]), good.proof)
        if isinstance(effect, Post) and isinstance(effect.statement, Commit):
            return [Post(Commit(deal_digest(cluster.ceremony, 1, encode(bad))))]
        return [Post(bad)] if _deals(effect) else [effect]

    cluster.tamper("v1", bend)
    state = cluster.run()

    (fault,) = state.faults
    assert (fault.validator, fault.fault) == ("v1", "invalid-point")
    assert reverify(PublicRecord.of(state), fault)
    assert state.excluded == {1: "invalid-point"}


def test_refusing_to_reveal_is_no_proof_and_the_rest_goes_on() -> None:
    """What commit–reveal doesn't stop: the drop-out bias."""
    cluster = made()
    cluster.tamper("v3", lambda effect: [] if _deals(effect) else [effect])
    state = cluster.run()

    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v3", "no-deal", False)]
    assert state.qual == (1, 2, 4)
    assert state.phase is Phase.ACTIVE


def test_who_has_not_committed_cannot_deal() -> None:
    cluster = made()

    def mute(effect: Effect) -> list[Effect]:
        commits = isinstance(effect, Post) and isinstance(effect.statement, Commit)
        return [] if commits else [effect]

    cluster.tamper("v2", mute)
    cluster.until(Phase.DEAL)
    dealer = dealing(cluster.machines[1])
    cluster.post("v2", dealer.deal(cluster.state))
    state = cluster.run()

    assert ("v2", "deal", "NotCommitted") in cluster.rejected
    assert state.excluded == {2: "no-deal"}
    assert state.phase is Phase.ACTIVE


def test_a_copied_digest_reveals_nothing() -> None:
    """v4 posts v1's digest: v1's deal doesn't fit it, for the digest names its dealer."""
    cluster = made()

    def copied(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Commit):
            body = encode(dealing(cluster.machines[0]).deal(cluster.state))
            return [Post(Commit(deal_digest(cluster.ceremony, 1, body)))]
        if _deals(effect):
            return [Post(dealing(cluster.machines[0]).deal(cluster.state))]
        return [effect]

    cluster.tamper("v4", copied)
    state = cluster.run()

    assert state.excluded == {4: "wrong-reveal"}
    assert state.qual == (1, 2, 3)


@pytest.mark.parametrize("phase", [Phase.COMMIT, Phase.DEAL, Phase.RESPOND])
def test_a_restart_reveals_the_deal_that_was_committed_to(phase: Phase) -> None:
    """An incarnation draws other proofs: the deal is kept, or an honest dealer would be blamed."""
    plain, restarted = made(), made()
    restarted.until(phase)
    restarted.step()
    restarted.restart("v2")
    plain.run()
    restarted.run()

    assert restarted.outcome() == plain.outcome()
    assert restarted.state.public_key == plain.state.public_key
    assert "deal" not in restarted.stores[1]


def test_a_lost_store_is_no_proof() -> None:
    cluster = made()
    cluster.until(Phase.DEAL)
    cluster._pending.clear()
    cluster.restart("v2", keep_store=False)
    cluster.machines[1].amnesiac = True
    state = cluster.run()

    assert all(not fault.proof for fault in state.faults)
    assert 2 not in state.qual


def test_statements_are_taken_once() -> None:
    cluster = made()
    cluster.stop("v4")
    cluster.until(Phase.COMMIT)
    cluster.step()
    cluster.post("v1", Commit(bytes(32)))
    cluster.post_bytes("v4", "commit", b"\x01")
    cluster.until(Phase.DEAL)
    cluster.post("v1", Commit(bytes(32)))
    cluster.post("v4", Commit(bytes(32)))
    cluster.step()
    cluster.post("v2", Commit(bytes(32)))
    cluster.run()

    assert cluster.rejected.count(("v1", "commit", "Duplicate")) == 2
    assert ("v4", "commit", "Malformed") in cluster.rejected
    assert ("v4", "commit", "WrongPhase") in cluster.rejected


def test_lost_shares_blame_nobody() -> None:
    cluster = made(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.drop(ShareEnvelope, "v4", "v5")
    state = cluster.run()

    assert not state.faults
    assert len(state.disputes) == 2
    assert len(cluster.kept()) == 5
