"""A member without its share asks for repair: once, again after a failure, and then ever later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from sim.base.codec import decode_canonical
from sim.base.memo import Memo, using
from sim.protocol.phases import Phase
from sim.protocol.requests import ROTATE_KEY, RotateKey
from sim.protocol.transactions import decode_transaction
from sim.validator.account import Account
from sim.validator.performing import Publish
from sim.validator.ports import Membership, Repairs
from sim.validator.recovery import PAUSE_HEIGHTS, requested_repairs
from sim.validator.store import Store
from tests.validator.scripted import make_validator
from tests.validator.town import Town
from tests.world.plans import make_plan

PLAN = make_plan(3, 2)


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


class _Chain:
    """A chain on which only one validator's repairs matter."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs

    def memberships(self, _name: str) -> Sequence[Membership]:
        return [Membership("beacon", 1, 4)]

    def repairs(self, _membership: Membership, _name: str) -> Repairs:
        return self._repairs


def _asks(repairs: Repairs, height: int, store: Store) -> bool:
    setup = make_validator(PLAN).setup
    account = Account(setup.chain, setup.identity, store)
    actions = requested_repairs(
        _Chain(repairs),  # type: ignore[arg-type]  # of a chain it needs no more
        height,
        [],
        setup.name,
        account,
        store,
    )
    for action in actions:
        assert isinstance(action, Publish)
        asked = decode_canonical(decode_transaction(action.signed.raw).payload, RotateKey)
        assert (asked.operation, asked.reason, asked.target) == ("repair", "lost-share", "v00")
        store.put(action.marker, b"")
    return bool(actions)


def test_it_asks_once_for_every_repair_that_fails() -> None:
    store = Store()
    never, once = Repairs(False, 0, 0), Repairs(False, 1, 50)

    answers = [_asks(never, 10, store), _asks(never, 11, store)]
    answers += [_asks(once, 50, store), _asks(once, 51, store)]

    assert answers == [True, False, True, False]


def test_it_does_not_ask_while_a_repair_waits_or_runs() -> None:
    assert not _asks(Repairs(True, 0, 0), 10, Store())
    assert not _asks(Repairs(True, 3, 10), 10_000, Store())


@pytest.mark.parametrize(("failed", "pause"), [(1, 0), (2, 128), (3, 256), (4, 512)])
def test_its_pauses_double_from_the_second_failure_on(failed: int, pause: int) -> None:
    repairs = Repairs(False, failed, 1_000)

    assert PAUSE_HEIGHTS == 128
    assert _asks(repairs, 1_000 + pause, Store())
    assert pause == 0 or not _asks(repairs, 1_000 + pause - 1, Store())


def _robbed(victims: Sequence[int]) -> Town:
    """Return a town with a key, in which victims have lost their stores and started again."""
    town = Town(PLAN)
    town.start()
    town.ask("create-key")
    town.run(20)
    for victim in victims:
        town.residents[victim].crash("all")
        town.residents[victim].start()
    return town


def _requests(town: Town, name: str) -> int:
    blocks = town.ledger.state.rotations("beacon")
    return sum(entry.target == name for entry in blocks)


def test_a_member_that_lost_its_store_is_repaired_and_signs_again() -> None:
    town = _robbed([0])

    town.run(60)
    repair = town.state.all_ceremonies()[-1]
    town.residents[1].crash("nothing")
    town.ask("sign", context="test", message=b"hello")
    town.run(40)

    assert (repair.ceremony.label, repair.phase) == ("beacon/repair/0/v00", Phase.ACTIVE)
    assert town.residents[0].events.count("repair-requested") == 1
    assert town.residents[0].events.count("share-repaired") == 1
    assert [s.outcome for s in town.state.sessions.values()] == ["signed", "signed"]


def test_without_enough_helpers_it_asks_again_and_pauses() -> None:
    town = _robbed([0, 1])

    town.run(3_000)

    asked = town.residents[0].events.count("repair-requested")
    assert town.state.keys["beacon"].status in ("Active", "Rotating")
    assert 2 <= asked <= 6
    assert all(entry.outcome == "aborted" for entry in town.state.rotations("beacon"))
    assert _requests(town, "v00") >= 2
    assert ROTATE_KEY == "rotate-key"
