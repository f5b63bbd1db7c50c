"""BLS12-381's G1: py_arkworks_bls12381's traps, one by one. The rest stands in `test_groups`."""

from __future__ import annotations

import pytest
from py_arkworks_bls12381 import G1Point, Scalar
from py_ecc.optimized_bls12_381 import optimized_curve as oracle

from sim.base.errors import LocalError
from sim.crypto.bls12381 import IDENTITY, ORDER, to_scalar
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from tests.support.curves import P, g1_bytes, outside_the_subgroup

GROUP = get_group("BLS")
BASE = g1_bytes(oracle.G1)


def flagged(x: int, flags: int) -> bytes:
    """Encode x with the three flag bits as given: compressed 4, infinite 2, larger y 1."""
    return (x | flags << 381).to_bytes(48, "big")


def test_the_base_point_and_the_order_are_those_of_the_curve() -> None:
    assert GROUP.base_mul(1) == BASE
    assert GROUP.order == ORDER == oracle.curve_order


def test_scalars_that_the_library_silently_reduces_are_reduced_on_purpose() -> None:
    """The positive control: q is 0 to the library, without a word; negative ones are errors."""
    assert Scalar(ORDER) == Scalar(0)
    with pytest.raises(OverflowError):
        Scalar(-1)

    assert to_scalar(ORDER) == to_scalar(0) == Scalar(0)
    assert to_scalar(-1) == Scalar(ORDER - 1)
    assert int(to_scalar(2**300 + 5)) == (2**300 + 5) % ORDER


def test_combinations_of_unequal_lengths_that_the_library_would_cut_short_are_refused() -> None:
    point = G1Point()
    assert G1Point.multiexp_unchecked([point, point], [Scalar(3)]) == point * Scalar(3)

    with pytest.raises(LocalError, match="1 scalars for 2 points"):
        GROUP.combine([3], [BASE, BASE], 128)


def test_a_point_outside_the_subgroup_is_refused_though_it_is_on_the_curve() -> None:
    outside = outside_the_subgroup()
    unchecked = G1Point.from_compressed_bytes_unchecked(outside)
    assert unchecked.to_compressed_bytes() == outside
    assert not unchecked.is_in_subgroup()

    with pytest.raises(PointError):
        GROUP.validate(outside)
    with pytest.raises(PointError):
        GROUP.mul(5, outside)


def test_the_neutral_element_has_one_encoding() -> None:
    """The library takes any other bits beside the flag of infinity."""
    for odd in (flagged(1, 6), flagged(0, 7), flagged(2**380, 6)):
        assert G1Point.from_compressed_bytes(odd) == G1Point.identity()
        with pytest.raises(PointError, match="canonical"):
            GROUP.validate(odd, identity_ok=True)
    GROUP.validate(IDENTITY, identity_ok=True)


def without_a_y() -> int:
    """The least x of no point."""
    x = 1
    while pow(x**3 + 4, (P - 1) // 2, P) == 1:
        x += 1
    return x


@pytest.mark.parametrize(
    "point",
    [
        bytes(48),
        flagged(int.from_bytes(BASE, "big") & (2**381 - 1), 0),
        flagged(int.from_bytes(BASE, "big") & (2**381 - 1), 6),
        flagged(P, 4),
        flagged(P + 1, 4),
        flagged(2**381 - 1, 5),
        flagged(without_a_y(), 4),
        flagged(0, 2),
        b"\xff" * 48,
        BASE[:47],
        BASE + b"\x00",
        IDENTITY[:32],
    ],
)
def test_validation_refuses(point: bytes) -> None:
    """Missing flags, infinity with an x, x ≥ p, x without a y, other lengths."""
    with pytest.raises(PointError):
        GROUP.validate(point)
    with pytest.raises(PointError):
        GROUP.validate(point, identity_ok=True)


def test_the_table_has_every_digit_in_every_place() -> None:
    for place in range(32):
        for digit in (1, 128, 255):
            scalar = digit << 8 * place
            assert GROUP.base_mul(scalar) == GROUP.mul(scalar, BASE)
