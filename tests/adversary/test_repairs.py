"""Behaviours in a repair: one share re-created by helpers of whom one lies."""

from __future__ import annotations

import pytest

from sim.adversary import BEHAVIOURS
from sim.checks import check_all
from sim.checks.attacks import exposed
from sim.protocol.phases import Phase
from tests.checks.observing import Life, Wicked, observe_life
from tests.support.curves import SCHEMES

BORN = Life(5, 3).height


def repairing(*wicked: Wicked, scheme: str = "ED25519") -> Life:
    """v5 lost its share of 3-of-5; v1, v2 and v3 help."""
    life = Life(5, 3, *wicked, scheme=scheme)
    life.repair(5)
    return life


def bad(behaviour: str, *victims: str, **params: str | int | bool) -> Wicked:
    return Wicked("v2", behaviour, victims, params, since=BORN)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_mask_that_moves_the_share_is_found_out(scheme: str) -> None:
    life = repairing(bad("repair-wrong-delta", "v3"), scheme=scheme)

    state = life.last.state
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [
        ("v2", "wrong-constant", True)
    ]
    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert life.injected == {"v2": 2}
    assert check_all(observe_life(life)) == []


def test_the_next_attempt_asks_others_and_repairs_the_share() -> None:
    life = repairing(bad("repair-wrong-delta", "v3"))

    life.repair(5, (1, 3, 4))

    assert life.last.state.phase is Phase.ACTIVE
    assert life.last.machines[4].share == life.attempts[0].machines[4].share
    assert check_all(observe_life(life)) == []


def test_a_wrong_sum_is_disputed_and_answered_sealed() -> None:
    life = repairing(bad("bad-share-one", "v5"))

    state = life.last.state
    assert state.phase is Phase.ACTIVE
    assert [(d.dealer, d.accuser) for d in state.disputes] == [("v2", "v5")]
    assert state.published == []
    assert check_all(observe_life(life)) == []


ANYWHERE = sorted(name for name, known in BEHAVIOURS.items() if not known.outsider)


@pytest.mark.parametrize("name", ANYWHERE)
def test_whatever_a_helper_does_nobody_else_is_blamed(name: str) -> None:
    victims = ["v3"] if BEHAVIOURS[name].targeted else []

    life = repairing(bad(name, *victims))

    state = life.last.state
    assert {f.validator for f in state.faults} <= {"v2"}
    assert state.ended
    assert check_all(observe_life(life)) == []


@pytest.mark.parametrize("name", ANYWHERE)
def test_whatever_the_target_does_nobody_else_is_blamed(name: str) -> None:
    wicked = Wicked("v5", name, ["v3"] if BEHAVIOURS[name].targeted else [], since=BORN)

    life = repairing(wicked)

    assert {f.validator for f in life.last.state.faults} <= {"v5"}
    assert check_all(observe_life(life)) == []


def reading(who: int, since: int) -> Wicked:
    return Wicked(f"v{who}", "mobile-adversary", since=since)


@pytest.mark.parametrize(
    ("readers", "falls"), [((1, 2), False), ((1, 5), False), ((1, 2, 4), True)]
)
def test_a_repair_tells_nobody_more_than_its_own_share(
    readers: tuple[int, ...], falls: bool
) -> None:
    life = repairing(*(reading(v, 0) for v in readers))

    assert life.last.state.phase is Phase.ACTIVE
    assert exposed(observe_life(life), "beacon") == falls


def test_the_sums_of_all_helpers_are_the_targets_share() -> None:
    """The target is read only while it is repaired, and two others later: three shares."""
    during = Wicked("v5", "mobile-adversary", since=BORN + 1, until=BORN + 9)
    life = repairing(during, reading(1, BORN + 1), reading(4, BORN + 1))

    assert exposed(observe_life(life), "beacon")
