"""A crash before any effect: one key, nobody blamed, and the validator has its share again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim.base.memo import Memo, using
from sim.crypto.groups import get_group
from sim.kchain.state import ChainState
from sim.validator.erasing import entries_of
from sim.validator.keyring import share_of
from sim.validator.store import Lose
from tests.validator.town import Resident, Town
from tests.world.plans import key_plan, make_plan

SMALL, LARGE = make_plan(3, 2), make_plan(4, 2, keys=(key_plan(3, 2),))
PLANS = {"create-key": SMALL, "refresh": SMALL, "reshare": LARGE}
DETAILS: dict[str, dict[str, Any]] = {
    "refresh": {},
    "reshare": {"joins": (3,), "leaves": (0,)},
}
CASES = [("create-key", 0), ("refresh", 0), ("reshare", 0), ("reshare", 1), ("reshare", 3)]
"""What is done, and who crashes: in the reshare 0 leaves, 1 stays, 3 joins."""


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


def _lived(do: str, lose: Lose, victim: int, crash_before: int) -> Town:
    """Create a key and rotate it; a validator crashes before one of its effects; 0 is never."""
    town = Town(PLANS[do], lose)
    town.start((victim, crash_before))
    town.ask("create-key")
    town.run(200)
    if do != "create-key":
        town.ask(do, **DETAILS[do])
    town.run(400)
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


def _failures(town: Town, do: str) -> list[str]:
    """Say what is wrong at the end: nothing may be, whatever the victim has lost."""
    found = []
    key = town.state.keys["beacon"]
    record = key.record
    if record is None or key.status != "Active":
        return [f"the key is {key.status}"]
    if record.generation != (do in ("refresh", "reshare")):
        found.append(f"generation {record.generation}")
    if len({generation.public_key for generation in town.state.generations("beacon")}) > 1:
        found.append("two keys")
    for state in town.state.all_ceremonies():
        found += [f"{fault.validator}: {fault.fault}" for fault in state.faults if fault.proof]
    for resident in town.residents:
        now, name = resident.validator.now, resident.validator.setup.name
        if name in record.committee and not _holds(resident, town.state):
            found.append(f"{name} has no share")
        stale = [
            left.name
            for left in entries_of(resident.validator.store)
            if left.attempt not in record.attempts or left.name not in ("share", "dek/share")
        ]
        if now is None or stale:
            found.append(f"{name} still has {stale}")
    return found


def _swept(do: str, victim: int, lose: Lose, step: int) -> str:
    """Crash before every `step`th effect, one at a time; say where what is wrong."""
    count = _lived(do, lose, victim, 0).residents[victim].effects
    assert count > 30
    failures = {
        effect: _failures(_lived(do, lose, victim, effect), do)
        for effect in range(1, count + 1, step)
    }
    return "\n".join(f"{effect}: {found}" for effect, found in failures.items() if found)


@pytest.mark.parametrize("lose", ["nothing", "unsynced", "all"])
@pytest.mark.parametrize(("do", "victim"), CASES)
def test_a_crash_before_an_effect_leaves_one_key_no_blame_and_every_share(
    do: str, victim: int, lose: Lose
) -> None:
    assert _swept(do, victim, lose, step=7) == ""


@pytest.mark.slow
@pytest.mark.parametrize("lose", ["nothing", "unsynced", "all"])
@pytest.mark.parametrize(("do", "victim"), CASES)
def test_so_does_a_crash_before_any_effect(do: str, victim: int, lose: Lose) -> None:
    assert _swept(do, victim, lose, step=1) == ""


def test_the_sweep_would_notice_a_lost_share_and_what_is_left_behind() -> None:
    town = _lived("refresh", "unsynced", 0, 0)
    fine = _failures(town, "refresh")

    now = town.residents[0].validator.now
    assert now is not None
    now.sessions._seats.clear()
    town.residents[1].validator.store.put(f"{'00' * 32}#1/polynomial", b"forgotten")

    assert fine == []
    assert _failures(town, "refresh") == ["v00 has no share", "v01 still has ['polynomial']"]
