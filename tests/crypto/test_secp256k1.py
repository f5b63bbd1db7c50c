"""secp256k1: coincurve's traps, one by one. What all groups do stands in `test_groups`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from coincurve import PublicKey
from py_ecc.secp256k1 import secp256k1 as oracle

from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.crypto.secp256k1 import IDENTITY, ORDER
from tests.support.curves import lift, sec1
from tests.support.vectors import load

GROUP = get_group("SECP256K1")
BASE = sec1(oracle.G)


def test_the_base_point_and_the_order_are_those_of_sec_2() -> None:
    assert GROUP.base_mul(1) == BASE
    assert GROUP.order == ORDER == oracle.N
    assert GROUP.base_mul(ORDER - 1) == GROUP.negate(BASE)


def test_an_empty_sum_would_abort_the_process() -> None:
    """The positive control: nothing that Python could catch."""
    program = "from coincurve import PublicKey; PublicKey.combine_keys([])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert done.returncode < 0
    assert GROUP.sum_points([]) == GROUP.sum_points([IDENTITY]) == IDENTITY


def test_a_sum_that_vanishes_on_its_way_is_a_sum() -> None:
    """libsecp256k1 refuses the neutral element as a result, not in between."""
    point = GROUP.base_mul(77)

    with pytest.raises(ValueError, match="invalid"):
        PublicKey.combine_keys([PublicKey(point), PublicKey(GROUP.negate(point))])
    assert GROUP.sum_points([point, GROUP.negate(point)]) == IDENTITY
    assert GROUP.sum_points([point, GROUP.negate(point), BASE]) == BASE


def test_the_library_takes_other_encodings_that_are_refused_here() -> None:
    x, y = oracle.G
    body = x.to_bytes(32, "big") + y.to_bytes(32, "big")
    for encoding in (b"\x04" + body, bytes([6 + (y & 1)]) + body):
        assert PublicKey(encoding).format() == BASE
        with pytest.raises(PointError, match="33 bytes"):
            GROUP.validate(encoding)


@pytest.mark.parametrize(
    "point",
    [
        b"\x00" + BASE[1:],
        b"\x01" + BASE[1:],
        b"\x04" + BASE[1:],
        b"\x06" + BASE[1:],
        b"\xff" * 33,
        b"\x02" + bytes(32),
        b"\x02" + (5).to_bytes(32, "big"),
        b"\x02" + oracle.P.to_bytes(32, "big"),
        b"\x02" + (oracle.P + 1).to_bytes(32, "big"),
        b"\x03" + (2**256 - 1).to_bytes(32, "big"),
        bytes(32) + b"\x01",
        b"\x00",
        bytes(32),
        bytes(34),
    ],
)
def test_validation_refuses(point: bytes) -> None:
    """Wrong prefixes, x without a y, x ≥ p (x = p + 1 would be 1, which has one), SEC 1's zero."""
    with pytest.raises(PointError):
        GROUP.validate(point)
    with pytest.raises(PointError):
        GROUP.validate(point, identity_ok=True)


def test_x_one_is_on_the_curve_so_p_plus_one_is_refused_for_its_encoding_alone() -> None:
    GROUP.validate(b"\x02" + (1).to_bytes(32, "big"))


def test_validation_refuses_the_published_invalid_element() -> None:
    vector = load("frost/zcash/frost-secp256k1/elements.json")

    with pytest.raises(PointError):
        GROUP.validate(bytes.fromhex(vector["elements"]["invalid_element"]))


def test_published_samples_are_what_they_are_called() -> None:
    samples = load("frost/zcash/frost-secp256k1/samples.json")

    assert bytes.fromhex(samples["element1"]) == BASE
    assert bytes.fromhex(samples["element2"]) == GROUP.base_mul(2)
    assert GROUP.decode_scalar(bytes.fromhex(samples["identifier"])) == 42
    assert GROUP.decode_scalar(bytes.fromhex(samples["scalar1"])) < ORDER


def test_negation_flips_the_parity_and_nothing_else() -> None:
    point = GROUP.base_mul(5)
    x, y = lift(point)

    assert GROUP.negate(point) == sec1((x, oracle.P - y))
    assert GROUP.negate(point)[1:] == point[1:]
