"""Precompile addresses: every triple has one address, and no other address has any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.kchain.precompile import (
    K_CHAIN,
    T_CHAIN,
    Precompile,
    PrecompileError,
    decode_address,
    encode_address,
    format_address,
    parse_address,
)


def test_an_address_ends_in_family_chain_and_item() -> None:
    """The nibbles of LP-043 and of the registry, written out."""
    assert (K_CHAIN, T_CHAIN) == (0x9, 0x7)
    assert format_address(Precompile(0x2, K_CHAIN, 0x1F)) == "0x" + "0" * 36 + "291f"
    assert format_address(Precompile(0x5, T_CHAIN, 0x03)) == "0x" + "0" * 36 + "5703"
    assert encode_address(Precompile(0xF, 0x0, 0xA0)) == bytes(18) + b"\xf0\xa0"


def test_every_address_of_the_form_round_trips() -> None:
    """All 65,536 of them."""
    for number in range(1 << 16):
        address = number.to_bytes(20, "big")

        named = decode_address(address)

        assert encode_address(named) == address
        assert named == (number >> 12, number >> 8 & 0xF, number & 0xFF)


@given(st.builds(Precompile, st.integers(0, 15), st.integers(0, 15), st.integers(0, 255)))
def test_text_round_trips_in_either_case(precompile: Precompile) -> None:
    text = format_address(precompile)

    assert parse_address(text) == precompile
    assert parse_address("0x" + text[2:].upper()) == precompile


@pytest.mark.parametrize("bit", range(16, 160))
def test_any_bit_above_the_last_sixteen_is_refused(bit: int) -> None:
    good = encode_address(Precompile(2, K_CHAIN, 1))
    bad = (int.from_bytes(good, "big") | 1 << bit).to_bytes(20, "big")
    assert decode_address(good) == (2, K_CHAIN, 1)

    with pytest.raises(PrecompileError, match="no precompile"):
        decode_address(bad)
    with pytest.raises(PrecompileError, match="no precompile"):
        parse_address("0x" + bad.hex())


@pytest.mark.parametrize("size", [0, 2, 19, 21, 32])
def test_addresses_of_another_length_are_refused(size: int) -> None:
    with pytest.raises(PrecompileError, match="20 bytes"):
        decode_address(bytes(size))


@pytest.mark.parametrize(
    "parts", [(16, 9, 0), (-1, 9, 0), (2, 16, 0), (2, -1, 0), (2, 9, 256), (2, 9, -1)]
)
def test_parts_out_of_range_are_refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(PrecompileError, match="is not in 0"):
        encode_address(Precompile(*parts))
    with pytest.raises(PrecompileError, match="is not in 0"):
        format_address(Precompile(*parts))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "2901",
        "0x2901",
        "0" * 36 + "2901",
        "0X" + "0" * 36 + "2901",
        "0x" + "0" * 35 + "2901",
        "0x" + "0" * 37 + "2901",
        "0x" + "0" * 36 + "290g",
        "0x" + "0" * 36 + "2901\n",
        " 0x" + "0" * 36 + "2901",
        "0x" + "0" * 35 + " 2901",
        "0x" + "0" * 36 + "290١",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    assert parse_address("0x" + "0" * 36 + "2901") == (2, K_CHAIN, 1)

    with pytest.raises(PrecompileError, match="hexadecimal"):
        parse_address(text)
