"""Every operation of every group, against unrelated code. Traps have one file per curve."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.meters import Meter, metering
from sim.crypto.group import Group, PointError, ScalarError
from sim.crypto.groups import get_group
from tests.support.curves import ORDERS, SCHEMES, point_of

EVERY = pytest.mark.parametrize("scheme", SCHEMES)
SIZES = {"ED25519": (32, 32), "SECP256K1": (32, 33), "BLS": (32, 48)}
NUMBERS = st.one_of(
    st.integers(0, 2**256 - 1),
    st.sampled_from([0, 1, 2, 2**255 - 1, 2**255, 2**255 + 5]),
    st.sampled_from([order + k for order in ORDERS.values() for k in (-1, 0, 1)]),
)


@EVERY
def test_every_scheme_has_one_group_object(scheme: str) -> None:
    group = get_group(scheme)

    assert get_group(scheme) is group
    assert (group.scheme, group.order) == (scheme, ORDERS[scheme])
    assert (group.scalar_size, group.point_size) == SIZES[scheme]
    assert len(group.identity) == group.point_size
    assert group.identity == point_of(scheme, 0)


def test_other_schemes_have_none() -> None:
    with pytest.raises(LocalError, match="CURVE41417"):
        get_group("CURVE41417")


@EVERY
@settings(max_examples=15, deadline=None)
@given(NUMBERS)
def test_base_multiplication_reduces_its_scalar(scheme: str, scalar: int) -> None:
    assert get_group(scheme).base_mul(scalar) == point_of(scheme, scalar)


@EVERY
@settings(max_examples=12, deadline=None)
@given(NUMBERS, NUMBERS)
@example(0, 5)
@example(7, 0)
def test_multiplication_follows_the_oracle(scheme: str, scalar: int, exponent: int) -> None:
    point = point_of(scheme, exponent)

    assert get_group(scheme).mul(scalar, point) == point_of(scheme, scalar * exponent)
    assert get_group(scheme).mul(ORDERS[scheme], point) == get_group(scheme).identity


@EVERY
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2000), NUMBERS)
def test_small_multiplication_follows_the_oracle(scheme: str, factor: int, exponent: int) -> None:
    result = get_group(scheme).mul_small(factor, point_of(scheme, exponent))

    assert result == point_of(scheme, factor * exponent)


@EVERY
@settings(max_examples=8, deadline=None)
@given(st.lists(NUMBERS, max_size=4), st.integers(0, 300))
@example([], 3)
@example([1, 0, 2], 0)
def test_horner_evaluates_in_the_exponent(scheme: str, coefficients: list[int], x: int) -> None:
    expected = sum(c * x**k for k, c in enumerate(coefficients))

    result = get_group(scheme).horner([point_of(scheme, c) for c in coefficients], x)

    assert result == point_of(scheme, expected)


@EVERY
@settings(max_examples=8, deadline=None)
@given(st.lists(NUMBERS, max_size=5))
def test_sums_and_negation_follow_the_oracle(scheme: str, exponents: list[int]) -> None:
    group = get_group(scheme)
    points = [point_of(scheme, e) for e in exponents]

    assert group.sum_points(points) == point_of(scheme, sum(exponents))
    assert [group.negate(p) for p in points] == [point_of(scheme, -e) for e in exponents]


@EVERY
def test_the_identity_is_neutral_wherever_it_appears(scheme: str) -> None:
    group = get_group(scheme)
    identity, point = group.identity, group.base_mul(1234567)

    assert group.add(point, group.negate(point)) == identity
    assert group.add(point, identity) == group.add(identity, point) == point
    assert group.add(identity, identity) == group.negate(identity) == identity
    assert group.add(point, point) == group.mul(2, point)
    assert group.sum_points([]) == group.sum_points([identity] * 3) == identity
    assert group.sum_points([point, identity, group.negate(point), point]) == point
    assert group.mul(5, identity) == group.mul_small(5, identity) == identity
    assert group.base_mul(0) == group.base_mul(group.order) == identity
    assert group.combine([], [], 128) == group.combine([0, 0], [point, point], 128) == identity
    assert group.combine([3, 5], [identity, point], 128) == group.mul(5, point)
    assert group.combine([1, -1], [point, point], group.order.bit_length()) == identity
    assert group.unmask(1234567, 1, point) == identity
    assert group.unmask(5, 3, identity) == group.base_mul(5)


@EVERY
@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**128 - 1), NUMBERS), max_size=4), st.sampled_from([128, 0])
)
def test_combinations_follow_the_oracle(
    scheme: str, terms: list[tuple[int, int]], bits: int
) -> None:
    group = get_group(scheme)
    scalars, exponents = [s for s, _ in terms], [e for _, e in terms]

    result = group.combine(
        scalars, [point_of(scheme, e) for e in exponents], bits or group.order.bit_length()
    )

    assert result == point_of(scheme, sum(s * e for s, e in terms))


@EVERY
@pytest.mark.parametrize("terms", [1, 11, 40, 90])
def test_combinations_of_many_terms_are_sums_of_products(scheme: str, terms: int) -> None:
    group = get_group(scheme)
    scalars = [hashlib.sha512(bytes([k])).digest() for k in range(terms)]
    full = [int.from_bytes(digest, "big") % group.order for digest in scalars]
    points = [group.base_mul(k + 3) for k in range(terms)]

    result = group.combine(full, points, group.order.bit_length())

    assert result == group.base_mul(sum(s * (k + 3) for k, s in enumerate(full)))


@EVERY
def test_combinations_refuse_unequal_lengths_and_long_scalars(scheme: str) -> None:
    group = get_group(scheme)
    point = group.base_mul(1)

    with pytest.raises(LocalError, match="1 scalars for 2 points"):
        group.combine([1], [point, point], 128)
    with pytest.raises(LocalError, match="2 scalars for 1 points"):
        group.combine([1, 2], [point], 128)
    with pytest.raises(LocalError, match="more than 128 bits"):
        group.combine([2**128], [point], 128)


@EVERY
@settings(max_examples=8, deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS)
def test_unmasking_is_base_minus_challenge(
    scheme: str, response: int, challenge: int, exponent: int
) -> None:
    result = get_group(scheme).unmask(response, challenge, point_of(scheme, exponent))

    assert result == point_of(scheme, response - challenge * exponent)


@EVERY
@settings(max_examples=12, deadline=None)
@given(NUMBERS)
def test_validation_takes_every_element_but_the_identity(scheme: str, exponent: int) -> None:
    group = get_group(scheme)
    point = point_of(scheme, exponent)

    if exponent % group.order:
        group.validate(point)
    else:
        with pytest.raises(PointError, match="identity"):
            group.validate(point)
    group.validate(point, identity_ok=True)


@EVERY
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=50))
def test_no_bytes_but_encodings_of_elements_are_taken(scheme: str, data: bytes) -> None:
    """Whatever is taken is what encoding gives again: there is one encoding for each element."""
    group = get_group(scheme)
    for padded in (data, data.ljust(group.point_size, b"\x00")[: group.point_size]):
        try:
            group.validate(padded, identity_ok=True)
        except PointError:
            continue
        assert group.negate(group.negate(padded)) == padded
        assert group.mul(group.order + 1, padded) == padded


@EVERY
@pytest.mark.parametrize("change", [lambda p: b"", lambda p: p[:-1], lambda p: p + b"\x00"])
@pytest.mark.parametrize(
    "operation",
    [
        lambda g, p: g.validate(p),
        lambda g, p: g.validate(p, identity_ok=True),
        lambda g, p: g.add(p, g.base_mul(1)),
        lambda g, p: g.negate(p),
        lambda g, p: g.sum_points([g.base_mul(1), p]),
        lambda g, p: g.mul(5, p),
        lambda g, p: g.mul_small(5, p),
        lambda g, p: g.horner([p, g.base_mul(1)], 2),
        lambda g, p: g.combine([1], [p], 128),
        lambda g, p: g.unmask(1, 1, p),
    ],
)
def test_points_of_another_length_are_refused_everywhere(
    scheme: str,
    operation: Callable[[Group, bytes], object],
    change: Callable[[bytes], bytes],
) -> None:
    group = get_group(scheme)

    for point in (group.base_mul(5), group.identity):
        with pytest.raises(PointError):
            operation(group, change(point))


@EVERY
@settings(deadline=None)
@given(NUMBERS)
def test_scalars_survive_encoding_and_others_are_refused(scheme: str, number: int) -> None:
    group = get_group(scheme)
    order = "little" if scheme == "ED25519" else "big"
    reduced = number % group.order
    raw = number.to_bytes(32, order)  # type: ignore[arg-type]  # one of the two literals

    assert group.decode_scalar(group.encode_scalar(number)) == reduced
    assert group.encode_scalar(number) == reduced.to_bytes(32, order)  # type: ignore[arg-type]
    if number < group.order:
        assert group.decode_scalar(raw) == number
    else:
        with pytest.raises(ScalarError):
            group.decode_scalar(raw)


@EVERY
@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33)])
def test_scalars_of_another_length_are_refused(scheme: str, data: bytes) -> None:
    with pytest.raises(ScalarError):
        get_group(scheme).decode_scalar(data)


@EVERY
def test_hashing_to_scalars_is_wide_and_unambiguous(scheme: str) -> None:
    group = get_group(scheme)
    digest = hashlib.sha512(msgpack.packb(["tag", b"a", 5], use_bin_type=True)).digest()
    order = "little" if scheme == "ED25519" else "big"

    assert group.hash_to_scalar("tag", b"a", 5) == int.from_bytes(digest, order) % group.order  # type: ignore[arg-type]
    assert group.hash_to_scalar("tag", b"ab", b"c") != group.hash_to_scalar("tag", b"a", b"bc")
    assert group.hash_to_scalar("tag", b"a") != group.hash_to_scalar("tag", "a")


@EVERY
@pytest.mark.parametrize(
    ("operation", "charged"),
    [
        (lambda g, p: g.base_mul(5), {"exp.base": 1}),
        (lambda g, p: g.base_mul(0), {"exp.base": 1}),
        (lambda g, p: g.mul(5, p), {"exp.full": 1}),
        (lambda g, p: g.mul(0, p), {"exp.full": 1}),
        (lambda g, p: g.mul_small(5, p), {"exp.small": 1}),
        (lambda g, p: g.horner([p] * 4, 7), {"exp.small": 3}),
        (lambda g, p: g.validate(p), {"point.validate": 1}),
        (lambda g, p: g.validate(g.identity, identity_ok=True), {"point.validate": 1}),
        (lambda g, p: g.combine([1, 2], [p] * 2, 128), {"combine.128": 1, "combine.128.terms": 2}),
        (lambda g, p: g.combine([1], [p], 256), {"combine.full": 1, "combine.full.terms": 1}),
        (lambda g, p: g.add(p, p), {}),
        (lambda g, p: g.negate(p), {}),
        (lambda g, p: g.sum_points([p] * 9), {}),
        (lambda g, p: g.unmask(1, 2, p), {}),
    ],
)
def test_charges_are_the_same_with_cold_and_warm_caches(
    scheme: str, operation: Callable[[Group, bytes], object], charged: dict[str, int]
) -> None:
    group = type(get_group(scheme))()
    point = group.base_mul(99)

    for _ in range(2):
        with metering(Meter()) as meter:
            operation(group, point)
        assert meter.counts == charged
