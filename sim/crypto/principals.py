"""Whoever signs transactions: an account with an Ed25519 key, or one with an ML-DSA-65 key.

Which of the two an account has is told by the length of its public key, and a signature of the
other kind never verifies under it. Validators always sign with Ed25519; others choose. Both are
deterministic, so that a ledger's bytes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias

from sim.base.secret import SecretBytes
from sim.crypto import identity, mldsa

PrincipalScheme: TypeAlias = Literal["ED25519", "MLDSA"]

SIGNATURE_SIZES: Final[Mapping[int, int]] = MappingProxyType(
    {identity.PUBLIC_SIZE: identity.SIGNATURE_SIZE, mldsa.PUBLIC_SIZE: mldsa.SIGNATURE_SIZE}
)
"""Bytes of a signature, by bytes of the public key: 64 for 32, and 3309 for 1952."""

SEED_SIZE: Final = 32
"""Bytes of either kind's seed."""


class Principal(Protocol):
    """A signing account; only its owner may hold it."""

    @property
    def public(self) -> bytes:
        """The account: its public key, 32 or 1952 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, 64 or 3309 bytes."""


def principal_from_seed(scheme: PrincipalScheme, seed: SecretBytes) -> Principal:
    """Derive a principal's key from 32 secret bytes.

    Raises:
        ValueError: They aren't 32 bytes.

    """
    if scheme == "MLDSA":
        return mldsa.SigningKey.from_seed(seed)
    return identity.Identity(seed.reveal())


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is `public`'s over `message`; bytes of any length are judged.

    Charges one signature.verify or one mldsa.verify, by the length of the key; nothing if the
    signature's length isn't the key's.
    """
    if SIGNATURE_SIZES.get(len(public)) != len(signature):
        return False
    if len(public) == mldsa.PUBLIC_SIZE:
        return mldsa.verify(public, message, signature)
    return identity.verify(public, message, signature)
