"""ML-KEM-768: three implementations agree on keys, ciphertexts and secrets."""

from __future__ import annotations

import hashlib

import pytest
from kyber_py.ml_kem import ML_KEM_768
from pqcrypto.kem import ml_kem_768

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto.mlkem import (
    CIPHERTEXT_SIZE,
    PUBLIC_SIZE,
    DecapsulationKey,
    EncapsulationError,
    check_public,
    encapsulate,
    encapsulate_with_coins,
)

SEED = hashlib.shake_256(b"seed").digest(64)
KEY = DecapsulationKey.from_seed(Secret(SEED))
COINS = Secret(hashlib.sha256(b"coins").digest())
SHARED, CIPHERTEXT = encapsulate(KEY.public, COINS)


@pytest.mark.parametrize("number", range(4))
def test_what_is_encapsulated_is_decapsulated_by_three_implementations(number: int) -> None:
    seed = hashlib.shake_256(bytes([number])).digest(64)
    key = DecapsulationKey(seed)
    public, expanded = ML_KEM_768.key_derive(seed)

    shared, ciphertext = encapsulate(key.public, Secret(bytes([number]) * 32))

    assert key.public == public
    assert (len(public), len(ciphertext)) == (PUBLIC_SIZE, CIPHERTEXT_SIZE) == (1184, 1088)
    assert key.decapsulate(ciphertext) == shared
    assert Secret(ml_kem_768.decaps(expanded, ciphertext)) == shared
    assert Secret(ML_KEM_768.decaps(expanded, ciphertext)) == shared


def test_what_others_encapsulate_opens() -> None:
    ciphertext, shared = ml_kem_768.encaps(KEY.public)

    assert KEY.decapsulate(ciphertext) == Secret(shared)


def test_others_open_what_is_encapsulated_to_their_keys() -> None:
    public, secret = ml_kem_768.keygen()

    shared, ciphertext = encapsulate(public, COINS)

    assert Secret(ml_kem_768.decaps(secret, ciphertext)) == shared


def test_coins_determine_everything() -> None:
    assert encapsulate(KEY.public, COINS) == (SHARED, CIPHERTEXT)
    assert encapsulate_with_coins(KEY.public, COINS.reveal()) == (SHARED.reveal(), CIPHERTEXT)
    assert encapsulate(KEY.public, Secret(bytes(32)))[1] != CIPHERTEXT
    assert encapsulate(DecapsulationKey(bytes(64)).public, COINS)[0] != SHARED


def test_a_changed_ciphertext_gives_the_secret_of_implicit_rejection() -> None:
    """FIPS 203, algorithm 18: J(z ‖ c), which nobody without z can tell from a good one."""
    changed = bytes([CIPHERTEXT[0] ^ 1]) + CIPHERTEXT[1:]

    rejected = KEY.decapsulate(changed)

    assert KEY.decapsulate(CIPHERTEXT) == SHARED != rejected
    assert rejected == Secret(hashlib.shake_256(SEED[32:] + changed).digest(32))


def test_another_key_decapsulates_another_secret() -> None:
    other = DecapsulationKey(bytes(64))

    assert other.decapsulate(CIPHERTEXT) != SHARED


@pytest.mark.parametrize("size", [0, 800, 1183, 1185, 1568])
def test_public_keys_have_one_length(size: int) -> None:
    check_public(KEY.public)
    public = (KEY.public * 2)[:size]

    with pytest.raises(EncapsulationError, match="1184 bytes"):
        check_public(public)
    with pytest.raises(EncapsulationError, match="1184 bytes"):
        encapsulate(public, COINS)


def test_coefficients_that_are_not_reduced_are_refused() -> None:
    """FIPS 203's modulus check: a coefficient of q = 3329 or more has a second encoding."""
    for coefficient in (3329, 4095):
        head = coefficient.to_bytes(2, "little")
        bad = head[:1] + bytes([KEY.public[1] & 0xF0 | head[1]]) + KEY.public[2:]

        with pytest.raises(EncapsulationError, match="modulus"):
            check_public(bad)
        with pytest.raises(EncapsulationError, match="modulus"):
            encapsulate(bad, COINS)
    head = (3328).to_bytes(2, "little")
    check_public(head[:1] + bytes([KEY.public[1] & 0xF0 | head[1]]) + KEY.public[2:])


@pytest.mark.parametrize("size", [0, 768, 1087, 1089])
def test_ciphertexts_have_one_length(size: int) -> None:
    with pytest.raises(EncapsulationError, match="1088 bytes"):
        KEY.decapsulate((CIPHERTEXT * 2)[:size])


def test_seeds_and_coins_have_one_length() -> None:
    for size in (0, 32, 63, 65):
        with pytest.raises(ValueError, match="64 bytes"):
            DecapsulationKey(bytes(size))
    for size in (0, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            encapsulate(KEY.public, Secret(bytes(size)))


def test_secrets_redact_themselves_and_are_refused_by_the_memoiser() -> None:
    @memoised
    def peek(_: DecapsulationKey) -> None: ...

    assert SEED.hex()[:32] not in repr(KEY)
    assert KEY.public.hex()[:16] in repr(KEY)
    assert SHARED.reveal().hex() not in repr(encapsulate(KEY.public, COINS))
    with pytest.raises(LocalError, match="secret"):
        peek(KEY)


def test_each_side_is_charged() -> None:
    with metering(Meter()) as meter:
        _, ciphertext = encapsulate(KEY.public, COINS)
        KEY.decapsulate(ciphertext)

    assert meter.counts == {"mlkem.encapsulate": 1, "mlkem.decapsulate": 1}
