"""Signed ledger transactions: their canonical bytes, ids, and the payloads that they carry.

A transaction is signed over its chain, kind, principal, nonce and payload, so that nothing of it
can be moved to another chain, account or place in an account's order. Its id is the SHA-256 of its
canonical bytes, signature included. Whoever holds a principal's key, Ed25519 or ML-DSA-65, signs;
the K-chain only verifies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.crypto import principals
from sim.crypto.verification import SIGNATURE_SIZES
from sim.protocol.messages import Statement

_TAG: Final = "K-chain/tx/v1"
_SIGNATURES: Final = frozenset(principals.SIGNATURE_SIZES.values())

CREATE_KEY: Final = "create-key"
REPORT_EQUIVOCATION: Final = "report-equivocation"
RECORD_SIGN_SESSION: Final = "record-sign-session"

TRANSACTION_MAX: Final = 1 << 21
"""Largest transaction in bytes: a Response of 1,000 complaints with one-time keys takes 1.25 MB."""

Nonce = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
PublicKey = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
"""A validator's Ed25519 key."""

KeySignature = Annotated[
    bytes,
    msgspec.Meta(
        min_length=min(SIGNATURE_SIZES.values()), max_length=max(SIGNATURE_SIZES.values())
    ),
]
"""A key's signature, 64 to 3309 bytes; the chain knows by its scheme how many it must have."""

Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{1,64}\Z")]
"""A key's name: it stands in session labels, so it has no slash."""

SessionId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_./-]{1,160}\Z")]
"""A signing session's id, unique under its key."""

Small = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]


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
        kind: A key of `messages.STATEMENTS`, or one of the constants above.
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


class _Payload(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass


class CeremonyPayload(_Payload, frozen=True):
    """What every ceremony transaction carries.

    Attributes:
        session: 32 bytes.
        attempt: 1-based.
        body: The encoded statement; the judge decides what a malformed one means.

    """

    session: bytes
    attempt: int
    body: bytes


class Policy(_Payload, frozen=True):
    """What a key may be used for.

    Attributes:
        max_signings_per_epoch: None is no limit.
        contexts: The contexts it may sign in; empty allows all.

    """

    max_signings_per_epoch: Small | None
    contexts: tuple[str, ...]


class ByStake(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="select", tag="stake"
):
    """A committee of `size` that the chain draws from its registry, by `selection`'s rule."""

    size: Positive


class CreateKey(_Payload, frozen=True):
    """An authorised principal asks a committee for a new key.

    Attributes:
        key: The key's name, not taken yet.
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        threshold: t, the number of shares that sign.
        faults: f*, the liars and withholders that Confirm survives.
        committee: Names in the registry, in its order; or how many the chain draws.
        policy: What the key may be used for.
        attempts: Most attempts, at least 1.
        retry_after: Heights from a failure to the next attempt's first, at least 1.
        justifications: How a missing share is answered; see `ceremony.Ceremony`.
        commitments: Form of the commitments.

    """

    key: Name
    scheme: str
    threshold: int
    faults: int
    committee: tuple[str, ...] | ByStake
    policy: Policy
    attempts: Positive
    retry_after: Positive
    justifications: Literal["sealed", "clear"]
    commitments: Literal["evaluation", "coefficient"]


class ReportEquivocation(_Payload, frozen=True):
    """Two validly signed deals of one member for one attempt, seen off the ledger.

    Attributes:
        first: A whole signed deal transaction.
        second: Another, with another body.

    """

    first: bytes
    second: bytes


class RecordSignSession(_Payload, frozen=True):
    """A signing session that produced a signature, for the key's audit log.

    Attributes:
        key: The key's name.
        generation: The generation whose shares signed.
        signing: The session's id.
        context: What it was signed for; the policy may restrict it.
        message: The bytes signed.
        signature: Valid under the record's public key, as long as its scheme has it.
        signers: Share indices, strictly ascending, at least t.

    """

    key: str
    generation: int
    signing: SessionId
    context: str
    message: bytes
    signature: KeySignature
    signers: tuple[int, ...]


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
