"""Several validators, or all of them, crash at any height of anything that is done with a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from sim.base.memo import Memo, using
from sim.validator.store import Lose
from tests.validator.aftermath import blamed, failures, holders, unsigned
from tests.validator.town import Town
from tests.world.plans import key_plan, make_plan

PLAN = make_plan(5, 2, keys=(key_plan(4, 2),))
"""2 of 4; the fifth joins in the reshare."""

EVERYBODY = range(5)
OPERATIONS = ("create-key", "refresh", "reshare", "repair", "sign")

SPAN = 10
"""Heights that each takes at least to its end, and a few more."""

LATER = (2, pytest.param(40, marks=pytest.mark.slow))
"""Heights to the restart: before any phase runs out, and after most have."""

SAMPLED = (range(1, SPAN, 4), pytest.param(range(SPAN), marks=pytest.mark.slow))
"""Some heights, and all of them."""


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


def _begun(do: str) -> Town:
    """Return a town in which `do` is about to begin."""
    town = Town(PLAN)
    town.start()
    town.ask("create-key")
    if do == "create-key":
        return town
    town.run(20)
    if do == "refresh":
        town.ask(do)
    elif do == "reshare":
        town.ask(do, joins=(4,), leaves=(0,))
    elif do == "repair":
        town.fall((2,), "all", heights=1)
        town.run(1)
    else:  # one holder alone can't sign: the session stays open until the others are back
        town.fall((1, 2, 3), "nothing", heights=SPAN + 5)
        town.ask(do, context="test", message=b"hello")
    return town


def _shut_down(do: str, victims: Sequence[int], lose: Lose, height: int, later: int) -> Town:
    """Return the town long after `victims` have crashed at a height of `do`."""
    town = _begun(do)
    town.run(height)
    town.fall(victims, lose, later)
    town.run(700)
    return town


def _swept(
    do: str, victims: Sequence[int], lose: Lose, later: int, heights: Sequence[int] = range(SPAN)
) -> str:
    """Crash `victims` at heights of `do`, one at a time; say where what is wrong at the end."""
    found = {
        height: failures(_shut_down(do, victims, lose, height, later), do) for height in heights
    }
    return "\n".join(f"{height}: {wrong}" for height, wrong in found.items() if wrong)


@pytest.mark.parametrize("do", OPERATIONS)
def test_an_operation_is_over_within_the_heights_that_are_swept(do: str) -> None:
    town = _begun(do)
    town.run(SPAN)

    assert not town.state.open
    assert unsigned(town) == (["sign: open"] if do == "sign" else [])
    town.run(SPAN)
    assert failures(town, do) == []


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
@pytest.mark.parametrize("do", OPERATIONS)
def test_after_a_total_shutdown_at_any_height_everybody_resumes(
    do: str, lose: Lose, later: int
) -> None:
    assert _swept(do, EVERYBODY, lose, later) == ""


@pytest.mark.parametrize("heights", SAMPLED)
@pytest.mark.parametrize("later", [2, 40])
@pytest.mark.parametrize(
    ("do", "victims"),
    [
        ("create-key", (0, 1)),
        ("reshare", (0, 1)),
        ("reshare", (1, 2)),
        ("reshare", (3, 4)),
        ("repair", (2, 3)),
        ("sign", (2, 3)),
    ],
)
def test_as_many_as_the_threshold_spares_lose_all_and_are_repaired(
    do: str, victims: Sequence[int], later: int, heights: Sequence[int]
) -> None:
    assert _swept(do, victims, "all", later, heights) == ""


@pytest.mark.parametrize("later", LATER)
def test_a_refresh_that_too_few_can_confirm_is_aborted_and_then_the_shares_are_repaired(
    later: int,
) -> None:
    outcomes = []
    for height in range(SPAN):
        town = _shut_down("refresh", (2, 3), "all", height, later)
        (refresh,) = [e for e in town.state.rotations("beacon") if e.operation == "refresh"]
        outcomes.append(refresh.outcome)
        aborted = ["generation 0"] if refresh.outcome == "aborted" else []

        assert failures(town, "refresh") == aborted, height
    assert set(outcomes) == {"aborted", "activated"}


@pytest.mark.parametrize("heights", SAMPLED)
@pytest.mark.parametrize("do", OPERATIONS)
def test_when_everybody_loses_all_the_key_is_gone_unless_there_is_none_yet(
    do: str, heights: Sequence[int]
) -> None:
    for height in heights:
        town = _begun(do)
        town.run(height + 1)  # the next block takes what has been submitted by then
        existed = town.state.record("beacon") is not None
        town = _shut_down(do, EVERYBODY, "all", height, later=2)
        town.ask("sign", context="test", message=b"too late")
        town.run(160)

        assert blamed(town) == []
        assert len({made.public_key for made in town.state.generations("beacon")}) == 1
        if existed:
            assert holders(town) == [], height
            assert "sign: expired" in unsigned(town)
        else:
            assert failures(town, do) == [], height


@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
@pytest.mark.parametrize("do", ["refresh", "reshare", "repair", "sign"])
def test_everybody_before_the_same_effect_of_its_own_resumes_as_well(do: str, lose: Lose) -> None:
    assert _fallen_together(do, lose, step=9) == ""


@pytest.mark.slow
@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
@pytest.mark.parametrize("do", ["refresh", "reshare", "repair", "sign"])
def test_so_does_everybody_before_any_effect(do: str, lose: Lose) -> None:
    assert _fallen_together(do, lose, step=1) == ""


def _fallen_together(do: str, lose: Lose, step: int) -> str:
    """Crash everybody before its own nth effect since `do` began, for every `step`th n."""
    town = _begun(do)
    known = [resident.effects for resident in town.residents]
    town.run(2 * SPAN)
    most = max(r.effects - n for r, n in zip(town.residents, known, strict=True))
    assert most > 10
    found = {}
    for nth in range(1, most + 1, step):
        town = _begun(do)
        town.lose = lose
        for resident in town.residents:
            resident.crash_at = resident.effects + nth
        town.run(700)
        found[nth] = failures(town, do)
    return "\n".join(f"{nth}: {wrong}" for nth, wrong in found.items() if wrong)
