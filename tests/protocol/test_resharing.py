"""Resharing: another committee, another threshold, the same public key."""

from __future__ import annotations

from itertools import combinations

import pytest

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.group import Group
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, Send
from sim.protocol.evidence import reverify
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import judge
from sim.protocol.messages import Complaint, Deal, Response, ShareEnvelope
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster, holdings
from tests.support.ordinary import verifies
from tests.support.threshold import exactly_t_open, opens, signs

COMMITTEES = {
    "overlapping": ((3, 4, 5, 6, 7), 3),
    "disjoint": ((6, 7, 8, 9), 3),
    "larger": ((1, 2, 3, 4, 5, 6, 7, 8), 3),
    "smaller": ((2, 4, 5), 2),
    "threshold raised": ((1, 2, 3, 4, 5, 6), 5),
    "threshold lowered": ((1, 2, 3, 4, 5), 2),
    "the same": ((1, 2, 3, 4, 5), 3),
    "one holder": ((4,), 1),
}


@pytest.fixture
def old() -> Cluster:
    """An active key, 3 of v1…v5."""
    cluster = Cluster(5, 3)
    cluster.run()
    return cluster


def held(cluster: Cluster) -> dict[int, int]:
    """Shares by the index that each is held under in the cluster's committee."""
    seats = cluster.ceremony.by_validator
    return {
        seats[v].index: share.reveal()  # type: ignore[index]  # positions
        for v, share in sorted(cluster.kept().items())
    }


def proven(state: CeremonyState) -> list[tuple[str, str]]:
    """Who is at fault with proof; the evidence of each must convince a third party."""
    record = PublicRecord.of(state)
    assert all(reverify(record, fault) for fault in state.faults if fault.proof)
    return [(fault.validator, fault.fault) for fault in state.faults if fault.proof]


@pytest.mark.parametrize("kind", COMMITTEES)
def test_any_committee_and_threshold_takes_the_key_over(
    kind: str, old: Cluster, scheme: str, group: Group
) -> None:
    committee, threshold = COMMITTEES[kind]

    new = old.rotation("reshare", committee, threshold)
    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.public_key == old.state.public_key
    assert state.qual == (1, 2, 3), "Q is the first t_old good dealers"
    assert state.faults == []
    shares = held(new)
    assert sorted(shares) == list(range(1, len(committee) + 1))
    assert all(group.base_mul(s) == state.verification[i] for i, s in shares.items())
    exactly_t_open(scheme, state.public_key, threshold, shares)
    assert verifies(scheme, state.public_key, state.activation_message, state.activation_signature)


def test_old_and_new_shares_do_not_mix(old: Cluster, scheme: str) -> None:
    new = old.rotation("reshare", (1, 2, 3, 4, 5), 3)
    state = new.run()
    before, after = held(old), held(new)

    mixtures = 0
    for mine in combinations(range(1, 6), 3):
        for olds in range(1, 3):
            for kept in combinations(mine, olds):
                points = {i: before[i] if i in kept else after[i] for i in mine}
                assert not opens(scheme, state.public_key, points)
                mixtures += 1

    assert mixtures == 10 * (3 + 3)
    assert signs(scheme, state.public_key, {i: before[i] for i in (1, 2, 3)}), "a stated limit"
    assert signs(scheme, state.public_key, {i: after[i] for i in (2, 3, 5)})


def test_the_coefficient_form_reshares_too(scheme: str) -> None:
    old = Cluster(4, 2, commitments="coefficient")
    old.run()

    new = old.rotation("reshare", (3, 4, 5, 6, 7), 4)
    state = new.run()

    assert state.phase is Phase.ACTIVE
    exactly_t_open(scheme, old.state.public_key, 4, held(new))


def test_reshare_of_a_reshare_of_a_refresh_keeps_the_key(old: Cluster, scheme: str) -> None:
    current = old
    for operation, committee, threshold in (
        ("refresh", None, None),
        ("reshare", (4, 5, 6, 7), 3),
        ("reshare", (1, 6, 7, 8, 9), 4),
        ("refresh", None, None),
    ):
        current = current.rotation(operation, committee, threshold)  # type: ignore[arg-type]
        assert current.run().phase is Phase.ACTIVE

    assert current.ceremony.generation == 4
    assert current.state.public_key == old.state.public_key
    exactly_t_open(scheme, old.state.public_key, 4, held(current))


def test_absent_dealers_are_not_missed_while_t_old_deal(old: Cluster, scheme: str) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)
    new.stop("v1")
    new.stop("v3")

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.qual == (2, 4, 5)
    assert state.excluded == {1: "no-deal", 3: "no-deal"}
    assert proven(state) == []
    exactly_t_open(scheme, old.state.public_key, 3, held(new))


def test_fewer_than_t_old_dealers_abort_and_the_old_generation_still_signs(
    old: Cluster, scheme: str
) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)
    for name in ("v1", "v3", "v4"):
        new.stop(name)

    state = new.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert "2 valid deals of 3 needed" in state.detail
    assert new.kept() == {}
    assert signs(scheme, old.state.public_key, {i: held(old)[i] for i in (1, 4, 5)})


def test_a_dealer_that_lost_its_share_does_not_deal_and_is_not_blamed(old: Cluster) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)
    lost: dict[int, SecretScalar] = {v: s for v, s in new.shares.items() if v != 0}
    new = Cluster(ceremony=new.ceremony, shares=lost)

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.excluded == {1: "no-deal"}
    assert proven(state) == []


def reach(cluster: Cluster, phase: Phase) -> None:
    """Go on until `phase` begins."""
    while cluster.state.phase is not phase:
        cluster.step()


def changing(points: int, to: bytes) -> object:
    """A behaviour: the deal's point at a place is another, still with its own proof."""

    def change(effect: Effect) -> list[Effect]:
        match effect:
            case Post(Deal() as deal):
                changed = (*deal.points[:points], to, *deal.points[points + 1 :])
                return [Post(Deal(changed, deal.proof))]
            case _:
                return [effect]

    return change


def test_another_constant_than_the_old_verification_share_is_proof(old: Cluster) -> None:
    new = old.rotation("reshare", (5, 6, 7, 8), 3)
    new.tamper("v2", changing(0, old.state.verification[3]))  # type: ignore[arg-type]

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert proven(state) == [("v2", "wrong-constant")]
    assert state.qual == (1, 3, 4)
    assert state.public_key == old.state.public_key


def test_the_right_constant_with_another_polynomial_is_a_degree_too_high(
    old: Cluster, group: Group
) -> None:
    """The proof still holds: it is about V_0. What doesn't fit are the other points."""
    new = old.rotation("reshare", (5, 6, 7, 8), 3)
    new.tamper("v2", changing(2, group.base_mul(77)))  # type: ignore[arg-type]

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert proven(state) == [("v2", "degree-too-high")]


def test_a_leaver_answers_a_lost_share_and_stays_in(old: Cluster) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)
    new.drop(ShareEnvelope, "v1", "v7")

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.qual == (1, 2, 3)
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v1", "v7", "missing")]
    assert proven(state) == []
    assert len(new.kept()) == 4


def test_a_leaver_that_is_accused_falsely_answers_and_nobody_is_blamed(old: Cluster) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)

    def accuse(effect: Effect) -> list[Effect]:
        match effect:
            case Post(Response(good, complaints)):
                bits = bytes([good[0] & ~1])
                return [Post(Response(bits, (Complaint(1, "invalid", b""), *complaints)))]
            case _:
                return [effect]

    new.tamper("v8", accuse)

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v1", "v8", "invalid")]
    assert proven(state) == []
    assert state.published == [(1, 3)], "v8 holds index 3 in the new committee"


def test_a_validator_with_two_seats_keeps_their_indices_apart(old: Cluster) -> None:
    """v4 deals under 4 and holds under 1: it can't accuse dealer 4, and can accuse dealer 1."""
    new = old.rotation("reshare", (4, 5, 6, 7), 3)
    new.drop(ShareEnvelope, "v1", "v4")

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert [(d.dealer, d.accuser) for d in state.disputes] == [("v1", "v4")]
    mine = [entry for entry in new.entries if entry.principal == new.keys[3].public]
    response = next(entry for entry in mine if entry.kind == "response")
    accused = [c.dealer for c in decode_canonical(response.body, Response).complaints]
    assert accused == [1]


def test_a_complaint_about_oneself_is_malformed(old: Cluster) -> None:
    new = old.rotation("reshare", (4, 5, 6, 7), 3)
    new.tamper(
        "v4",
        lambda effect: [
            Post(Response(bytes([0b10111]), (Complaint(4, "invalid", b""),)))
            if isinstance(effect, Post) and isinstance(effect.statement, Response)
            else effect
        ],
    )

    state = new.run()

    assert proven(state) == [("v4", "malformed-response")]
    assert state.phase is Phase.ACTIVE


def test_holders_cannot_deal_and_leavers_cannot_respond(old: Cluster) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)
    reach(new, Phase.DEAL)
    new.post("v6", Deal((), b""))
    reach(new, Phase.RESPOND)
    new.post("v1", Response(b"", ()))

    state = new.run()

    assert ("v6", "deal", "NotAMember") in new.rejected
    assert ("v1", "response", "NotAMember") in new.rejected
    assert state.phase is Phase.ACTIVE
    assert proven(state) == []


def test_a_newcomer_that_stays_away_is_not_needed(old: Cluster, scheme: str) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9, 10), 3)
    new.stop("v10")

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.ceremony.quorum == 4
    exactly_t_open(scheme, old.state.public_key, 3, held(new))


def test_a_dealer_restarted_after_its_deal_deals_the_same_again(old: Cluster) -> None:
    new = old.rotation("reshare", (6, 7, 8, 9), 3)
    while not new.state.deals:
        new.step()
    new.restart("v1")

    state = new.run()

    assert state.phase is Phase.ACTIVE
    assert state.qual == (1, 2, 3)
    assert state.faults == []


def test_the_batch_judge_agrees_with_the_fold(old: Cluster) -> None:
    new = old.rotation("reshare", (3, 4, 6, 7), 3)
    new.drop(ShareEnvelope, "v2", "v7")
    new.tamper("v5", changing(0, old.state.verification[1]))  # type: ignore[arg-type]

    state = new.run()

    again = judge(new.ceremony, new.entries, new.height)
    assert encode(again.transcript) == encode(state.transcript)
    assert again.faults == state.faults
    assert again.spans == state.spans


def test_what_comes_after_the_erasure_is_acknowledged_and_not_kept(old: Cluster) -> None:
    new = old.rotation("reshare")
    new.run()
    new.step()  # everybody sees the end
    target = new.machines[1]
    late = next(
        decode_canonical(payload, ShareEnvelope)
        for source, receiver, kind, payload in new.sent
        if (source, receiver, kind) == ("v1", "v2", "share")
    )

    effects = target.on_message(ValidatorIndex(0), late)

    assert [type(effect) for effect in effects] == [Send]
    assert not holdings(target)._envelopes


def test_everything_but_the_new_share_is_erased_at_the_end(old: Cluster) -> None:
    new = old.rotation("reshare", (4, 5, 6, 7), 3)

    new.run()

    for v, store in enumerate(new.stores):
        holds = v in new.kept()
        assert sorted(store) == (["share"] if holds else []), f"v{v + 1}"


def test_old_shares_can_be_retired(old: Cluster) -> None:
    assert 2 in old.kept()

    old._perform(2, old.machines[2].retire())

    assert 2 not in old.kept()
    assert "share" not in old.stores[2]
