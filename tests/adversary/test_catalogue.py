"""Every behaviour on every scheme ends as the catalogue of faults predicts, and really acted.

In a DKG, a reshare and a refresh, joined by function calls: see `catalogue`. Besides the verdict,
every invariant is checked: no honest validator blamed or excluded, evidence that re-verifies, one
public key, shares that make it, old ones erased.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import pytest

from sim.adversary import BEHAVIOURS, Adversary
from sim.checks import check_all
from sim.protocol.ceremony import Operation
from sim.protocol.phases import Phase
from sim.protocol.state import Notes
from tests.adversary.catalogue import CASES, NEW_COMMITTEE, OPERATIONS, Case
from tests.checks.observing import Life, Wicked, observe_life, rehearse
from tests.support.cluster import Cluster
from tests.support.curves import SCHEMES


def play(case: Case, operation: Operation, scheme: str) -> Life:
    """Run the case; victims go to the behaviours that take some.

    In a rotation the behaviours begin when the key has been created.
    """
    since = 0 if operation == "dkg" else _created(scheme, **case.ceremony)
    last = len(case.behaviours) - 1
    life = Life(
        7,
        5,
        *(
            Wicked(
                case.who,
                name,
                ["v5"] if BEHAVIOURS[name].targeted else [],
                case.params if place == last else {},
                since=since,
            )
            for place, name in enumerate(case.behaviours)
        ),
        scheme=scheme,
        **case.ceremony,
    )
    if operation == "reshare":
        life.rotate("reshare", NEW_COMMITTEE)
    elif operation == "refresh":
        life.rotate("refresh")
    return life


@cache
def _created(scheme: str, **ceremony: Any) -> int:
    """The height at which the key of a life without faults is active."""
    return Life(7, 5, scheme=scheme, **ceremony).height


def played() -> list[tuple[Case, Operation, str]]:
    """Every case in every operation and scheme that it is about."""
    return [
        (dataclasses.replace(case, **case.instead.get(operation, {})), operation, scheme)
        for operation in OPERATIONS
        for scheme in SCHEMES
        for case in CASES
        if operation in case.only
        and all(scheme not in BEHAVIOURS[name].absent for name in case.behaviours)
    ]


def injections(cluster: Cluster, who: str) -> int:
    adversary = cluster.adversaries[int(who[1:]) - 1]
    assert isinstance(adversary, Adversary)
    return sum(adversary.injections.values())


def named(state: Notes, *, proof: bool) -> list[tuple[str, str]]:
    return [(f.validator, f.fault) for f in state.faults if f.proof == proof]


def qualified(case: Case, cluster: Cluster) -> set[int]:
    """The deals that must count: all good ones, of a reshare the first five."""
    ceremony = cluster.ceremony
    good = [d.index for d in ceremony.dealers if case.qual or d.name != case.who]
    return set(good[:5] if ceremony.operation == "reshare" else good)


@pytest.mark.parametrize(("case", "operation", "scheme"), played(), ids=str)
def test_a_behaviour_ends_as_predicted(case: Case, operation: Operation, scheme: str) -> None:
    life = play(case, operation, scheme)

    cluster, state = life.last, life.last.state
    assert (state.ceremony.operation, state.phase) == (operation, Phase.ACTIVE)
    assert named(state, proof=True) == [(case.who, fault) for fault in case.proven]
    assert named(state, proof=False) == [(case.who, fault) for fault in case.suspected]
    assert {(d.dealer, d.accuser, d.kind) for d in state.disputes} == set(case.disputes)
    assert set(state.qual) == qualified(case, cluster)
    assert set(case.rejected) <= set(cluster.rejected)
    assert {who for who, _, _ in cluster.rejected} <= {case.who}
    assert life.injected[case.who] >= case.injected
    assert check_all(observe_life(life)) == []


def test_every_behaviour_is_played() -> None:
    elsewhere = {
        "cancelled-leading-coefficient",
        "drop-out-rusher",
        "grinder",
        "identity-group-key",
        "nonce-reuse",
        "repair-wrong-delta",
        "reshare-stale-share",
        "twin",  # two machines of one validator: no matter of function calls
    }

    assert {name for case in CASES for name in case.behaviours} | elsewhere == set(BEHAVIOURS)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_t_bad_shares_exclude_the_dealer_and_publish_none(scheme: str) -> None:
    cluster = Cluster(7, 5, scheme=scheme)
    cluster.corrupt("v3", "bad-share-many")

    state = cluster.run()

    assert named(state, proof=False) == [("v3", "accused-by-t")]
    assert state.published == []
    assert 3 not in state.qual
    assert injections(cluster, "v3") == 5


def test_a_false_missing_is_answered_sealed_and_nothing_is_published() -> None:
    cluster = Cluster(7, 5)
    cluster.corrupt("v3", "false-complaint", ["v5"], kind="missing")

    state = cluster.run()

    assert [reply.kind for reply in state.replies.values()] == ["sealed"]
    assert state.published == []


def test_without_a_complaint_there_is_no_answer_to_bend() -> None:
    for name in ("no-justification", "late-justification", "bad-justification"):
        assert injections(rehearse(("v3", name, [])), "v3") == 0


def test_too_many_silent_dealers_fail_the_attempt_and_are_named() -> None:
    state = rehearse(*((who, "silent-dealer", []) for who in ("v1", "v2", "v3"))).state

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert all(name in state.detail for name in ("v1", "v2", "v3"))


def test_a_copy_needs_somebody_to_copy_from() -> None:
    """The victim never deals, so neither does the copier: both are out for no-deal."""
    state = rehearse(("v5", "silent-dealer", []), ("v3", "copy-dealer", ["v5"])).state

    assert named(state, proof=False) == [("v3", "no-deal"), ("v5", "no-deal")]


def test_a_rogue_dealer_waits_for_the_silent_until_it_would_be_too_late() -> None:
    state = rehearse(("v5", "silent-dealer", []), ("v3", "rogue-key", [])).state

    assert named(state, proof=True) == [("v3", "bad-proof")]
    assert named(state, proof=False) == [("v5", "no-deal")]


def test_receivers_refuse_what_is_too_large_unread() -> None:
    cluster = rehearse(("v3", "oversized-message", []))

    holders = {(f"v{x}", "too-large") for x in (1, 2, 4, 5, 6, 7)}
    assert {(to, why) for who, to, why in cluster.refused if who == "v3"} == {
        *holders,
        ("ledger", "no transaction"),
    }


def test_foreign_envelopes_are_left_unread() -> None:
    for name in ("cross-session-mix", "cross-scheme-mix"):
        assert len(rehearse(("v3", name, [])).unread) == 6


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_flaw_that_a_curve_cannot_have_changes_nothing(scheme: str) -> None:
    """secp256k1 has a prime order: no point is small. On the other curves the flaw is there."""
    cluster = rehearse(("v3", "small-order-point", []), scheme=scheme)

    absent = scheme == "SECP256K1"
    assert absent == (scheme in BEHAVIOURS["small-order-point"].absent)
    assert (injections(cluster, "v3") == 0) == absent
    assert (cluster.state.faults == []) == absent
