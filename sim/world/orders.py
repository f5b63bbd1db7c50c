"""What a fault asks of the ledger when it is triggered during the run."""

from __future__ import annotations

from typing import TypeAlias, cast

import msgspec

from sim.base.codec import decode_canonical, encode


class Ask(msgspec.Struct, frozen=True, array_like=True, tag="ask"):
    """A principal asks for what the timeline entry `action` (its id) says, now."""

    action: str


class Halt(msgspec.Struct, frozen=True, array_like=True, tag="halt"):
    """Heights stop now, for `for_us` or for good."""

    for_us: int | None


class Withhold(msgspec.Struct, frozen=True, array_like=True, tag="withhold"):
    """Blocks leave out what the timeline entry `action` (its id) says, from now on."""

    action: str


class Calm(msgspec.Struct, frozen=True, array_like=True, tag="calm"):
    """Heights go on, and blocks take everything."""


class LinkRule(msgspec.Struct, frozen=True, array_like=True, tag="link"):
    """An encoded rule of the network takes hold of ledger links."""

    rule: bytes


Order: TypeAlias = Ask | Halt | Withhold | Calm | LinkRule


def encode_order(order: Order) -> bytes:
    """Encode an order, as the engine carries it."""
    return encode(order)


def decode_order(data: bytes) -> Order:
    """Decode what `encode_order` made.

    Raises:
        DecodeError: It is no order.

    """
    return decode_canonical(data, cast("type[Order]", Order))
