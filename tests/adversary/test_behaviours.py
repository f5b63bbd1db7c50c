"""Each behaviour alone: what it changes, what it leaves, and that both fit what the judge reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sim.adversary import BEHAVIOURS, Corruption, Memory, Occasion
from sim.base.codec import encode
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.randomness import stream
from sim.base.secret import SecretScalar
from sim.crypto.commitments import form
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, Flush, Post, SendShares
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Complaint, Deal, Justification, Reply, Response, SignNonce
from sim.protocol.responses import good_bits, good_dealers, parse_response
from tests.support.cluster import identities, make_ceremony

GROUP = get_group("ED25519")
CEREMONY = make_ceremony(7, 5, identities=identities(7))
POLYNOMIAL = Polynomial.random(stream(1, "test"), 5, GROUP.order)
OTHERS: list[Effect] = [Post(SignNonce((b"", b""))), Flush()]


def corruption(name: str, ceremony: Ceremony | None = None, **changes: Any) -> Corruption:
    ceremony = ceremony or CEREMONY
    blank = Corruption(
        id="c1",
        seed=1,
        me=ceremony.member(3),
        state=CeremonyState.open(ceremony),
        group=GROUP,
        victims=None,
        params=BEHAVIOURS[name].complete({}),
        memory=Memory(),
    )
    return replace(blank, **changes)


def named(members: set[int]) -> frozenset[ValidatorIndex]:
    return frozenset(ValidatorIndex(member - 1) for member in members)


def bend(name: str, effect: Occasion, how: Corruption | None = None) -> list[Occasion]:
    return list(BEHAVIOURS[name].function(effect, how or corruption(name)))


def shares() -> SendShares:
    values = POLYNOMIAL.evaluate_all(7)
    return SendShares({ShareIndex(x): SecretScalar(values[x]) for x in (1, 2, 4, 5, 6, 7)})


def deal(commitments: str = "evaluation") -> Deal:
    return Deal(form(commitments).commit(GROUP, POLYNOMIAL, 7), b"proof")


def sent(effects: Sequence[Occasion]) -> dict[int, int]:
    (effect,) = effects
    assert isinstance(effect, SendShares)
    return {int(x): share.reveal() for x, share in effect.shares.items()}


def posted_deals(effects: Sequence[Occasion]) -> list[Deal]:
    posts = [e.statement for e in effects if isinstance(e, Post)]
    return [statement for statement in posts if isinstance(statement, Deal)]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_behaviour_leaves_what_does_not_concern_it(name: str) -> None:
    for effect in OTHERS:
        assert bend(name, effect) == [effect]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_behaviour_predicts_its_outcome(name: str) -> None:
    assert BEHAVIOURS[name].expected
    assert BEHAVIOURS[name].summary.endswith(".")


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_behaviour_does_the_same_at_every_call(name: str) -> None:
    for effect in (shares(), Post(deal()), Post(Response(good_bits([1, 2, 3], range(1, 8)), ()))):
        assert bend(name, effect) == bend(name, effect)


def test_a_silent_dealer_says_and_sends_nothing() -> None:
    assert bend("silent-dealer", Post(deal())) == []
    assert bend("silent-dealer", shares()) == []


def test_silent_to_some_skips_only_the_named_victims() -> None:
    how = corruption("silent-to-some", victims=named({2, 6}))

    left = sent(bend("silent-to-some", shares(), how))

    assert left == {x: s for x, s in sent([shares()]).items() if x not in (2, 6)}


def test_silent_to_some_skips_as_many_as_it_is_told() -> None:
    how = corruption("silent-to-some", params={"victims": 3})

    assert len(sent(bend("silent-to-some", shares(), how))) == 3


def test_a_bad_share_reaches_the_victim_and_good_ones_everybody_else() -> None:
    how = corruption("bad-share-one", victims=named({5}))

    bad = sent(bend("bad-share-one", shares(), how))

    good = sent([shares()])
    assert {x for x in good if bad[x] != good[x]} == {5}
    assert GROUP.base_mul(bad[5]) != deal().points[5]


def test_bad_share_one_chooses_exactly_one_victim() -> None:
    bad, good = sent(bend("bad-share-one", shares())), sent([shares()])

    assert sum(bad[x] != good[x] for x in good) == 1


def test_a_choice_moves_only_when_the_chosen_one_goes() -> None:
    how = corruption("bad-share-one")
    (chosen,) = how.choose_holders(range(1, 8))

    for gone in range(1, 8):
        left = how.choose_holders(x for x in range(1, 8) if x != gone)

        assert (left == {chosen}) == (gone != chosen)


@pytest.mark.parametrize("commitments", ["evaluation", "coefficient"])
def test_an_equivocating_dealer_signs_a_consistent_second_deal(commitments: str) -> None:
    ceremony = make_ceremony(7, 5, identities=identities(7), commitments=commitments)
    how = corruption("equivocating-dealer", ceremony)

    first, second = posted_deals(bend("equivocating-dealer", Post(deal(commitments)), how))

    step = how.scalar("second")
    moved = [POLYNOMIAL.coefficients[0] + step, *POLYNOMIAL.coefficients[1:]]
    assert first == deal(commitments)
    assert second.points == form(commitments).commit(GROUP, Polynomial(moved, GROUP.order), 7)


def test_no_justification_withholds_the_justification_alone() -> None:
    assert bend("no-justification", Post(Justification((Reply(2, "clear", b""),)))) == []
    assert bend("no-justification", Post(deal())) == [Post(deal())]


@pytest.mark.parametrize("kind", ["invalid", "missing"])
def test_a_false_complaint_is_well_formed(kind: str) -> None:
    how = corruption("false-complaint", params={"kind": kind}, victims=named({2}))

    (effect,) = bend(
        "false-complaint", Post(Response(good_bits(range(1, 8), range(1, 8)), ())), how
    )

    assert isinstance(effect, Post)
    assert isinstance(effect.statement, Response)
    read = parse_response(encode(effect.statement), 3, range(1, 8), range(1, 8))
    assert read == effect.statement
    assert [(c.dealer, c.kind) for c in read.complaints] == [(2, kind)]
    assert 2 not in good_dealers(read.good, range(1, 8))


def test_a_false_complaint_keeps_the_true_ones_in_order() -> None:
    true = Complaint(4, "invalid", b"")
    how = corruption("false-complaint", victims=named({2, 6}))

    (effect,) = bend(
        "false-complaint", Post(Response(good_bits([1, 2, 3, 5, 6, 7], range(1, 8)), (true,))), how
    )

    assert isinstance(effect, Post)
    assert isinstance(effect.statement, Response)
    assert [c.dealer for c in effect.statement.complaints] == [2, 4, 6]


def test_a_false_complaint_chooses_a_dealer_whose_share_is_good_and_not_itself() -> None:
    held = good_bits([3, 5], range(1, 8))

    (effect,) = bend("false-complaint", Post(Response(held, ())))

    assert isinstance(effect, Post)
    assert isinstance(effect.statement, Response)
    assert [c.dealer for c in effect.statement.complaints] == [5]


def test_a_raised_degree_is_consistent_between_points_and_shares() -> None:
    (raised,) = posted_deals(bend("degree-high", Post(deal())))
    bent = sent(bend("degree-high", shares()))

    assert all(GROUP.base_mul(share) == raised.points[x] for x, share in bent.items())
    assert raised.points[0] == deal().points[0]


def test_a_raised_degree_fails_the_degree_test_that_the_honest_deal_passes() -> None:
    (raised,) = posted_deals(bend("degree-high", Post(deal())))
    evaluation = form("evaluation")

    assert evaluation.single_high_degree(GROUP, ("tag",), 7, 5, b"id", raised.points)
    assert not evaluation.single_high_degree(GROUP, ("tag",), 7, 5, b"id", deal().points)


def test_a_raised_degree_has_one_coefficient_too_many() -> None:
    how = corruption(
        "degree-high", make_ceremony(7, 5, identities=identities(7), commitments="coefficient")
    )

    (raised,) = posted_deals(bend("degree-high", Post(deal("coefficient")), how))

    bent = sent(bend("degree-high", shares(), how))
    assert raised.points[:5] == deal("coefficient").points
    assert len(raised.points) == 6
    assert all(
        GROUP.base_mul(share) == form("coefficient").share_point(GROUP, raised.points, x)
        for x, share in bent.items()
    )
