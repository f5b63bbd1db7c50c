"""Signed ledger transactions: their canonical bytes and ids.

A transaction is signed over its chain, kind, principal, nonce and payload, so that nothing of it
can be moved to another chain, account or place in an account's order. Its id is the SHA-256 of its
canonical bytes, signature included. Whoever holds a principal's key, Ed25519 or ML-DSA-65, signs;
the K-chain only verifies. What it carries is a statement in a ceremony, or one of `requests`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.crypto import principals
from sim.protocol.messages import Statement

_TAG: Final = "K-chain/tx/v1"
_SIGNATURES: Final = frozenset(principals.SIGNATURE_SIZES.values())

TRANSACTION_MAX: Final = 1 << 21
"""Largest transaction in bytes: a Response of 1,000 complaints with one-time keys takes 1.25 MB."""

Nonce = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]


def check_principal(public: bytes) -> None:
    """Check that a principal's public key has the length of one.

    Raises:
        ValueError: It takes neither 32 nor 1952 bytes.

    """
    if len(public) not in principals.SIGNATURE_SIZES:
        raise ValueError(f"no principal's key takes {len(public)} bytes")


class Transaction(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One signed transaction.

    Attributes:
        chain: The id of the chain that it is for.
        kind: A key of `messages.STATEMENTS`, or one of the kinds of `requests`.
        principal: The public key of the account that signs: 32 bytes (Ed25519) or 1952 (ML-DSA-65).
        nonce: That account's last nonce + 1.
        payload: The encoded payload of that kind.
        signature: The principal's over `unsigned_bytes`, 64 or 3309 bytes.

    Raises:
        ValueError: The principal or the signature has a length that neither kind has.

    """

    chain: str
    kind: str
    principal: bytes
    nonce: Nonce
    payload: bytes
    signature: bytes

    def __post_init__(self) -> None:
        """Check what annotations can't: lengths that are one of two."""
        check_principal(self.principal)
        if len(self.signature) not in _SIGNATURES:
            raise ValueError(f"no principal's signature takes {len(self.signature)} bytes")


class CeremonyPayload(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What every ceremony transaction carries.

    Attributes:
        session: 32 bytes.
        attempt: 1-based.
        body: The encoded statement; the judge decides what a malformed one means.

    """

    session: bytes
    attempt: int
    body: bytes


def unsigned_bytes(chain: str, kind: str, principal: bytes, nonce: int, payload: bytes) -> bytes:
    """Return the bytes that a transaction's signature covers."""
    return encode((_TAG, chain, kind, principal, nonce, payload))


def sign_transaction(
    sign: Callable[[bytes], bytes],
    chain: str,
    kind: str,
    principal: bytes,
    nonce: int,
    payload: bytes,
) -> bytes:
    """Return a whole transaction's canonical bytes; `sign` is the principal's signing."""
    signature = sign(unsigned_bytes(chain, kind, principal, nonce, payload))
    return encode(Transaction(chain, kind, principal, nonce, payload, signature))


def statement_payload(session: bytes, attempt: int, statement: Statement) -> bytes:
    """Return the payload of a ceremony transaction that says `statement`."""
    return encode(CeremonyPayload(session, attempt, encode(statement)))


def decode_transaction(raw: bytes) -> Transaction:
    """Decode a whole transaction; its signature isn't looked at.

    Raises:
        DecodeError: `raw` is too large, or not the canonical encoding of a transaction.

    """
    if len(raw) > TRANSACTION_MAX:
        raise DecodeError(f"{len(raw)} bytes, and a transaction takes at most {TRANSACTION_MAX}")
    return decode_canonical(raw, Transaction)


def transaction_id(raw: bytes) -> bytes:
    """Return the id of a transaction's canonical bytes, 32 bytes."""
    return hashlib.sha256(raw).digest()


def is_signed(transaction: Transaction) -> bool:
    """Say whether the signature is its principal's, over everything else in it.

    The principal's length tells which of the two kinds it must be; the other kind never is.
    """
    signed = unsigned_bytes(
        transaction.chain,
        transaction.kind,
        transaction.principal,
        transaction.nonce,
        transaction.payload,
    )
    return principals.verify(transaction.principal, signed, transaction.signature)
