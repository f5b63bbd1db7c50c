"""BIP-340's published vectors: our hashes sign them, and our verification judges them."""

from __future__ import annotations

import csv

import pytest

from sim.crypto.ciphersuites import SECP256K1_BIP340, tagged_hash
from sim.crypto.groups import get_group
from sim.crypto.verification import verify
from tests.support.vectors import VECTORS

GROUP = get_group("SECP256K1")
FILE = VECTORS / "secp256k1" / "bip340.csv"


def rows() -> list[dict[str, str]]:
    if not FILE.exists():
        return []
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file))


ROWS = rows()
needs_vectors = pytest.mark.skipif(not ROWS, reason="published vectors aren't beside this checkout")


@needs_vectors
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["comment"] or row["index"])
def test_published_signatures_are_judged_as_published(row: dict[str, str]) -> None:
    public, message, signature = (
        bytes.fromhex(row[name]) for name in ("public key", "message", "signature")
    )

    for parity in (b"\x02", b"\x03"):
        verdict = verify("SECP256K1", parity + public, message, signature)
        assert verdict == (row["verification result"] == "TRUE")


def sign(secret: int, aux: bytes, message: bytes) -> bytes:
    """BIP-340's default signing, made of our ciphersuite's parts: one signer, and no ρ."""
    public = GROUP.base_mul(secret)
    key = SECP256K1_BIP340.normal(public)
    secret = secret if key == public else -secret
    mask = tagged_hash("BIP0340/aux", aux)
    masked = bytes(a ^ b for a, b in zip(GROUP.encode_scalar(secret), mask, strict=True))
    nonce = int.from_bytes(tagged_hash("BIP0340/nonce", masked + key[1:] + message), "big")
    commitment = GROUP.base_mul(nonce)
    normal = SECP256K1_BIP340.normal(commitment)
    challenge = SECP256K1_BIP340.challenge(normal, key, message)
    response = (nonce if normal == commitment else -nonce) + challenge * secret
    return SECP256K1_BIP340.signature(normal, GROUP.encode_scalar(response))


@needs_vectors
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["secret key"]], ids=lambda row: row["index"]
)
def test_published_signatures_are_made_by_our_challenge_and_form(row: dict[str, str]) -> None:
    secret = GROUP.decode_scalar(bytes.fromhex(row["secret key"]))
    message = bytes.fromhex(row["message"])

    signature = sign(secret, bytes.fromhex(row["aux_rand"]), message)

    assert GROUP.base_mul(secret)[1:] == bytes.fromhex(row["public key"])
    assert signature == bytes.fromhex(row["signature"])


@needs_vectors
def test_the_whole_published_file_was_read() -> None:
    assert len(ROWS) == 19
    assert sum(row["verification result"] == "TRUE" for row in ROWS) == 9
