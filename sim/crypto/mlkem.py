"""ML-KEM-768 of FIPS 203: a key to which anyone can send a secret. It signs nothing.

Keys and decapsulation by `cryptography`; encapsulation with coins by kyber-py, because nothing else
here takes them and whatever enters the ledger is seeded. That is pure Python, 6 to 10 ms.

Sizes: a seed d ‖ z is 64 bytes, a public (encapsulation) key 1184, a ciphertext 1088, coins and a
shared secret 32 each.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from kyber_py.ml_kem import ML_KEM_768

from sim.base.meters import charge
from sim.base.secret import Secret, SecretBytes

SEED_SIZE: Final = 64
PUBLIC_SIZE: Final = 1184
CIPHERTEXT_SIZE: Final = 1088
COINS_SIZE: Final = 32


class EncapsulationError(ValueError):
    """A public key can't be encapsulated to, or a ciphertext has another length."""


class DecapsulationKey(Secret[bytes]):
    """An ML-KEM-768 key pair: the secret of its seed.

    Args:
        seed: d ‖ z, 64 bytes.

    Attributes:
        public: FIPS 203's ek, 1184 bytes.

    """

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise ValueError(f"a seed takes {SEED_SIZE} bytes, got {len(seed)}")
        super().__init__(seed)
        self._key = MLKEM768PrivateKey.from_seed_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: SecretBytes) -> DecapsulationKey:
        """Derive the pair from its seed.

        Raises:
            ValueError: It isn't 64 bytes.

        """
        return cls(seed.reveal())

    def decapsulate(self, ciphertext: bytes) -> SecretBytes:
        """Return the shared secret, 32 bytes; charges one mlkem.decapsulate.

        A ciphertext that nobody made for this key gives a secret that nobody else has: FIPS 203
        rejects implicitly.

        Raises:
            EncapsulationError: It isn't 1088 bytes.

        """
        charge("mlkem.decapsulate")
        if len(ciphertext) != CIPHERTEXT_SIZE:
            got = len(ciphertext)
            raise EncapsulationError(f"a ciphertext takes {CIPHERTEXT_SIZE} bytes, got {got}")
        return Secret(self._key.decapsulate(ciphertext))

    def __repr__(self) -> str:
        return f"<ML-KEM-768 key {self.public.hex()[:16]}>"


def check_public(public: bytes) -> None:
    """Check that secrets can be sent to a public key.

    Raises:
        EncapsulationError: Wrong length, or FIPS 203's modulus check.

    """
    if len(public) != PUBLIC_SIZE:
        raise EncapsulationError(f"a public key takes {PUBLIC_SIZE} bytes, got {len(public)}")
    try:
        MLKEM768PublicKey.from_public_bytes(public)
    except ValueError:
        raise EncapsulationError("the ML-KEM key fails FIPS 203's modulus check") from None


def encapsulate(public: bytes, coins: SecretBytes) -> tuple[SecretBytes, bytes]:
    """Return a shared secret (32 bytes) and its ciphertext; charges one mlkem.encapsulate.

    Args:
        public: Whom to send to, 1184 bytes.
        coins: FIPS 203's m, 32 secret bytes, fresh for each secret: they determine both results.

    Raises:
        EncapsulationError: The public key can't be encapsulated to.

    """
    charge("mlkem.encapsulate")
    check_public(public)
    secret, ciphertext = encapsulate_with_coins(public, coins.reveal())
    return Secret(secret), ciphertext


def encapsulate_with_coins(public: bytes, coins: bytes) -> tuple[bytes, bytes]:
    """Return the shared secret and the ciphertext, uncharged, for a key that was checked before."""
    if len(coins) != COINS_SIZE:
        raise ValueError(f"coins take {COINS_SIZE} bytes, got {len(coins)}")
    secret, ciphertext = ML_KEM_768._encaps_internal(  # noqa: SLF001  # the only one with coins
        public, coins
    )
    return secret, ciphertext


def recover_coins(seed: SecretBytes, ciphertext: bytes) -> SecretBytes | None:
    """Return the coins m behind a ciphertext made for the key of `seed`; None if there are none.

    Whoever is shown m can repeat the encapsulation and compare, byte for byte; it opens nothing but
    this ciphertext. Source: FIPS 203, algorithm 18, steps 5 and 8. Charges one mlkem.decapsulate
    and one mlkem.encapsulate.

    Raises:
        ValueError: The seed isn't 64 bytes.
        EncapsulationError: The ciphertext isn't 1088 bytes.

    """
    charge("mlkem.decapsulate")
    key = seed.reveal()
    if len(key) != SEED_SIZE:
        raise ValueError(f"a seed takes {SEED_SIZE} bytes, got {len(key)}")
    if len(ciphertext) != CIPHERTEXT_SIZE:
        raise EncapsulationError(f"a ciphertext takes {CIPHERTEXT_SIZE} bytes")
    public, secret = ML_KEM_768._keygen_internal(key[:32], key[32:])  # noqa: SLF001  # as above
    coins = ML_KEM_768._k_pke_decrypt(secret[: 384 * ML_KEM_768.k], ciphertext)  # noqa: SLF001
    charge("mlkem.encapsulate")
    _, again = encapsulate_with_coins(public, coins)
    return Secret(coins) if again == ciphertext else None
