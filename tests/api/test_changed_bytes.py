"""Any one changed byte of a real run's ledger is refused, and its place is named."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import msgpack
import pytest

from sim import api

FIRST_KEY: Final = Path(__file__).parents[2] / "scenarios" / "first-key.toml"
STRIDE: Final = 67
"""Between positions inside blocks: a prime, so that every field is met in some block."""

PLACE: Final = re.compile(r"(block|offset) \d+|header")


@cache
def ledger() -> bytes:
    return bytes(api.run(api.load(FIRST_KEY)).ledger())


def positions() -> list[int]:
    """Every byte of the header and the trailer, and every 67th of the blocks."""
    data = ledger()
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    ends = []
    while unpacker.tell() < len(data):
        unpacker.skip()
        ends.append(unpacker.tell())
    header, last_block = ends[0], ends[-2]
    return [*range(header), *range(header, last_block, STRIDE), *range(last_block, len(data))]


def test_any_one_changed_byte_is_refused_and_its_place_is_named() -> None:
    data, tried = ledger(), positions()
    assert len(tried) >= 300

    for place in tried:
        flipped = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
        with pytest.raises(api.LedgerError) as caught:
            api.verify(flipped)
        assert PLACE.fullmatch(caught.value.where), (place, caught.value.where)
