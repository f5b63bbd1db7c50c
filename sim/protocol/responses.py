"""Responses: which shares a member holds, and when its statement itself is at fault."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.base.memo import memoised
from sim.crypto import sealing
from sim.protocol.messages import Complaint, Response


def good_bits(good: Collection[int], dealing: Sequence[int]) -> bytes:
    """Return the bitmap of `good` dealers: ⌈len(dealing)/8⌉ bytes, lowest bit first.

    `dealing` are the share indices of the dealing set, ascending: a bit stands for a place in it.
    """
    bits = bytearray((len(dealing) + 7) // 8)
    for place, dealer in enumerate(dealing):
        if dealer in good:
            bits[place // 8] |= 1 << (place % 8)
    return bytes(bits)


def good_dealers(bitmap: bytes, dealing: Sequence[int]) -> set[int]:
    """Return the dealers whose bits are set, the inverse of `good_bits`."""
    return {dealer for place, dealer in enumerate(dealing) if _has_bit(bitmap, place)}


def _has_bit(bitmap: bytes, place: int) -> bool:
    return bool(bitmap[place // 8] >> (place % 8) & 1)


@memoised
def usable_key(public: bytes) -> bool:
    """Say whether `public` is a transport or one-time key that can be sealed to."""
    try:
        sealing.check_public(public)
    except sealing.SealError:
        return False
    return True


def parse_response(
    body: bytes,
    own: int,
    dealing: Sequence[int],
    running: Collection[int],
    *,
    always_sealed: bool = False,
    provable: bool = False,
) -> Response | None:
    """Decode a response; None when it is malformed, a fault that its signature proves.

    Malformed: a wrong bitmap length or spare bits; complaints not strictly ascending, about a
    dealer that doesn't exist, or about oneself; both or neither of bit and complaint for a running
    dealer; for such a dealer, a one-time key that can't be sealed to, or one where none belongs;
    a disclosure that is absent where `invalid` takes one, or present where it doesn't.
    Complaints about other dealers are dropped alone, whatever is in them.

    Args:
        body: The statement's bytes.
        own: The index under which its sender deals, 0 if it doesn't.
        dealing: Share indices of the dealing set, ascending.
        running: Those that run at the response's place in the ledger.
        always_sealed: Whether a one-time key belongs to `invalid` complaints, too.
        provable: Whether a disclosure belongs to `invalid` complaints, and no key then.

    """
    try:
        response = decode_canonical(body, Response)
    except DecodeError:
        return None
    if len(response.good) != (len(dealing) + 7) // 8:
        return None
    if any(_has_bit(response.good, spare) for spare in range(len(dealing), 8 * len(response.good))):
        return None
    accused = [complaint.dealer for complaint in response.complaints]
    if accused != sorted(set(accused)) or not set(accused) <= set(dealing) or own in accused:
        return None
    good = good_dealers(response.good, dealing)
    if any((dealer in good) == (dealer in accused) for dealer in running):
        return None
    concerned = [c for c in response.complaints if c.dealer in running]
    if not all(_fits(c, always_sealed=always_sealed, provable=provable) for c in concerned):
        return None
    return response


def _fits(complaint: Complaint, *, always_sealed: bool, provable: bool) -> bool:
    """Say whether what belongs to the complaint is there, and nothing else."""
    shows = provable and complaint.kind == "invalid"
    if shows != (complaint.disclosure is not None):
        return False
    if complaint.kind == "missing" or (always_sealed and not shows):
        return usable_key(complaint.one_time_key)
    return not complaint.one_time_key
