"""Secrets at rest: published answers, what opens and what must not, and erasure."""

from __future__ import annotations

import hashlib
from typing import Any

import msgpack
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import Meter, metering
from sim.base.secret import Secret, SecretBytes
from sim.crypto.vault import (
    OVERHEAD,
    WRAPPED_SIZE,
    Scope,
    Vault,
    VaultError,
    kek_from_password,
)

KEK = Secret(bytes(range(32)))
DEK = Secret(hashlib.sha256(b"a data-encryption key").digest())
SCOPE = Scope("treasury", era=1, generation=3, party=5)
SHARE = Secret(hashlib.sha256(b"a share").digest())
NONCE = bytes(range(12))

VAULT = Vault(KEK)
WRAPPED = VAULT.new_dek(DEK)
SEALED = VAULT.seal(WRAPPED, SCOPE, "share", SHARE, NONCE)


def refused(
    wrapped: bytes = WRAPPED,
    scope: Scope = SCOPE,
    name: str = "share",
    sealed: bytes = SEALED,
    kek: SecretBytes = KEK,
) -> bool:
    """Say whether a vault fresh from a restart, its memory empty, fails to open an entry."""
    try:
        opened = Vault(kek).open(wrapped, scope, name, sealed)
    except VaultError:
        return True
    assert opened == SHARE
    return False


def test_a_dek_is_wrapped_as_rfc_3394_says() -> None:
    """Section 4.6: 256 bits of key data under a 256-bit KEK."""
    data = bytes.fromhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")

    wrapped = VAULT.new_dek(Secret(data))

    assert wrapped.hex().upper() == (
        "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"
    )
    assert len(wrapped) == WRAPPED_SIZE == 40


def test_an_entry_is_what_its_definition_says() -> None:
    """Rebuilt from parts: the DEK itself, and associated data by an unrelated codec."""
    place = msgpack.packb(["K-chain/vault/entry/v1", "treasury", 1, 3, 5, "share"])

    box = AESGCM(DEK.reveal()).encrypt(NONCE, SHARE.reveal(), place)
    assert NONCE + box == SEALED


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=20))
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, name: str) -> None:
    nonce = hashlib.sha256(name.encode() + b"/" + plaintext).digest()[:12]

    sealed = VAULT.seal(WRAPPED, SCOPE, name, Secret(plaintext), nonce)

    assert len(sealed) == len(plaintext) + OVERHEAD
    assert Vault(KEK).open(WRAPPED, SCOPE, name, sealed) == Secret(plaintext)


def test_another_place_does_not_open_even_under_the_same_dek() -> None:
    assert not refused()

    for elsewhere in (
        SCOPE._replace(generation=2),
        SCOPE._replace(generation=4),
        SCOPE._replace(era=2),
        SCOPE._replace(key="treasurz"),
        SCOPE._replace(party=6),
    ):
        assert refused(scope=elsewhere)
    assert refused(name="polynomial")


def test_a_stale_generations_dek_does_not_open_the_next() -> None:
    following = SCOPE._replace(generation=4)
    wrapped = VAULT.new_dek(Secret(bytes(32)))
    sealed = VAULT.seal(wrapped, following, "share", SHARE, NONCE)

    assert not refused(wrapped, following, sealed=sealed)
    assert refused(WRAPPED, following, sealed=sealed)
    assert refused(wrapped, SCOPE, sealed=SEALED)


def test_names_cannot_move_bytes_across_their_borders() -> None:
    """Associated data by concatenation would take these for one place."""
    left = VAULT.seal(WRAPPED, SCOPE._replace(key="ab"), "c", SHARE, NONCE[::-1])

    assert not refused(scope=SCOPE._replace(key="ab"), name="c", sealed=left)
    assert refused(scope=SCOPE._replace(key="a"), name="bc", sealed=left)


def test_another_kek_opens_nothing() -> None:
    assert not refused()

    assert refused(kek=Secret(bytes(32)))
    with pytest.raises(VaultError, match="this KEK"):
        Vault(Secret(bytes(32))).check_dek(WRAPPED)
    VAULT.check_dek(WRAPPED)


def test_any_flipped_bit_is_refused() -> None:
    for bit in range(len(SEALED) * 8):
        assert refused(sealed=flipped(SEALED, bit))
    for bit in range(len(WRAPPED) * 8):
        assert refused(wrapped=flipped(WRAPPED, bit))


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@settings(max_examples=200)
@given(st.binary(max_size=80), st.binary(max_size=60))
def test_hostile_bytes_from_a_disk_are_refused_and_nothing_else(
    wrapped: bytes, sealed: bytes
) -> None:
    assert refused(sealed=sealed)
    assert refused(wrapped=wrapped)
    assert refused(sealed=SEALED[:-1])
    assert refused(wrapped=WRAPPED[:-8])


def test_deleting_the_wrapped_dek_erases_every_entry_of_its_scope() -> None:
    """A thief with the whole disk and the KEK tries every wrapped DEK that is left."""
    other = Scope("treasury", era=1, generation=4, party=5)
    disk = {
        "dek/3": WRAPPED,
        "dek/4": VAULT.new_dek(SHARE),
        "3/share": SEALED,
        "3/polynomial": VAULT.seal(WRAPPED, SCOPE, "polynomial", SHARE, bytes(12)),
    }
    disk["4/share"] = VAULT.seal(disk["dek/4"], other, "share", SHARE, NONCE)
    assert readable(disk) == ["3/polynomial", "3/share", "4/share"]

    del disk["dek/3"]

    assert readable(disk) == ["4/share"]
    assert all(secret.reveal() not in b"".join(disk.values()) for secret in (KEK, DEK, SHARE))


def readable(disk: dict[str, bytes]) -> list[str]:
    """Return the entries that open, each tried in its place under every DEK."""
    deks = [value for name, value in disk.items() if name.startswith("dek/")]
    found = []
    for entry in sorted(set(disk) - {"dek/3", "dek/4"}):
        generation, name = entry.split("/")
        scope = SCOPE._replace(generation=int(generation))
        if not all(refused(dek, scope, name, disk[entry]) for dek in deks):
            found.append(entry)
    return found


def test_a_forgotten_dek_leaves_memory() -> None:
    vault = Vault(KEK)
    vault.check_dek(WRAPPED)
    assert list(vault._opened) == [WRAPPED]

    vault.forget(WRAPPED)
    vault.forget(WRAPPED)

    assert vault._opened == {}


def test_memory_keeps_a_bounded_number_of_deks_and_all_still_open() -> None:
    vault = Vault(KEK)
    wrapped = [vault.new_dek(Secret(bytes([number]) * 32)) for number in range(80)]
    sealed = [vault.seal(dek, SCOPE, "share", SHARE, NONCE) for dek in wrapped]

    assert len(vault._opened) == 64
    for dek, entry in zip(wrapped, sealed, strict=True):
        assert vault.open(dek, SCOPE, "share", entry) == SHARE


def test_a_nonce_seals_one_thing_under_one_dek() -> None:
    vault = Vault(KEK)
    first = vault.seal(WRAPPED, SCOPE, "share", SHARE, NONCE)

    assert vault.seal(WRAPPED, SCOPE, "share", SHARE, NONCE) == first
    with pytest.raises(LocalError, match="nonce is used again"):
        vault.seal(WRAPPED, SCOPE, "share", DEK, NONCE)
    with pytest.raises(LocalError, match="nonce is used again"):
        vault.seal(WRAPPED, SCOPE, "other", SHARE, NONCE)
    vault.seal(vault.new_dek(SHARE), SCOPE, "share", DEK, NONCE)


def test_keys_nonces_and_salts_have_one_size() -> None:
    for size in (0, 16, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            Vault(Secret(bytes(size)))
        with pytest.raises(ValueError, match="32 bytes"):
            VAULT.new_dek(Secret(bytes(size)))
    for size in (0, 11, 13):
        with pytest.raises(ValueError, match="12 bytes"):
            VAULT.seal(WRAPPED, SCOPE, "share", SHARE, bytes(size))
    with pytest.raises(ValueError, match="16 bytes"):
        kek_from_password(Secret(b"password"), bytes(15))


def test_secrets_redact_themselves_and_are_refused_by_the_memoiser() -> None:
    @memoised
    def peek(_: Vault) -> None: ...

    opened = VAULT.open(WRAPPED, SCOPE, "share", SEALED)
    shown = " ".join(map(repr, (VAULT, opened, VAULT._opened)))

    for secret in (KEK, DEK, SHARE):
        assert secret.reveal().hex() not in shown
        assert repr(secret.reveal()) not in shown
    assert VAULT.fingerprint.hex()[:16] in shown
    with pytest.raises(LocalError, match="secret"):
        peek(VAULT)


def test_a_fingerprint_tells_keks_apart_and_is_domain_separated() -> None:
    packed = msgpack.packb(["K-chain/vault/kek/v1", KEK.reveal()])

    assert VAULT.fingerprint == hashlib.sha256(packed).digest() == Vault(KEK).fingerprint
    assert VAULT.fingerprint != Vault(DEK).fingerprint


def test_a_refusal_says_where_and_tells_no_secret() -> None:
    with pytest.raises(VaultError, match=r"'share' doesn't open in Scope\(key='treasury'") as error:
        VAULT.open(WRAPPED, SCOPE._replace(generation=9), "share", SEALED)

    assert error.value.__suppress_context__


def test_the_library_computes_argon2id_as_rfc_9106_says() -> None:
    """Section 5.3, the one published answer; it also has a secret and associated data."""
    kdf = Argon2id(
        salt=b"\x02" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        secret=b"\x03" * 8,
        ad=b"\x04" * 12,
    )

    assert kdf.derive(b"\x01" * 32).hex() == (
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    )


def test_the_default_kek_is_argon2id_of_3_passes_64_mib_and_4_lanes() -> None:
    """The reference implementation's answer, through argon2-cffi 25.1."""
    with metering(Meter()) as meter:
        kek = kek_from_password(Secret(b"correct horse battery staple"), bytes(range(16)))

    assert kek == Secret(
        bytes.fromhex("853b272a44db1421c02962669a55eb0994f3cab385ed1c4c79253eee19bab49e")
    )
    assert meter.counts == {"argon2id": 1}


@pytest.mark.parametrize(("t", "m_kib"), [(1, 64), (3, 64), (3, 256)])
def test_libsodium_derives_the_same_kek_with_one_lane(t: int, m_kib: int) -> None:
    kek = kek_from_password(Secret(b"password"), bytes(16), t=t, m_kib=m_kib, p=1)

    expected = bindings.crypto_pwhash_alg(
        32, b"password", bytes(16), t, m_kib * 1024, bindings.crypto_pwhash_ALG_ARGON2ID13
    )
    assert kek == Secret(expected)


@pytest.mark.parametrize("change", [{"t": 2}, {"m_kib": 128}, {"p": 2}])
def test_every_parameter_of_a_password_counts(change: dict[str, Any]) -> None:
    small: dict[str, Any] = {"t": 1, "m_kib": 64, "p": 1}

    kek = kek_from_password(Secret(b"password"), bytes(16), **small)

    assert kek == kek_from_password(Secret(b"password"), bytes(16), **small)
    assert kek != kek_from_password(Secret(b"password"), bytes(16), **{**small, **change})
    assert kek != kek_from_password(Secret(b"password"), bytes(15) + b"\x01", **small)
    assert kek != kek_from_password(Secret(b"passwore"), bytes(16), **small)


def test_parameters_out_of_range_are_refused() -> None:
    for change in ({"t": 0}, {"m_kib": 7}, {"p": 0}):
        with pytest.raises(ValueError, match="must be"):
            kek_from_password(Secret(b"password"), bytes(16), **{"p": 1, "m_kib": 64, **change})


def test_entries_are_charged_and_wrapping_is_free() -> None:
    vault = Vault(KEK)

    with metering(Meter()) as meter:
        wrapped = vault.new_dek(DEK)
        sealed = vault.seal(wrapped, SCOPE, "share", SHARE, NONCE)
        for _ in range(3):
            vault.open(wrapped, SCOPE, "share", sealed)

    assert meter.counts == {"vault.seal": 1, "vault.open": 3}
