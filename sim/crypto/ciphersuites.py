"""FROST's ciphersuites: its hash functions on one curve, and the form of the resulting signature.

Source: RFC 9591 sections 6.1 (Ed25519, SHA-512) and 6.5 (secp256k1, SHA-256). The third is
secp256k1 in BIP-340 form, hashed as the published frost-secp256k1-tr does: keys and signatures are
x-only, so within a session whatever has an odd y is negated, shares and nonces with it. Outside the
session nothing is: shares, V_x and the record's 33-byte key keep their sign, or a later resharing
would not fit them.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal, Protocol

from sim.crypto import ed25519, secp256k1
from sim.crypto.groups import get_group

_ODD: Final = 3
"""First byte of a secp256k1 point with an odd y."""


class KnowledgeHash(Protocol):
    """What the FROST DKG needs of a ciphersuite: it may sign with another scheme, or none."""

    @property
    def scheme(self) -> str:
        """Name of its group."""
        ...

    def hash_to_scalar(self, purpose: bytes, data: bytes) -> int:
        """H1 (``rho``) and H3 (``nonce``); the FROST DKG's ``dkg`` is built alike."""
        ...


class Ciphersuite(KnowledgeHash, Protocol):
    """What distinguishes one FROST from another."""

    @property
    def name(self) -> str:
        """As its source calls it."""
        ...

    def hash_to_bytes(self, purpose: bytes, data: bytes) -> bytes:
        """H4 (``msg``) and H5 (``com``)."""
        ...

    def challenge(self, commitment: bytes, public_key: bytes, message: bytes) -> int:
        """H2, over R, key and message, both points as `normal` gives them."""
        ...

    def normal(self, point: bytes) -> bytes:
        """Return the one of point and −point that signatures are about."""
        ...

    def signature(self, commitment: bytes, response: bytes) -> bytes:
        """Join a normal R and an encoded z."""
        ...


class _Ed25519Sha512:
    name: Final = "FROST(Ed25519, SHA-512)"
    scheme: Final = "ED25519"
    _context: Final = b"FROST-ED25519-SHA512-v1"

    def hash_to_scalar(self, purpose: bytes, data: bytes) -> int:
        return _little(hashlib.sha512(self._context + purpose + data).digest()) % ed25519.ORDER

    def hash_to_bytes(self, purpose: bytes, data: bytes) -> bytes:
        return hashlib.sha512(self._context + purpose + data).digest()

    def challenge(self, commitment: bytes, public_key: bytes, message: bytes) -> int:
        # Without the context, so that the signature is an ordinary Ed25519 one.
        digest = hashlib.sha512(commitment + public_key + message).digest()
        return _little(digest) % ed25519.ORDER

    def normal(self, point: bytes) -> bytes:
        return point

    def signature(self, commitment: bytes, response: bytes) -> bytes:
        return commitment + response


class _Secp256k1Sha256:
    name = "FROST(secp256k1, SHA-256)"
    scheme: Final = "SECP256K1"

    def __init__(self, context: bytes = b"FROST-secp256k1-SHA256-v1") -> None:
        self._context = context

    def hash_to_scalar(self, purpose: bytes, data: bytes) -> int:
        # RFC 9380 section 5.2, hash_to_field: 48 bytes leave a bias below 2^−127.
        uniform = expand_message(data, self._context + purpose, 48)
        return int.from_bytes(uniform, "big") % secp256k1.ORDER

    def hash_to_bytes(self, purpose: bytes, data: bytes) -> bytes:
        return hashlib.sha256(self._context + purpose + data).digest()

    def challenge(self, commitment: bytes, public_key: bytes, message: bytes) -> int:
        return self.hash_to_scalar(b"chal", commitment + public_key + message)

    def normal(self, point: bytes) -> bytes:
        return point

    def signature(self, commitment: bytes, response: bytes) -> bytes:
        return commitment + response


class _Secp256k1Bip340(_Secp256k1Sha256):
    name = "FROST(secp256k1, SHA-256), BIP-340 form"

    def __init__(self) -> None:
        super().__init__(b"FROST-secp256k1-SHA256-TR-v1")

    def challenge(self, commitment: bytes, public_key: bytes, message: bytes) -> int:
        digest = tagged_hash("BIP0340/challenge", commitment[1:] + public_key[1:] + message)
        return int.from_bytes(digest, "big") % secp256k1.ORDER

    def normal(self, point: bytes) -> bytes:
        return b"\x02" + point[1:] if point[0] == _ODD else point

    def signature(self, commitment: bytes, response: bytes) -> bytes:
        return commitment[1:] + response


class _Bls12381Sha256:
    scheme: Final = "BLS"
    _context: Final = b"FROST-BLS12381G1-SHA256-v1"

    def hash_to_scalar(self, purpose: bytes, data: bytes) -> int:
        # As for secp256k1; 48 bytes leave a bias below 2^−128 here, too.
        uniform = expand_message(data, self._context + purpose, 48)
        return int.from_bytes(uniform, "big") % get_group("BLS").order


def tagged_hash(tag: str, data: bytes) -> bytes:
    """Return BIP-340's hash under a tag, 32 bytes."""
    prefix = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(prefix + prefix + data).digest()


def expand_message(
    message: bytes, domain: bytes, length: int, hash_name: Literal["sha256", "sha512"] = "sha256"
) -> bytes:
    """Stretch `message` to `length` bytes, at most 255 digests: expand_message_xmd.

    Source: RFC 9380 section 5.3.1.
    """
    suffix = domain + len(domain).to_bytes(1, "big")
    first = hashlib.new(hash_name)
    size = first.digest_size
    first.update(bytes(first.block_size) + message + length.to_bytes(2, "big") + b"\x00" + suffix)
    block, blocks = bytes(size), b""
    for counter in range(1, -(-length // size) + 1):
        mixed = bytes(a ^ b for a, b in zip(first.digest(), block, strict=True))
        block = hashlib.new(hash_name, mixed + counter.to_bytes(1, "big") + suffix).digest()
        blocks += block
    return blocks[:length]


def _little(digest: bytes) -> int:
    return int.from_bytes(digest, "little")


ED25519_SHA512: Final[Ciphersuite] = _Ed25519Sha512()
SECP256K1_SHA256: Final[Ciphersuite] = _Secp256k1Sha256()
SECP256K1_BIP340: Final[Ciphersuite] = _Secp256k1Bip340()
BLS12381_SHA256: Final[KnowledgeHash] = _Bls12381Sha256()
"""For the DKG alone, under a tag of this project's own: no RFC has FROST for BLS12-381."""
