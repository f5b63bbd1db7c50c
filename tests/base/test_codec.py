"""One encoding per value; everything else is refused before it is hashed."""

from __future__ import annotations

import hashlib
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.codec import decode_canonical, encode, tuple_hash, tuple_xof
from sim.base.errors import DecodeError


class Statement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    number: int
    data: bytes
    name: str


@given(st.integers(-(2**63), 2**64 - 1), st.binary(max_size=300), st.text(max_size=300))
def test_decoding_inverts_encoding(number: int, data: bytes, name: str) -> None:
    value = Statement(number, data, name)

    assert decode_canonical(encode(value), Statement) == value


VALUES = st.recursive(
    st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=9), st.text(max_size=9), st.none()),
    lambda inner: st.lists(inner, max_size=4),
)


@given(VALUES)
def test_an_independent_decoder_reads_the_same(value: Any) -> None:
    assert msgpack.unpackb(encode(value), raw=False, strict_map_key=False) == value


@given(st.binary(max_size=40))
def test_bytes_that_decode_are_the_encoding_of_their_value(data: bytes) -> None:
    try:
        value = decode_canonical(data, Statement)
    except DecodeError:
        return
    assert encode(value) == data


GOOD = encode(Statement(5, b"ab", "c"))


@pytest.mark.parametrize(
    "data",
    [
        b"\x93\xcc\x05" + GOOD[2:],
        b"\x93\xcd\x00\x05" + GOOD[2:],
        b"\x93\xd0\x05" + GOOD[2:],
        b"\xdc\x00\x03" + GOOD[1:],
        GOOD[:2] + b"\xc5\x00\x02ab" + GOOD[6:],
        GOOD[:6] + b"\xd9\x01c",
    ],
    ids=["uint8", "uint16", "int8", "array16", "bin16", "str8"],
)
def test_longer_encodings_of_the_same_value_are_refused(data: bytes) -> None:
    """Both msgspec and msgpack accept them: only the comparison refuses."""
    assert msgspec.msgpack.decode(data, type=Statement) == Statement(5, b"ab", "c")

    with pytest.raises(DecodeError, match="canonical"):
        decode_canonical(data, Statement)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD[:-1],
        GOOD + b"\x00",
        encode((5, b"ab")),
        encode((5, b"ab", "c", 1)),
        encode((5, "ab", "c")),
        encode({"number": 5}),
        b"\x93\x05\xc4\x02ab\xa1\xff",
        b"\x91" * 5000,
        b"\xc1",
    ],
    ids=["empty", "short", "trailing", "fewer", "more", "type", "map", "utf8", "deep", "reserved"],
)
def test_other_shapes_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_canonical(data, Statement)


def test_maps_are_sorted_whatever_their_order() -> None:
    assert encode({"b": 1, "a": 2}) == encode({"a": 2, "b": 1})
    assert encode({"b": 1, "a": 2}) == b"\x82\xa1a\x02\xa1b\x01"


def test_maps_have_string_keys() -> None:
    with pytest.raises(TypeError, match="str keys"):
        encode({2: b"", 1: b""})


def test_tuples_and_lists_are_the_same_array() -> None:
    assert encode((1, (b"x",))) == encode([1, [b"x"]]) == b"\x92\x01\x91\xc4\x01x"


def test_hashes_are_over_the_tagged_encoding() -> None:
    packed = msgpack.packb(["tag", b"a", 5], use_bin_type=True)

    assert tuple_hash("tag", b"a", 5) == hashlib.sha256(packed).digest()
    assert tuple_xof(100, "tag", b"a", 5) == hashlib.shake_256(packed).digest(100)


def test_hashed_parts_cannot_trade_bytes() -> None:
    hashes = {
        tuple_hash("tag", b"ab", b"c"),
        tuple_hash("tag", b"a", b"bc"),
        tuple_hash("tag", b"abc"),
        tuple_hash("tag", (b"ab", b"c")),
        tuple_hash("tag", "ab", "c"),
        tuple_hash("other", b"ab", b"c"),
    }

    assert len(hashes) == 6


def test_encodings_never_change() -> None:
    """A golden value: ledgers written today must verify tomorrow."""
    assert tuple_hash("golden", 1, b"two", "three", [4, None, True]).hex() == (
        hashlib.sha256(
            bytes.fromhex("95a6676f6c64656e01c40374776fa57468726565") + bytes.fromhex("9304c0c3")
        ).hexdigest()
    )
