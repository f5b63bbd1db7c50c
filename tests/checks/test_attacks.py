"""Attacks that must fail do, and those that nobody can prevent succeed."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

import pytest

from sim.base.randomness import stream
from sim.checks import attacks, check_all
from sim.checks.algebra import Form, Knowledge, at, combine
from sim.checks.attacks import NoShareError, can_sign, exposed, forge, retained
from sim.checks.observation import Period
from sim.checks.stealing import loot, stolen
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from sim.protocol.phases import Phase
from tests.checks.observing import Life, Wicked, observe_life
from tests.support.curves import ORDERS, SCHEMES

BORN = Life(5, 3).height
"""The height at which the key of a life with 3 of 5 is active."""


def using(generation: int, *numbers: int) -> list[tuple[str, int]]:
    return [(f"v{number}", generation) for number in numbers]


def reading(who: int, since: int, until: int | None) -> Wicked:
    """A validator that is read for some heights."""
    return Wicked(f"v{who}", "mobile-adversary", since=since, until=until)


@pytest.fixture(scope="module", params=SCHEMES)
def reshared(request: pytest.FixtureRequest) -> Life:
    """3 of 5, then 4 of 6 with two members of the old committee."""
    life = Life(5, 3, scheme=request.param)
    life.rotate("reshare", [4, 5, 6, 7, 8, 9], 4)
    return life


def test_as_many_retained_old_shares_as_the_old_threshold_still_sign(reshared: Life) -> None:
    seen = observe_life(reshared)

    for numbers in itertools.combinations(range(1, 6), 3):
        assert can_sign(seen, "beacon", using(0, *numbers))


def test_as_many_new_shares_as_the_new_threshold_sign(reshared: Life) -> None:
    seen = observe_life(reshared)

    for numbers in itertools.combinations(range(4, 10), 4):
        assert can_sign(seen, "beacon", using(1, *numbers))


def test_one_share_too_few_of_each_generation_sign_nothing(reshared: Life) -> None:
    seen = observe_life(reshared)

    for old in itertools.combinations(range(1, 6), 2):
        for new in itertools.combinations(range(4, 10), 3):
            assert not can_sign(seen, "beacon", [*using(0, *old), *using(1, *new)])


@pytest.fixture(scope="module")
def risen() -> Life:
    """5 of 22, then 11 of the same 22."""
    life = Life(22, 5)
    life.rotate("reshare", range(1, 23), 11)
    return life


def test_useless_sets_of_the_old_threshold_keep_no_new_shares_from_signing(risen: Life) -> None:
    """C(22, 5) = 26,334 sets of as few as the old threshold say nothing."""
    seen = observe_life(risen)

    assert can_sign(seen, "beacon", using(1, *range(1, 23)))
    assert can_sign(seen, "beacon", [*using(0, 1, 2, 3, 4), *using(1, *range(5, 16))])
    assert not can_sign(seen, "beacon", [*using(0, 1, 2, 3, 4), *using(1, *range(5, 15))])


def test_shares_are_interpolated_once_for_each_generation(
    risen: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One share too few of each is where subsets would be without number."""
    seen, interpolated = observe_life(risen), []

    def count(points: Mapping[int, int], order: int) -> int:
        interpolated.append(len(points))
        return interpolate_constant(points, order)

    monkeypatch.setattr(attacks, "interpolate_constant", count)

    assert not can_sign(seen, "beacon", [*using(0, 1, 2, 3, 4), *using(1, *range(5, 15))])
    assert interpolated == [4, 10]


def test_a_share_off_the_polynomial_neither_helps_nor_harms() -> None:
    life = Life(5, 3)
    seen, records = observe_life(life), [life.last.state]
    good = retained(seen, "beacon", using(0, 1, 2, 3))
    bad = {("v4", 0): (4, 1)}

    assert forge({**good, **bad}, records)
    assert not forge({**retained(seen, "beacon", using(0, 1, 2)), **bad}, records)


def test_a_share_that_a_refresh_left_as_it_was_counts_in_both_generations() -> None:
    """As if every dealer had shared the polynomial 0."""
    life = Life(5, 3)
    seen, first = observe_life(life), life.last.state
    second = first.copy()
    second.ceremony = dataclasses.replace(first.ceremony, generation=1)
    old = retained(seen, "beacon", using(0, 1, 2, 3))
    mixed = {(name, int(name == "v3")): point for (name, _), point in old.items()}

    assert set(mixed) == {("v1", 0), ("v2", 0), ("v3", 1)}
    assert forge(mixed, [first, second])


def test_a_polynomial_of_too_low_a_degree_is_no_hindrance() -> None:
    """Three shares sign although the record says that the generation needs four."""
    life = Life(5, 3)
    claimed = life.last.state.copy()
    claimed.ceremony = dataclasses.replace(claimed.ceremony, threshold=4)

    assert forge(retained(observe_life(life), "beacon", using(0, 1, 2, 3)), [claimed])


def test_what_only_several_generations_determine_together_signs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if a refresh had added f(x) − f(0): two shares of f and one of the sum fix f."""
    life, group = Life(5, 3), get_group("ED25519")
    first, second = life.last.state, life.last.state.copy()
    old: list[Form] = [{("f", k): 1} for k in range(3)]
    new: list[Form] = [old[0], {("f", 1): 2}, {("f", 2): 2}]
    known = Knowledge(group.order)
    for index, share in retained(observe_life(life), "beacon", using(0, 1, 2, 3)).values():
        known.learn(at(group.order, old, index), share)
    values = [known.value(at(group.order, new, x)) for x in range(6)]
    second.ceremony = dataclasses.replace(first.ceremony, generation=1)
    second.verification = tuple(group.base_mul(value or 0) for value in values)
    shares = retained(observe_life(life), "beacon", using(0, 1, 2))
    shares["v3", 1] = (3, values[3] or 0)

    monkeypatch.setattr(attacks, "_polynomials", lambda _: {0: old, 1: new})

    assert forge(shares, [first, second])
    for missing in shares:
        rest = {holder: point for holder, point in shares.items() if holder != missing}
        assert not forge(rest, [first, second])


def test_a_refresh_makes_old_and_new_shares_strangers() -> None:
    life = Life(5, 3)
    life.rotate("refresh")
    seen = observe_life(life)

    assert can_sign(seen, "beacon", using(0, 1, 2, 3))
    assert can_sign(seen, "beacon", using(1, 1, 2, 3))
    assert not can_sign(seen, "beacon", [*using(0, 1, 2), *using(1, 3, 4)])


def test_nobody_has_a_share_that_it_never_held(reshared: Life) -> None:
    seen = observe_life(reshared)

    with pytest.raises(NoShareError, match="v1 never held a share of generation 1"):
        retained(seen, "beacon", using(1, 1))


def test_an_old_share_is_found_although_it_is_erased(reshared: Life) -> None:
    seen = observe_life(reshared)

    assert [k for k in seen.validators[0].kept if k.name == "share" and k.erased_us is None] == []
    assert retained(seen, "beacon", using(0, 1))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_refresh_a_mobile_adversary_takes_the_key(scheme: str) -> None:
    life = Life(
        5,
        3,
        *(reading(v, BORN + 1, BORN + 3) for v in (1, 2)),
        reading(3, BORN + 5, BORN + 7),
        scheme=scheme,
    )
    life.height += 10

    seen = observe_life(life)

    assert exposed(seen, "beacon")
    assert {v.invariant for v in check_all(seen)} == {"generations-stay-hidden"}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("transport", "falls"), [("ceremony", False), ("long-lived", True)])
def test_a_refresh_protects_if_transport_keys_are_new(
    scheme: str, transport: str, falls: bool
) -> None:
    life = mobile(scheme, transport)

    seen = observe_life(life)

    assert exposed(seen, "beacon") == falls
    assert check_all(seen) == []


def mobile(scheme: str = "ED25519", transport: str = "ceremony", until: int = BORN + 2) -> Life:
    """v1 and v2 are read before a refresh, v3 and v4 after it; everything is recorded."""
    after = BORN + 30
    life = Life(
        5,
        3,
        *(reading(v, BORN + 1, until) for v in (1, 2)),
        *(reading(v, after, after + 2) for v in (3, 4)),
        scheme=scheme,
        transport=transport,
    )
    life.height = BORN + 4
    refreshed = life.rotate("refresh")
    assert refreshed.state.phase is Phase.ACTIVE
    assert refreshed.height < after
    return life


def test_every_period_of_a_mobile_adversary_really_stole_something() -> None:
    seen = observe_life(mobile())

    names = [[kept.name for kept in stolen(v)] for v in seen.validators[:5]]
    assert names == [["share"]] * 4 + [[]]
    generations = {v.name: len(loot(seen, "beacon", 1).knowledge) for v in seen.validators[:1]}
    assert generations == {"v1": 4}


def test_who_is_read_during_a_refresh_counts_in_both_generations() -> None:
    seen = observe_life(mobile(until=BORN + 40))

    assert exposed(seen, "beacon")
    assert "generations-stay-hidden" in {v.invariant for v in check_all(seen)}


def test_a_new_committee_that_is_corrupted_gives_old_shares_away_even_in_vain() -> None:
    """Three newcomers with t' = 2, read during an attempt that never activates."""
    readers = [reading(v, BORN + 1, None) for v in (6, 7)]
    life = Life(5, 3, *readers)
    life.height = BORN + 4

    life.rotate("reshare", [6, 7, 8], 2, silent=["v8"], faults=1)

    seen = observe_life(life)
    assert life.last.state.phase is Phase.FAILED
    assert exposed(seen, "beacon")
    assert "generations-stay-hidden" in {v.invariant for v in check_all(seen)}


def test_two_disjoint_committees_below_their_thresholds_know_nothing() -> None:
    life = Life(5, 3, *(reading(v, 0, None) for v in (1, 2, 6, 7)))
    life.rotate("reshare", [6, 7, 8, 9, 10])

    seen = observe_life(life)

    assert not exposed(seen, "beacon")
    assert check_all(seen) == []


def test_an_adversary_that_reads_nobody_knows_nothing() -> None:
    assert not exposed(observe_life(Life(5, 3)), "beacon")
    assert not exposed(observe_life(Life(5, 3)), "other")


def test_published_answers_are_read_off_the_ledger() -> None:
    """Answers in the clear to lost shares: one reader and t − 1 lost links of everyone."""
    lost = [(f"v{d}", f"v{h}") for d in range(2, 6) for h in (2, 3, 4, 5) if h != d][:16]
    life = Life(5, 3, reading(1, 0, None))
    life.rotate("refresh", lost=lost, justifications="clear")

    seen = observe_life(life)

    assert len(loot(seen, "beacon", 1).knowledge) > 20
    assert "secrecy" in {v.invariant for v in check_all(seen)}


@pytest.mark.parametrize("known", [2, 3])
def test_knowledge_is_exactly_what_it_spans(known: int) -> None:
    """A polynomial of three coefficients: two points determine no third, three do."""
    order, draw = ORDERS["ED25519"], stream(1, "algebra")
    coefficients = [draw.below(order) for _ in range(3)]
    forms: list[Form] = [{("f", k): 1} for k in range(3)]
    knowledge = Knowledge(order)
    for x in range(1, known + 1):
        value = sum(c * x**k for k, c in enumerate(coefficients)) % order
        knowledge.learn(at(order, forms, x), value)

    assert knowledge.value(forms[0]) == (coefficients[0] if known == 3 else None)
    assert knowledge.value(combine(order, [(1, forms[0]), (-1, forms[0])])) == 0


def test_a_secret_is_stolen_only_while_it_is_there() -> None:
    seen = observe_life(mobile())
    (share,) = (k for k in seen.validators[0].kept if k.name == "share" and k.erased_us is not None)
    assert share.erased_us is not None

    before = Period(0, share.written_us)
    during = Period(share.written_us, share.written_us + 1)
    after = Period(share.erased_us, None)

    assert [share.was_there(p) for p in (before, during, after)] == [False, True, False]
    assert dataclasses.replace(share, erased_us=None).was_there(after)
