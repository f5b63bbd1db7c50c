"""Curve arithmetic against affine textbook formulas that share no code with it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.crypto import edwards
from sim.crypto.group import PointError
from tests.support import edwards as oracle

POINTS = st.builds(
    lambda scalar, k: oracle.add(oracle.multiply(scalar, oracle.BASE), oracle.torsion()[k]),
    st.integers(0, oracle.Q - 1),
    st.integers(0, 7),
)
"""Any point of the curve, torsion included: the formulas are complete."""


def held(point: oracle.Affine) -> edwards.Cached:
    return edwards.decode(oracle.encode(point))


@settings(max_examples=25, deadline=None)
@given(POINTS, POINTS)
@example(oracle.NEUTRAL, oracle.NEUTRAL)
@example(oracle.BASE, oracle.BASE)
@example(oracle.BASE, oracle.negate(oracle.BASE))
@example(oracle.torsion()[1], oracle.torsion()[7])
def test_additions_follow_the_textbook(left: oracle.Affine, right: oracle.Affine) -> None:
    expected = oracle.encode(oracle.add(left, right))

    extended = edwards.extend(held(left))

    assert edwards.encode(edwards.add_cached(extended, held(right))) == expected
    assert edwards.encode(edwards.add(extended, edwards.extend(held(right)))) == expected
    assert edwards.encode(edwards.sum_cached([held(left), held(right)])) == expected


@settings(max_examples=25, deadline=None)
@given(POINTS)
@example(oracle.NEUTRAL)
@example(oracle.torsion()[4])
def test_doubling_and_negation_follow_the_textbook(point: oracle.Affine) -> None:
    extended = edwards.extend(held(point))

    assert edwards.encode(edwards.double(extended)) == oracle.encode(oracle.add(point, point))
    assert edwards.encode(edwards.extend(edwards.negate(held(point)))) == oracle.encode(
        oracle.negate(point)
    )


@settings(max_examples=20, deadline=None)
@given(POINTS, st.integers(0, 5000))
@example(oracle.BASE, 0)
@example(oracle.BASE, 1)
def test_small_multiples_follow_the_textbook(point: oracle.Affine, factor: int) -> None:
    result = edwards.times_small(factor, edwards.extend(held(point)))

    assert edwards.encode(result) == oracle.encode(oracle.multiply(factor, point))


@settings(max_examples=25, deadline=None)
@given(POINTS)
def test_decoding_inverts_encoding(point: oracle.Affine) -> None:
    encoding = oracle.encode(point)

    assert oracle.on_curve(point)
    assert edwards.encode(edwards.extend(edwards.decode(encoding))) == encoding


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**256 - 1))
def test_bytes_decode_exactly_if_they_are_some_points_encoding(packed: int) -> None:
    y = packed & (2**255 - 1)
    even = oracle.find(y) if y < oracle.P else None
    exists = even is not None and (packed >> 255 == 0 or even[0] != 0)

    if exists:
        encoding = packed.to_bytes(32, "little")
        assert edwards.encode(edwards.extend(edwards.decode(encoding))) == encoding
    else:
        with pytest.raises(PointError):
            edwards.decode(packed.to_bytes(32, "little"))


@pytest.mark.parametrize("terms", [0, 1, 2, 10, 11, 80, 81, 128, 129, 400, 401])
def test_combinations_agree_at_every_window_width(terms: int) -> None:
    """Term counts on both sides of every change of the digit width."""
    multiples = [oracle.multiply(3 + 7 * i % 97, oracle.BASE) for i in range(terms)]
    scalars = [(i * 40503 + 65535) & 0xFFFF for i in range(terms)]
    expected = sum(s * (3 + 7 * i % 97) for i, s in enumerate(scalars))

    result = edwards.combine(scalars, [held(point) for point in multiples], 16)

    assert edwards.encode(result) == oracle.encode(oracle.multiply(expected, oracle.BASE))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**253 - 1), POINTS), min_size=1, max_size=6),
)
@example([(2**253 - 1, oracle.BASE)])
@example([(2**252, oracle.BASE), (0, oracle.BASE), (1, oracle.NEUTRAL)])
def test_combinations_follow_the_textbook(terms: list[tuple[int, oracle.Affine]]) -> None:
    scalars = [scalar for scalar, _ in terms]
    points = [point for _, point in terms]

    result = edwards.combine(scalars, [held(point) for point in points], 253)

    assert edwards.encode(result) == oracle.encode(oracle.combine(scalars, points))


@given(st.integers(0, 2**253 - 1), st.integers(3, 7))
@example(2**253 - 1, 3)
def test_signed_digits_are_small_and_sum_to_the_scalar(scalar: int, width: int) -> None:
    digits = edwards._signed_digits(scalar, width)

    assert sum(digit << (i * width) for i, digit in enumerate(digits)) == scalar
    assert all(-(1 << (width - 1)) < digit <= 1 << (width - 1) for digit in digits)
    assert len(digits) <= 253 // width + 1
