"""The bad encodings are bad, each in its own way, and the base points are what they should be."""

from __future__ import annotations

import pytest

from sim.adversary.encodings import BAD_POINTS, BASE_POINTS, another_scheme, unreduced
from sim.crypto.group import PointError, ScalarError
from sim.crypto.groups import get_group
from tests.support.curves import SCHEMES

BAD = [(scheme, flaw) for scheme in SCHEMES for flaw in BAD_POINTS[scheme]]


@pytest.mark.parametrize(("scheme", "flaw"), BAD)
def test_a_bad_point_is_refused(scheme: str, flaw: str) -> None:
    points = {str(name): point for name, point in BAD_POINTS[scheme].items()}

    with pytest.raises(PointError):
        get_group(scheme).validate(points[flaw])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_has_every_flaw_but_those_that_need_a_cofactor(scheme: str) -> None:
    missing = set(BAD_POINTS["ED25519"]) - set(BAD_POINTS[scheme])

    assert missing == ({"small-order", "mixed"} if scheme == "SECP256K1" else set())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_base_points_are_the_groups_own(scheme: str) -> None:
    assert get_group(scheme).base_mul(1) == BASE_POINTS[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_order_is_the_least_scalar_that_is_refused(scheme: str) -> None:
    group = get_group(scheme)
    little = group.encode_scalar(1)[0] == 1
    order = int.from_bytes(unreduced(group), "little" if little else "big")

    assert order == group.order
    with pytest.raises(ScalarError):
        group.decode_scalar(unreduced(group))


def test_another_scheme_is_another_one() -> None:
    assert sorted(map(another_scheme, SCHEMES)) == sorted(SCHEMES)
    assert all(another_scheme(scheme) != scheme for scheme in SCHEMES)
