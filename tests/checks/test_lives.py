"""Checks of a key's life: each passes a sound one and catches a violation planted for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from sim.base.codec import encode
from sim.base.secret import Secret
from sim.checks import Kept, Observation, Period, check_all
from sim.checks.observation import id_of
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Opening, OpenReply
from sim.protocol.phases import Phase
from sim.protocol.transactions import CeremonyPayload, sign_transaction
from tests.checks.observing import BLOCK_US, Life, Wicked, observe_life
from tests.support.cluster import CHAIN


@pytest.fixture(scope="module")
def life() -> Life:
    """A key of five that is refreshed, fails to be reshared once, then is reshared to six."""
    whole = Life(5, 3)
    whole.rotate("refresh")
    whole.rotate("reshare", [4, 5, 6, 7, 8, 9], silent=["v6", "v7", "v8"])
    whole.rotate("reshare", [4, 5, 6, 7, 8, 9], 4)
    return whole


@pytest.fixture
def seen(life: Life) -> Observation:
    return observe_life(life)


def found(seen: Observation) -> set[tuple[str, str]]:
    return {(v.invariant, v.validator) for v in check_all(seen)}


def with_validator(seen: Observation, name: str, **changes: Any) -> Observation:
    validators = [replace(v, **changes) if v.name == name else v for v in seen.validators]
    return replace(seen, validators=tuple(validators))


def with_state(seen: Observation, place: int, **changes: Any) -> Observation:
    states = list(seen.ceremonies)
    states[place] = states[place].copy()
    for name, value in changes.items():
        setattr(states[place], name, value)
    return replace(seen, ceremonies=tuple(states))


def moved(state: CeremonyState, **changes: Any) -> CeremonyState:
    other = state.copy()
    other.ceremony = replace(state.ceremony, **changes)
    return other


def test_a_sound_life_passes_every_check(life: Life, seen: Observation) -> None:
    phases = [cluster.state.phase for cluster in life.attempts]
    assert phases == [Phase.ACTIVE, Phase.ACTIVE, Phase.FAILED, Phase.ACTIVE]
    assert check_all(seen) == []


def test_a_generation_that_is_activated_twice_is_found(seen: Observation) -> None:
    again = moved(seen.ceremonies[1], operation="reshare", attempt=9)

    names = found(replace(seen, ceremonies=(*seen.ceremonies, again)))

    assert ("one-record-per-generation", "") in names


def test_a_generation_out_of_nothing_is_found(seen: Observation) -> None:
    without = [seen.ceremonies[0], *seen.ceremonies[2:]]

    assert ("one-record-per-generation", "") in found(replace(seen, ceremonies=tuple(without)))


def test_a_generation_that_is_active_before_the_one_it_replaces_is_found(seen: Observation) -> None:
    early = with_state(seen, 1, ended_at=seen.ceremonies[0].ended_at)

    assert ("one-record-per-generation", "") in found(early)


def test_an_attempt_that_never_became_a_record_is_no_generation(seen: Observation) -> None:
    """A re-key that the old key didn't endorse ends active, and changes nothing."""
    activated = {
        id_of(s): seen.at_us(s.ended_at) for s in seen.ceremonies if s.phase is Phase.ACTIVE
    }
    unendorsed = moved(seen.ceremonies[0], operation="rekey", era=2)

    states = (*seen.ceremonies, unendorsed)

    assert ("beacon", 2, 0) not in replace(seen, ceremonies=states, activated=activated).generations
    assert ("beacon", 2, 0) in replace(seen, ceremonies=states).generations


def test_another_public_key_within_an_era_is_found(seen: Observation) -> None:
    points = seen.ceremonies[3].verification

    names = found(with_state(seen, 3, verification=(points[1], *points[1:])))

    assert ("public-key-is-kept", "") in names


def test_a_rotation_of_something_else_is_found(seen: Observation) -> None:
    base = seen.ceremonies[3].ceremony.base
    assert base is not None
    other = moved(seen.ceremonies[3], base=replace(base, verification=base.verification[::-1]))

    names = found(replace(seen, ceremonies=(*seen.ceremonies[:3], other)))

    assert ("public-key-is-kept", "") in names


def kept(seen: Observation, name: str, place: int, what: str) -> Kept:
    wanted = (*id_of(seen.ceremonies[place]), what)
    (entry,) = (k for k in seen.by_name[name].kept if (k.session, k.attempt, k.name) == wanted)
    return entry


def erased_at(seen: Observation, name: str, place: int, at_us: int | None) -> Observation:
    entry = kept(seen, name, place, "share")
    others = tuple(k for k in seen.by_name[name].kept if k != entry)
    return with_validator(seen, name, kept=(*others, replace(entry, erased_us=at_us)))


def test_a_share_that_is_erased_before_its_successor_is_active_is_found(seen: Observation) -> None:
    activation = seen.at_us(seen.ceremonies[1].ended_at)

    assert found(erased_at(seen, "v2", 0, activation)) == set()
    assert found(erased_at(seen, "v2", 0, activation - 1)) == {("shares-outlive-rotations", "v2")}


def test_a_share_of_the_last_generation_is_never_erased(seen: Observation) -> None:
    assert found(erased_at(seen, "v9", 3, seen.end_us)) == {("shares-outlive-rotations", "v9")}


def test_what_a_crash_took_or_a_retirement_is_no_violation(seen: Observation) -> None:
    gone = erased_at(seen, "v9", 3, seen.end_us)

    assert found(with_validator(gone, "v9", disturbed=True)) == set()
    assert found(replace(gone, retired={"beacon": seen.end_us})) == set()


@pytest.mark.parametrize(
    ("place", "name", "stale"),
    [
        (0, "share", True),
        (1, "share", True),
        (2, "polynomial", True),
        (3, "share", False),
        (3, "dek/share", False),
        (3, "transport", True),
        (3, "one-time/2", True),
        (3, "envelope/1/0123456789abcdef", True),
    ],
)
def test_whatever_is_left_but_the_active_share_is_found(
    seen: Observation, place: int, name: str, stale: bool
) -> None:
    left = ((*id_of(seen.ceremonies[place]), name),)

    names = found(with_validator(seen, "v4", left=left))

    assert names == ({("erased-means-erased", "v4")} if stale else set())


def test_an_attempt_that_is_not_on_the_chain_leaves_nothing_either(seen: Observation) -> None:
    names = found(with_validator(seen, "v4", left=((bytes(32), 1, "share"),)))

    assert names == {("erased-means-erased", "v4")}


def test_who_is_down_or_behind_need_not_have_erased(seen: Observation) -> None:
    left = ((*id_of(seen.ceremonies[1]), "share"),)
    behind = [
        head for head in seen.validators[3].heads if head[0] < (seen.ceremonies[3].ended_at or 0)
    ]

    assert found(with_validator(seen, "v4", left=left, alive=False)) == set()
    assert found(with_validator(seen, "v4", left=left, heads=tuple(behind))) == set()


def test_with_finality_it_may_wait_for_later_blocks(seen: Observation) -> None:
    left = ((*id_of(seen.ceremonies[1]), "share"),)

    assert found(replace(with_validator(seen, "v4", left=left), finality=1)) == set()


def test_the_corrupted_may_keep_what_they_like(seen: Observation) -> None:
    left = ((*id_of(seen.ceremonies[1]), "share"),)

    assert found(with_validator(seen, "v4", left=left, corrupted=True)) == set()


def without_shares(seen: Observation, names: Iterable[str], place: int) -> Observation:
    """The same, but some never wrote down their share of one generation."""
    for name in names:
        entry = kept(seen, name, place, "share")
        others = tuple(k for k in seen.by_name[name].kept if k != entry)
        seen = with_validator(seen, name, kept=others)
    return seen


def test_fewer_than_t_honest_holders_are_found(seen: Observation) -> None:
    assert found(without_shares(seen, ["v1", "v2"], 0)) == set()
    assert found(without_shares(seen, ["v1", "v2", "v3"], 0)) == {("enough-honest-holders", "")}


def test_a_share_that_fits_nothing_is_none(seen: Observation) -> None:
    for name in ("v1", "v2", "v3"):
        entry = kept(seen, name, 0, "share")
        others = tuple(k for k in seen.by_name[name].kept if k != entry)
        wrong = replace(entry, value=Secret(kept(seen, name, 1, "share").value.reveal()))
        seen = with_validator(seen, name, kept=(*others, wrong))

    assert ("enough-honest-holders", "") in found(seen)


def test_with_more_liars_than_declared_nothing_is_promised(seen: Observation) -> None:
    few = without_shares(seen, ["v1", "v2", "v3"], 0)
    for name in ("v4", "v5"):
        few = with_validator(few, name, corrupted=True, periods=(Period(0, 1),))

    assert ("enough-honest-holders", "") not in found(few)


def test_t_holders_that_are_corrupted_while_a_generation_lives_are_found(life: Life) -> None:
    seen = observe_life(life)
    last = seen.end_us
    for name, period in (("v4", (last, None)), ("v6", (last, None)), ("v7", (0, 1))):
        seen = with_validator(seen, name, corrupted=True, periods=(Period(*period),))

    assert found(seen) == set()
    for name in ("v8", "v9"):
        seen = with_validator(seen, name, corrupted=True, periods=(Period(last, None),))
    assert found(seen) == {("generations-stay-hidden", "")}


def test_two_periods_meet_if_they_have_an_instant_in_common() -> None:
    assert Period(0, 5).meets(Period(4, None))
    assert not Period(0, 5).meets(Period(5, None))
    assert Period(3, None).meets(Period(9, None))
    assert not Period(9, None).meets(Period(0, 9))


def test_a_leaver_that_is_honest_is_not_excluded_unseen() -> None:
    life = Life(5, 3, Wicked("v3", "silent-to-some", ["v6"]))
    life.rotate("reshare", [3, 4, 5, 6, 7])
    seen = observe_life(life)

    names = found(with_state(seen, 1, excluded={1: "accused-by-t"}))

    assert names == {("honest-dealers-stay", "v1")}
    assert seen.end_us == life.height * BLOCK_US


@pytest.mark.parametrize(("read", "known"), [(("v1", "v2"), True), (("v1",), False)])
def test_a_repaired_share_of_which_every_sum_is_known_is_found(
    read: tuple[str, ...], known: bool
) -> None:
    """v1, v2 and v3 repair the share of v5, and v5 publishes what opens the sum of v3."""
    life = Life(5, 3, *(Wicked(who, "mobile-adversary") for who in read))
    repair = life.repair(5)
    seen = observe_life(life)
    assert check_all(seen) == []
    payload = CeremonyPayload(
        repair.ceremony.session, 1, encode(OpenReply((Opening(3, bytes(96)),)))
    )
    v5 = repair.keys[4]
    raw = sign_transaction(v5.sign, CHAIN, "open-reply", v5.public, 99, encode(payload))

    *blocks, last = seen.blocks
    planted = replace(seen, blocks=(*blocks, replace(last, transactions=(raw,))))

    assert found(planted) == ({("repaired-shares-stay-hidden", "v5")} if known else set())
