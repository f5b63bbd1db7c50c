"""The scan for secrets on the chain, over what a whole run leaves behind."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from sim.checks import Observation, Violation, check_all
from sim.scenario.plan import CorruptionPlan
from sim.world import runner
from tests.world.plans import make_plan

SEEN = 1
"""Position of the honest validator whose secrets are planted: it complained, and dealt."""


@cache
def observation() -> Observation:
    """Run 3-of-5 in which a dealer leaves a holder out and another deals a bad share."""
    plan = make_plan(
        5,
        3,
        corruptions=(
            CorruptionPlan(id="some", validator=4, behaviour="silent-to-some", victims=(SEEN,)),
            CorruptionPlan(id="bad", validator=3, behaviour="bad-share-one", victims=(SEEN,)),
        ),
    )
    caught: list[Observation] = []

    def catch(seen: Observation, _: object) -> list[Violation]:
        caught.append(seen)
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "check_all", catch)
        runner.run_plan(plan)
    return caught[0]


KINDS = {
    "share of the key",
    "seeds of the transport key",
    "seeds of the one-time key for dealer 5",
    *(f"coefficient {k} of its polynomial" for k in range(3)),
    *(f"the share that it dealt to holder {x}" for x in range(1, 6)),
}


KNOWN_TO_THE_CORRUPTED = {f"the share that it dealt to holder {x}" for x in (4, 5)}
"""What they hold they may tell anybody."""


def plant(what: str, *, reverse: bool) -> Observation:
    """Put one of the validator's secrets at the end of the last block."""
    seen = observation()
    (value,) = (s.value.reveal() for s in seen.validators[SEEN].secrets if s.what == what)
    *before, last = seen.blocks
    planted = replace(last, raw=last.raw + (value[::-1] if reverse else value))
    return replace(seen, blocks=(*before, planted))


def test_a_sound_run_leaks_nothing_though_it_publishes_a_share() -> None:
    assert [state.published for state in observation().ceremonies] == [[(4, SEEN + 1)]]
    assert check_all(observation()) == []


def test_every_kind_of_secret_is_looked_for() -> None:
    assert {secret.what for secret in observation().validators[SEEN].secrets} == KINDS


@pytest.mark.parametrize("what", sorted(KINDS - KNOWN_TO_THE_CORRUPTED))
@pytest.mark.parametrize("reverse", [False, True], ids=["as it is", "reversed"])
def test_a_secret_planted_in_a_block_is_found(what: str, *, reverse: bool) -> None:
    (violation,) = check_all(plant(what, reverse=reverse))

    assert (violation.invariant, violation.kind) == ("no-secret-on-the-chain", "safety")
    assert violation.validator == f"v{SEEN:02}"
    assert what in violation.detail


@pytest.mark.parametrize("what", sorted(KNOWN_TO_THE_CORRUPTED))
def test_what_the_corrupted_were_given_is_no_secret_of_the_chain(what: str) -> None:
    assert check_all(plant(what, reverse=False)) == []
