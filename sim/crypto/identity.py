"""A validator's or principal's long-lived Ed25519 signatures (RFC 8032, deterministic).

Who may sign for whom is decided elsewhere; here a signature either verifies or it doesn't.
libsodium refuses S ≥ q, small-order keys and small-order R.
"""

from __future__ import annotations

from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from sim.base.memo import memoised
from sim.base.meters import charge
from sim.base.secret import Secret

SEED_SIZE: Final = 32
PUBLIC_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64


class Identity(Secret[bytes]):
    """A signing key. Only its owner may hold it; `public` is for everyone.

    Args:
        seed: The RFC 8032 private key, 32 bytes.

    """

    __slots__ = ("_secret", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise ValueError(f"a seed takes {SEED_SIZE} bytes, got {len(seed)}")
        super().__init__(seed)
        self.public: bytes
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, 64 bytes; charges one signature.sign."""
        charge("signature.sign")
        return bindings.crypto_sign(message, self._secret)[:SIGNATURE_SIZE]

    def __repr__(self) -> str:
        return f"<identity {self.public.hex()[:16]}>"


@memoised
def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is `public`'s over `message`; charges one signature.verify."""
    charge("signature.verify")
    # libsodium reads 32 bytes of key whatever it is given, and takes the first 64 bytes of
    # signature ‖ message for the signature: both lengths are checked here.
    if len(public) != PUBLIC_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except CryptoError:
        return False
    return True
