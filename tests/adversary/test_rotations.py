"""Behaviours beyond one attempt: stale shares, too few dealers, what an abort leaves."""

from __future__ import annotations

import pytest

from sim.checks import check_all
from sim.checks.attacks import can_sign
from sim.protocol.phases import Phase
from tests.checks.observing import Life, Wicked, observe_life
from tests.support.curves import SCHEMES


def faults(life: Life) -> list[tuple[str, str, bool]]:
    return [(f.validator, f.fault, f.proof) for f in life.last.state.faults]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("form", "fault"),
    [("stale", "wrong-constant"), ("forged", "bad-proof"), ("proved", "degree-too-high")],
)
def test_a_share_of_the_generation_before_is_found_out(scheme: str, form: str, fault: str) -> None:
    life = Life(7, 3, Wicked("v3", "reshare-stale-share", params={"form": form}), scheme=scheme)
    life.rotate("refresh")

    life.rotate("reshare", [1, 3, 4, 6, 8], 3)

    assert faults(life) == [("v3", fault, True)]
    assert life.last.state.phase is Phase.ACTIVE
    assert life.injected["v3"] >= 1
    assert check_all(observe_life(life)) == []


def test_in_a_first_reshare_there_is_no_older_share_to_deal() -> None:
    life = Life(5, 3, Wicked("v3", "reshare-stale-share"))

    life.rotate("reshare", [2, 3, 4, 5, 6])

    assert (life.injected["v3"], faults(life)) == (0, [])


@pytest.mark.parametrize("operation", ["reshare", "refresh"])
def test_with_too_few_dealers_a_rotation_aborts_and_the_old_generation_signs(
    operation: str,
) -> None:
    born = Life(5, 3).height
    silent = [Wicked(f"v{i}", "silent-dealer", since=born) for i in (1, 2, 3)]
    life = Life(5, 3, *silent)

    life.rotate("reshare" if operation == "reshare" else "refresh")

    assert (life.last.state.phase, life.last.state.reason) == (Phase.FAILED, "too-few-dealers")
    seen = observe_life(life)
    # Three of five are corrupted, which is said; nothing else is wrong.
    assert {v.invariant for v in check_all(seen)} == {"generations-stay-hidden", "secrecy"}
    assert can_sign(seen, "beacon", [("v3", 0), ("v4", 0), ("v5", 0)])


def test_old_members_that_stay_away_are_no_obstacle_while_t_old_remain() -> None:
    born = Life(5, 3).height
    life = Life(5, 3, *(Wicked(f"v{i}", "silent-dealer", since=born) for i in (1, 2)))

    life.rotate("reshare", [3, 4, 5, 6, 7])

    assert life.last.state.qual == (3, 4, 5)
    assert life.last.state.phase is Phase.ACTIVE
    assert check_all(observe_life(life)) == []


def test_an_attempt_that_stalls_is_followed_by_one_with_another_id() -> None:
    born = Life(5, 3).height
    life = Life(
        5, 3, *(Wicked(f"v{i}", "stalled-start", since=born, until=born + 9) for i in (1, 2, 3))
    )

    stalled = life.rotate("refresh")
    again = life.rotate("refresh")

    assert (stalled.state.reason, again.state.phase) == ("too-few-dealers", Phase.ACTIVE)
    assert (stalled.ceremony.attempt, again.ceremony.attempt) == (1, 2)
    assert stalled.ceremony.session == again.ceremony.session


def test_a_false_missing_about_leavers_publishes_nothing() -> None:
    born = Life(5, 3).height
    life = Life(
        5, 3, Wicked("v7", "reshare-leaver-accused", params={"kind": "missing"}, since=born)
    )

    life.rotate("reshare", [3, 4, 5, 6, 7])

    assert {(d.dealer, d.accuser) for d in life.last.state.disputes} == {("v1", "v7"), ("v2", "v7")}
    assert life.last.state.published == []


def test_more_absent_newcomers_than_the_quorum_bears_abort_the_rotation() -> None:
    born = Life(5, 3).height
    absent = [Wicked(f"v{i}", "reshare-absent-newcomer", since=born) for i in (6, 7)]
    life = Life(5, 3, *absent)

    life.rotate("reshare", [3, 4, 5, 6, 7])

    assert life.last.state.reason == "too-few-confirmations"
    assert life.active.ceremony.generation == 0
    assert check_all(observe_life(life)) == []


def test_a_newcomer_refuses_what_an_old_member_tells_it() -> None:
    born = Life(5, 3).height
    life = Life(5, 3, Wicked("v3", "reshare-bootstrap-lie", since=born))

    life.rotate("reshare", [3, 4, 5, 6, 7])

    assert life.last.refused == [("v3", "v6", "malformed"), ("v3", "v7", "malformed")]


@pytest.mark.parametrize("kept", [0, 1])
def test_what_is_retained_is_what_would_have_been_erased(kept: int) -> None:
    life = Life(5, 3, *([Wicked("v1", "retained-share")] if kept else []))

    life.rotate("refresh")

    left = {name for _, _, name in observe_life(life).validators[0].left}
    assert ("polynomial" in left, len(left) > 1) == (bool(kept), bool(kept))
