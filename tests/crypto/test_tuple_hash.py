"""TupleHash256 as NIST defines it: SP 800-185 and its published samples 4 to 6."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from Crypto.Hash.cSHAKE128 import cSHAKE_XOF
from hypothesis import given
from hypothesis import strategies as st

from sim.crypto.tuple_hash import tuple_hash_256

SHORT, MIDDLE, LONG = bytes(range(3)), bytes(range(0x10, 0x16)), bytes(range(0x20, 0x29))
APP = b"My Tuple App"

SAMPLES = {
    "4": (
        (SHORT, MIDDLE),
        b"",
        "cfb7058caca5e668f81a12a20a2195ce97a925f1dba3e7449a56f82201ec6073"
        "11ac2696b1ab5ea2352df1423bde7bd4bb78c9aed1a853c78672f9eb23bbe194",
    ),
    "5": (
        (SHORT, MIDDLE),
        APP,
        "147c2191d5ed7efd98dbd96d7ab5a11692576f5fe2a5065f3e33de6bba9f3aa1"
        "c4e9a068a289c61c95aab30aee1e410b0b607de3620e24a4e3bf9852a1d4367e",
    ),
    "6": (
        (SHORT, MIDDLE, LONG),
        APP,
        "45000be63f9b6bfd89f54717670f69a9bc763591a4f05c50d68891a744bcc6e7"
        "d6d5b5e82c018da999ed35b0bb49c9678e526abd8e85c13ed254021db9e790ce",
    ),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_published_samples_come_out(sample: str) -> None:
    parts, customization, expected = SAMPLES[sample]

    assert tuple_hash_256(parts, customization, 64).hex() == expected


def left_encode(number: int) -> bytes:
    """SP 800-185, section 2.3.1."""
    content = number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
    return bytes([len(content)]) + content


def by_the_book(parts: Sequence[bytes], size: int) -> bytes:
    """SP 800-185, section 5.3.1, over cSHAKE256 with the function name TupleHash."""
    encoded = b"".join(left_encode(8 * len(part)) + part for part in parts)
    bits = left_encode(8 * size)
    right = bits[1:] + bits[:1]
    shake = cSHAKE_XOF(encoded + right, b"", 512, b"TupleHash")
    return bytes(shake.read(size))


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(8, 80))
def test_any_list_hashes_as_the_standard_composes_it(parts: list[bytes], size: int) -> None:
    assert tuple_hash_256(parts, size=size) == by_the_book(parts, size)


def test_borders_empty_parts_and_sizes_count() -> None:
    hashes = [
        tuple_hash_256([]),
        tuple_hash_256([b""]),
        tuple_hash_256([b"", b""]),
        tuple_hash_256([b"ab", b"c"]),
        tuple_hash_256([b"a", b"bc"]),
        tuple_hash_256([b"abc"]),
        tuple_hash_256([b"abc"], size=40)[:32],
        tuple_hash_256([b"abc"], b"custom"),
    ]

    assert len(set(hashes)) == len(hashes)
