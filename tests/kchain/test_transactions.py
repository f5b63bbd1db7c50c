"""Signed transactions: what the signature covers, and which bytes are one at all."""

from __future__ import annotations

import hashlib

import msgpack
import msgspec
import pytest

from sim.base.codec import encode
from sim.base.errors import DecodeError
from sim.protocol.transactions import (
    decode_transaction,
    is_signed,
    transaction_id,
)
from tests.kchain.scene import OWNER, identity, signed

RAW = signed(OWNER, 7, "deal", b"payload")


def test_a_signature_covers_chain_kind_principal_nonce_and_payload() -> None:
    transaction = decode_transaction(RAW)

    assert is_signed(transaction)
    for change in (
        {"chain": "other"},
        {"kind": "response"},
        {"principal": identity(0).public},
        {"nonce": 8},
        {"payload": b"payloaf"},
    ):
        assert not is_signed(msgspec.structs.replace(transaction, **change))


def test_the_id_is_the_hash_of_the_canonical_bytes() -> None:
    assert transaction_id(RAW) == hashlib.sha256(RAW).digest()


def test_the_bytes_are_an_array_that_plain_msgpack_reads() -> None:
    fields = msgpack.unpackb(RAW)

    assert fields[:5] == ["test-chain", "deal", OWNER.public, 7, b"payload"]
    assert len(fields) == 6


def test_other_encodings_of_the_same_transaction_are_refused() -> None:
    assert RAW[0] == 0x96  # an array of six, in one byte
    long_header = b"\xdc\x00\x06" + RAW[1:]
    assert msgpack.unpackb(long_header) == msgpack.unpackb(RAW)

    with pytest.raises(DecodeError):
        decode_transaction(long_header)


@pytest.mark.parametrize(
    "fields",
    [
        ("c", "deal", bytes(31), 1, b"", bytes(64)),
        ("c", "deal", bytes(32), 0, b"", bytes(64)),
        ("c", "deal", bytes(32), 1 << 63, b"", bytes(64)),
        ("c", "deal", bytes(32), 1, b"", bytes(63)),
        ("c", "deal", bytes(32), 1, "text", bytes(64)),
        ("c", "deal", bytes(32), 1, b""),
        ("c", "deal", bytes(32), 1, b"", bytes(64), b"more"),
    ],
)
def test_fields_of_wrong_length_or_type_make_no_transaction(fields: tuple[object, ...]) -> None:
    with pytest.raises(DecodeError):
        decode_transaction(encode(fields))
