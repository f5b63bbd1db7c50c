"""What FROST tests share: suites, a dealt committee, and verifiers that know nothing of FROST."""

from __future__ import annotations

import hashlib

from coincurve import PublicKeyXOnly
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from py_ecc.bls.hash import expand_message_xmd
from py_ecc.secp256k1 import secp256k1

from sim.base.randomness import stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto import frost
from sim.crypto.ciphersuites import ED25519_SHA512, SECP256K1_BIP340, SECP256K1_SHA256, Ciphersuite
from sim.crypto.commitments import EVALUATION
from sim.crypto.frost import CommitmentList
from sim.crypto.group import Group
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from tests.support.curves import lift

SUITES = (ED25519_SHA512, SECP256K1_SHA256, SECP256K1_BIP340)


def group_of(suite: Ciphersuite) -> Group:
    return get_group(suite.scheme)


def verifies(suite: Ciphersuite, public: bytes, message: bytes, signature: bytes) -> bool:
    """Ask somebody else: cryptography, py_ecc's curve, coincurve."""
    if suite is ED25519_SHA512:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            return False
        return True
    if suite is SECP256K1_BIP340:
        return PublicKeyXOnly(public[1:]).verify(signature, message)
    return _prime_order_verify(public, message, signature)


def _prime_order_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 9591 appendix C for secp256k1: z·G = R + c·P, by py_ecc."""
    domain = b"FROST-secp256k1-SHA256-v1chal"
    hashed = signature[:33] + public + message
    uniform = expand_message_xmd(hashed, domain, 48, hashlib.sha256)  # type: ignore[arg-type]  # their annotation
    challenge = int.from_bytes(uniform, "big") % secp256k1.N
    masked = secp256k1.multiply(lift(public), challenge)
    left = secp256k1.multiply(secp256k1.G, int.from_bytes(signature[33:], "big"))
    return bool(left == secp256k1.add(lift(signature[:33]), masked))


class Committee:
    """t of n with a dealt key: enough to sign.

    Args:
        suite: How it signs.
        n: Holders.
        t: Shares that sign.
        seed: Picks the key; keys of both parities are among the first few.

    """

    def __init__(self, suite: Ciphersuite, n: int, t: int, seed: int = 3) -> None:
        self.suite, self.group, self.seed = suite, group_of(suite), seed
        draw = stream(seed, "committee", n, t)
        self.polynomial = Polynomial.random(draw, t, self.group.order)
        self.public, *self.share_points = EVALUATION.commit(self.group, self.polynomial, n)

    def share(self, i: int) -> SecretScalar:
        return Secret(self.polynomial.at(i))

    def nonces(self, i: int) -> tuple[int, int]:
        draw = stream(self.seed, "nonces", i)
        share = self.share(i)
        hiding = frost.nonce_generate(self.suite, draw.bytes(32), share)
        return hiding, frost.nonce_generate(self.suite, draw.bytes(32), share)

    def pairs(self, signers: list[int]) -> CommitmentList:
        nonces = {i: self.nonces(i) for i in signers}
        return tuple((i, *map(self.group.base_mul, nonces[i])) for i in signers)  # type: ignore[misc]  # two of them

    def sign(self, i: int, message: bytes, pairs: CommitmentList) -> int:
        nonces = self.nonces(i)
        return frost.sign(self.suite, i, self.share(i), self.public, nonces, message, pairs)

    def verify_partial(self, i: int, partial: int, message: bytes, pairs: CommitmentList) -> None:
        point = self.share_points[i - 1]
        frost.verify_partial(self.suite, self.public, point, i, partial, message, pairs)

    def aggregate(self, message: bytes, pairs: CommitmentList, partials: list[int]) -> bytes:
        return frost.aggregate(self.suite, self.public, message, pairs, partials)

    def signature(self, signers: list[int], message: bytes) -> bytes:
        pairs = self.pairs(signers)
        return self.aggregate(message, pairs, [self.sign(i, message, pairs) for i in signers])
