"""The group: libsodium's traps one by one, and every operation against the oracle."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nacl import bindings

from sim.base.errors import LocalError
from sim.base.meters import Meter, metering
from sim.crypto import ed25519
from sim.crypto.ed25519 import IDENTITY, ORDER, Ed25519
from sim.crypto.group import Group, PointError, ScalarError
from sim.crypto.groups import get_group
from tests.support import edwards as oracle
from tests.support.vectors import load

BASE = bytes.fromhex("58" + 31 * "66")
"""Encoding of the base point: RFC 8032 section 5.1 (y = 4/5, x even)."""

GROUP: Group = get_group("ED25519")

SCALARS = st.one_of(
    st.integers(0, ORDER - 1),
    st.sampled_from([0, 1, 2, ORDER - 1, ORDER, ORDER + 1, 2**255 - 1, 2**255, 2**256 - 1]),
)


def point_of(scalar: int) -> bytes:
    return oracle.encode(oracle.multiply(scalar, oracle.BASE))


def test_the_base_point_is_the_one_of_rfc_8032() -> None:
    assert GROUP.base_mul(1) == BASE == oracle.encode(oracle.BASE)
    assert oracle.multiply(ORDER, oracle.BASE) == oracle.NEUTRAL
    assert GROUP.identity == oracle.encode(oracle.NEUTRAL)


@settings(max_examples=25, deadline=None)
@given(SCALARS)
@example(2**255 + 5)
def test_base_multiplication_reduces_its_scalar(scalar: int) -> None:
    """libsodium would ignore bit 255 of what it is given, and refuse 0."""
    assert GROUP.base_mul(scalar) == point_of(scalar % ORDER)


def test_libsodium_does_ignore_bit_255() -> None:
    """The positive control: without the reduction, 2²⁵⁵ + 5 would give 5·G."""
    raw = (2**255 + 5).to_bytes(32, "little")

    assert bindings.crypto_scalarmult_ed25519_base_noclamp(raw) == point_of(5)
    assert GROUP.base_mul(2**255 + 5) != point_of(5)


@settings(max_examples=20, deadline=None)
@given(SCALARS, st.integers(0, ORDER - 1))
@example(0, 5)
@example(ORDER, 5)
@example(7, 0)
def test_multiplication_follows_the_textbook(scalar: int, exponent: int) -> None:
    assert GROUP.mul(scalar, point_of(exponent)) == point_of(scalar * exponent % ORDER)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2000), st.integers(0, ORDER - 1))
def test_small_multiplication_follows_the_textbook(factor: int, exponent: int) -> None:
    assert GROUP.mul_small(factor, point_of(exponent)) == point_of(factor * exponent % ORDER)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, ORDER - 1), max_size=5), st.integers(0, 300))
def test_horner_evaluates_in_the_exponent(coefficients: list[int], x: int) -> None:
    expected = sum(c * x**k for k, c in enumerate(coefficients)) % ORDER

    assert GROUP.horner([point_of(c) for c in coefficients], x) == point_of(expected)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, ORDER - 1), max_size=6))
def test_sums_and_negation_follow_the_textbook(exponents: list[int]) -> None:
    points = [point_of(e) for e in exponents]

    assert GROUP.sum_points(points) == point_of(sum(exponents) % ORDER)
    assert [GROUP.negate(p) for p in points] == [point_of(-e % ORDER) for e in exponents]


def test_opposite_points_add_to_the_identity() -> None:
    point = point_of(1234567)

    assert GROUP.add(point, GROUP.negate(point)) == IDENTITY
    assert GROUP.add(point, IDENTITY) == GROUP.add(IDENTITY, point) == point
    assert GROUP.add(point, point) == GROUP.mul(2, point)
    assert GROUP.negate(IDENTITY) == IDENTITY
    assert GROUP.sum_points([]) == IDENTITY


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**128 - 1), st.integers(0, ORDER - 1)), max_size=5),
    st.sampled_from([128, 253]),
)
def test_combinations_follow_the_textbook(terms: list[tuple[int, int]], bits: int) -> None:
    expected = sum(scalar * exponent for scalar, exponent in terms) % ORDER

    result = GROUP.combine([s for s, _ in terms], [point_of(e) for _, e in terms], bits)

    assert result == point_of(expected)


def test_combinations_reduce_full_scalars() -> None:
    assert GROUP.combine([ORDER + 3, -1], [BASE, BASE], 253) == point_of(2)


def test_combinations_refuse_unequal_lengths() -> None:
    with pytest.raises(LocalError, match="1 scalars for 2 points"):
        GROUP.combine([1], [BASE, BASE], 128)


def test_combinations_refuse_scalars_beyond_the_stated_bits() -> None:
    with pytest.raises(LocalError, match="more than 128 bits"):
        GROUP.combine([2**128], [BASE], 128)


@settings(max_examples=10, deadline=None)
@given(SCALARS, SCALARS, st.integers(0, ORDER - 1))
def test_unmasking_is_base_minus_challenge(response: int, challenge: int, exponent: int) -> None:
    expected = (response - challenge * exponent) % ORDER

    assert GROUP.unmask(response, challenge, point_of(exponent)) == point_of(expected)


NOT_CANONICAL = [(oracle.P + y).to_bytes(32, "little") for y in range(19)]
OFF_CURVE = [y.to_bytes(32, "little") for y in range(2, 60) if oracle.find(y) is None]
SMALL_ORDER = [oracle.encode(point) for point in oracle.torsion()[1:]]
TORSIONED = [oracle.encode(oracle.add(oracle.BASE, point)) for point in oracle.torsion()[1:]]
SIGNED_ZERO = [
    (1 | 1 << 255).to_bytes(32, "little"),
    (oracle.P - 1 | 1 << 255).to_bytes(32, "little"),
]
WRONG_LENGTH = [b"", BASE[:31], BASE + b"\x00"]


@pytest.mark.parametrize(
    "point", NOT_CANONICAL + OFF_CURVE + SMALL_ORDER + TORSIONED + SIGNED_ZERO + WRONG_LENGTH
)
def test_validation_refuses(point: bytes) -> None:
    """Each of these passes some implementation, and some algebraic test with a grindable chance."""
    with pytest.raises(PointError):
        GROUP.validate(point)
    with pytest.raises(PointError):
        GROUP.validate(point, identity_ok=True)


def test_validation_refuses_the_published_invalid_element() -> None:
    """On the curve and canonical: only the subgroup check refuses it."""
    element = bytes.fromhex(
        load("frost/zcash/frost-ed25519/elements.json")["elements"]["invalid_element"]
    )

    assert GROUP.negate(GROUP.negate(element)) == element
    with pytest.raises(PointError):
        GROUP.validate(element)


def test_validation_refuses_the_identity_unless_allowed() -> None:
    with pytest.raises(PointError, match="identity"):
        GROUP.validate(IDENTITY)
    GROUP.validate(IDENTITY, identity_ok=True)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, ORDER - 1))
def test_validation_takes_every_element_of_the_subgroup(exponent: int) -> None:
    GROUP.validate(point_of(exponent))


def test_a_point_of_order_2q_marks_a_broken_libsodium(monkeypatch: pytest.MonkeyPatch) -> None:
    """CVE-2025-69277: such a build says yes to B + (0, −1), and the group refuses to start."""
    two_torsion = (0, oracle.P - 1)
    assert oracle.encode(oracle.add(oracle.BASE, two_torsion)) == ed25519._ORDER_2Q
    assert not bindings.crypto_core_ed25519_is_valid_point(ed25519._ORDER_2Q)

    monkeypatch.setattr(bindings, "crypto_core_ed25519_is_valid_point", lambda _: True)

    with pytest.raises(LocalError, match="order 2q"):
        Ed25519()


def test_a_point_that_was_decoded_is_not_thereby_valid() -> None:
    torsioned = TORSIONED[0]
    group = Ed25519()

    group.negate(torsioned)

    with pytest.raises(PointError):
        group.validate(torsioned)


@pytest.mark.parametrize("point", NOT_CANONICAL[:2] + OFF_CURVE[:2] + SIGNED_ZERO + WRONG_LENGTH)
@pytest.mark.parametrize(
    "operation",
    [
        lambda p: GROUP.add(p, BASE),
        lambda p: GROUP.negate(p),
        lambda p: GROUP.sum_points([BASE, p]),
        lambda p: GROUP.mul(5, p),
        lambda p: GROUP.mul_small(5, p),
        lambda p: GROUP.horner([p, BASE], 2),
        lambda p: GROUP.combine([1], [p], 128),
        lambda p: GROUP.unmask(1, 1, p),
    ],
)
def test_operations_raise_on_what_they_cannot_decode(
    operation: Callable[[bytes], bytes], point: bytes
) -> None:
    with pytest.raises(PointError):
        operation(point)


def test_full_multiplication_refuses_torsion() -> None:
    with pytest.raises(PointError):
        GROUP.mul(5, TORSIONED[3])


@given(st.integers(0, ORDER - 1))
def test_scalars_survive_encoding(scalar: int) -> None:
    encoded = GROUP.encode_scalar(scalar)

    assert len(encoded) == GROUP.scalar_size
    assert GROUP.decode_scalar(encoded) == scalar


@pytest.mark.parametrize("value", [ORDER, ORDER + 1, 2**255, 2**256 - 1])
def test_scalars_of_q_or_more_are_refused(value: int) -> None:
    with pytest.raises(ScalarError):
        GROUP.decode_scalar(value.to_bytes(32, "little"))


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33)])
def test_scalars_of_another_length_are_refused(data: bytes) -> None:
    with pytest.raises(ScalarError):
        GROUP.decode_scalar(data)


def test_hashing_to_scalars_is_wide_and_unambiguous() -> None:
    packed = msgpack.packb(["tag", b"a", 5], use_bin_type=True)
    expected = int.from_bytes(hashlib.sha512(packed).digest(), "little") % ORDER

    assert GROUP.hash_to_scalar("tag", b"a", 5) == expected
    assert GROUP.hash_to_scalar("tag", b"ab", b"c") != GROUP.hash_to_scalar("tag", b"a", b"bc")
    assert GROUP.hash_to_scalar("tag", b"a") != GROUP.hash_to_scalar("tag", "a")


@pytest.mark.parametrize(
    ("operation", "charged"),
    [
        (lambda g: g.base_mul(5), {"exp.base": 1}),
        (lambda g: g.base_mul(0), {"exp.base": 1}),
        (lambda g: g.mul(5, BASE), {"exp.full": 1}),
        (lambda g: g.mul(0, BASE), {"exp.full": 1}),
        (lambda g: g.mul_small(5, BASE), {"exp.small": 1}),
        (lambda g: g.horner([BASE] * 4, 7), {"exp.small": 3}),
        (lambda g: g.validate(BASE), {"point.validate": 1}),
        (lambda g: g.validate(IDENTITY, identity_ok=True), {"point.validate": 1}),
        (lambda g: g.combine([1, 2], [BASE] * 2, 128), {"combine.128": 1, "combine.128.terms": 2}),
        (lambda g: g.combine([1], [BASE], 253), {"combine.full": 1, "combine.full.terms": 1}),
        (lambda g: g.add(BASE, BASE), {}),
        (lambda g: g.negate(BASE), {}),
        (lambda g: g.sum_points([BASE] * 9), {}),
        (lambda g: g.unmask(1, 2, BASE), {}),
    ],
)
def test_charges_are_the_same_with_cold_and_warm_caches(
    operation: Callable[[Group], object], charged: dict[str, int]
) -> None:
    group = Ed25519()

    for _ in range(2):
        with metering(Meter()) as meter:
            operation(group)
        assert meter.counts == charged


def test_caches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ed25519, "CACHED_MAX", 4)
    group = Ed25519()

    for exponent in range(1, 12):
        group.validate(point_of(exponent))
        group.negate(point_of(exponent))

    assert len(group._decoded) <= 4
    assert len(group._valid) <= 4
    group.validate(point_of(1))


def test_every_scheme_has_one_group_object() -> None:
    assert get_group("ED25519") is GROUP
    assert (GROUP.scheme, GROUP.order, GROUP.point_size) == ("ED25519", oracle.Q, 32)
    with pytest.raises(LocalError, match="CURVE41417"):
        get_group("CURVE41417")
