"""What transactions carry, decoded: bytes that are no payload of their kind are refused."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.protocol.entries import Rejected
from sim.protocol.transactions import Transaction

P = TypeVar("P", bound=msgspec.Struct)


def decoded(transaction: Transaction, kind: type[P]) -> P:
    """Return a transaction's payload.

    Raises:
        Rejected: Malformed.

    """
    try:
        return decode_canonical(transaction.payload, kind)
    except DecodeError:
        raise Rejected("Malformed") from None
