"""A crash before any effect: one key, nobody blamed, and the validator has its share again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.base.memo import Memo, using
from sim.crypto.groups import get_group
from sim.kchain.state import ChainState
from sim.validator.keyring import share_of
from sim.validator.store import Lose
from tests.validator.town import Resident, Town
from tests.world.plans import make_plan

PLAN = make_plan(3, 2)


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


def _created(lose: Lose, crash_before: int) -> Town:
    """Create a key while validator 0 crashes before its `crash_before`th effect; 0 is never."""
    town = Town(PLAN, lose)
    town.start((0, crash_before))
    town.create_key()
    town.run(200)
    return town


def _holds(resident: Resident, state: ChainState, key: str = "beacon") -> bool:
    """Say whether a validator has a share that matches the active generation's V_i."""
    record, now = state.record(key), resident.validator.now
    assert record is not None
    assert now is not None
    share = share_of(now.sessions.seats, key, record.era, record.generation)
    if share is None:
        return False
    group = get_group(record.scheme)
    seat = record.committee.index(resident.validator.setup.name)
    return group.base_mul(share.reveal()) == record.share_commitments[seat]


def _effects() -> int:
    return _created("unsynced", 0).residents[0].effects


@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
def test_a_crash_before_any_effect_of_a_key_creation_changes_nothing_for_anybody(
    lose: Lose,
) -> None:
    count = _effects()
    failures: list[tuple[int, str, str]] = []

    for effect in range(1, count + 1):
        town = _created(lose, effect)
        (state,) = town.state.ceremonies()
        if town.residents[0].incarnation != 1 or town.state.keys["beacon"].status != "Active":
            failures.append((effect, "no restart or no key", town.state.keys["beacon"].status))
        if state.faults or state.ceremony.attempt != 1:
            failures.append((effect, "faults", str(state.faults)))
        if not all(_holds(resident, town.state) for resident in town.residents):
            failures.append((effect, "shareless", ""))

    assert count > 40
    assert not failures, "\n".join(map(str, failures))
