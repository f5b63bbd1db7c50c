"""Encoded payloads of ceremony transactions, taken apart and put together again otherwise."""

from __future__ import annotations

from typing import Any

import msgspec

from sim.base.codec import decode_canonical, encode
from sim.protocol.transactions import CeremonyPayload


def addressed(payload: bytes) -> CeremonyPayload:
    """Decode the payload of a ceremony transaction that a machine of ours has made."""
    return decode_canonical(payload, CeremonyPayload)


def readdressed(payload: bytes, **changes: Any) -> bytes:
    """Return `payload` with other fields: ``session``, ``attempt`` or ``body``."""
    return encode(msgspec.structs.replace(addressed(payload), **changes))
