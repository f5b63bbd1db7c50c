"""Transactions of principals with Ed25519 and with ML-DSA-65 keys: one shape, two lengths."""

from __future__ import annotations

import hashlib

import msgpack
import msgspec
import pytest
from pqcrypto.sign import ml_dsa_65

from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.base.secret import Secret
from sim.crypto.principals import Principal, principal_from_seed
from sim.protocol.requests import (
    Authorize,
    Policy,
    Revoke,
)
from sim.protocol.transactions import (
    Transaction,
    check_principal,
    decode_transaction,
    is_signed,
    sign_transaction,
    transaction_id,
    unsigned_bytes,
)

SEED = Secret(hashlib.sha256(b"principal").digest())
ED25519 = principal_from_seed("ED25519", SEED)
MLDSA = principal_from_seed("MLDSA", SEED)


def signed(who: Principal, *, nonce: int = 7) -> bytes:
    return sign_transaction(who.sign, "K", "create-key", who.public, nonce, b"payload")


RAW = {"ED25519": signed(ED25519), "MLDSA": signed(MLDSA)}
BOTH = pytest.mark.parametrize("scheme", RAW)


@BOTH
def test_a_signature_covers_everything_else(scheme: str) -> None:
    transaction = decode_transaction(RAW[scheme])
    other = principal_from_seed("MLDSA" if scheme == "MLDSA" else "ED25519", Secret(bytes(32)))

    assert is_signed(transaction)
    for change in (
        {"chain": "L"},
        {"kind": "deal"},
        {"principal": other.public},
        {"nonce": 8},
        {"payload": b"payloaf"},
        {"signature": transaction.signature[::-1]},
    ):
        assert not is_signed(msgspec.structs.replace(transaction, **change))


@BOTH
def test_bytes_are_deterministic_and_have_one_id(scheme: str) -> None:
    who = {"ED25519": ED25519, "MLDSA": MLDSA}[scheme]

    assert signed(who) == RAW[scheme] != signed(who, nonce=8)
    assert transaction_id(RAW[scheme]) == hashlib.sha256(RAW[scheme]).digest()


def test_an_unrelated_verifier_accepts_what_an_ml_dsa_principal_signed() -> None:
    """The signed bytes are rebuilt from their definition; pqcrypto raises unless it accepts."""
    chain, kind, principal, nonce, payload, signature = msgpack.unpackb(RAW["MLDSA"])
    covered = msgpack.packb(["K-chain/tx/v1", chain, kind, principal, nonce, payload])

    ml_dsa_65.verify(principal, covered, signature)

    assert covered == unsigned_bytes(chain, kind, principal, nonce, payload)
    assert (len(principal), len(signature)) == (1952, 3309)


def test_the_other_kinds_signature_never_passes() -> None:
    """Both keys come from one seed and sign the same bytes; the lengths alone are mixed."""
    for who, other in ((ED25519, MLDSA), (MLDSA, ED25519)):
        message = unsigned_bytes("K", "deal", who.public, 1, b"")
        right = Transaction("K", "deal", who.public, 1, b"", who.sign(message))
        mixed = msgspec.structs.replace(right, signature=other.sign(message))

        assert is_signed(decode_transaction(encode(right)))
        assert not is_signed(decode_transaction(encode(mixed)))


@pytest.mark.parametrize("size", [0, 31, 33, 64, 1312, 1951, 1953, 2592])
def test_a_principal_of_another_length_makes_no_transaction(size: int) -> None:
    with pytest.raises(DecodeError, match=f"key takes {size} bytes"):
        decode_transaction(encode(("K", "deal", bytes(size), 1, b"", bytes(64))))
    with pytest.raises(ValueError, match=f"key takes {size} bytes"):
        check_principal(bytes(size))


@pytest.mark.parametrize("size", [0, 63, 65, 96, 2420, 3308, 3310])
def test_a_signature_of_another_length_makes_no_transaction(size: int) -> None:
    for principal in (ED25519.public, MLDSA.public):
        check_principal(principal)

        with pytest.raises(DecodeError, match=f"signature takes {size} bytes"):
            decode_transaction(encode(("K", "deal", principal, 1, b"", bytes(size))))


def test_policies_name_principals_of_both_kinds_and_no_others() -> None:
    both = (ED25519.public, MLDSA.public)
    policy = encode(Policy(None, (), admins=both, principals=both))
    named: list[tuple[type, bytes]] = [
        (Policy, policy),
        *((Authorize, encode(("k", p, "admin"))) for p in both),
    ]
    named += [(Revoke, encode(("k", p))) for p in both]
    for kind, raw in named:
        assert encode(decode_canonical(raw, kind)) == raw

    for odd in (b"", bytes(31), bytes(1951), bytes(3309)):
        refused: list[tuple[type, tuple[object, ...]]] = [
            (Policy, (None, (), (ED25519.public, odd), (), None, 0)),
            (Policy, (None, (), (), (odd,), None, 0)),
            (Authorize, ("k", odd, "principal")),
            (Revoke, ("k", odd)),
        ]
        for kind, fields in refused:
            with pytest.raises(DecodeError, match="no principal's key"):
                decode_canonical(encode(fields), kind)
