"""Both forms of commitment, and the degree test in particular."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.meters import Meter, metering
from sim.base.randomness import stream
from sim.crypto import commitments
from sim.crypto.commitments import COEFFICIENT, EVALUATION, CommitmentForm, Points
from sim.crypto.ed25519 import IDENTITY, ORDER
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial, evaluate_all
from tests.support import edwards as oracle

GROUP = get_group("ED25519")
FORMS = pytest.mark.parametrize("form", [EVALUATION, COEFFICIENT], ids=lambda form: form.name)
TAG = ("degree", bytes(32), 1, "ED25519")


def draw(dealer: int, size: int) -> Polynomial:
    return Polynomial.random(stream(5, "dealer", dealer), size, ORDER)


def deal(dealer: int, size: int, n: int) -> tuple[bytes, Points]:
    """Return (id, points) of a dealer whose polynomial has `size` coefficients."""
    return bytes([dealer]) * 32, EVALUATION.commit(GROUP, draw(dealer, size), n)


@FORMS
def test_points_are_as_many_as_the_form_says_and_commit_to_the_polynomial(
    form: CommitmentForm,
) -> None:
    n, t = 7, 5
    polynomial = draw(1, t)

    points = form.commit(GROUP, polynomial, n)

    assert len(points) == form.point_count(n, t) == {"evaluation": 8, "coefficient": 5}[form.name]
    for x in range(n + 1):
        expected = oracle.encode(oracle.multiply(polynomial.at(x), oracle.BASE))
        assert form.share_point(GROUP, points, x) == expected
    assert form.constant(points) == form.share_point(GROUP, points, 0)


@FORMS
def test_verification_shares_are_those_of_the_summed_polynomial(form: CommitmentForm) -> None:
    n, t = 6, 4
    polynomials = [draw(dealer, t) for dealer in range(3)]

    shares = form.verification_shares(GROUP, [form.commit(GROUP, p, n) for p in polynomials], n, t)

    assert list(shares) == [GROUP.base_mul(sum(p.at(x) for p in polynomials)) for x in range(n + 1)]


@FORMS
def test_verification_shares_of_nobody_are_the_identity(form: CommitmentForm) -> None:
    assert form.verification_shares(GROUP, [], 3, 2) == (IDENTITY,) * 4


def test_a_cancelled_leading_coefficient_breaks_no_sum() -> None:
    """f + g of lower degree is still shared rightly: degrees are bounds."""
    f, g = Polynomial((3, 5, 7), ORDER), Polynomial((11, 13, -7), ORDER)

    for form in (EVALUATION, COEFFICIENT):
        rows = [form.commit(GROUP, p, 4) for p in (f, g)]
        shares = form.verification_shares(GROUP, rows, 4, 3)
        assert list(shares) == [GROUP.base_mul(14 + 18 * x) for x in range(5)]


@FORMS
@pytest.mark.parametrize(
    "bad",
    [IDENTITY, oracle.encode(oracle.add(oracle.BASE, oracle.torsion()[3])), bytes(31)],
    ids=["identity", "torsion", "length"],
)
def test_every_point_is_validated(form: CommitmentForm, bad: bytes) -> None:
    points = form.commit(GROUP, draw(1, 3), 4)
    form.validate(GROUP, points)

    for place in range(len(points)):
        with pytest.raises(PointError):
            form.validate(GROUP, (*points[:place], bad, *points[place + 1 :]))


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_exactly_the_raised_degrees_are_found(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 8))
    t = data.draw(st.integers(1, n))
    sizes = data.draw(st.lists(st.integers(1, n + 1), min_size=1, max_size=5))
    deals = tuple(deal(dealer, size, n) for dealer, size in enumerate(sizes))

    high = EVALUATION.high_degree(GROUP, TAG, n, t, deals)

    assert high == {deals[d][0] for d, size in enumerate(sizes) if size > t}
    for (name, points), size in zip(deals, sizes, strict=True):
        assert EVALUATION.single_high_degree(GROUP, TAG, n, t, name, points) == (size > t)


def test_excesses_that_cancel_in_the_plain_sum_are_found() -> None:
    """Two colluding dealers add x^t and −x^t: the random combination sees both."""
    n, t = 6, 4
    polynomials = {1: (1, 2, 3, 4, 9), 2: (5, 6, 7, 8, -9), 3: (2, 7, 1, 8)}
    deals = tuple(
        (bytes([dealer]) * 32, EVALUATION.commit(GROUP, Polynomial(c, ORDER), n))
        for dealer, c in polynomials.items()
    )

    assert EVALUATION.high_degree(GROUP, TAG, n, t, deals) == {deals[0][0], deals[1][0]}


def test_one_wrong_value_anywhere_is_a_raised_degree() -> None:
    n, t = 5, 3
    name, points = deal(1, t, n)

    for place in range(n + 1):
        moved = (*points[:place], GROUP.base_mul(4711), *points[place + 1 :])
        assert EVALUATION.high_degree(GROUP, TAG, n, t, ((name, moved),)) == {name}


def test_honest_deals_pass_whatever_stands_beside_them() -> None:
    n, t = 5, 3
    honest = [deal(dealer, t, n) for dealer in range(3)]
    garbage = [
        (bytes([9 + k]) * 32, tuple(GROUP.base_mul(1 + k + 31 * x * x * x) for x in range(n + 1)))
        for k in range(2)
    ]

    high = EVALUATION.high_degree(GROUP, TAG, n, t, (honest[0], *garbage, *honest[1:]))

    assert high == {name for name, _ in garbage}


def test_no_deals_have_no_raised_degree() -> None:
    assert EVALUATION.high_degree(GROUP, TAG, 5, 3, ()) == frozenset()


@pytest.mark.parametrize("t", [1, 3, 5, 6])
def test_the_dual_word_annihilates_the_code_and_nothing_beyond(t: int) -> None:
    n = 6
    _, word = commitments._weights(GROUP, TAG, n, t, [b"deal"])

    for k in range(n + 1):
        monomial = [0] * k + [1]
        values = evaluate_all(monomial, n, ORDER)
        inner = sum(w * v for w, v in zip(word, values, strict=True)) % ORDER
        assert (inner == 0) == (k < t)


def test_weights_depend_on_everything_they_judge() -> None:
    ids = [bytes(32), bytes([1]) * 32]
    base = commitments._weights(GROUP, TAG, 6, 4, ids)
    others = [
        commitments._weights(GROUP, ("other", *TAG[1:]), 6, 4, ids),
        commitments._weights(GROUP, (TAG[0], bytes([1]) * 32, *TAG[2:]), 6, 4, ids),
        commitments._weights(GROUP, (*TAG[:2], 2, TAG[3]), 6, 4, ids),
        commitments._weights(GROUP, TAG, 7, 4, ids),
        commitments._weights(GROUP, TAG, 6, 3, ids),
        commitments._weights(GROUP, TAG, 6, 4, ids[::-1]),
        commitments._weights(GROUP, TAG, 6, 4, [*ids, b"third"]),
    ]

    assert commitments._weights(GROUP, TAG, 6, 4, list(ids)) == base
    assert all(other[0][:2] != base[0] and other[1] != base[1] for other in others)
    assert all(0 < weight < 2**128 for weight in base[0])


def test_the_degree_test_needs_fewer_coefficients_than_points() -> None:
    name, points = deal(1, 3, 3)

    with pytest.raises(LocalError, match="no degree test"):
        EVALUATION.high_degree(GROUP, TAG, 3, 4, ((name, points),))


def test_rows_of_another_length_are_a_bug_of_the_caller() -> None:
    name, points = deal(1, 3, 4)

    with pytest.raises(LocalError, match="5 points where 6"):
        EVALUATION.high_degree(GROUP, TAG, 5, 3, ((name, points),))
    with pytest.raises(LocalError, match="5 points where 6"):
        EVALUATION.verification_shares(GROUP, [points], 5, 3)


def test_a_coefficient_commitment_is_too_high_exactly_if_it_is_too_long() -> None:
    points = COEFFICIENT.commit(GROUP, draw(1, 4), 6)

    assert COEFFICIENT.high_degree(GROUP, TAG, 6, 4, ((b"deal", points),)) == frozenset()
    assert COEFFICIENT.high_degree(GROUP, TAG, 6, 3, ((b"deal", points),)) == {b"deal"}


def test_charges_are_those_of_the_protocols_accounts() -> None:
    """Deal: n + 1 base. Public: n + 1 combinations of n terms, one of n + 1 full terms."""
    n, t = 7, 5
    with metering(Meter()) as dealing:
        deals = tuple(deal(dealer, t, n) for dealer in range(n))
    with metering(Meter()) as validating:
        EVALUATION.validate(GROUP, deals[0][1])
    with metering(Meter()) as testing:
        EVALUATION.high_degree(GROUP, TAG, n, t, deals)
    with metering(Meter()) as summing:
        EVALUATION.verification_shares(GROUP, [points for _, points in deals], n, t)

    assert dealing.counts == {"exp.base": n * (n + 1)}
    assert validating.counts == {"point.validate": n + 1}
    assert testing.counts == {
        "combine.128": n + 1,
        "combine.128.terms": n * (n + 1),
        "combine.full": 1,
        "combine.full.terms": n + 1,
    }
    assert summing.counts == {}


def test_a_raised_degree_costs_one_more_combination_per_deal() -> None:
    n, t = 5, 3
    deals = (deal(1, t, n), deal(2, t + 1, n))

    with metering(Meter()) as meter:
        EVALUATION.high_degree(GROUP, TAG, n, t, deals)

    assert meter.counts["combine.full"] == 1 + len(deals)


def test_the_coefficient_form_charges_t_base_and_t_minus_1_small() -> None:
    n, t = 7, 5
    with metering(Meter()) as dealing:
        points = COEFFICIENT.commit(GROUP, draw(1, t), n)
    with metering(Meter()) as checking:
        COEFFICIENT.share_point(GROUP, points, 3)

    assert dealing.counts == {"exp.base": t}
    assert checking.counts == {"exp.small": t - 1}


def test_forms_are_found_by_name() -> None:
    assert commitments.form("evaluation") is EVALUATION
    assert commitments.form("coefficient") is COEFFICIENT
    with pytest.raises(LocalError, match="pedersen"):
        commitments.form("pedersen")
