"""The hash functions under the ciphersuites, against unrelated code."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.bls.hash import expand_message_xmd

from sim.crypto.ciphersuites import SECP256K1_BIP340, SECP256K1_SHA256, expand_message, tagged_hash
from sim.crypto.groups import get_group


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(min_size=1, max_size=255), st.integers(1, 300))
def test_messages_expand_as_in_rfc_9380(message: bytes, domain: bytes, length: int) -> None:
    expected = expand_message_xmd(message, domain, length, hashlib.sha256)  # type: ignore[arg-type]  # their annotation

    assert expand_message(message, domain, length) == expected


def test_tags_are_hashed_twice_before_the_data() -> None:
    tag = hashlib.sha256(b"BIP0340/challenge").digest()

    assert tagged_hash("BIP0340/challenge", b"data") == hashlib.sha256(tag + tag + b"data").digest()


def test_normal_points_have_an_even_y_in_bip_340_and_any_in_rfc_9591() -> None:
    group = get_group("SECP256K1")
    for k in range(1, 20):
        point = group.base_mul(k)
        normal = SECP256K1_BIP340.normal(point)
        assert normal[0] == 2
        assert normal in (point, group.negate(point))
        assert SECP256K1_SHA256.normal(point) == point


def test_purposes_and_forms_have_hashes_of_their_own() -> None:
    scalars = {
        suite.hash_to_scalar(purpose, b"data")
        for suite in (SECP256K1_SHA256, SECP256K1_BIP340)
        for purpose in (b"rho", b"nonce", b"chal", b"dkg")
    }

    assert len(scalars) == 8
