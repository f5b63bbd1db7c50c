"""FROST's DKG: the published vectors through the variant, and aborts with culprits.

Source: Komlo, Goldberg (SAC 2020), figure 1; vectors of the Zcash Foundation. Deviation: Φ, empty
in the vectors, is a digest of the attempt in a ceremony.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto import frost
from sim.crypto.commitments import COEFFICIENT
from sim.crypto.group import Group
from sim.crypto.polynomial import Polynomial
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.frost_dkg import SUITES, FrostCreation, FrostState
from sim.protocol.messages import Complaint, Deal, Response, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.promises import share_matches
from sim.protocol.responses import good_bits
from tests.support.cluster import Cluster, dealing
from tests.support.vectors import load

FOLDERS = {
    "ED25519": "frost/zcash/frost-ed25519",
    "SECP256K1": "frost/zcash/frost-secp256k1",
}


def made(size: int = 4, threshold: int = 2, **changes: object) -> Cluster:
    form = {"protocol": "frost", "commitments": "coefficient"}
    return Cluster(size, threshold, **form, **changes)  # type: ignore[arg-type]  # fields by name


def published(scheme: str) -> tuple[dict[int, Any], bytes]:
    if scheme not in FOLDERS:
        pytest.skip("there are no published vectors on BLS12-381")
    inputs = load(f"{FOLDERS[scheme]}/vectors_dkg.json")["inputs"]
    parties = {int(name): party for name, party in inputs.items() if name.isdigit()}
    return parties, bytes.fromhex(inputs["verifying_key"])


def scalar(group: Group, text: str) -> int:
    return group.decode_scalar(bytes.fromhex(text))


def test_the_published_ceremony_through_the_variants_own_functions(
    scheme: str, group: Group
) -> None:
    """Commitments, shares, share checks, verification shares, key and shares of 2 of 3."""
    parties, key = published(scheme)
    ceremony, creation = made(3, 2).ceremony, FrostCreation()
    polynomials = {
        i: Polynomial(
            [scalar(group, party["signing_key"]), scalar(group, party["coefficient"])], group.order
        )
        for i, party in parties.items()
    }

    rows = {i: COEFFICIENT.commit(group, f, 3) for i, f in polynomials.items()}
    verification = creation.verification(ceremony, (1, 2, 3), list(rows.values()))

    assert verification[0] == key
    for i, party in parties.items():
        assert [point.hex() for point in rows[i]] == party["vss_commitments"]
        parts = {i: Secret(polynomials[i].at(i))}
        for j, text in party["signing_shares"].items():
            data = bytes.fromhex(text)
            assert share_matches(ceremony, rows[int(j)], i, data)
            assert not share_matches(ceremony, rows[i], i, data)
            parts[int(j)] = Secret(group.decode_scalar(data))
        share = creation.share(ceremony, (1, 2, 3), parts, None)
        assert share == scalar(group, party["signing_share"])
        assert verification[i].hex() == party["verifying_share"]


def test_the_published_proofs_are_made_and_hold(scheme: str, group: Group) -> None:
    """The nonce of a proof follows from the secret, so that proving is checked byte for byte."""
    parties, _ = published(scheme)
    suite = SUITES[scheme]

    for i, party in parties.items():
        public = bytes.fromhex(party["vss_commitments"][0])
        proof = bytes.fromhex(party["proof_of_knowledge"])
        frost.verify_knowledge(suite, i, public, proof)
        response = group.decode_scalar(proof[group.point_size :])
        data = group.encode_scalar(i) + public + proof[: group.point_size]
        secret = scalar(group, party["signing_key"])
        nonce = (response - suite.hash_to_scalar(b"dkg", data) * secret) % group.order
        assert frost.prove_knowledge(suite, i, Secret(secret), public, nonce) == proof
        with pytest.raises(frost.KnowledgeError):
            frost.verify_knowledge(suite, i, public, proof, b"elsewhere")


def test_without_faults_it_makes_a_key() -> None:
    cluster = made(5, 3)
    state = cluster.run()

    assert isinstance(state, FrostState)
    assert cluster.outcome() == ["active", "qual v1 v2 v3 v4 v5"]
    assert [span.phase for span in state.spans] == [
        "announce",
        "deal",
        "respond",
        "confirm",
        "sign-1",
    ]
    assert all(len(deal.deal.points) == 3 for deal in state.deals.values() if deal.deal)


def test_proofs_are_bound_to_attempt_and_dealer(group: Group) -> None:
    cluster = made()
    ceremony, creation = cluster.ceremony, FrostCreation()
    public = group.base_mul(5)
    proof = creation.prove(ceremony, b"committee", 1, Secret(5), public, 9)
    later = dataclasses.replace(ceremony, attempt=2)

    assert creation.proven(ceremony, b"committee", 1, public, proof)
    assert not creation.proven(ceremony, b"committee", 2, public, proof)
    assert not creation.proven(ceremony, b"others", 1, public, proof)
    assert not creation.proven(later, b"committee", 1, public, proof)


def test_a_silent_dealer_aborts_and_is_named_without_proof() -> None:
    cluster = made()
    cluster.stop("v2")
    state = cluster.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "aborted")
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v2", "no-deal", False)]
    assert "v2 (no-deal)" in state.detail


@pytest.mark.parametrize("flaw", ["proof", "identity", "high"])
def test_a_bad_deal_aborts_and_its_dealer_is_proven_the_culprit(flaw: str, group: Group) -> None:
    cluster = made()

    def bend(effect: Effect) -> list[Effect]:
        if not (isinstance(effect, Post) and isinstance(effect.statement, Deal)):
            return [effect]
        deal = effect.statement
        points, proof = deal.points, deal.proof
        match flaw:
            case "proof":
                proof = proof[:-32] + group.encode_scalar(1)
            case "identity":
                points = (group.identity, *points[1:])
            case "high":
                points = (*points, group.base_mul(3))
        return [Post(Deal(points, proof))]

    cluster.tamper("v3", bend)
    state = cluster.run()

    names = {"proof": "bad-proof", "identity": "invalid-point", "high": "wrong-point-count"}
    (fault,) = state.faults
    assert (fault.validator, fault.fault, fault.proof) == ("v3", names[flaw], True)
    assert reverify(PublicRecord.of(state), fault)
    assert (state.phase, state.reason) == (Phase.FAILED, "aborted")


def test_one_lost_share_aborts_and_blames_nobody() -> None:
    """costs: n(n − 1) private messages must all arrive."""
    cluster = made()
    cluster.drop(ShareEnvelope, "v1", "v3")
    state = cluster.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "aborted")
    assert not state.faults
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v1", "v3", "missing")]
    assert state.detail == "v3 says missing of v1"
    assert not state.justified


def test_a_bad_share_is_a_word_against_a_word_or_provable() -> None:
    outcomes = {}
    for mode in ("dispute", "provable"):
        cluster = made(complaints=mode)

        def bend(effect: Effect) -> list[Effect]:
            if isinstance(effect, SendShares):
                shares = {x: Secret(7) if x == 4 else s for x, s in effect.shares.items()}
                return [SendShares(shares)]
            return [effect]

        cluster.tamper("v1", bend)
        state = cluster.run()
        assert (state.phase, state.reason) == (Phase.FAILED, "aborted")
        assert all(reverify(PublicRecord.of(state), fault) for fault in state.faults)
        faults = [(fault.validator, fault.fault) for fault in state.faults]
        outcomes[mode] = faults, [(d.dealer, d.accuser) for d in state.disputes]

    assert outcomes == {
        "dispute": ([], [("v1", "v4")]),
        "provable": ([("v1", "bad-share")], []),
    }


def test_a_malformed_response_aborts_and_is_proven() -> None:
    cluster = made()

    def bend(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            return [Post(Response(b"", ()))]
        return [effect]

    cluster.tamper("v2", bend)
    state = cluster.run()

    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [
        ("v2", "malformed-response", True)
    ]
    assert state.reason == "aborted"


def test_a_false_complaint_aborts_too_and_blames_nobody() -> None:
    cluster = made()

    def add(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            bits = good_bits([2, 3, 4], [1, 2, 3, 4])
            return [Post(Response(bits, (Complaint(1, "invalid", b""),)))]
        return [effect]

    cluster.tamper("v2", add)
    state = cluster.run()

    assert state.reason == "aborted"
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v1", "v2", "invalid")]
    assert not state.faults


def test_the_next_attempt_begins_afresh() -> None:
    first, second = made(), made(attempt=2)
    first.drop(ShareEnvelope, "v1", "v3")
    first.run()
    second.run()

    assert second.state.phase is Phase.ACTIVE
    points = [deal.deal.points for deal in first.state.deals.values() if deal.deal]
    assert all(deal.deal.points not in points for deal in second.state.deals.values() if deal.deal)


def test_a_rotation_does_not_abort_on_a_complaint() -> None:
    """It is Pedersen's, in the key's own form of commitments."""
    cluster = made(5, 3)
    cluster.run()
    refresh = cluster.rotation("refresh")
    refresh.drop(ShareEnvelope, "v1", "v3")
    state = refresh.run()

    assert state.phase is Phase.ACTIVE
    assert state.public_key == cluster.state.public_key
    assert len(state.disputes) == 1


def test_dealing_costs_what_the_literature_counts(group: Group) -> None:
    """costs, FROST DKG: t + 1 exponentiations to deal."""
    cluster = made(5, 3)
    cluster.until(Phase.RESPOND)
    with metering(Meter()) as deal:
        dealing(cluster.machines[0]).deal(cluster.state)

    assert deal.counts == {"exp.base": 3 + 1}
