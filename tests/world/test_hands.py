"""How many processes ``auto`` takes: as many as have enough to do, and the machine has."""

from __future__ import annotations

import msgspec
import pytest

from sim.scenario.plan import ActionPlan, Plan
from sim.world import hands
from sim.world.hands import hands_for, shares_in
from tests.world.plans import CREATE, key_plan, make_plan


def sized(n: int, *later: ActionPlan) -> Plan:
    plan = make_plan(n, 2 * n // 3 + 1)
    return msgspec.structs.replace(plan, timeline=(CREATE, *later))


def test_shares_are_counted_over_all_ceremonies_that_deal() -> None:
    again = ActionPlan(id="again", do="reshare", key="beacon", at_us=60_000_000)
    smaller = msgspec.structs.replace(again, id="smaller", committee=tuple(range(8)))
    sign = ActionPlan(id="sign", do="sign", key="beacon", at_us=90_000_000)

    assert shares_in(sized(20)) == 400
    assert shares_in(sized(20, again, smaller, sign)) == 400 + 400 + 160


def test_a_drawn_committee_counts_by_its_size() -> None:
    drawn = msgspec.structs.replace(key_plan(40, 5), committee=(), drawn=30)
    plan = msgspec.structs.replace(sized(40), keys=(drawn,))

    assert shares_in(plan) == 900


@pytest.mark.parametrize(
    ("members", "cores", "processes"),
    [(7, 8, 1), (64, 8, 1), (90, 8, 2), (90, 1, 1), (256, 2, 2), (256, 64, 16)],
)
def test_auto_takes_what_pays(
    members: int, cores: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "_cores", lambda: cores)

    assert hands_for(sized(members)) == processes
