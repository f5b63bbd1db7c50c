"""Canonical bytes: one encoding per value, and hashes of tuples.

MessagePack through msgspec, with sorted maps. MessagePack admits several encodings of one value
(long integers, long headers), so decoding re-encodes and compares before anything is hashed.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import msgspec

from sim.base.errors import DecodeError

T = TypeVar("T")

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


def encode(value: Any) -> bytes:
    """Encode `value` canonically. Tuples and array structs become arrays; maps are sorted."""
    return _ENCODER.encode(value)


_DECODERS: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.msgpack.Decoder(kind)
    return decoder


def decode_canonical(data: bytes, kind: type[T]) -> T:
    """Decode `data` as `kind`, refusing every encoding but the canonical one.

    Raises:
        DecodeError: `data` is no MessagePack, of another shape, or not canonical.
    """
    try:
        value = _decoder(kind).decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from None
    if _ENCODER.encode(value) != data:
        raise DecodeError("not the canonical encoding")
    return value  # type: ignore[no-any-return]  # the decoder is of `kind`


def tuple_hash(tag: str, *parts: Any) -> bytes:
    """Hash `parts` under a domain `tag`: SHA-256 over their canonical encoding, 32 bytes."""
    return hashlib.sha256(encode((tag, *parts))).digest()


def tuple_xof(length: int, tag: str, *parts: Any) -> bytes:
    """Stretch `parts` under a domain `tag` to `length` bytes: SHAKE256 over their encoding."""
    return hashlib.shake_256(encode((tag, *parts))).digest(length)
