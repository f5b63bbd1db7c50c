"""Ordinary verifiers of finished signatures: libraries that have never heard of shares."""

from __future__ import annotations

from coincurve import PublicKeyXOnly
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from py_ecc.bls.ciphersuites import G2Basic


def verifies(scheme: str, public: bytes, message: bytes, signature: bytes) -> bool:
    """Say what PyNaCl, coincurve (BIP-340) or py_ecc thinks of a signature."""
    match scheme:
        case "ED25519":
            try:
                VerifyKey(public).verify(message, signature)
            except BadSignatureError:
                return False
            return True
        case "SECP256K1":
            return PublicKeyXOnly(public[1:]).verify(signature, message)
        case "BLS":
            return G2Basic.Verify(public, message, signature)  # type: ignore[arg-type]  # bytes
        case _:
            raise ValueError(scheme)
