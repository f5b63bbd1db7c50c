"""Responses: which shares a member holds, and when its statement itself is at fault."""

from __future__ import annotations

from collections.abc import Collection

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.base.memo import memoised
from sim.crypto import sealing
from sim.protocol.messages import Complaint, Response


def good_bits(good: Collection[int], dealers: int) -> bytes:
    """Return the bitmap of the 1-based `good` dealers: lowest bit first, ⌈dealers/8⌉ bytes."""
    bits = bytearray((dealers + 7) // 8)
    for dealer in good:
        bits[(dealer - 1) // 8] |= 1 << ((dealer - 1) % 8)
    return bytes(bits)


def has_bit(bitmap: bytes, dealer: int) -> bool:
    """Say whether the bit of the 1-based `dealer` is set."""
    return bool(bitmap[(dealer - 1) // 8] >> ((dealer - 1) % 8) & 1)


@memoised
def usable_key(public: bytes) -> bool:
    """Say whether `public` is a transport or one-time key that can be sealed to."""
    try:
        sealing.check_public(public)
    except sealing.SealError:
        return False
    return True


def parse_response(
    body: bytes, sender: int, dealers: int, running: Collection[int]
) -> Response | None:
    """Decode a response; None when it is malformed, a fault that its signature proves.

    Malformed: a wrong bitmap length or spare bits; complaints not strictly ascending, about a
    dealer that doesn't exist, or about oneself; both or neither of bit and complaint for a running
    dealer; for such a dealer, a one-time key that can't be sealed to, or one where none belongs.
    Complaints about other dealers are dropped alone, whatever is in them.
    """
    try:
        response = decode_canonical(body, Response)
    except DecodeError:
        return None
    if len(response.good) != (dealers + 7) // 8:
        return None
    if any(
        has_bit(response.good, spare) for spare in range(dealers + 1, 8 * len(response.good) + 1)
    ):
        return None
    accused = [complaint.dealer for complaint in response.complaints]
    if accused != sorted(set(accused)) or any(not 1 <= d <= dealers for d in accused):
        return None
    if sender in accused:
        return None
    if any(has_bit(response.good, d) == (d in accused) for d in running):
        return None
    if not all(_key_fits(c) for c in response.complaints if c.dealer in running):
        return None
    return response


def _key_fits(complaint: Complaint) -> bool:
    if complaint.kind == "missing":
        return usable_key(complaint.one_time_key)
    return not complaint.one_time_key
