"""Ordinary verification of finished signatures: what anyone does who knows nothing of committees.

Ed25519 by libsodium, BIP-340 by libsecp256k1, BLS by a pairing, ML-DSA-65 by OpenSSL. Nothing here
can sign.
"""

from __future__ import annotations

from typing import Final

from coincurve import PublicKeyXOnly

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import charge
from sim.crypto import bls, identity, mldsa, mlkem, secp256k1

SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")
"""The schemes of keys that a committee shares, t of n."""

SINGLE_PARTY: Final = ("MLDSA", "MLKEM")
"""The schemes of keys that one party holds, 1 of 1. ML-KEM keys sign nothing."""

SIGNATURE_SIZES: Final = {
    "ED25519": 64,
    "SECP256K1": 64,
    "BLS": bls.SIGNATURE_SIZE,
    "MLDSA": mldsa.SIGNATURE_SIZE,
}
"""Bytes of a finished signature, of every scheme that signs."""


def verify(scheme: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is `public_key`'s over `message`.

    Charges one signature.verify, or mldsa.verify. Bytes of any length are judged, never trusted.

    Raises:
        LocalError: No such scheme, or one that signs nothing. Names are checked where they enter,
            not here.

    """
    match scheme:
        case "ED25519":
            return identity.verify(public_key, message, signature)
        case "SECP256K1":
            return _verify_bip340(public_key, message, signature)
        case "BLS":
            return bls.verify(public_key, message, signature)
        case "MLDSA":
            return mldsa.verify(public_key, message, signature)
        case _:
            raise LocalError(f"no signatures for scheme {scheme!r}")


def is_single_party_key(scheme: str, public_key: bytes) -> bool:
    """Say whether bytes of any length are a public key of a scheme of `SINGLE_PARTY`.

    Any 1952 bytes are an ML-DSA-65 key; 1184 are an ML-KEM-768 key if FIPS 203's modulus check
    passes.

    Raises:
        LocalError: No such scheme.

    """
    match scheme:
        case "MLDSA":
            return len(public_key) == mldsa.PUBLIC_SIZE
        case "MLKEM":
            try:
                mlkem.check_public(public_key)
            except mlkem.EncapsulationError:
                return False
            return True
        case _:
            raise LocalError(f"{scheme!r} is no scheme of one party")


@memoised
def _verify_bip340(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """BIP-340's verification of a message of any length, under the x of a 33-byte key."""
    charge("signature.verify")
    # coincurve reads 32 bytes of key whatever it is given: the length is checked here.
    if len(public_key) != secp256k1.POINT_SIZE or len(signature) != SIGNATURE_SIZES["SECP256K1"]:
        return False
    try:
        return PublicKeyXOnly(public_key[1:]).verify(signature, message)
    except ValueError:
        return False
