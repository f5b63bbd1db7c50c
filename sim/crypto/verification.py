"""Ordinary verification of finished signatures: what anyone does who knows nothing of committees.

Ed25519 by libsodium, BIP-340 by libsecp256k1, BLS by a pairing. Nothing here can sign.
"""

from __future__ import annotations

from typing import Final

from coincurve import PublicKeyXOnly

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import charge
from sim.crypto import bls, identity, secp256k1

SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")
"""Every scheme that keys may have."""

SIGNATURE_SIZES: Final = {"ED25519": 64, "SECP256K1": 64, "BLS": bls.SIGNATURE_SIZE}
"""Bytes of a finished signature."""


def verify(scheme: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is `public_key`'s over `message`; charges one signature.verify.

    Bytes of any length are judged, never trusted.

    Raises:
        LocalError: No such scheme. Names are checked where they enter, not here.

    """
    match scheme:
        case "ED25519":
            return identity.verify(public_key, message, signature)
        case "SECP256K1":
            return _verify_bip340(public_key, message, signature)
        case "BLS":
            return bls.verify(public_key, message, signature)
        case _:
            raise LocalError(f"no signatures for scheme {scheme!r}")


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
