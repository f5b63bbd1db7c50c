"""Joining and leaving: orders are carried out once, whatever a crash falls between."""

from __future__ import annotations

import msgspec
import pytest

from sim.base.ids import Label
from sim.kchain.blocks import decode_block
from sim.protocol.requests import Register
from sim.protocol.transactions import decode_transaction
from sim.scenario.plan import LedgerPlan, Plan, ValidatorPlan
from sim.validator.ports import Order
from tests.validator.scripted import ScriptedContext, ScriptedLedger, live, make_validator
from tests.validator.town import Town
from tests.world.plans import make_plan

NEWCOMER = 3


def _plan() -> Plan:
    plan = make_plan(3, 2, ledger=LedgerPlan(epoch_heights=10))
    standby = ValidatorPlan(name="v03", region="", standby=True)
    return msgspec.structs.replace(plan, validators=(*plan.validators, standby))


def _status(town: Town, name: str) -> str:
    entry = town.state.registry.get(name)
    return "absent" if entry is None else entry.status


def test_a_newcomer_registers_and_joins_at_the_next_epoch() -> None:
    town = Town(_plan())
    town.start()

    town.residents[NEWCOMER].inbox.append(Order("join"))
    town.run(3)
    first = _status(town, "v03")
    town.run(12)

    assert (first, _status(town, "v03")) == ("joining", "active")


def test_a_member_leaves_at_the_next_epoch_and_can_come_back() -> None:
    town = Town(_plan())
    town.start()
    seen = []

    for do in ("leave", "leave", "join"):
        town.residents[0].inbox.append(Order(do))
        town.run(12)
        seen.append(_status(town, "v00"))

    assert seen == ["left", "left", "active"]


@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
def test_a_crash_before_any_effect_of_an_order_delays_it_at_most(lose: str) -> None:
    counts = []
    for effect in range(1, 14):
        town = Town(_plan(), lose)  # type: ignore[arg-type]  # one of three
        town.start((NEWCOMER, effect))
        town.residents[NEWCOMER].inbox.append(Order("join"))
        town.run(30)
        kinds = [
            decode_transaction(entry).kind
            for entry in _transactions(town)
            if decode_transaction(entry).principal
            == town.residents[NEWCOMER].validator.setup.identity.public
        ]
        # Before its first write the order is lost with the memory: nobody was told that it counts.
        counts.append((effect, _status(town, "v03"), sorted(kinds)))

    assert counts[0][1] == "absent"
    assert all(status == "active" for _, status, _ in counts[2:]), counts
    assert all(kinds == ["join", "register"] for _, _, kinds in counts[2:]), counts


def _transactions(town: Town) -> list[bytes]:
    blocks = map(decode_block, town.ledger.blocks)
    return [entry.transaction for block in blocks for entry in block.entries]


def test_an_order_that_comes_before_the_chain_is_read_waits_for_it() -> None:
    plan = _plan()
    ledger, validator = ScriptedLedger(plan), make_validator(plan)
    live(validator, ScriptedContext([]))
    validator.crash("nothing")
    ledger.block(read=True)

    waiting = live(validator, ScriptedContext([Order("leave")], incarnation=1))
    validator.crash("nothing")
    told = live(validator, ScriptedContext([ledger.everything()], incarnation=2))

    assert [label.kind for label, _ in waiting.submitted] == ["read"]
    assert [label.kind for label, _ in told.submitted] == ["read", "leave"]
    assert told.submitted[1][0] == Label("", 0, "leave", "v00")


def test_only_who_is_absent_registers() -> None:
    assert make_validator(_plan(), 0).setup.registration is None
    assert isinstance(make_validator(_plan(), NEWCOMER).setup.registration, Register)
