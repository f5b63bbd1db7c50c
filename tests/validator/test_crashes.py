"""A crash before any effect: one key, nobody blamed, and the validator has its share again.

To crash after an effect is to crash before the next one; flushes are effects of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim.base.memo import Memo, using
from sim.validator.store import Lose
from tests.validator.aftermath import failures
from tests.validator.town import Town
from tests.world.plans import key_plan, make_plan

SMALL, LARGE = make_plan(3, 2), make_plan(4, 2, keys=(key_plan(3, 2),))
PLANS = {"create-key": SMALL, "refresh": SMALL, "reshare": LARGE, "repair": SMALL, "sign": SMALL}
DETAILS: dict[str, dict[str, Any]] = {
    "refresh": {},
    "reshare": {"joins": (3,), "leaves": (0,)},
    "repair": {"nodes": (2,)},
    "sign": {"context": "test", "message": b"hello"},
}
CASES = [
    ("create-key", 0),
    ("refresh", 0),
    ("reshare", 0),
    ("reshare", 1),
    ("reshare", 3),
    ("repair", 0),
    ("repair", 2),
    ("sign", 0),
    ("sign", 1),
]
"""What is done, and who crashes: in the reshare 0 leaves, 1 stays, 3 joins; in the repair 0 helps,
and the share of 2 is repaired."""


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


def _lived(do: str, lose: Lose, victim: int, crash_before: int) -> Town:
    """Create a key, do something with it; a validator crashes before one of its effects, or 0."""
    town = Town(PLANS[do], lose)
    town.start((victim, crash_before))
    town.ask("create-key")
    town.run(200)
    if do != "create-key":
        town.ask(do, **DETAILS[do])
    town.run(400)
    return town


def _swept(do: str, victim: int, lose: Lose, step: int) -> str:
    """Crash before every `step`th effect, one at a time; say where what is wrong."""
    count = _lived(do, lose, victim, 0).residents[victim].effects
    assert count > 30
    found = {
        effect: failures(_lived(do, lose, victim, effect), do)
        for effect in range(1, count + 1, step)
    }
    return "\n".join(f"{effect}: {wrong}" for effect, wrong in found.items() if wrong)


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
    fine = failures(town, "refresh")

    now = town.residents[0].validator.now
    assert now is not None
    now.sessions._seats.clear()
    town.residents[1].validator.store.put(f"{'00' * 32}#1/polynomial", b"forgotten")

    assert fine == []
    assert failures(town, "refresh") == ["v00 has no share", "v01 still has ['polynomial']"]
