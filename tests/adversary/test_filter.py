"""Which behaviours act, in which order, and what counts as an injection."""

from __future__ import annotations

import dataclasses

import pytest

from sim.adversary import Adversary
from sim.adversary.filter import differences
from sim.base.errors import LocalError
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.effects import Effect, Flush, Post, Put, SendSealed, SendShares
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Deal, Justification
from sim.protocol.phases import Phase
from tests.support.cluster import Corrupt, identities, make_ceremony

DEAL = Post(Deal((), b""))
ANSWER = Post(Justification(()))
ME = ValidatorIndex(2)
STATE = CeremonyState.open(make_ceremony(7, 5, identities=identities(7)))


def in_phase(phase: Phase) -> CeremonyState:
    state = STATE.copy()
    state.phase = phase
    return state


def shares(**changed: int) -> SendShares:
    values = {x: changed.get(f"x{x}", x) for x in (1, 2, 4, 5, 6, 7)}
    return SendShares({ShareIndex(x): SecretScalar(s) for x, s in values.items()})


def adversary(*corruptions: Corrupt) -> Adversary:
    return Adversary(1, ME, corruptions)


def test_an_uncorrupted_validator_does_what_it_wanted() -> None:
    innocent = adversary(Corrupt("c1", 5, "silent-dealer"))

    assert innocent.filter([DEAL, shares()], STATE, 0) == [DEAL, shares()]
    assert innocent.injections == {}


def test_behaviours_compose_in_the_order_of_the_plan() -> None:
    both = adversary(
        Corrupt("c1", 2, "bad-share-one", victims=(4,)), Corrupt("c2", 2, "no-justification")
    )

    done = both.filter([shares(), DEAL, ANSWER], STATE, 0)

    assert done == [shares(x5=6), DEAL]
    assert both.injections == {"c1": 1, "c2": 1}


def test_a_behaviour_sees_what_the_one_before_left() -> None:
    both = adversary(
        Corrupt("c1", 2, "silent-to-some", victims=(4,)),
        Corrupt("c2", 2, "bad-share-one", victims=(4,)),
    )

    both.filter([shares()], STATE, 0)

    assert both.injections == {"c1": 1, "c2": 0}


@pytest.mark.parametrize(("now_us", "acts"), [(9, False), (10, True), (19, True), (20, False)])
def test_a_behaviour_acts_from_its_first_instant_until_its_last(now_us: int, acts: bool) -> None:
    timed = adversary(Corrupt("c1", 2, "silent-dealer", from_us=10, until_us=20))

    assert timed.filter([DEAL], STATE, now_us) == ([] if acts else [DEAL])
    assert timed.injections["c1"] == int(acts)


def test_victims_are_named_by_registry_position_and_may_be_outside_the_committee() -> None:
    lonely = adversary(Corrupt("c1", 2, "silent-to-some", victims=(40,)))

    assert lonely.filter([shares()], STATE, 0) == [shares()]
    assert lonely.injections == {"c1": 0}


def test_a_silent_dealer_injects_once_per_share_and_once_for_its_deal() -> None:
    silent = adversary(Corrupt("c1", 2, "silent-dealer"))

    assert silent.filter([shares(), DEAL], STATE, 0) == []
    assert silent.injections == {"c1": 7}


@pytest.mark.parametrize(
    ("after", "count"),
    [
        ([DEAL, Flush()], 0),
        ([Flush(), DEAL], 0),
        ([DEAL], 1),
        ([Post(Deal((b"",), b"")), Flush()], 1),
        ([DEAL, DEAL, Flush()], 1),
        ([DEAL, Flush(), Put("a", b"")], 1),
        ([DEAL, Flush(), shares()], 6),
    ],
)
def test_an_injection_is_a_changed_missing_or_added_effect(after: list[Effect], count: int) -> None:
    assert differences([DEAL, Flush()], after) == count


def test_shares_are_compared_recipient_by_recipient() -> None:
    assert differences([shares()], [shares(x1=9, x7=9)]) == 2


def test_sealed_shares_are_compared_recipient_by_recipient() -> None:
    before = SendSealed({ShareIndex(1): b"a", ShareIndex(2): b"b"})

    assert differences([before], [SendSealed({ShareIndex(1): b"a", ShareIndex(2): b"c"})]) == 1
    assert differences([before], [before]) == 0


def test_a_height_is_an_occasion_and_no_effect() -> None:
    silent = adversary(Corrupt("c1", 2, "silent-dealer"))

    assert silent.add(STATE, 1, 0) == []
    assert silent.injections == {"c1": 0}


def test_what_is_held_back_is_released_when_its_time_is_over() -> None:
    late = adversary(Corrupt("c1", 2, "late-justification"))
    justify, confirm = in_phase(Phase.JUSTIFY), in_phase(Phase.CONFIRM)

    assert late.filter([ANSWER], justify, 0) == []
    assert late.add(justify, 5, 0) == []
    assert late.add(confirm, 6, 0) == [ANSWER]
    assert late.add(confirm, 7, 0) == []
    assert late.injections == {"c1": 2}


def test_a_memory_belongs_to_one_attempt() -> None:
    late = adversary(Corrupt("c1", 2, "late-justification"))
    again = CeremonyState.open(dataclasses.replace(STATE.ceremony, attempt=2))

    late.filter([ANSWER], in_phase(Phase.JUSTIFY), 0)

    assert late.add(again, 9, 0) == []


def test_an_outsider_acts_where_it_has_no_seat_and_only_there() -> None:
    stranger = Adversary(1, ValidatorIndex(9), [Corrupt("c1", 9, "unknown-sender")])
    member = adversary(Corrupt("c1", 2, "unknown-sender"))

    assert len(stranger.add(STATE, 1, 0)) == 7 + 1
    assert stranger.add(STATE, 2, 0) == []
    assert member.add(STATE, 1, 0) == []


def test_a_member_behaviour_does_nothing_without_a_seat() -> None:
    stranger = Adversary(1, ValidatorIndex(9), [Corrupt("c1", 9, "silent-dealer")])

    assert stranger.filter([DEAL], STATE, 0) == [DEAL]


def test_an_unknown_behaviour_is_a_bug_of_the_caller() -> None:
    with pytest.raises(LocalError, match="no behaviour nonsense"):
        adversary(Corrupt("c1", 2, "nonsense"))


@pytest.mark.parametrize(
    "params", [{"kind": "rude"}, {"kind": 3}, {"sort": "missing"}, {"kind": True}]
)
def test_a_parameter_of_the_wrong_kind_is_a_bug_of_the_caller(
    params: dict[str, str | int | bool],
) -> None:
    with pytest.raises(LocalError, match="false-complaint"):
        adversary(Corrupt("c1", 2, "false-complaint", params=params))


def test_a_count_of_victims_is_at_least_one() -> None:
    with pytest.raises(LocalError, match="at least 1"):
        adversary(Corrupt("c1", 2, "silent-to-some", params={"victims": 0}))
