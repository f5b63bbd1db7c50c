"""Whole ceremonies with one corrupted member end as the catalogue of faults predicts."""

from __future__ import annotations

import pytest

from sim.adversary import Adversary
from sim.checks import check_all
from sim.protocol.evidence import PublicRecord, reverify
from sim.protocol.phases import Phase
from sim.protocol.state import Notes
from tests.checks.observing import observe, rehearse
from tests.support.cluster import Cluster


def faults(state: Notes) -> list[tuple[str, str, bool]]:
    return [(fault.validator, fault.fault, fault.proof) for fault in state.faults]


def disputes(state: Notes) -> list[tuple[str, str, str]]:
    return [(dispute.dealer, dispute.accuser, dispute.kind) for dispute in state.disputes]


def injections(cluster: Cluster) -> int:
    adversary = cluster.adversaries[2]
    assert isinstance(adversary, Adversary)
    return sum(adversary.injections.values())


@pytest.mark.parametrize(
    ("behaviour", "expected_faults", "expected_disputes"),
    [
        (["silent-dealer"], [("v3", "no-deal", False)], []),
        (["silent-to-some"], [], [("v3", "v5", "missing")]),
        (["bad-share-one"], [], [("v3", "v5", "invalid")]),
        (["equivocating-dealer"], [("v3", "equivocation", True)], []),
        (["no-justification"], [], []),
        (["bad-share-one", "no-justification"], [("v3", "unjustified", False)], []),
        (["silent-to-some", "no-justification"], [("v3", "unjustified", False)], []),
        (["false-complaint"], [], [("v5", "v3", "invalid")]),
        (["degree-high"], [("v3", "degree-too-high", True)], []),
    ],
    ids=lambda value: "+".join(value) if value and isinstance(value[0], str) else "",
)
def test_a_behaviour_ends_as_predicted(
    behaviour: list[str],
    expected_faults: list[tuple[str, str, bool]],
    expected_disputes: list[tuple[str, str, str]],
) -> None:
    cluster = rehearse(*(("v3", name, ["v5"]) for name in behaviour))

    state = cluster.state
    assert state.phase is Phase.ACTIVE
    assert faults(state) == expected_faults
    assert disputes(state) == expected_disputes
    assert (3 in state.qual) == (not expected_faults)
    assert check_all(observe(cluster)) == []


def test_a_false_missing_is_answered_sealed_and_nothing_is_published() -> None:
    cluster = Cluster(7, 5)
    cluster.corrupt("v3", "false-complaint", ["v5"], kind="missing")

    state = cluster.run()

    assert disputes(state) == [("v5", "v3", "missing")]
    assert [reply.kind for reply in state.replies.values()] == ["sealed"]
    assert state.published == []


def test_a_raised_degree_in_the_coefficient_form_is_a_wrong_point_count() -> None:
    cluster = rehearse(("v3", "degree-high", []), commitments="coefficient")

    assert faults(cluster.state) == [("v3", "wrong-point-count", True)]
    assert check_all(observe(cluster)) == []


@pytest.mark.parametrize("behaviour", ["equivocating-dealer", "degree-high"])
def test_what_the_catalogue_attributes_comes_with_evidence_that_reverifies(behaviour: str) -> None:
    state = rehearse(("v3", behaviour, [])).state

    (fault,) = state.faults
    assert fault.proof
    assert reverify(PublicRecord.of(state), fault)


@pytest.mark.parametrize(
    "behaviour",
    [
        "silent-dealer",
        "silent-to-some",
        "bad-share-one",
        "equivocating-dealer",
        "false-complaint",
        "degree-high",
    ],
)
def test_the_positive_control_counts_an_injection(behaviour: str) -> None:
    cluster = rehearse(("v3", behaviour, []))

    assert injections(cluster) >= 1


def test_no_justification_injects_nothing_without_a_complaint() -> None:
    assert injections(rehearse(("v3", "no-justification", []))) == 0


def test_too_many_silent_dealers_fail_the_attempt_and_are_named() -> None:
    state = rehearse(*((who, "silent-dealer", []) for who in ("v1", "v2", "v3"))).state

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert all(name in state.detail for name in ("v1", "v2", "v3"))
