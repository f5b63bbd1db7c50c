"""Shares sealed to one recipient: ML-KEM-768 and X25519 together, then AES-256-GCM.

Whoever breaks only one of the two learns nothing. Key: HKDF-SHA256 over both shared secrets, empty
salt. The info and the associated data are one digest of everything that the envelope belongs to,
so an envelope opens in no other place. The key is single-use: the nonce is zero.

Sources: FIPS 203 (ML-KEM), RFC 7748 (X25519), RFC 5869 (HKDF).

Sizes: a transport key is 1184 + 32 bytes, from 64 + 32 bytes of seeds; a sealed 32-byte share is
1088 (KEM ciphertext) + 32 (X25519 ephemeral) + 48 (box) = 1168 bytes; with a blinding, 32 more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sim.base.codec import tuple_hash
from sim.base.meters import charge
from sim.base.secret import Secret, SecretBytes
from sim.crypto import mlkem

KEM_SEED_SIZE: Final = mlkem.SEED_SIZE
SEEDS_SIZE: Final = KEM_SEED_SIZE + 32
KEM_PUBLIC_SIZE: Final = mlkem.PUBLIC_SIZE
PUBLIC_SIZE: Final = KEM_PUBLIC_SIZE + 32
SHARE_SIZE: Final = 32
SHARE_SIZES: Final = (SHARE_SIZE, 2 * SHARE_SIZE)
"""Bytes that are sealed: one scalar, or two where a share comes with its blinding."""

_CIPHERTEXT_SIZE: Final = mlkem.CIPHERTEXT_SIZE
_HEAD_SIZE: Final = _CIPHERTEXT_SIZE + 32
SEALED_SIZE: Final = _HEAD_SIZE + SHARE_SIZE + 16
SEALED_SIZES: Final = tuple(_HEAD_SIZE + size + 16 for size in SHARE_SIZES)

_NONCE: Final = bytes(12)

SealLabel: TypeAlias = Literal["share", "reply"]
"""What is sealed: a dealt share, or a reply to a complaint."""

SealPlace: TypeAlias = tuple[SealLabel, str, bytes, int, int, int]
"""Where an envelope belongs: label, chain, session, attempt, dealer, recipient."""


class SealError(ValueError):
    """A transport key can't be sealed to, or an envelope doesn't open."""


class _Recipient(NamedTuple):
    kem: MLKEM768PublicKey
    exchange: X25519PublicKey


_PROBE: Final = X25519PrivateKey.from_private_bytes(bytes(32))
"""Any clamped scalar is a multiple of 8: with it a low-order key gives the all-zero secret."""


@lru_cache(maxsize=1024)
def _recipient(public: bytes) -> _Recipient:
    if len(public) != PUBLIC_SIZE:
        raise SealError(f"a transport key takes {PUBLIC_SIZE} bytes, got {len(public)}")
    exchange = X25519PublicKey.from_public_bytes(public[KEM_PUBLIC_SIZE:])
    try:
        kem = MLKEM768PublicKey.from_public_bytes(public[:KEM_PUBLIC_SIZE])
    except ValueError:
        raise SealError("the ML-KEM key fails FIPS 203's modulus check") from None
    try:
        _PROBE.exchange(exchange)
    except ValueError:
        raise SealError("the X25519 key has low order") from None
    return _Recipient(kem, exchange)


def check_public(public: bytes) -> None:
    """Check that shares can be sealed to a transport or one-time key.

    Raises:
        SealError: Wrong length, FIPS 203's modulus check, or a low-order X25519 key.

    """
    _recipient(public)


class TransportKey(Secret[bytes]):
    """A holder's key pair for one (session, attempt), or an accuser's one-time key pair.

    It is the secret of its 96 bytes of seeds: the ML-KEM seed d ‖ z, then the X25519 scalar.

    Attributes:
        public: ML-KEM-768 encapsulation key ‖ X25519 public key, 1216 bytes.

    """

    __slots__ = ("_exchange", "_kem", "public")

    def __init__(self, seeds: bytes) -> None:
        if len(seeds) != SEEDS_SIZE:
            raise SealError(f"seeds take {SEEDS_SIZE} bytes, got {len(seeds)}")
        super().__init__(seeds)
        self._kem = MLKEM768PrivateKey.from_seed_bytes(seeds[:KEM_SEED_SIZE])
        self._exchange = X25519PrivateKey.from_private_bytes(seeds[KEM_SEED_SIZE:])
        self.public = (
            self._kem.public_key().public_bytes_raw()
            + self._exchange.public_key().public_bytes_raw()
        )

    @classmethod
    def from_seeds(cls, seeds: SecretBytes) -> TransportKey:
        """Derive the pair from its seeds.

        Raises:
            SealError: They aren't 96 bytes.

        """
        return cls(seeds.reveal())

    def shared_secrets(self, ciphertext: bytes, ephemeral: bytes) -> SecretBytes:
        """Return the ML-KEM secret ‖ the X25519 secret, 64 bytes.

        Raises:
            SealError: Wrong lengths, or an ephemeral of low order.

        """
        try:
            inner = self._kem.decapsulate(ciphertext)
            outer = self._exchange.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        except ValueError:
            raise SealError("the envelope's head can't be opened") from None
        return SecretBytes(inner + outer)

    def __repr__(self) -> str:
        return f"<transport key {self.public[-32:].hex()[:16]}>"


class Ephemeral(Secret[bytes]):
    """A sender's X25519 key: one per deal, and one per reply.

    Attributes:
        public: E, 32 bytes.

    """

    __slots__ = ("_exchange", "public")

    def __init__(self, secret: SecretBytes) -> None:
        super().__init__(secret.reveal())
        self._exchange = X25519PrivateKey.from_private_bytes(secret.reveal())
        self.public = self._exchange.public_key().public_bytes_raw()

    def shared_secret(self, recipient: X25519PublicKey) -> bytes:
        """Return the X25519 secret, 32 bytes."""
        return self._exchange.exchange(recipient)

    def __repr__(self) -> str:
        return f"<ephemeral {self.public.hex()[:16]}>"


def seal(
    share: bytes,
    recipient_public: bytes,
    ephemeral: Ephemeral,
    label: SealLabel,
    chain: str,
    session: bytes,
    attempt: int,
    dealer: int,
    recipient: int,
    coins: bytes | None = None,
) -> bytes:
    """Seal a share of 32 or 64 bytes; charges one seal.

    Args:
        share: The encoded scalar; with its blinding two of them.
        recipient_public: Whom to seal to, 1216 bytes.
        ephemeral: This deal's, or this reply's, own.
        label: What it is; with the next five, where the envelope belongs.
        chain: The chain's id.
        session: 32 bytes.
        attempt: 1-based.
        dealer: Share index of the dealer.
        recipient: Share index of the holder.
        coins: 32 secret bytes make the result deterministic, for what goes on the ledger (slow,
            about 6 ms); None draws from the system, for what only travels peer to peer.

    Raises:
        SealError: The recipient's key can't be sealed to.

    """
    charge("seal")
    if len(share) not in SHARE_SIZES:
        raise ValueError(f"a share takes 32 or 64 bytes, got {len(share)}")
    to = _recipient(recipient_public)
    if coins is None:
        inner, ciphertext = to.kem.encapsulate()
    else:
        inner, ciphertext = mlkem.encapsulate_with_coins(recipient_public[:KEM_PUBLIC_SIZE], coins)
    secrets = inner + ephemeral.shared_secret(to.exchange)
    head = ciphertext + ephemeral.public
    place: SealPlace = (label, chain, session, attempt, dealer, recipient)
    binding = _binding(place, head, recipient_public)
    return head + _box(secrets, binding).encrypt(_NONCE, share, binding)


def open_sealed(
    sealed: bytes,
    key: TransportKey,
    label: SealLabel,
    chain: str,
    session: bytes,
    attempt: int,
    dealer: int,
    recipient: int,
) -> bytes:
    """Open what `seal` made for `key` in exactly this place; charges one open.

    Returns:
        32 or 64 bytes, not necessarily canonical scalars.

    Raises:
        SealError: Wrong length, another recipient, another place, or any bit changed.

    """
    charge("open")
    ciphertext, ephemeral, _ = split(sealed)
    secrets = key.shared_secrets(ciphertext, ephemeral)
    place: SealPlace = (label, chain, session, attempt, dealer, recipient)
    return unbox(sealed, secrets.reveal(), key.public, place)


def split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the KEM ciphertext, the X25519 ephemeral and the box of a sealed share.

    Raises:
        SealError: Wrong length.

    """
    if len(sealed) not in SEALED_SIZES:
        sizes = " or ".join(map(str, SEALED_SIZES))
        raise SealError(f"a sealed share takes {sizes} bytes, got {len(sealed)}")
    return sealed[:_CIPHERTEXT_SIZE], sealed[_CIPHERTEXT_SIZE:_HEAD_SIZE], sealed[_HEAD_SIZE:]


def unbox(sealed: bytes, secrets: bytes, public: bytes, place: SealPlace) -> bytes:
    """Open a sealed share with the ML-KEM secret ‖ the X25519 secret, as `open_sealed`, uncharged.

    Args:
        sealed: What `seal` made.
        secrets: 64 bytes.
        public: The recipient's transport or one-time key.
        place: Where the envelope belongs.

    Raises:
        SealError: Wrong length, other secrets, another place, or any bit changed.

    """
    _, _, box = split(sealed)
    binding = _binding(place, sealed[:_HEAD_SIZE], public)
    try:
        return _box(secrets, binding).decrypt(_NONCE, box, binding)
    except InvalidTag:
        raise SealError("the envelope doesn't open") from None


def _binding(place: SealPlace, head: bytes, public: bytes) -> bytes:
    """Digest everything that an envelope belongs to, 32 bytes."""
    return tuple_hash(
        *place,
        head[:_CIPHERTEXT_SIZE],
        head[_CIPHERTEXT_SIZE:],
        public[:KEM_PUBLIC_SIZE],
        public[KEM_PUBLIC_SIZE:],
    )


def _box(secrets: bytes, binding: bytes) -> AESGCM:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=binding)
    return AESGCM(kdf.derive(secrets))
