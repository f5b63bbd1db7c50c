"""ML-DSA-65 of FIPS 204: lattice signatures of one party, deterministic.

Keys and verification by `cryptography`; signatures by dilithium-py, because nothing else here makes
FIPS 204's deterministic variant (rnd = 0) and whatever enters the ledger is seeded. It is pure
Python and slow: 12 ms once per key, then 20 to 200 ms per signature, by its number of rejections.
Each signature is verified before it leaves. This is pure ML-DSA with an empty context.

Sizes: a seed ξ is 32 bytes, a public key 1952, a signature 3309.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from dilithium_py.ml_dsa import ML_DSA_65

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import charge
from sim.base.secret import Secret, SecretBytes

SEED_SIZE: Final = 32
PUBLIC_SIZE: Final = 1952
SIGNATURE_SIZE: Final = 3309


class SigningKey(Secret[bytes]):
    """An ML-DSA-65 key pair: the secret of its seed.

    Args:
        seed: ξ, 32 bytes.

    Attributes:
        public: FIPS 204's pk, 1952 bytes.

    """

    __slots__ = ("_expanded", "_public", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise ValueError(f"a seed takes {SEED_SIZE} bytes, got {len(seed)}")
        super().__init__(seed)
        self._expanded: bytes | None = None
        self._public = MLDSA65PrivateKey.from_seed_bytes(seed).public_key()
        self.public = self._public.public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: SecretBytes) -> SigningKey:
        """Derive the pair from its seed.

        Raises:
            ValueError: It isn't 32 bytes.

        """
        return cls(seed.reveal())

    def sign(self, message: bytes) -> bytes:
        """Return the one deterministic signature of `message`, 3309 bytes; charges one mldsa.sign.

        Raises:
            LocalError: The two libraries disagree about the key or the signature.

        """
        charge("mldsa.sign")
        if self._expanded is None:
            public, self._expanded = ML_DSA_65.key_derive(self.reveal())
            if public != self.public:
                raise LocalError("two libraries derive different ML-DSA keys from one seed")
        signature: bytes = ML_DSA_65.sign(self._expanded, message, deterministic=True)
        try:
            self._public.verify(signature, message)
        except InvalidSignature:
            raise LocalError("a fresh ML-DSA signature doesn't verify") from None
        return signature

    def __repr__(self) -> str:
        return f"<ML-DSA-65 key {self.public.hex()[:16]}>"


@memoised
def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether `signature` is `public`'s over `message`; charges one mldsa.verify.

    Bytes of any length are judged, never trusted. Any 1952 bytes decode as a public key.
    """
    charge("mldsa.verify")
    if len(public) != PUBLIC_SIZE:
        return False
    try:
        MLDSA65PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True
