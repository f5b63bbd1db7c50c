"""BLS partials and their combination, judged by py_ecc; and beacons of real committees."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_arkworks_bls12381 import GT, G1Point, G2Point
from py_ecc.bls.ciphersuites import G2Basic

from sim.base.memo import Memo, using
from sim.base.meters import Meter, metering
from sim.base.randomness import stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto import bls
from sim.crypto.commitments import EVALUATION
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from tests.support.curves import P
from tests.support.vectors import load

GROUP = get_group("BLS")
MESSAGE = b"message"
NEUTRAL = b"\xc0" + bytes(95)


class Committee:
    """t of n with a dealt key."""

    def __init__(self, n: int, t: int) -> None:
        self.polynomial = Polynomial.random(stream(4, "committee", n, t), t, GROUP.order)
        self.public, *self.share_points = EVALUATION.commit(GROUP, self.polynomial, n)

    def share(self, i: int) -> SecretScalar:
        return Secret(self.polynomial.at(i))

    def partial(self, i: int, message: bytes = MESSAGE) -> bytes:
        return bls.sign(self.share(i), message)

    def signature(self, signers: list[int], message: bytes = MESSAGE) -> bytes:
        return bls.combine({i: self.partial(i, message) for i in signers})


@settings(max_examples=4, deadline=None)
@given(st.data())
def test_any_t_signers_sign_for_an_unrelated_verifier(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 7))
    t = data.draw(st.integers(1, n))
    signers = sorted(data.draw(st.permutations(range(1, n + 1)))[:t])
    message = data.draw(st.binary(max_size=80))
    committee = Committee(n, t)

    signature = committee.signature(signers, message)

    assert len(signature) == bls.SIGNATURE_SIZE
    assert bls.verify(committee.public, message, signature)
    assert G2Basic.Verify(committee.public, message, signature)  # type: ignore[arg-type]  # bytes


def test_everyone_gets_the_one_signature_that_the_whole_key_would_give() -> None:
    committee = Committee(6, 3)
    secret = committee.polynomial.coefficients[0]

    signatures = {committee.signature(s) for s in ([1, 2, 3], [2, 4, 6], [1, 2, 3, 4, 5, 6])}

    assert signatures == {bls.sign(Secret(secret), MESSAGE)}
    assert signatures == {G2Basic.Sign(secret, MESSAGE)}


def test_t_minus_1_signers_do_not_sign() -> None:
    committee = Committee(5, 3)

    assert not bls.verify(committee.public, MESSAGE, committee.signature([1, 4]))


def test_a_partial_is_its_holders_for_one_message() -> None:
    committee = Committee(5, 3)
    partial = committee.partial(2)

    bls.verify_partial(committee.share_points[1], MESSAGE, partial)
    for point, message in [
        (committee.share_points[2], MESSAGE),
        (committee.share_points[1], b"other"),
    ]:
        with pytest.raises(bls.PartialError):
            bls.verify_partial(point, message, partial)


def outside_the_subgroup() -> bytes:
    """A canonical point of the twist that isn't in G2."""
    for x in range(1, 100):
        for sign in (4, 5):
            encoding = (sign << 381).to_bytes(48, "big") + x.to_bytes(48, "big")
            try:
                point = G2Point.from_compressed_bytes_unchecked(encoding)
            except ValueError:
                continue
            if not point.is_in_subgroup():
                return encoding
    raise AssertionError


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(96),
        b"\xff" * 96,
        NEUTRAL,
        NEUTRAL[:-1] + b"\x01",
        b"\xe0" + bytes(95),
        outside_the_subgroup(),
        (5 << 381 | P).to_bytes(48, "big") + bytes(48),
        (4 << 381).to_bytes(48, "big") + P.to_bytes(48, "big"),
    ],
)
def test_what_is_no_element_of_g2_is_no_signature(data: bytes) -> None:
    """The neutral element would be everyone's signature for a share of 0."""
    committee = Committee(3, 2)
    good = committee.partial(1)

    for signature in (data, good[:95], good + b"\x00"):
        assert not bls.verify(committee.share_points[0], MESSAGE, signature)
        with pytest.raises(bls.PartialError):
            bls.verify_partial(committee.share_points[0], MESSAGE, signature)


def test_the_negated_signature_is_none() -> None:
    """e(V, H) · e(G, −σ) is no 1, though −σ has the same x."""
    committee = Committee(3, 2)
    good = committee.partial(1)
    negated = bytes([good[0] ^ 0x20]) + good[1:]

    assert bls.verify(committee.share_points[0], MESSAGE, good)
    assert not bls.verify(committee.share_points[0], MESSAGE, negated)


def test_nobody_signs_under_the_identity() -> None:
    """A neutral key and a neutral signature would satisfy the pairing for every message."""
    assert not bls.verify(GROUP.identity, MESSAGE, NEUTRAL)
    assert not bls.verify(bytes(48), MESSAGE, NEUTRAL)


def test_charges_are_one_in_g2_one_check_per_partial_and_one_combination() -> None:
    committee = Committee(7, 5)
    with metering(Meter()) as signing:
        partials = {i: committee.partial(i) for i in (1, 2, 4, 5, 7)}
    with metering(Meter()) as checking:
        for i, partial in partials.items():
            bls.verify_partial(committee.share_points[i - 1], MESSAGE, partial)
    with metering(Meter()) as combining:
        signature = bls.combine(partials)
    with metering(Meter()) as verifying:
        bls.verify(committee.public, MESSAGE, signature)

    assert signing.counts == {"exp.g2": 5}
    assert checking.counts == {"pairing.check": 5}
    assert combining.counts == {"combine.g2": 1, "combine.g2.terms": 5}
    assert verifying.counts == {"signature.verify": 1}


def test_a_partial_is_checked_once_and_charged_to_everyone() -> None:
    committee = Committee(3, 2)
    partial = committee.partial(1)

    with using(Memo()) as memo, metering(Meter()) as meter:
        for _ in range(4):
            bls.verify_partial(committee.share_points[0], MESSAGE, partial)

    assert meter.counts == {"pairing.check": 4}
    assert (memo.misses, memo.hits) == (1, 3)


# Beacons. drand's older networks have our ciphersuite; its newer ones swap the groups.

G1_SUITE = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
ON_BLS12381 = {
    "pedersen-bls-chained",
    "pedersen-bls-unchained",
    "bls-unchained-on-g1",
    "bls-unchained-g1-rfc9380",
}


def beacon_message(beacon: dict[str, Any]) -> bytes:
    """A chained beacon signs the one before it, an unchained one its number alone."""
    chained = beacon["scheme"] == "pedersen-bls-chained"
    previous = bytes.fromhex(beacon["previous_signature"]) if chained else b""
    return hashlib.sha256(previous + beacon["round"].to_bytes(8, "big")).digest()


def beacon_verifies(beacon: dict[str, Any]) -> bool:
    """Verify with keys in G1, or in G2 by a pairing turned round, which only this test needs."""
    if beacon["scheme"] == "pedersen-bls-chained" and not beacon["previous_signature"]:
        return False  # drand's rule: without it, a chained beacon would be an unchained one
    public, signature = bytes.fromhex(beacon["public_key"]), bytes.fromhex(beacon["signature"])
    message = beacon_message(beacon)
    if len(signature) == 96:
        return bls.verify(public, message, signature)
    # The first network with signatures in G1 hashed to it under the suite's name for G2.
    suite = bls.SUITE.encode() if beacon["scheme"] == "bls-unchained-on-g1" else G1_SUITE
    try:
        point = G1Point.from_compressed_bytes(signature)
        key = G2Point.from_compressed_bytes(public)
    except ValueError:
        return False
    return GT.pairing_check([G1Point.hash_to_curve(message, suite), -point], [key, G2Point()])


def test_beacons_of_real_committees_are_judged_as_published() -> None:
    beacons = [b for b in load("bls/drand-beacons.json") if b["scheme"] in ON_BLS12381]

    verdicts = [(b["scheme"], b["round"], beacon_verifies(b)) for b in beacons]

    assert verdicts == [(b["scheme"], b["round"], b["valid"]) for b in beacons]
    assert {b["scheme"] for b in beacons} == ON_BLS12381
    assert {(len(b["signature"]), b["valid"]) for b in beacons} == {
        (192, True),
        (192, False),
        (96, True),
        (96, False),
    }


def test_only_beacons_on_another_curve_are_left_out() -> None:
    others = {b["scheme"] for b in load("bls/drand-beacons.json")} - ON_BLS12381

    assert others == {"bls-bn254-unchained-on-g1"}
