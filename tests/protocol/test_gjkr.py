"""GJKR: hidden commitments, extraction, and the reconstruction of whoever cheats in it.

Source: Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007), figure 2. Deviation: every holder
posts one Expose, even if it has nothing to expose.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto import pedersen
from sim.crypto.commitments import COEFFICIENT, EVALUATION, CommitmentForm
from sim.crypto.group import Group
from sim.crypto.polynomial import Polynomial, interpolate
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.extracting import BlindedDealer
from sim.protocol.gjkr import GjkrState
from sim.protocol.messages import Expose, Exposed, Extract, Reconstruct, ShareEnvelope
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster, dealing, holdings

FORMS = ("evaluation", "coefficient")
QUIET = ["announce", "deal", "respond", "extract", "expose", "confirm", "sign-1"]


def made(size: int, threshold: int, **changes: object) -> Cluster:
    return Cluster(size, threshold, protocol="gjkr", **changes)  # type: ignore[arg-type]


def state_of(cluster: Cluster) -> GjkrState:
    assert isinstance(cluster.state, GjkrState)
    return cluster.state


def secret_of(cluster: Cluster, who: int) -> int:
    dealer = dealing(cluster.machines[who - 1])
    assert dealer._polynomial is not None
    return dealer._polynomial.coefficients[0]


def withholding(*kinds: type) -> Callable[[Effect], list[Effect]]:
    def change(effect: Effect) -> list[Effect]:
        silent = isinstance(effect, Post) and isinstance(effect.statement, kinds)
        return [] if silent else [effect]

    return change


def shifted(group: Group, by: int = 1) -> Callable[[Effect], list[Effect]]:
    """Extract a polynomial that is another by a constant: of the right degree, and wrong."""

    def change(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Extract):
            extra = group.base_mul(by)
            points = effect.statement.points
            moved = tuple(group.add(point, extra) for point in points)
            return [Post(Extract(moved if len(points) > 3 else (moved[0], *points[1:])))]
        return [effect]

    return change


def proven(cluster: Cluster) -> list[tuple[str, str]]:
    record = PublicRecord.of(cluster.state)
    faults = [fault for fault in cluster.state.faults if fault.proof]
    assert all(reverify(record, fault) for fault in faults)
    return [(fault.validator, fault.fault) for fault in faults]


def holds(cluster: Cluster) -> bool:
    """Whether every t shares make the key: the first t and the last t."""
    group_order = dealing(cluster.machines[0])._group.order
    shares = {v + 1: share.reveal() for v, share in cluster.kept().items()}
    t = cluster.ceremony.threshold
    base_mul = dealing(cluster.machines[0])._group.base_mul
    chosen = [sorted(shares)[:t], sorted(shares)[-t:]]
    return all(
        base_mul(interpolate({x: shares[x] for x in xs}, group_order).at(0))
        == cluster.state.public_key
        for xs in chosen
    )


@pytest.mark.parametrize("form", FORMS)
def test_without_faults_the_key_is_the_sum_of_all_constants(form: str, group: Group) -> None:
    cluster = made(5, 3, commitments=form)
    cluster.until(Phase.CONFIRM)
    total = sum(secret_of(cluster, who) for who in range(1, 6))
    state = cluster.run()

    assert cluster.outcome() == ["active", "qual v1 v2 v3 v4 v5"]
    assert [span.phase for span in state.spans] == QUIET
    assert state.public_key == group.base_mul(total)
    assert holds(cluster)
    assert not cluster.rejected
    assert not state.published


def test_deals_hide_their_constants_until_qual_is_fixed(group: Group) -> None:
    """No deal shows f(0)·G, and no extraction counts before QUAL is fixed."""
    cluster = made(4, 2)
    cluster.until(Phase.RESPOND)
    state = state_of(cluster)
    shown = {point for deal in state.deals.values() if deal.deal for point in deal.deal.points}
    plain = {group.base_mul(secret_of(cluster, who)) for who in range(1, 5)}
    cluster.post("v1", Extract(()))
    cluster.step()

    assert not shown & plain
    assert ("v1", "extract", "WrongPhase") in cluster.rejected
    assert cluster.run().phase is Phase.ACTIVE


@pytest.mark.parametrize("form", FORMS)
def test_a_silent_extraction_is_reconstructed_and_the_key_kept(form: str, group: Group) -> None:
    cluster = made(5, 3, commitments=form)
    cluster.tamper("v2", withholding(Extract))
    cluster.until(Phase.CONFIRM)
    total = sum(secret_of(cluster, who) for who in range(1, 6))
    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert state.qual == (1, 2, 3, 4, 5)
    assert state.public_key == group.base_mul(total)
    assert holds(cluster)
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [
        ("v2", "no-extraction", False)
    ]
    assert state_of(cluster).revealed == {2: "no-extraction"}
    assert {holder for dealer, holder in state.published if dealer == 2} == {1, 2, 3, 4, 5}
    assert all(dealer == 2 for dealer, _ in state.published)


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_extraction_is_proven_and_reconstructed(form: str, group: Group) -> None:
    cluster = made(5, 3, commitments=form)
    cluster.tamper("v2", shifted(group))
    cluster.until(Phase.CONFIRM)
    total = sum(secret_of(cluster, who) for who in range(1, 6))
    state = cluster.run()

    assert proven(cluster) == [("v2", "bad-extraction")]
    assert state.qual == (1, 2, 3, 4, 5)
    assert state.public_key == group.base_mul(total)
    assert holds(cluster)


def test_one_wronged_holder_is_enough_and_the_others_follow(group: Group) -> None:
    """The extraction agrees with the deal at t − 1 holders: the other one exposes, then they do."""
    cluster = made(4, 3, faults=0)
    dealer = dealing(cluster.machines[0])

    def bent(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Extract):
            assert dealer._polynomial is not None
            f = dealer._polynomial
            # f + 5·(x − 2)(x − 3): right for holders 2 and 3, wrong for 4.
            other = Polynomial(
                [a + 5 * b for a, b in zip(f.coefficients, (6, -5, 1), strict=True)], group.order
            )
            return [Post(Extract(EVALUATION.commit(group, other, 4)))]
        return [effect]

    cluster.tamper("v1", bent)
    cluster.until(Phase.CONFIRM)
    total = sum(secret_of(cluster, who) for who in range(1, 5))
    state = cluster.run()

    assert proven(cluster) == [("v1", "bad-extraction")]
    assert "reconstruct" in [span.phase for span in state.spans]
    assert state.public_key == group.base_mul(total)
    assert holds(cluster)


@pytest.mark.parametrize("flaw", ["none", "few", "identity", "high", "bytes"])
def test_an_extraction_that_is_no_commitment_is_proven_by_itself(flaw: str, group: Group) -> None:
    cluster = made(5, 3)

    def change(effect: Effect) -> list[Effect]:
        if not (isinstance(effect, Post) and isinstance(effect.statement, Extract)):
            return [effect]
        points = effect.statement.points
        match flaw:
            case "few":
                points = points[:-1]
            case "identity":
                points = (group.identity, *points[1:])
            case "high":
                points = (*points[:-1], group.add(points[-1], group.base_mul(1)))
            case "bytes":
                points = (*points[:-1], points[-1][:-1])
        return [Post(Extract(points))]

    cluster.tamper("v3", change)
    state = cluster.run()

    expected = [] if flaw == "none" else [("v3", "bad-extraction")]
    assert proven(cluster) == expected
    assert state.qual == (1, 2, 3, 4, 5)
    assert holds(cluster)
    if expected:
        (fault,) = state.faults
        assert len(fault.evidence) == 1


def test_an_extraction_that_cannot_be_read_is_proven_by_itself() -> None:
    cluster = made(4, 2)
    cluster.tamper("v1", withholding(Extract))
    cluster.until(Phase.EXTRACT)
    cluster.post_bytes("v1", "extract", b"\x01")
    state = cluster.run()

    assert proven(cluster) == [("v1", "bad-extraction")]
    assert state.phase is Phase.ACTIVE


def test_an_extraction_in_the_place_of_a_good_one_convicts_nobody_else(group: Group) -> None:
    """A corrupted holder exposes its own good share of a good dealer: it harms only itself."""
    cluster = made(4, 2)

    def expose(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Expose):
            opening = holdings(cluster.machines[3]).opening(1)
            assert opening is not None
            data = pedersen.opening(group, *(part.reveal() for part in opening))
            return [Post(Expose((Exposed(1, data),)))]
        return [effect]

    cluster.tamper("v4", expose)
    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert not state.faults
    assert state.published == [(1, 4)]
    assert not state_of(cluster).revealed


def test_a_share_that_nobody_dealt_convicts_who_exposes_it(group: Group) -> None:
    cluster = made(4, 2)
    lie = pedersen.opening(group, 1, 2)

    def expose(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Expose):
            return [Post(Expose((Exposed(1, lie), Exposed(9, lie))))]
        return [effect]

    cluster.tamper("v4", expose)
    state = cluster.run()

    assert proven(cluster) == [("v4", "false-exposure")]
    assert state.phase is Phase.ACTIVE
    assert state.qual == (1, 2, 3, 4)
    assert not state.published


def test_evidence_of_one_extraction_does_not_convict_another_dealer(group: Group) -> None:
    cluster = made(5, 3)
    cluster.tamper("v2", shifted(group))
    state = cluster.run()
    (fault,) = state.faults
    record = PublicRecord.of(state)
    deal_of_v1 = state.deals[1].raw
    extraction_of_v1 = state_of(cluster).extractions[1].raw

    assert reverify(record, fault)
    for evidence in (
        (deal_of_v1, extraction_of_v1, fault.evidence[2]),
        (fault.evidence[0], extraction_of_v1, fault.evidence[2]),
        (extraction_of_v1,),
        fault.evidence[:2],
    ):
        for name in ("v1", "v2", "v3"):
            bent = type(fault)(name, "bad-extraction", True, evidence, fault.height)
            assert not reverify(record, bent)


@pytest.mark.parametrize("seed", range(3))
def test_lost_shares_blame_nobody_and_every_holder_gets_its_share(seed: int) -> None:
    cluster = made(5, 3, seed=seed) if seed else made(5, 3)
    for source, target in (("v1", "v2"), ("v3", "v5"), ("v4", "v1")):
        cluster.drop(ShareEnvelope, source, target)
    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert not state.faults
    assert len(state.disputes) == 3
    assert len(cluster.kept()) == 5
    assert holds(cluster)


def test_a_bad_share_is_answered_in_the_clear_with_its_blinding(group: Group) -> None:
    cluster = made(5, 3)

    def bend(effect: Effect) -> list[Effect]:
        if isinstance(effect, SendShares):
            return [SendShares({x: Secret(7) if x == 4 else s for x, s in effect.shares.items()})]
        return [effect]

    cluster.tamper("v2", bend)
    state = cluster.run()

    (reply,) = state.replies.values()
    assert reply.kind == "clear"
    assert len(reply.data) == 2 * group.scalar_size
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v2", "v4", "invalid")]
    assert state.phase is Phase.ACTIVE
    assert holds(cluster)


def test_a_late_honest_dealer_is_exposed_and_not_proven_guilty() -> None:
    cluster = made(5, 3)
    cluster.until(Phase.EXTRACT)
    cluster.silence("v3")
    while state_of(cluster).phase is Phase.EXTRACT:
        cluster.step()
    cluster.restart("v3")
    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [
        ("v3", "no-extraction", False)
    ]
    assert holds(cluster)
    assert ("v3", "extract", "WrongPhase") not in cluster.rejected


@pytest.mark.parametrize("phase", [Phase.RESPOND, Phase.EXTRACT, Phase.EXPOSE])
def test_a_restart_changes_nothing(phase: Phase) -> None:
    plain, restarted = made(5, 3), made(5, 3)
    restarted.until(phase)
    restarted.restart("v2")
    plain.run()
    restarted.run()

    assert restarted.outcome() == plain.outcome()
    assert restarted.state.public_key == plain.state.public_key
    assert "blinding" not in restarted.stores[1]


def test_too_few_honest_holders_fail_the_attempt_and_say_so() -> None:
    """n − f < t: nobody can reconstruct what two of four withhold, with t = 3."""
    cluster = made(4, 3, faults=0)
    cluster.tamper("v1", withholding(Extract, Expose, Reconstruct))
    cluster.tamper("v2", withholding(Expose, Reconstruct))
    state = cluster.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-exposures")
    assert "v1" in state.detail


def test_statements_are_taken_once_and_from_who_owes_them() -> None:
    cluster = made(4, 2)
    cluster.stop("v4")
    cluster.until(Phase.EXTRACT)
    cluster.post("v4", Extract(()))
    cluster.step()
    cluster.post("v1", Extract(()))
    cluster.until(Phase.EXPOSE)
    cluster.post_bytes("v4", "expose", b"\x01")
    cluster.step()
    cluster.post("v2", Expose(()))
    cluster.post("v3", Reconstruct(()))
    cluster.run()

    assert ("v4", "extract", "NothingToExtract") in cluster.rejected
    assert ("v1", "extract", "Duplicate") in cluster.rejected
    assert ("v4", "expose", "Malformed") in cluster.rejected
    assert ("v2", "expose", "Duplicate") in cluster.rejected
    assert ("v3", "reconstruct", "WrongPhase") in cluster.rejected
    assert cluster.state.qual == (1, 2, 3)


def test_a_dealer_cannot_leave_the_key_once_qual_is_fixed(group: Group) -> None:
    """What biases Pedersen's DKG: here the key is the same, whatever the last dealer does."""
    keys = []
    for change in (withholding(), withholding(Extract), shifted(group)):
        cluster = made(5, 3)
        cluster.tamper("v5", change)
        keys.append(cluster.run().public_key)

    assert keys[0] == keys[1] == keys[2]


def test_the_rotation_of_a_gjkr_key_is_like_any_other() -> None:
    cluster = made(5, 3)
    cluster.run()
    refresh = cluster.rotation("refresh")
    reshare = cluster.rotation("reshare", [2, 3, 4, 6], 2)

    for rotation in (refresh, reshare):
        assert rotation.run().phase is Phase.ACTIVE
        assert rotation.state.public_key == cluster.state.public_key
        assert not isinstance(rotation.state, GjkrState)


@pytest.mark.parametrize("form", [EVALUATION, COEFFICIENT], ids=lambda form: form.name)
def test_dealing_costs_twice_and_extraction_once_what_feldman_costs(
    form: CommitmentForm, group: Group
) -> None:
    """costs, GJKR: 2·(points) to deal, and as many points again to extract."""
    cluster = made(5, 3, commitments=form.name)
    cluster.until(Phase.RESPOND)
    dealer = dealing(cluster.machines[0])
    assert isinstance(dealer, BlindedDealer)
    points = form.point_count(5, 3)
    with metering(Meter()) as deal:
        dealer.deal(cluster.state)
    with metering(Meter()) as extraction:
        dealer.extraction()
    opening = dealer._opening(2, Secret(dealer._values()[2])).reveal()  # type: ignore[arg-type]
    with metering(Meter()) as check:
        assert pedersen.matches(group, form, dealer.deal(cluster.state).points, 2, opening)

    assert deal.counts == {"exp.base": points, "exp.full": points}
    assert extraction.counts == {"exp.base": points}
    assert check.counts["exp.base"] - points == 1
    assert check.counts["exp.full"] - points == 1


def test_a_commitment_opens_to_what_was_dealt_and_to_nothing_else(group: Group) -> None:
    f, b = Polynomial([3, 4], group.order), Polynomial([5, 6], group.order)
    for form in (EVALUATION, COEFFICIENT):
        points = pedersen.commit(group, form, f, b, 4)
        good = pedersen.opening(group, f.at(2), b.at(2))

        assert pedersen.matches(group, form, points, 2, good)
        assert not pedersen.matches(group, form, points, 3, good)
        for bad in (
            pedersen.opening(group, f.at(2) + 1, b.at(2)),
            pedersen.opening(group, f.at(2), b.at(2) + 1),
            good[: group.scalar_size],
            b"\xff" * 64,
            b"",
        ):
            assert not pedersen.matches(group, form, points, 2, bad)


def test_interpolation_gives_the_polynomial_back(group: Group) -> None:
    f = Polynomial([3, 0, group.order - 4], group.order)

    assert interpolate({x: f.at(x) for x in (5, 1, 9)}, group.order).coefficients == f.coefficients
    with pytest.raises(ValueError, match="not distinct"):
        interpolate({1: 2, 1 + group.order: 2}, group.order)
