"""Label-keyed draws: a keyed hash of the send, and a fixed slot of it for every impairment.

A draw is a function of (seed, source, target, label, transmission). Every slot is drawn whether or
not its impairment is on, so that turning one on or off, or removing a send, moves no other draw.

One output of the hash serves a block of sixteen receivers: a validator mostly sends the same thing
to many, so the next receiver's draws are already there. Which receivers are asked about, and in
which order, changes none of them.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from sim.base.codec import encode, tuple_hash
from sim.base.ids import Label, ValidatorIndex

CERTAIN: Final = 1 << 32
"""A rate of 1. Rates are in parts per 2**32; a slot below the rate means that it happens."""

BLOCK: Final = 16
"""Receivers that share one output of the hash: four rounds of it, little dearer than a single one.
"""

_SLOTS: Final = 8
_BLOCK_SLOTS: Final = struct.Struct(f">{BLOCK * _SLOTS}I")
_BLOCK_BYTES: Final = _BLOCK_SLOTS.size
_FAN_SLOTS: Final = 5  # what a datagram needs
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


_Sent: TypeAlias = ValidatorIndex | tuple[ValidatorIndex, ...] | dict[ValidatorIndex, int]
"""What one source has sent of a label: once to this target, once to each of these, or how often to
each. With a thousand validators there are millions of links and labels, so this is kept small."""


class Columns(NamedTuple):
    """The draws of one send to many, by receiver; see `Draw`."""

    loss: tuple[int, ...]
    latency: tuple[int, ...]
    duplicate: tuple[int, ...]
    duplicate_latency: tuple[int, ...]
    hold: tuple[int, ...]


class Fan:
    """Receivers of the same thing, and where their draws are.

    Args:
        targets: At least two.
    """

    __slots__ = ("blocks", "pick", "targets")

    def __init__(self, targets: tuple[ValidatorIndex, ...]) -> None:
        self.targets = targets
        self.blocks = sorted({target // BLOCK for target in targets})
        first = {block: position * BLOCK for position, block in enumerate(self.blocks)}
        places = (first[target // BLOCK] + target % BLOCK for target in targets)
        self.pick: Callable[[Sequence[int]], tuple[int, ...]] = itemgetter(*places)


class Draws:
    """Counts the transmissions of each label on each link, and draws for each.

    Args:
        seed: The run's seed, 0..2**64−1.
    """

    def __init__(self, seed: int) -> None:
        self._key = tuple_hash("kchain-sim/network/v2", seed)
        self._sent: dict[Label, dict[ValidatorIndex, _Sent]] = {}
        self._latest: tuple[ValidatorIndex, Label, int, int] | None = None
        self._slots: tuple[int, ...] = ()

    def next(
        self, source: ValidatorIndex, target: ValidatorIndex, label: Label
    ) -> tuple[int, Draw]:
        """Count one more send of `label` on this link; return its 1-based count and its draw.

        Lost and cut sends count too: otherwise healing a partition would renumber what follows.
        """
        transmission = self._count(source, target, label)
        block, within = divmod(target, BLOCK)
        name = (source, label, transmission, block)
        if name != self._latest:
            self._slots = self._block(*name)
            self._latest = name
        at = within * _SLOTS
        return transmission, Draw._make(self._slots[at : at + _SLOTS])

    def fan(self, source: ValidatorIndex, fan: Fan, label: Label) -> Columns | None:
        """Count one send of `label` to each of a fan; return their draws: those of `next`.

        None, and nothing counted, if the source has sent that label before.
        """
        sources = self._sent.setdefault(label, {})
        if source in sources:
            return None
        sources[source] = fan.targets
        name = self._key + _name(source, label, 1)
        output = b"".join(
            [hashlib.shake_256(name + encode(block)).digest(_BLOCK_BYTES) for block in fan.blocks]
        )
        slots = _fan_slots(len(fan.blocks)).unpack(output)
        return Columns._make([fan.pick(slots[at::_FAN_SLOTS]) for at in range(_FAN_SLOTS)])

    def _count(self, source: ValidatorIndex, target: ValidatorIndex, label: Label) -> int:
        sources = self._sent.setdefault(label, {})
        sent = sources.get(source)
        if sent is None:
            sources[source] = target
            return 1
        if not isinstance(sent, dict):
            once = sent if isinstance(sent, tuple) else (sent,)
            sent = sources[source] = dict.fromkeys(once, 1)
        transmission = sent[target] = sent.get(target, 0) + 1
        return transmission

    def _block(
        self, source: ValidatorIndex, label: Label, transmission: int, block: int
    ) -> tuple[int, ...]:
        """Return the slots of all receivers in `block`, one receiver after the other."""
        name = self._key + _name(source, label, transmission) + encode(block)
        return _BLOCK_SLOTS.unpack(hashlib.shake_256(name).digest(_BLOCK_BYTES))


def _name(source: ValidatorIndex, label: Label, transmission: int) -> bytes:
    """Return the name of a send to whomever: the head of a four-tuple's canonical encoding."""
    return b"\x94" + encode((source, label, transmission))[1:]


@cache
def _fan_slots(blocks: int) -> struct.Struct:
    """Return what parses the first slots of every receiver in so many blocks."""
    rest = 4 * (_SLOTS - _FAN_SLOTS)
    return struct.Struct(">" + f"{_FAN_SLOTS}I{rest}x" * (BLOCK * blocks))


def check_rate(name: str, rate: int) -> int:
    """Return `rate` if it is in 0..2**32.

    Raises:
        ValueError: it isn't.
    """
    if not 0 <= rate <= CERTAIN:
        raise ValueError(f"{name} must be 0..2**32 parts per 2**32, got {rate}")
    return rate
