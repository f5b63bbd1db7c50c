"""Secrets at rest: what a validator keeps across restarts, readable to its own vault alone.

Two levels. A key-encryption key (KEK) is given, or derived from a password, and is never stored. A
data-encryption key (DEK) per scope (one generation of one key, held by one party) is stored only
wrapped under the KEK, and encrypts every entry of that scope. To erase a scope, delete its wrapped
DEK and `forget` it: every entry is then noise, wherever copies of it are. What no vault can undo is
a copy of the wrapped DEK itself, in the hands of whoever has the KEK.

The associated data of an entry names its scope and the entry: it opens in no other generation and
under no other name, even if a wrapped DEK is moved along with it.

Sources: RFC 3394 (AES key wrap), NIST SP 800-38D (AES-256-GCM), RFC 9106 (Argon2id).

Sizes: a wrapped DEK is 40 bytes; an entry is 12 (nonce) + its plaintext + 16 (tag) bytes.
Charges: one argon2id per derived KEK, one vault.seal or vault.open per entry. Wrapping is free: it
takes a few µs, and how often it happens depends on what is in memory.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from sim.base.codec import encode, tuple_hash
from sim.base.errors import LocalError
from sim.base.meters import charge
from sim.base.secret import Secret, SecretBytes

KEY_SIZE: Final = 32
"""Bytes of a KEK and of a DEK."""

WRAPPED_SIZE: Final = KEY_SIZE + 8
NONCE_SIZE: Final = 12
OVERHEAD: Final = NONCE_SIZE + 16
"""Bytes by which an entry is longer than its plaintext."""

SALT_SIZE: Final = 16
"""Bytes of a password's salt, as RFC 9106 recommends."""

_TAG: Final = "K-chain/vault/entry/v1"
_FINGERPRINT_TAG: Final = "K-chain/vault/kek/v1"

_OPENED_MAX: Final = 64
"""DEKs kept in memory: the active generations of as many keys, far more than one party holds."""


class VaultError(ValueError):
    """A wrapped DEK or an entry doesn't open: another KEK or place, erased, or changed."""


class Scope(NamedTuple):
    """What the entries under one DEK belong to.

    Attributes:
        key: The key's name on the chain.
        era: Counts the public keys that the name has had.
        generation: Counts the sharings of that public key.
        party: Whose vault: a validator's position in the registry.

    """

    key: str
    era: int
    generation: int
    party: int


class _Opened(Secret[bytes]):
    """A DEK in memory, and what its nonces have been used for."""

    __slots__ = ("cipher", "used")

    def __init__(self, dek: bytes) -> None:
        super().__init__(dek)
        self.cipher = AESGCM(dek)
        self.used: dict[bytes, bytes] = {}


class Vault(Secret[bytes]):
    """Seals and opens entries for whoever has the KEK. It stores nothing.

    Args:
        kek: 32 bytes.

    Attributes:
        fingerprint: A digest of the KEK, 32 bytes, public: the registry's at-rest key. It tells
            whether two vaults have the same KEK and nothing else, unless the KEK can be guessed.

    """

    __slots__ = ("_opened", "fingerprint")

    def __init__(self, kek: SecretBytes) -> None:
        if len(kek.reveal()) != KEY_SIZE:
            raise ValueError(f"a KEK takes {KEY_SIZE} bytes, got {len(kek.reveal())}")
        super().__init__(kek.reveal())
        self._opened: dict[bytes, _Opened] = {}
        self.fingerprint = tuple_hash(_FINGERPRINT_TAG, kek.reveal())

    def new_dek(self, draw: SecretBytes) -> bytes:
        """Return `draw` (32 fresh bytes) wrapped under the KEK, 40 bytes, to be stored.

        Never give two scopes the same: erasing one would leave the other's copy.
        """
        if len(draw.reveal()) != KEY_SIZE:
            raise ValueError(f"a DEK takes {KEY_SIZE} bytes, got {len(draw.reveal())}")
        return aes_key_wrap(self.reveal(), draw.reveal())

    def seal(
        self, wrapped: bytes, scope: Scope, name: str, plaintext: SecretBytes, nonce: bytes
    ) -> bytes:
        """Encrypt an entry; charges one vault.seal.

        Args:
            wrapped: The scope's DEK, from `new_dek`.
            scope: Where the entry belongs.
            name: Which entry of the scope it is.
            plaintext: Any number of bytes.
            nonce: 12 bytes. Two entries under one nonce and DEK betray each other, so the label
                that it is drawn by must hold whatever tells writes apart, incarnations included.

        Raises:
            VaultError: The wrapped DEK doesn't open.
            LocalError: This nonce has sealed something else, as far as this vault remembers.

        """
        charge("vault.seal")
        if len(nonce) != NONCE_SIZE:
            raise ValueError(f"a nonce takes {NONCE_SIZE} bytes, got {len(nonce)}")
        dek, place = self._open_dek(wrapped), _place(scope, name)
        content = hashlib.sha256(place + plaintext.reveal()).digest()
        if dek.used.setdefault(nonce, content) != content:
            raise LocalError(f"a nonce is used again for {name!r} of {scope}")
        return nonce + dek.cipher.encrypt(nonce, plaintext.reveal(), place)

    def open(self, wrapped: bytes, scope: Scope, name: str, sealed: bytes) -> SecretBytes:
        """Decrypt what `seal` made in exactly this place; charges one vault.open.

        Raises:
            VaultError: The wrapped DEK doesn't open, or the entry is another scope's or name's,
                was sealed under another DEK, or has changed.

        """
        charge("vault.open")
        dek = self._open_dek(wrapped)
        if len(sealed) < OVERHEAD:
            raise VaultError(f"an entry takes at least {OVERHEAD} bytes, got {len(sealed)}")
        nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        try:
            return Secret(dek.cipher.decrypt(nonce, box, _place(scope, name)))
        except InvalidTag:
            raise VaultError(f"{name!r} doesn't open in {scope}") from None

    def check_dek(self, wrapped: bytes) -> None:
        """Check that a wrapped DEK is this vault's.

        Raises:
            VaultError: It was wrapped under another KEK, or has changed.

        """
        self._open_dek(wrapped)

    def forget(self, wrapped: bytes) -> None:
        """Drop a DEK from memory: the half of erasure that deleting it from the store isn't."""
        self._opened.pop(wrapped, None)

    def _open_dek(self, wrapped: bytes) -> _Opened:
        opened = self._opened.get(wrapped)
        if opened is None:
            if len(wrapped) != WRAPPED_SIZE:
                raise VaultError(f"a wrapped DEK takes {WRAPPED_SIZE} bytes, got {len(wrapped)}")
            try:
                opened = _Opened(aes_key_unwrap(self.reveal(), wrapped))
            except InvalidUnwrap:
                raise VaultError("the wrapped DEK doesn't open under this KEK") from None
            if len(self._opened) >= _OPENED_MAX:
                del self._opened[next(iter(self._opened))]
            self._opened[wrapped] = opened
        return opened

    def __repr__(self) -> str:
        return f"<vault {self.fingerprint.hex()[:16]}>"


def kek_from_password(
    password: SecretBytes, salt: bytes, t: int = 3, m_kib: int = 65_536, p: int = 4
) -> SecretBytes:
    """Derive a KEK by Argon2id; charges one argon2id. The defaults take a tenth of a second or two.

    Args:
        password: Any number of bytes.
        salt: 16 bytes, the validator's own.
        t: Passes over the memory, at least 1.
        m_kib: Memory in KiB, at least 8 per lane. The default is 64 MiB.
        p: Lanes, at least 1. The defaults are RFC 9106's second recommended choice.

    Raises:
        ValueError: A parameter is out of range.

    """
    charge("argon2id")
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt takes {SALT_SIZE} bytes, got {len(salt)}")
    kdf = Argon2id(salt=salt, length=KEY_SIZE, iterations=t, lanes=p, memory_cost=m_kib)
    return Secret(kdf.derive(password.reveal()))


def _place(scope: Scope, name: str) -> bytes:
    """Return an entry's associated data: canonical, so that no two places share it."""
    return encode((_TAG, *scope, name))
