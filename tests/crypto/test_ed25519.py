"""Ed25519: libsodium's traps, one by one. What all groups do stands in `test_groups`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nacl import bindings

from sim.base.errors import LocalError
from sim.crypto import ed25519
from sim.crypto.ed25519 import ORDER, Ed25519
from sim.crypto.group import Group, PointError
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


def test_caches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ed25519, "CACHED_MAX", 4)
    group = Ed25519()

    for exponent in range(1, 12):
        group.validate(point_of(exponent))
        group.negate(point_of(exponent))

    assert len(group._decoded) <= 4
    assert len(group._valid) <= 4
    group.validate(point_of(1))
