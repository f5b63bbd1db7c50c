"""Accusations of the absent, and openings of good replies, end as the catalogue predicts."""

from __future__ import annotations

import pytest

from sim.base.ids import ShareIndex
from sim.checks import check_all
from sim.protocol.provable import judge_disclosure
from tests.adversary.test_catalogue import injections, named
from tests.checks.observing import observe, rehearse
from tests.support.curves import SCHEMES


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["invalid", "missing"])
def test_a_complaint_about_an_absent_dealer_is_dropped_alone(kind: str, scheme: str) -> None:
    cluster = rehearse(
        ("v5", "silent-dealer", ()),
        ("v3", "complaint-about-absent", ()),
        params={"kind": kind},
        scheme=scheme,
    )

    state = cluster.state
    assert named(state, proof=True) == []
    assert named(state, proof=False) == [("v5", "no-deal")]
    assert (state.disputes, state.complaints) == ([], {})
    assert 3 in state.responses
    assert injections(cluster, "v3") == 1
    assert check_all(observe(cluster)) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("flaw", ["seeds", "good"])
def test_a_false_opening_names_the_accuser_and_the_dealer_stays(flaw: str, scheme: str) -> None:
    cluster = rehearse(
        ("v3", "silent-to-some", ["v5"]),
        ("v5", "false-opening", ()),
        params={"flaw": flaw},
        scheme=scheme,
    )

    state = cluster.state
    assert named(state, proof=True) == [("v5", "false-opening")]
    assert 3 in state.qual
    assert injections(cluster, "v5") == 1
    assert check_all(observe(cluster)) == []


def test_an_honest_opening_of_the_same_reply_blames_nobody() -> None:
    cluster = rehearse(("v3", "silent-to-some", ["v5"]))

    assert named(cluster.state, proof=True) == []
    assert cluster.state.sealed_replies() == [(3, 5)]


@pytest.mark.parametrize("behaviour", ["false-complaint", "complaint-flood"])
def test_under_provable_a_false_complaint_shows_the_good_share_and_convicts_itself(
    behaviour: str,
) -> None:
    """The envelope is truly opened: a judge to whom no share is good would convict the dealer."""
    cluster = rehearse(("v3", behaviour, ()), complaints="provable")

    state = cluster.state
    response = state.responses[3]
    assert response is not None
    for complaint in response.complaints:
        shown = complaint.disclosure
        assert shown is not None
        pair = complaint.dealer, ShareIndex(3)
        key = state.transport[3]
        assert judge_disclosure(state.ceremony, pair, key, shown, lambda _: False) == "bad-share"
    assert set(named(state, proof=True)) == {("v3", "false-opening")}
    assert named(state, proof=False) == []
    assert state.disputes == []
    assert set(state.qual) == {1, 2, 3, 4, 5, 6, 7}
    assert check_all(observe(cluster)) == []


def test_under_provable_an_early_accusation_has_nothing_to_show_and_is_rejected() -> None:
    cluster = rehearse(("v3", "early-accusation", ["v5"]), complaints="provable")

    assert ("v3", "response", "WrongPhase") in cluster.rejected
    assert cluster.state.faults == []
    assert cluster.state.disputes == []
    assert check_all(observe(cluster)) == []
