"""Addresses of precompiled contracts in the registry's form ``0x…PCII``: a small codec.

An address is 20 bytes. Its last four hexadecimal digits say what it names, all others are zero:

    bits   159 … 16   15 … 12   11 … 8   7 … 0
    value  0          P         C        II

P is the family, C the chain, II the item within both; byte 18 is P·16 + C, byte 19 is II. The
K-chain is C = 9, the T-chain C = 7. Which families and items exist is the registry's matter.

Source: LP-043 (C = 9), and the registry's scheme that it links to.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ADDRESS_SIZE: Final = 20

K_CHAIN: Final = 9
"""C of the K-chain, which owns keys."""

T_CHAIN: Final = 7
"""C of the T-chain, which signs with them."""

_NIBBLE_MAX: Final = 0xF
_ITEM_MAX: Final = 0xFF
_ZEROS: Final = bytes(ADDRESS_SIZE - 2)
_TEXT: Final = re.compile(r"0x[0-9a-fA-F]{40}")


class PrecompileError(ValueError):
    """A part out of range, or an address that isn't one of this form."""


class Precompile(NamedTuple):
    """What an address of this form names.

    Attributes:
        family: P, 0 to 15.
        chain: C, 0 to 15; see `K_CHAIN` and `T_CHAIN`.
        item: II, 0 to 255.

    """

    family: int
    chain: int
    item: int


def encode_address(precompile: Precompile) -> bytes:
    """Return the address of a precompile, 20 bytes.

    Raises:
        PrecompileError: A part is out of range.

    """
    family, chain, item = precompile
    for name, part, greatest in (
        ("family", family, _NIBBLE_MAX),
        ("chain", chain, _NIBBLE_MAX),
        ("item", item, _ITEM_MAX),
    ):
        if not 0 <= part <= greatest:
            raise PrecompileError(f"{name} {part} is not in 0 … {greatest}")
    return _ZEROS + bytes([family << 4 | chain, item])


def decode_address(address: bytes) -> Precompile:
    """Return what a 20-byte address names.

    Raises:
        PrecompileError: Another length, or any bit above the last 16 is set.

    """
    if len(address) != ADDRESS_SIZE:
        raise PrecompileError(f"an address takes {ADDRESS_SIZE} bytes, got {len(address)}")
    if not address.startswith(_ZEROS):
        raise PrecompileError(f"0x{address.hex()} is no precompile: only PCII may differ from zero")
    return Precompile(address[-2] >> 4, address[-2] & 0xF, address[-1])


def format_address(precompile: Precompile) -> str:
    """Return the address of a precompile as ``0x`` and 40 lower-case digits.

    Raises:
        PrecompileError: A part is out of range.

    """
    return f"0x{encode_address(precompile).hex()}"


def parse_address(text: str) -> Precompile:
    """Return what an address in text names; digits may have either case.

    Raises:
        PrecompileError: It isn't ``0x`` and 40 hexadecimal digits, or names no precompile.

    """
    if _TEXT.fullmatch(text) is None:
        raise PrecompileError(f"{text!r} is not 0x and 40 hexadecimal digits")
    return decode_address(bytes.fromhex(text[2:]))
