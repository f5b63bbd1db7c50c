"""Sealed shares: what opens them, what must not, and the envelope rebuilt by other libraries."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from importlib import metadata
from typing import Any

import msgpack
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from kyber_py.ml_kem import ML_KEM_768
from nacl import bindings

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto.sealing import (
    KEM_PUBLIC_SIZE,
    PUBLIC_SIZE,
    SEALED_SIZE,
    Ephemeral,
    SealError,
    TransportKey,
    check_public,
    open_sealed,
    seal,
)

SHARE = bytes(range(32))
PLACE: dict[str, Any] = {
    "label": "share",
    "chain": "K",
    "session": bytes(32),
    "attempt": 1,
    "dealer": 3,
    "recipient": 5,
}


def key_of(number: int) -> TransportKey:
    return TransportKey.from_seeds(Secret(hashlib.shake_256(bytes([number])).digest(96)))


HOLDER = key_of(1)
EPHEMERAL = Ephemeral(Secret(bytes([7]) * 32))
COINS = bytes([9]) * 32


def sealed_with(coins: bytes | None = COINS) -> bytes:
    return seal(SHARE, HOLDER.public, EPHEMERAL, coins=coins, **PLACE)


SEALED = sealed_with()


def refused(sealed: bytes, key: TransportKey = HOLDER, **place: Any) -> bool:
    try:
        open_sealed(sealed, key, **{**PLACE, **place})
    except SealError:
        return True
    return False


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_what_is_sealed_opens(share: bytes) -> None:
    sealed = seal(share, HOLDER.public, EPHEMERAL, **PLACE)

    assert len(sealed) == SEALED_SIZE == 1168
    assert open_sealed(sealed, HOLDER, **PLACE) == share


def test_coins_make_sealing_deterministic() -> None:
    assert sealed_with() == sealed_with() == SEALED
    assert sealed_with(bytes(32)) != SEALED
    assert open_sealed(SEALED, HOLDER, **PLACE) == SHARE


def test_without_coins_every_seal_is_another() -> None:
    assert sealed_with(None) != sealed_with(None)


def test_the_envelope_is_what_the_protocol_says() -> None:
    """Rebuilt from its definition: kyber-py, libsodium, HKDF by hand, msgpack."""
    secret, ciphertext = ML_KEM_768._encaps_internal(HOLDER.public[:KEM_PUBLIC_SIZE], COINS)
    exchanged = bindings.crypto_scalarmult(bytes([7]) * 32, HOLDER.public[KEM_PUBLIC_SIZE:])
    ephemeral = bindings.crypto_scalarmult_base(bytes([7]) * 32)
    place = ["share", "K", bytes(32), 1, 3, 5, ciphertext, ephemeral]
    keys = [HOLDER.public[:KEM_PUBLIC_SIZE], HOLDER.public[KEM_PUBLIC_SIZE:]]
    info = hashlib.sha256(msgpack.packb([*place, *keys], use_bin_type=True)).digest()
    extracted = hmac.digest(bytes(32), secret + exchanged, "sha256")
    key = hmac.digest(extracted, info + b"\x01", "sha256")

    rebuilt = ciphertext + ephemeral + AESGCM(key).encrypt(bytes(12), SHARE, info)
    assert rebuilt == SEALED


def test_seeds_derive_the_key_that_others_derive() -> None:
    seeds = hashlib.shake_256(bytes([1])).digest(96)
    kem, _ = ML_KEM_768.key_derive(seeds[:64])

    assert HOLDER.public == kem + bindings.crypto_scalarmult_base(seeds[64:])
    assert len(HOLDER.public) == PUBLIC_SIZE == 1216
    assert HOLDER.reveal() == seeds


@pytest.mark.parametrize(
    "place",
    [
        {"label": "reply"},
        {"chain": "T"},
        {"session": bytes([1]) * 32},
        {"attempt": 2},
        {"dealer": 4},
        {"recipient": 6},
    ],
    ids=lambda place: next(iter(place)),
)
def test_an_envelope_opens_in_its_own_place_only(place: dict[str, Any]) -> None:
    """Replayed from an older session it neither opens nor blames the honest dealer."""
    assert not refused(SEALED)

    assert refused(SEALED, **place)


def test_an_envelope_opens_for_its_own_recipient_only() -> None:
    other_kem = TransportKey(key_of(2).reveal()[:64] + HOLDER.reveal()[64:])
    other_exchange = TransportKey(HOLDER.reveal()[:64] + key_of(2).reveal()[64:])

    for key in (key_of(2), other_kem, other_exchange):
        assert refused(SEALED, key)


def test_any_flipped_bit_breaks_an_envelope() -> None:
    for place in [*range(0, 1088, 97), *range(1088, 1119, 3), *range(1120, 1168)]:
        flipped = bytearray(SEALED)
        flipped[place] ^= 1
        assert refused(bytes(flipped)), place


def test_the_bit_that_x25519_ignores_is_bound_too() -> None:
    """RFC 7748 masks the top bit of E: the shared secret stays, the digest of the place doesn't."""
    flipped = bytearray(SEALED)
    flipped[1119] ^= 0x80

    assert refused(bytes(flipped))


@pytest.mark.parametrize("data", [b"", SEALED[:-1], SEALED + b"\x00", SEALED[:1088]])
def test_envelopes_of_another_length_are_refused(data: bytes) -> None:
    assert refused(data)


LOW_ORDER = [
    number.to_bytes(32, "little")
    for number in (
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        2**255 - 20,
        2**255 - 19,
        2**255 - 18,
        2**255,
        2**255 + 1,
        2**256 - 20,
        2**256 - 19,
        2**256 - 18,
    )
]
"""X25519 keys of low order, canonical and not: Bernstein's list (Curve25519, "contributory")."""


@pytest.mark.parametrize("low", LOW_ORDER)
def test_low_order_x25519_keys_are_refused(low: bytes) -> None:
    with pytest.raises(SealError, match="low order"):
        check_public(HOLDER.public[:KEM_PUBLIC_SIZE] + low)
    assert refused(SEALED[:1088] + low + SEALED[1120:])


@pytest.mark.parametrize("place", [0, 3, 381, 1149])
def test_ml_kem_keys_that_are_not_reduced_are_refused(place: int) -> None:
    """FIPS 203 section 7.2: twelve-bit coefficients of 3329 or more, here 3329 and 4095."""
    for pair in (b"\x01\x0d", b"\xff\xff"):
        changed = HOLDER.public[:place] + pair + HOLDER.public[place + 2 :]
        with pytest.raises(SealError, match="modulus"):
            check_public(changed)


@pytest.mark.parametrize("length", [0, 1184, 1215, 1217])
def test_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(SealError, match="1216 bytes"):
        check_public((HOLDER.public + bytes(8))[:length])


def test_good_keys_are_accepted_again_and_again() -> None:
    for _ in range(2):
        check_public(HOLDER.public)


def test_sealing_to_a_bad_key_is_refused() -> None:
    with pytest.raises(SealError):
        seal(SHARE, bytes(PUBLIC_SIZE - 32) + LOW_ORDER[0], EPHEMERAL, **PLACE)


@pytest.mark.parametrize("length", [0, 64, 95, 97])
def test_seeds_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(SealError, match="96 bytes"):
        TransportKey.from_seeds(Secret(bytes(length)))


def test_shares_and_coins_of_another_length_are_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="share takes 32 or 64"):
        seal(SHARE[:31], HOLDER.public, EPHEMERAL, **PLACE)
    with pytest.raises(ValueError, match="coins take 32"):
        sealed_with(bytes(31))


@pytest.mark.parametrize("secret", [HOLDER, EPHEMERAL], ids=["transport", "ephemeral"])
def test_keys_redact_themselves_and_are_refused_by_the_memoiser(
    secret: TransportKey | Ephemeral,
) -> None:
    @memoised
    def peek(_: object) -> None: ...

    assert secret.reveal().hex()[:16] not in repr(secret)
    assert repr(secret.reveal())[2:10] not in repr(secret)
    with pytest.raises(LocalError, match="secret"):
        peek(secret)


@pytest.mark.parametrize(
    ("operation", "charged"),
    [
        (sealed_with, {"seal": 1}),
        (lambda: open_sealed(SEALED, HOLDER, **PLACE), {"open": 1}),
        (lambda: refused(SEALED[:-1]), {"open": 1}),
    ],
    ids=["seal", "open", "refuse"],
)
def test_charges_are_one_per_envelope(
    operation: Callable[[], object], charged: dict[str, int]
) -> None:
    with metering(Meter()) as meter:
        operation()

    assert meter.counts == charged


def test_kyber_py_is_the_version_whose_internals_are_used() -> None:
    """`_encaps_internal` is no public interface."""
    assert metadata.version("kyber-py") == "1.2.0"
