"""Label-keyed draws: one keyed hash per send, and a fixed slot of it for every impairment.

A draw is a function of (seed, source, target, label, transmission). Every slot is drawn whether or
not its impairment is on, so that turning one on or off, or removing a send, moves no other draw.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final, NamedTuple

from sim.base.codec import encode, tuple_hash
from sim.base.ids import Label, ValidatorIndex

CERTAIN: Final = 1 << 32
"""A rate of 1. Rates are in parts per 2**32; a slot below the rate means that it happens."""

_SLOTS: Final = struct.Struct(">8I")
_CLOG_BITS: Final = 24
_CLOG_MASK: Final = (1 << _CLOG_BITS) - 1


class Draw(NamedTuple):
    """The eight slots of one send, each uniform in 0..2**32−1.

    Attributes:
        loss: Below the loss rate: the message is lost.
        latency: Picks the first copy's entry in the link's jitter table by its first 8 bits; the
            others say how long a clog delays the message.
        duplicate: Below the rate: a second copy arrives.
        duplicate_latency: The second copy's own entry.
        hold: Below the rate: the first copy is held back.
        spare_0: Unused for datagrams; in a stream a further loss draw, as the rest.
        spare_1: See `spare_0`.
        spare_2: See `spare_0`.
    """

    loss: int
    latency: int
    duplicate: int
    duplicate_latency: int
    hold: int
    spare_0: int
    spare_1: int
    spare_2: int

    def clog(self, most_us: int) -> int:
        """Return the delay of a clog: uniform in 0..`most_us`."""
        return ((self.latency & _CLOG_MASK) * (most_us + 1)) >> _CLOG_BITS


class Draws:
    """Counts the transmissions of each label on each link, and draws for each.

    Args:
        seed: The run's seed, 0..2**64−1.
    """

    def __init__(self, seed: int) -> None:
        self._key = tuple_hash("kchain-sim/network/v1", seed)
        self._transmissions: dict[tuple[ValidatorIndex, ValidatorIndex, Label], int] = {}

    def next(
        self, source: ValidatorIndex, target: ValidatorIndex, label: Label
    ) -> tuple[int, Draw]:
        """Count one more send of `label` on this link; return its 1-based count and its draw.

        Lost and cut sends count too: otherwise healing a partition would renumber what follows.
        """
        link = (source, target, label)
        transmission = self._transmissions.get(link, 0) + 1
        self._transmissions[link] = transmission
        digest = hashlib.blake2b(
            encode((source, target, label, transmission)), digest_size=32, key=self._key
        ).digest()
        return transmission, Draw._make(_SLOTS.unpack(digest))


def check_rate(name: str, rate: int) -> int:
    """Return `rate` if it is in 0..2**32.

    Raises:
        ValueError: it isn't.
    """
    if not 0 <= rate <= CERTAIN:
        raise ValueError(f"{name} must be 0..2**32 parts per 2**32, got {rate}")
    return rate
