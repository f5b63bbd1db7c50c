"""Sharing and interpolation, against plain integer arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.randomness import stream
from sim.crypto.ed25519 import ORDER
from sim.crypto.polynomial import Polynomial, interpolate_constant, lagrange

COEFFICIENTS = st.lists(st.integers(0, ORDER - 1), min_size=1, max_size=12)


def value(coefficients: list[int], x: int) -> int:
    return sum(c * prod([x] * k) for k, c in enumerate(coefficients)) % ORDER


@settings(deadline=None)
@given(COEFFICIENTS, st.integers(1, 30))
@example([ORDER - 1], 1)
def test_evaluation_gives_the_constant_and_every_share(coefficients: list[int], n: int) -> None:
    polynomial = Polynomial(coefficients, ORDER)

    values = polynomial.evaluate_all(n)

    assert list(values) == [value(coefficients, x) for x in range(n + 1)]
    assert list(values) == [polynomial.at(x) for x in range(n + 1)]


def test_coefficients_are_taken_mod_q() -> None:
    assert Polynomial((ORDER + 3, -1), ORDER).coefficients == (3, ORDER - 1)


def test_a_polynomial_needs_a_coefficient() -> None:
    with pytest.raises(ValueError, match="coefficient"):
        Polynomial((), ORDER)


def test_random_polynomials_depend_on_their_stream_alone() -> None:
    drawn = [Polynomial.random(stream(7, "polynomial", label), 5, ORDER) for label in "aab"]

    assert len(drawn[0].coefficients) == 5
    assert len(set(drawn[0].coefficients)) == 5
    assert drawn[0] == drawn[1] != drawn[2]


def test_polynomials_redact_themselves_and_are_refused_by_the_memoiser() -> None:
    polynomial = Polynomial((123456789, 987654321), ORDER)

    @memoised
    def peek(_: Polynomial) -> None: ...

    assert "123456789" not in repr(polynomial)
    assert "987654321" not in f"{polynomial}"
    with pytest.raises(LocalError, match="secret"):
        peek(polynomial)


@given(COEFFICIENTS, st.data())
def test_t_shares_give_the_secret(coefficients: list[int], data: st.DataObject) -> None:
    t = len(coefficients)
    xs = data.draw(st.lists(st.integers(1, 300), min_size=t, max_size=t + 3, unique=True))

    shares = {x: value(coefficients, x) for x in xs}

    assert interpolate_constant(shares, ORDER) == coefficients[0]


@given(st.integers(1, ORDER - 1), st.integers(2, 8))
def test_t_minus_1_shares_do_not(leading: int, t: int) -> None:
    coefficients = [5] * (t - 1) + [leading]

    shares = {x: value(coefficients, x) for x in range(1, t)}

    assert interpolate_constant(shares, ORDER) != 5


@given(COEFFICIENTS, st.integers(0, 50), st.data())
def test_lagrange_weights_interpolate_at_any_point(
    coefficients: list[int], at: int, data: st.DataObject
) -> None:
    t = len(coefficients)
    xs = data.draw(st.lists(st.integers(1, 60), min_size=t, max_size=t, unique=True))

    weights = lagrange(xs, at, ORDER)

    total = sum(w * value(coefficients, x) for w, x in zip(weights, xs, strict=True))
    assert total % ORDER == value(coefficients, at)


def test_lagrange_weights_are_the_rational_ones_mod_q() -> None:
    """λ at 0 for {1, 3, 7} over the rationals: 21/12, −7/8, 3/24."""
    rational = [Fraction(21, 12), Fraction(-7, 8), Fraction(3, 24)]

    assert lagrange([1, 3, 7], 0, ORDER) == [
        r.numerator * pow(r.denominator, -1, ORDER) % ORDER for r in rational
    ]
    assert lagrange([], 0, ORDER) == []


@pytest.mark.parametrize("xs", [[1, 2, 1], [1, ORDER + 1]])
def test_equal_points_are_refused_even_if_only_equal_mod_q(xs: list[int]) -> None:
    with pytest.raises(ValueError, match="distinct"):
        lagrange(xs, 0, ORDER)
