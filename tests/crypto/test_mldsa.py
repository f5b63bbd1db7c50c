"""ML-DSA-65: three implementations agree on keys, signatures and refusals."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65
from pqcrypto import InvalidSignatureError
from pqcrypto.sign import ml_dsa_65

from sim.base.errors import LocalError
from sim.base.memo import Memo, memoised, using
from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto.mldsa import PUBLIC_SIZE, SIGNATURE_SIZE, SigningKey, verify

SEED = bytes(range(32))
KEY = SigningKey.from_seed(Secret(SEED))
MESSAGE = b"a signed transaction"
SIGNATURE = KEY.sign(MESSAGE)


def pqcrypto_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Ask an unrelated implementation; its verify returns None, or raises."""
    try:
        assert ml_dsa_65.verify(public, message, signature) is None
    except InvalidSignatureError:
        return False
    return True


@pytest.mark.parametrize("number", range(4))
def test_signatures_verify_by_three_implementations(number: int) -> None:
    key = SigningKey(hashlib.sha256(bytes([number])).digest())
    message = hashlib.shake_256(bytes([number])).digest(97 * number)

    signature = key.sign(message)

    assert (len(key.public), len(signature)) == (PUBLIC_SIZE, SIGNATURE_SIZE) == (1952, 3309)
    assert verify(key.public, message, signature)
    assert pqcrypto_verifies(key.public, message, signature)
    assert ML_DSA_65.verify(key.public, message, signature)


def test_keys_are_those_that_others_derive_from_the_seed() -> None:
    assert ML_DSA_65.key_derive(SEED)[0] == KEY.public
    assert MLDSA65PrivateKey.from_seed_bytes(SEED).public_key().public_bytes_raw() == KEY.public
    assert KEY.reveal() == SEED


def test_a_message_has_one_signature() -> None:
    """Deterministic by FIPS 204's rnd = 0; the hedged variant differs every time."""
    hedged = MLDSA65PrivateKey.from_seed_bytes(SEED).sign(MESSAGE)

    assert SigningKey(SEED).sign(MESSAGE) == KEY.sign(MESSAGE) == SIGNATURE
    assert hedged != SIGNATURE
    assert verify(KEY.public, MESSAGE, hedged)


def test_what_others_sign_is_accepted() -> None:
    public, secret = ml_dsa_65.keygen()
    signature = ml_dsa_65.sign(secret, MESSAGE)

    assert verify(public, MESSAGE, signature)
    assert not verify(public, MESSAGE + b".", signature)


def test_flipped_bits_break_a_signature_for_both_verifiers() -> None:
    """Challenge, response and hint: the first 48, the last 61, and the bytes between."""
    assert verify(KEY.public, MESSAGE, SIGNATURE)
    for place in (0, 47, 48, 1700, 3247, 3248, 3302, 3303, 3308):
        changed = bytearray(SIGNATURE)
        changed[place] ^= 1

        assert not verify(KEY.public, MESSAGE, bytes(changed))
        assert not pqcrypto_verifies(KEY.public, MESSAGE, bytes(changed))


def test_another_message_key_or_context_does_not_verify() -> None:
    other = SigningKey(bytes(32))
    in_context = MLDSA65PrivateKey.from_seed_bytes(SEED).sign(MESSAGE, b"elsewhere")
    MLDSA65PublicKey.from_public_bytes(KEY.public).verify(in_context, MESSAGE, b"elsewhere")

    assert not verify(KEY.public, MESSAGE + b".", SIGNATURE)
    assert not verify(other.public, MESSAGE, SIGNATURE)
    assert not verify(KEY.public, MESSAGE, in_context)


@pytest.mark.parametrize("size", [0, 32, 1312, 1951, 1953, 2592])
def test_keys_of_another_length_verify_nothing(size: int) -> None:
    assert not verify((KEY.public * 2)[:size], MESSAGE, SIGNATURE)


@pytest.mark.parametrize("size", [0, 64, 2420, 3308, 3310, 4627])
def test_signatures_of_another_length_verify_nothing(size: int) -> None:
    assert not verify(KEY.public, MESSAGE, (SIGNATURE * 2)[:size])


@pytest.mark.parametrize("fill", [b"\x00", b"\xff"])
def test_degenerate_bytes_verify_nothing(fill: bytes) -> None:
    assert not verify(fill * PUBLIC_SIZE, MESSAGE, SIGNATURE)
    assert not verify(KEY.public, MESSAGE, fill * SIGNATURE_SIZE)
    assert not verify(fill * PUBLIC_SIZE, MESSAGE, fill * SIGNATURE_SIZE)


def test_seeds_take_32_bytes() -> None:
    for size in (0, 31, 33, 64):
        with pytest.raises(ValueError, match="32 bytes"):
            SigningKey(bytes(size))


def test_a_library_that_signs_wrongly_is_a_bug_here(monkeypatch: pytest.MonkeyPatch) -> None:
    key = SigningKey(SEED)
    monkeypatch.setattr(ML_DSA_65, "sign", lambda *_, **__: bytes(SIGNATURE_SIZE))

    with pytest.raises(LocalError, match="doesn't verify"):
        key.sign(MESSAGE)


def test_a_library_that_derives_another_key_is_a_bug_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ML_DSA_65, "key_derive", ML_DSA_44.key_derive)

    with pytest.raises(LocalError, match="different ML-DSA keys"):
        SigningKey(SEED).sign(MESSAGE)


def test_keys_redact_themselves_and_are_refused_by_the_memoiser() -> None:
    @memoised
    def peek(_: SigningKey) -> None: ...

    assert SEED.hex() not in repr(KEY)
    assert KEY.public.hex()[:16] in repr(KEY)
    with pytest.raises(LocalError, match="secret"):
        peek(KEY)


def test_a_signature_is_verified_once_and_charged_to_everyone() -> None:
    with using(Memo()) as memo, metering(Meter()) as meter:
        signature = KEY.sign(MESSAGE)
        verdicts = [verify(KEY.public, MESSAGE, signature) for _ in range(5)]

    assert all(verdicts)
    assert meter.counts == {"mldsa.sign": 1, "mldsa.verify": 5}
    assert (memo.misses, memo.hits) == (1, 4)
