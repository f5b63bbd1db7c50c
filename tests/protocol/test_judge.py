"""The judge's rules, one test per sentence of the protocol's description in docs/design.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
import pytest

from sim.base.secret import Secret, SecretScalar
from sim.crypto.group import Group
from sim.crypto.sealing import TransportKey
from sim.crypto.signatures import get_signatures
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.entries import Fault
from sim.protocol.evidence import reverify
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import judge
from sim.protocol.messages import (
    Complaint,
    Confirm,
    Deal,
    Justification,
    Opening,
    OpenReply,
    Reply,
    Response,
    ShareEnvelope,
    Sign,
    SignNonce,
    Statement,
)
from sim.protocol.phases import Phase
from sim.protocol.transactions import sign_transaction, statement_payload
from tests.support import edwards
from tests.support.cluster import CHAIN, Cluster, dealing
from tests.support.curves import outside_the_subgroup
from tests.support.ordinary import verifies


def proven(state: CeremonyState) -> list[tuple[str, str]]:
    """Who is at fault with proof; the evidence of each must convince a third party."""
    record = PublicRecord.of(state)
    assert all(reverify(record, fault) for fault in state.faults if fault.proof)
    assert not any(reverify(record, fault) for fault in state.faults if not fault.proof)
    return [(fault.validator, fault.fault) for fault in state.faults if fault.proof]


def unproven(state: CeremonyState) -> list[tuple[str, str]]:
    return [(fault.validator, fault.fault) for fault in state.faults if not fault.proof]


def test_honest_committee_activates_a_key_that_every_threshold_subset_holds(
    scheme: str, group: Group
) -> None:
    cluster = Cluster(5, 3)

    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert state.qual == (1, 2, 3, 4, 5)
    assert state.faults == []
    shares = [machine.share for _, machine in sorted(cluster.machines.items())]
    for index, share in enumerate(shares, start=1):
        assert share is not None
        assert group.base_mul(share.reveal()) == state.verification[index]
    assert verifies(scheme, state.public_key, state.activation_message, state.activation_signature)


def test_batch_judge_agrees_with_the_fold_that_validators_keep() -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.corrupt("v4", "equivocating-dealer")

    state = cluster.run()

    again = judge(cluster.ceremony, cluster.entries, cluster.height)
    assert again.transcript == state.transcript
    assert again.faults == state.faults
    assert again.spans == state.spans
    assert again.activation_signature == state.activation_signature


def test_verdict_stops_at_the_height_asked_for() -> None:
    cluster = Cluster(4, 3)
    cluster.run()

    early = judge(cluster.ceremony, cluster.entries, 2)

    assert early.phase is Phase.RESPOND
    assert early.qual == ()


def test_statement_before_its_phase_is_rejected_and_blames_nobody() -> None:
    cluster = Cluster(4, 3)
    cluster.post("v2", Response(b"\x0f", ()))

    state = cluster.run()

    assert ("v2", "response", "WrongPhase") in cluster.rejected
    assert state.faults == []


def test_outsider_is_ignored() -> None:
    cluster = Cluster(4, 3)
    cluster.run()
    stranger = Cluster(5, 3)  # its v5 is unknown to the committee of four
    stranger.step()
    outside = next(e for e in stranger.entries if e.principal == stranger.keys[4].public)

    verdict = judge(cluster.ceremony, [outside, *cluster.entries], cluster.height)

    assert verdict.transcript == cluster.state.transcript


def test_second_response_is_rejected_without_fault() -> None:
    def twice(effect: Effect) -> Iterable[Effect]:
        yield effect
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            yield effect

    cluster = Cluster(4, 3)
    cluster.tamper("v2", twice)

    state = cluster.run()

    assert ("v2", "response", "Duplicate") in cluster.rejected
    assert state.faults == []


@pytest.mark.parametrize(
    "response",
    [
        Response(b"", ()),
        Response(b"\x0f\x00", ()),
        Response(b"\x1f", ()),
        Response(b"\x0e", ()),
        Response(b"\x0f", (Complaint(1, "invalid", b""),)),
        Response(b"\x0d", (Complaint(2, "invalid", b""),)),
        Response(b"\x0a", (Complaint(3, "invalid", b""), Complaint(1, "invalid", b""))),
        Response(b"\x0e", (Complaint(1, "invalid", b""), Complaint(1, "invalid", b""))),
        Response(b"\x0e", (Complaint(1, "missing", b"short"),)),
        Response(b"\x0e", (Complaint(1, "missing", bytes(1216)),)),
        Response(b"\x0e", (Complaint(1, "missing", b"\xff" * 1216),)),
        Response(b"\x0e", (Complaint(1, "invalid", bytes(1216)),)),
        Response(b"\x0f", (Complaint(9, "invalid", b""),)),
    ],
    ids=[
        "no-bitmap",
        "long-bitmap",
        "spare-bit",
        "neither-bit-nor-complaint",
        "both-bit-and-complaint",
        "about-oneself",
        "descending",
        "twice",
        "short-key",
        "low-order-x25519",
        "modulus",
        "key-with-invalid",
        "no-such-dealer",
    ],
)
def test_malformed_response_is_its_senders_fault_and_counts_as_posted(response: Response) -> None:
    def malform(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            effect = Post(response)
        yield effect

    cluster = Cluster(4, 3)
    cluster.tamper("v2", malform)

    state = cluster.run()

    assert proven(state) == [("v2", "malformed-response")]
    assert state.disputes == []
    assert state.qual == (1, 2, 3, 4)
    assert next(s for s in state.spans if s.phase == "respond").end < state.spans[2].start + 3


def test_undecodable_response_counts_as_posted() -> None:
    def drop(effect: Effect) -> Iterable[Effect]:
        if not (isinstance(effect, Post) and isinstance(effect.statement, Response)):
            yield effect

    cluster = Cluster(4, 3)
    cluster.tamper("v2", drop)
    while cluster.state.phase is not Phase.RESPOND:
        cluster.step()
    cluster.post_bytes("v2", "response", b"\xc1")

    state = cluster.run()

    assert proven(state) == [("v2", "malformed-response")]


def test_complaint_about_an_absent_dealer_is_dropped_alone() -> None:
    def accuse_absent(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            effect = Post(Response(effect.statement.good, (Complaint(4, "invalid", b""),)))
        yield effect

    cluster = Cluster(5, 3)
    cluster.corrupt("v4", "silent-dealer")
    cluster.tamper("v2", accuse_absent)

    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert proven(state) == []
    assert unproven(state) == [("v4", "no-deal")]
    assert state.disputes == []


def bad_shares(effect: Effect) -> Iterable[Effect]:
    """Send every holder a share off the polynomial."""
    if isinstance(effect, SendShares):
        moved = {x: SecretScalar(s.reveal() ^ 1) for x, s in effect.shares.items()}
        effect = SendShares(moved)
    yield effect


def test_dealer_accused_by_t_is_out_and_owes_no_justification() -> None:
    cluster = Cluster(5, 3)
    cluster.tamper("v1", bad_shares)

    state = cluster.run()

    assert unproven(state) == [("v1", "accused-by-t")]
    assert [span.phase for span in state.spans][:4] == ["announce", "deal", "respond", "confirm"]
    assert state.published == []


def test_missing_never_counts_towards_t() -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1")

    state = cluster.run()

    assert state.qual == (1, 2, 3, 4, 5)
    assert len(state.disputes) == 4
    assert state.faults == []
    assert state.published == []


def wrong_replies(effect: Effect) -> Iterable[Effect]:
    """Answer every complaint with something else than the share."""
    if isinstance(effect, Post) and isinstance(effect.statement, Justification):
        replies = tuple(
            Reply(r.accuser, r.kind, bytes([r.data[0] ^ 1]) + r.data[1:])
            for r in effect.statement.replies
        )
        effect = Post(Justification(replies))
    yield effect


@pytest.mark.parametrize("mode", ["sealed", "clear"])
def test_bad_justification_names_the_dealer(mode: str) -> None:
    """Sealed: the accuser's seeds let everybody open the reply. In the clear: anyone can see."""
    cluster = Cluster(5, 3, justifications=mode)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.tamper("v1", wrong_replies)

    state = cluster.run()

    assert proven(state) == [("v1", "bad-justification")]
    assert state.qual == (2, 3, 4, 5)


def test_scalar_above_the_order_is_a_bad_justification(group: Group) -> None:
    """The same share mod q where it has a second encoding; else the largest number."""

    def unreduced(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Justification):
            (reply,) = effect.statement.replies
            scalar = min(group.decode_scalar(reply.data) + group.order, 2**256 - 1)
            order: Literal["little", "big"] = "little" if group.scheme == "ED25519" else "big"
            effect = Post(Justification((Reply(2, "clear", scalar.to_bytes(32, order)),)))
        yield effect

    cluster = Cluster(5, 3, justifications="clear")
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.tamper("v1", unreduced)

    assert proven(cluster.run()) == [("v1", "bad-justification")]


def test_reply_of_the_wrong_kind_answers_nothing() -> None:
    """Only a sealed reply answers `missing`: a clear one would publish an honest holder's share."""

    def in_the_clear(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Justification):
            effect = Post(Justification((Reply(2, "clear", bytes(32)),)))
        yield effect

    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.tamper("v1", in_the_clear)

    state = cluster.run()

    assert unproven(state) == [("v1", "unjustified")]


def accuse_falsely(seeds: bytes | None) -> object:
    """Publish seeds for a reply that was good; None publishes the real ones."""

    def change(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, OpenReply):
            shown = seeds if seeds is not None else kept[0]
            effect = Post(OpenReply((Opening(1, shown),)))
        yield effect

    kept: list[bytes] = []
    change.kept = kept  # type: ignore[attr-defined]  # filled by the test
    return change


@pytest.mark.parametrize("seeds", [b"\x07" * 96, b"short"], ids=["other-seeds", "wrong-length"])
def test_seeds_that_do_not_reproduce_the_key_are_a_false_opening(seeds: bytes) -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.tamper("v2", accuse_falsely(seeds))  # type: ignore[arg-type]

    state = cluster.run()

    assert proven(state) == [("v2", "false-opening")]
    assert 1 in state.qual


def test_opening_a_good_share_is_a_false_opening_and_publishes_it() -> None:
    change = accuse_falsely(None)
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.tamper("v2", change)  # type: ignore[arg-type]
    while cluster.state.phase is not Phase.OPEN:
        if "one-time/1" in cluster.stores[1]:
            change.kept[:] = [cluster.stores[1]["one-time/1"]]  # type: ignore[attr-defined]
        cluster.step()

    state = cluster.run()

    assert proven(state) == [("v2", "false-opening")]
    assert state.published == [(1, 2)]


def test_silent_accuser_keeps_the_dealer_in_and_may_be_shareless() -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    while cluster.state.phase is not Phase.JUSTIFY:
        cluster.step()
    cluster.stop("v2")

    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert 1 in state.qual
    assert 2 not in state.confirmed
    assert state.faults == []


def second_deal(body_of: Cluster) -> Deal:
    recorded = body_of.state.deals[1].deal
    assert recorded is not None
    return Deal(recorded.points, bytes(64))


@pytest.mark.parametrize("phase", [Phase.RESPOND, Phase.JUSTIFY])
def test_second_deal_excludes_until_justify_ends(phase: Phase) -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v2", "v3")
    while cluster.state.phase is not phase:
        cluster.step()
    cluster.post("v1", second_deal(cluster))

    state = cluster.run()

    assert proven(state) == [("v1", "equivocation")]
    assert state.qual == (2, 3, 4, 5)


def test_second_deal_after_justify_is_a_fault_and_the_deal_stays() -> None:
    cluster = Cluster(5, 3)
    while cluster.state.phase is not Phase.CONFIRM:
        cluster.step()
    cluster.post("v1", second_deal(cluster))

    state = cluster.run()

    assert proven(state) == [("v1", "equivocation")]
    assert state.qual == (1, 2, 3, 4, 5)


def test_same_deal_twice_is_no_fault() -> None:
    cluster = Cluster(4, 3)
    while cluster.state.phase is not Phase.RESPOND:
        cluster.step()
    recorded = cluster.state.deals[1].deal
    assert recorded is not None
    cluster.post("v1", recorded)

    state = cluster.run()

    assert ("v1", "deal", "Duplicate") in cluster.rejected
    assert state.faults == []


def replaced_deal(**changes: object) -> object:
    def change(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Deal):
            effect = Post(msgspec.structs.replace(effect.statement, **changes))
        yield effect

    return change


OUTSIDE = {
    "ED25519": edwards.encode(edwards.torsion()[1]),
    "SECP256K1": b"\x02" + (5).to_bytes(32, "big"),
    "BLS": outside_the_subgroup(),
}
"""Canonical, and no element: of order 8, an x without a y, on the curve but outside G1."""


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        (lambda _: (), "wrong-point-count"),
        (lambda group: (group.base_mul(5),) * 5, "wrong-point-count"),
        (lambda group: (group.identity,) * 6, "invalid-point"),
        (lambda group: (OUTSIDE[group.scheme],) * 6, "invalid-point"),
        (lambda group: (b"\xff" * group.point_size,) * 6, "invalid-point"),
        (lambda group: (group.base_mul(5) + b"\x00",) * 6, "invalid-point"),
        (lambda _: (b"short",) * 6, "invalid-point"),
    ],
    ids=["none", "too-few", "identity", "outside", "non-canonical", "longer", "shorter"],
)
def test_bad_points_are_proven_by_the_deal_alone(
    points: Callable[[Group], tuple[bytes, ...]], fault: str, group: Group
) -> None:
    cluster = Cluster(5, 3)
    cluster.tamper("v1", replaced_deal(points=points(group)))  # type: ignore[arg-type]

    state = cluster.run()

    assert proven(state) == [("v1", fault)]
    assert state.excluded == {1: fault}


def test_bad_proof_of_possession_is_proven_by_the_deal_alone() -> None:
    cluster = Cluster(5, 3)
    cluster.tamper("v1", replaced_deal(proof=bytes(64)))  # type: ignore[arg-type]

    assert proven(cluster.run()) == [("v1", "bad-proof")]


def test_copied_deal_fails_its_proof_which_is_bound_to_the_dealer() -> None:
    original = Cluster(5, 3)
    while original.state.phase is not Phase.RESPOND:
        original.step()
    copied = original.state.deals[2].deal
    assert copied is not None
    cluster = Cluster(5, 3)
    cluster.tamper("v1", replaced_deal(points=copied.points, proof=copied.proof))  # type: ignore[arg-type]

    assert proven(cluster.run()) == [("v1", "bad-proof")]


def test_contributions_that_cancel_out_abort_the_attempt(group: Group) -> None:
    """Reachable only if all of QUAL collude: here the last deal negates the sum of the others."""
    cluster = Cluster(3, 2)
    while cluster.state.phase is not Phase.RESPOND:
        cluster.step()
    state = cluster.state
    rows = [r.points for r in (state.deals[d].deal for d in (1, 2)) if r is not None]
    sums = [group.negate(group.add(a, b)) for a, b in zip(*rows, strict=True)]
    forged = Deal(tuple(sums), bytes(64))
    body = msgspec.msgpack.encode(forged)
    recorded = state.deals[3]
    state.deals[3] = type(recorded)(b"\x01" * 32, body, recorded.raw, forged)

    cluster.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "identity-key")


def test_fewer_than_t_deals_fail_when_the_deal_phase_ends_and_name_the_absent() -> None:
    cluster = Cluster(5, 3)
    for who in ("v1", "v2", "v4"):
        cluster.corrupt(who, "silent-dealer")

    state = cluster.run()

    assert state.reason == "too-few-dealers"
    assert (
        state.detail == "2 valid deals of 3 needed; out: v1 (no-deal), v2 (no-deal), v4 (no-deal)"
    )
    assert state.ended_at == state.spans[-1].end
    assert state.spans[-1].phase == "deal"


def changed_confirm(**changes: object) -> object:
    def change(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Confirm):
            effect = Post(msgspec.structs.replace(effect.statement, **changes))
        yield effect

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"transcript": bytes(32)}, "inconsistent-confirmation"),
        ({"proof": bytes(64)}, "bad-confirmation"),
        ({"nonces": (bytes(32), bytes(32))}, "bad-confirmation"),
        ({"nonces": (b"",)}, "bad-confirmation"),
    ],
    ids=["transcript", "proof", "nonces", "one-nonce"],
)
def test_bad_confirmation_is_named_and_does_not_count(
    change: dict[str, object], fault: str
) -> None:
    cluster = Cluster(5, 3)
    cluster.tamper("v2", changed_confirm(**change))  # type: ignore[arg-type]

    state = cluster.run()

    assert proven(state) == [("v2", fault)]
    assert 2 not in state.confirmed
    assert state.phase is Phase.ACTIVE


def test_confirmation_with_other_nonces_than_its_scheme_has_does_not_count(
    scheme: str, group: Group
) -> None:
    """A pair of identities where a pair is due; none of them; a pair where there are no nonces."""
    pairs = [(group.base_mul(5), group.base_mul(6))]
    if scheme != "BLS":
        pairs = [(group.identity, group.identity), (group.base_mul(5),) * 3, ()]  # type: ignore[list-item]
    for nonces in pairs:
        cluster = Cluster(5, 3)
        cluster.tamper("v2", changed_confirm(nonces=nonces))  # type: ignore[arg-type]

        state = cluster.run()

        assert proven(state) == [("v2", "bad-confirmation")]
        assert state.phase is Phase.ACTIVE


def test_two_confirmations_of_different_transcripts_contradict() -> None:
    def both(effect: Effect) -> Iterable[Effect]:
        yield effect
        if isinstance(effect, Post) and isinstance(effect.statement, Confirm):
            yield Post(msgspec.structs.replace(effect.statement, transcript=bytes(32)))

    cluster = Cluster(5, 3)
    cluster.tamper("v2", both)

    state = cluster.run()

    assert proven(state) == [("v2", "contradictory-confirmation")]
    assert 2 in state.confirmed


def test_confirm_ends_five_heights_after_the_quorum() -> None:
    cluster = Cluster(5, 3)
    while cluster.state.phase is not Phase.CONFIRM:
        cluster.step()
    cluster.silence("v5")

    state = cluster.run()

    confirm = next(span for span in state.spans if span.phase == "confirm")
    assert state.quorum_at == confirm.start
    assert confirm.end == confirm.start + 5


def test_too_few_confirmations_fail_and_name_the_silent() -> None:
    cluster = Cluster(5, 3)
    while cluster.state.phase is not Phase.CONFIRM:
        cluster.step()
    cluster.silence("v4")
    cluster.silence("v5")

    state = cluster.run()

    assert state.reason == "too-few-confirmations"
    assert "v4, v5" in state.detail


@pytest.mark.parametrize("partial", [b"", bytes(32), b"\x01" + bytes(31), b"\xff" * 96])
def test_bad_partial_is_named_and_the_next_set_signs_with_fresh_nonces(
    scheme: str, partial: bytes
) -> None:
    def spoil(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Sign):
            effect = Post(msgspec.structs.replace(effect.statement, partial=partial))
        yield effect

    cluster = Cluster(5, 3)
    cluster.tamper("v2", spoil)

    state = cluster.run()

    assert proven(state) == [("v2", "bad-partial")]
    assert state.signing_set == (1, 3, 4)
    first, second = state.lists
    if scheme == "BLS":
        assert {pair[1:] for pair in (*first, *second)} == {(b"", b"")}
    else:
        assert {pair[1:] for pair in first}.isdisjoint(pair[1:] for pair in second)


def test_partial_of_another_holder_is_bad() -> None:
    """In BLS it is a good one, of the right message: only V_i tells whose."""
    cluster = Cluster(5, 3)

    def borrow(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Sign):
            state, share = cluster.state, cluster.machines[2].share
            assert share is not None
            message, pairs = state.activation_message, state.commitment_list
            signatures = get_signatures(state.ceremony.scheme)
            partial = signatures.sign(2, share, state.public_key, (1, 2), message, pairs)
            effect = Post(msgspec.structs.replace(effect.statement, partial=partial))
        yield effect

    cluster.tamper("v2", borrow)

    assert proven(cluster.run()) == [("v2", "bad-partial")]


def test_sign_nonce_exists_only_where_there_are_nonces(scheme: str, group: Group) -> None:
    cluster = Cluster(5, 3)
    while cluster.state.phase is not Phase.SIGN:
        cluster.step()
    pair = (group.base_mul(5), group.base_mul(6))
    cluster.post("v2", SignNonce(pair))
    cluster.post("v3", SignNonce(()))

    state = cluster.run()

    reasons = {(who, reason) for who, kind, reason in cluster.rejected if kind == "sign-nonce"}
    refused = {("v2", "NoNonces"), ("v3", "NoNonces")}
    assert reasons == (refused if scheme == "BLS" else {("v3", "Malformed")})
    assert state.faults == []


@pytest.mark.parametrize("nonces", [(), (b"", b""), (b"x",) * 3])
def test_signer_whose_next_nonces_are_no_use_signs_once(
    scheme: str, nonces: tuple[bytes, ...]
) -> None:
    """Its partial stands; it is only in no later set."""

    def replace(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Sign):
            effect = Post(msgspec.structs.replace(effect.statement, nonces=nonces))
        yield effect

    cluster = Cluster(5, 3)
    cluster.tamper("v2", replace)

    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert state.faults == []
    honest = scheme == "BLS" and nonces == ()
    assert state.unsigning == ({} if honest else {2: "bad-nonces"})


def test_partial_over_another_list_is_ignored() -> None:
    def elsewhere(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Sign):
            effect = Post(msgspec.structs.replace(effect.statement, list_hash=bytes(32)))
        yield effect

    cluster = Cluster(5, 3)
    cluster.tamper("v2", elsewhere)

    state = cluster.run()

    assert ("v2", "sign", "OtherList") in cluster.rejected
    assert state.faults == []
    assert state.unsigning == {2: "no-partial"}


def test_evidence_convinces_nobody_once_it_is_altered() -> None:
    cluster = Cluster(5, 3)
    cluster.corrupt("v5", "degree-high")
    state = cluster.run()
    (fault,) = state.faults
    record = PublicRecord.of(state)
    assert reverify(record, fault)

    honest = state.deals[1].raw
    flipped = bytes([fault.evidence[0][-1] ^ 1])
    for forged in ((honest,), (fault.evidence[0][:-1] + flipped,), (), (honest, honest)):
        lie = type(fault)(fault.validator, fault.fault, True, forged, fault.height)
        assert not reverify(record, lie)
    framed = type(fault)("v1", fault.fault, True, (honest,), fault.height)
    assert not reverify(record, framed)


def test_late_share_completes_the_holder() -> None:
    """Only the Response counts: a share that comes after it still gives the holder its part."""
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    while cluster.state.phase is not Phase.JUSTIFY:
        cluster.step()
    sent = dealing(cluster.machines[0])._outbox._envelopes
    envelope = next(e for e in sent.values() if e.recipient == 2)
    sender = cluster.ceremony.member(1).validator
    cluster._perform(1, cluster.machines[1].on_message(sender, envelope))

    state = cluster.run()

    assert cluster.machines[1].share is not None
    assert state.faults == []


def test_one_time_seeds_reproduce_the_posted_key() -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    while cluster.state.phase is not Phase.JUSTIFY:
        cluster.step()

    seeds = cluster.stores[1]["one-time/1"]

    posted = cluster.state.complaints[1, 2].one_time_key
    assert TransportKey.from_seeds(Secret(seeds)).public == posted


def test_ended_attempt_erases_everything_but_the_share() -> None:
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")

    cluster.run()

    assert [sorted(store) for store in cluster.stores] == [["share"]] * 5


def signed_off_ledger(cluster: Cluster, who: int, kind: str, statement: Statement) -> bytes:
    """Return a transaction that `who` signs and nobody includes."""
    identity = cluster.keys[who - 1]
    payload = statement_payload(cluster.ceremony.session, 1, statement)
    return sign_transaction(identity.sign, CHAIN, kind, identity.public, 99, payload)


def test_statements_that_never_stood_on_the_ledger_frame_nobody() -> None:
    """An accuser could sign another response, with a key that the reply doesn't open to."""
    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    state = cluster.run()
    other = Secret(b"\x05" * 96)
    key = TransportKey.from_seeds(other).public
    response = Response(b"\x1e", (Complaint(1, "missing", key),))
    forged = (
        state.deals[1].raw,
        signed_off_ledger(cluster, 2, "response", response),
        state.justified[1],
        signed_off_ledger(cluster, 2, "open-reply", OpenReply((Opening(1, other.reveal()),))),
    )

    framed = Fault("v1", "bad-justification", True, forged, state.spans[-1].end)

    assert not reverify(PublicRecord.of(state), framed)


@pytest.mark.parametrize("accuser", [2, 3])
def test_wrong_clear_share_that_nobody_asked_for_proves_nothing(accuser: int) -> None:
    """v2 complained, and is answered sealed, as it must be; v3 didn't even do that."""

    def one_too_many(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Justification):
            extra = Reply(accuser, "clear", bytes(32))
            effect = Post(Justification((*effect.statement.replies, extra)))
        yield effect

    cluster = Cluster(5, 3)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.tamper("v1", one_too_many)
    state = cluster.run()
    cited = (state.deals[1].raw, state.justified[1])

    framed = Fault("v1", "bad-justification", True, cited, state.spans[-1].end)

    assert state.faults == []
    assert not reverify(PublicRecord.of(state), framed)


@pytest.mark.parametrize("phase", [Phase.SIGN, Phase.ACTIVE])
def test_contradiction_after_confirm_is_still_a_fault(phase: Phase) -> None:
    cluster = Cluster(5, 3)
    while cluster.state.phase is not phase:
        cluster.step()
    cluster.post("v2", msgspec.structs.replace(cluster.state.confirms[2], transcript=bytes(32)))
    cluster.step()

    assert proven(cluster.state) == [("v2", "contradictory-confirmation")]
    assert cluster.run().phase is Phase.ACTIVE


def test_bad_key_in_a_complaint_about_an_absent_dealer_is_dropped_with_it() -> None:
    def accuse_absent(effect: Effect) -> Iterable[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            effect = Post(Response(effect.statement.good, (Complaint(4, "missing", b""),)))
        yield effect

    cluster = Cluster(5, 3)
    cluster.corrupt("v4", "silent-dealer")
    cluster.tamper("v2", accuse_absent)

    assert proven(cluster.run()) == []


def test_failed_attempt_shows_no_qual_and_no_disputes() -> None:
    cluster = Cluster(5, 3)
    for who in ("v1", "v2", "v4"):
        cluster.corrupt(who, "silent-dealer")

    state = cluster.run()

    assert (state.qual, state.disputes, state.public_key) == ((), [], b"")


def test_amnesiac_erases_what_it_kept_when_the_attempt_ends() -> None:
    cluster = Cluster(5, 3)
    cluster.machines[1].amnesiac = True

    cluster.run()

    assert cluster.stores[1] == {}
