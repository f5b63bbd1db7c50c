"""Which messages are lost: each by its own draw, or all that are sent in a bad slot of their link.

The second is the two-state chain of Gilbert (1960) and Elliott (1963) in netem's vocabulary: users
write the loss rate L and the mean burst B; a bad slot is the burst's last with r = 1/B, and after a
good slot a burst begins with p = r·L/(1−L), so that the chain's stationary rate is L.

The chain is a function of (seed, link, time) and of nothing else. Virtual time is cut into slots of
20 ms and frames of 500 slots. A frame's first state is drawn from the stationary distribution, and
every sojourn in it is drawn in turn, from a hash of (source, frame) that is indexed by receiver. So
the state at any time takes one frame to find, whatever was sent before; a burst never outlasts its
frame.

Whole numbers only: sojourns are geometric by a table of their distribution in parts of 2**64.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from sim.base.codec import encode, tuple_hash
from sim.network.draws import BLOCK, CERTAIN, check_rate

SLOT_US: Final = 20_000
"""A burst begins and ends with a slot."""

FRAME_SLOTS: Final = 500
"""Slots of a frame, 10 s: the state is drawn anew after so many."""

FRAME_US: Final = SLOT_US * FRAME_SLOTS

BURST_MAX: Final = 100
"""Longest mean burst in slots: longer ones would be cut short by their frames."""

_DRAWS: Final = 8
_BLOCK_DRAWS: Final = struct.Struct(f">{BLOCK * _DRAWS}Q")
_ONE: Final = 1 << 64
_EXTRA_BITS: Final = 128  # so that 500 roundings stay below one part of 2**64


class Loss(NamedTuple):
    """How messages are lost.

    Attributes:
        rate: In parts per 2**32.
        burst: Mean length of a burst in slots, 1..100; 0 loses each message by its own draw.
    """

    rate: int
    burst: int = 0


LOSSLESS: Final = Loss(0)


def check_loss(loss: Loss) -> Loss:
    """Return `loss` if there is such a process.

    Raises:
        ValueError: a figure is out of range, or bursts of that length can't be that frequent.
    """
    check_rate("loss", loss.rate)
    if not 0 <= loss.burst <= BURST_MAX:
        raise ValueError(f"a mean burst is 1..{BURST_MAX} slots, got {loss.burst}")
    if loss.burst and loss.rate > rate_max(loss.burst):
        raise ValueError(f"bursts of {loss.burst} slots can't lose more than B/(B+1)")
    return loss


def rate_max(burst: int) -> int:
    """Return the highest loss rate with bursts of `burst` slots: one good slot between two."""
    return CERTAIN * burst // (burst + 1)


class Losses:
    """Decides over losses on every link.

    Args:
        seed: The run's seed.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._bursts: dict[Loss, Bursts] = {}

    def lost(self, loss: Loss, now_us: int, source: int, target: int, slot: int) -> bool:
        """Return whether a message sent at `now_us` is lost.

        Args:
            loss: The link's process.
            now_us: When it is sent.
            source: By whom.
            target: To whom.
            slot: The message's own draw, 0..2**32−1: decides if there are no bursts.
        """
        if not loss.burst:
            return slot < loss.rate
        return self.bursts(loss).bad(now_us, source, target)

    def lost_among(
        self,
        loss: Loss,
        now_us: int,
        source: int,
        targets: Sequence[int],
        slots: Sequence[int],
    ) -> list[int]:
        """Return which of many messages are lost that are sent together: their positions.

        Arguments are those of `lost`, of links that share one process.
        """
        if not loss.burst:
            rate = loss.rate
            return [position for position, slot in enumerate(slots) if slot < rate]
        return self.bursts(loss).bad_among(now_us, source, targets)

    def bursts(self, loss: Loss) -> Bursts:
        """Return the chain of every link whose process is `loss`."""
        found = self._bursts.get(loss)
        if found is None:
            found = self._bursts[loss] = Bursts(self._seed, loss)
        return found


class Bursts:
    """The bad slots of links that share one process.

    Args:
        seed: The run's seed.
        loss: With a burst length.

    Raises:
        ValueError: there is no such process.
    """

    def __init__(self, seed: int, loss: Loss) -> None:
        check_loss(loss)
        self._key = tuple_hash("kchain-sim/bursts/v2", seed)
        self._rate = loss.rate << 32
        good = sojourns(loss.rate, loss.burst * (CERTAIN - loss.rate))
        self._tables = (good, sojourns(1, loss.burst))
        self._latest: dict[int, tuple[int, dict[int, tuple[int, ...]]]] = {}
        self._name: tuple[int, int, int, int] | None = None
        self._drawn: tuple[int, ...] = ()

    def bad(self, now_us: int, source: int, target: int) -> bool:
        """Return whether the link from `source` to `target` is in a burst at `now_us`."""
        return bool(self.bad_among(now_us, source, (target,)))

    def bad_among(self, now_us: int, source: int, targets: Sequence[int]) -> list[int]:
        """Return which links from `source` are in a burst: the positions of their targets."""
        frame, within_us = divmod(now_us, FRAME_US)
        known = self._latest.get(source)
        # Only the latest frame is kept: a sender's times hardly ever go back.
        if known is None or known[0] != frame:
            known = self._latest[source] = (frame, {})
        edges = known[1]
        for target in targets:
            if target not in edges:
                edges[target] = self.edges(frame, source, target)
        slot = within_us // SLOT_US
        return [
            position
            for position, target in enumerate(targets)
            if bisect_right(edges[target], slot) & 1
        ]

    def edges(self, frame: int, source: int, target: int) -> tuple[int, ...]:
        """Return the bursts of one frame: slots where one begins, and where it is over, in turn.

        Ascending, 0..500; an even number of them.
        """
        block, within = divmod(target, BLOCK)
        at = within * _DRAWS
        draws = self._block(source, frame, block, 0)[at : at + _DRAWS]
        bad = draws[0] < self._rate
        edges: list[int] = []
        slot, used, part = 0, 1, 0
        while slot < FRAME_SLOTS:
            if used == _DRAWS:
                used, part = 0, part + 1
                draws = self._block(source, frame, block, part)[at : at + _DRAWS]
            end = slot + 1 + bisect_right(self._tables[bad], draws[used])
            used += 1
            if bad:
                edges += (slot, min(end, FRAME_SLOTS))
            slot, bad = end, not bad
        return tuple(edges)

    def _block(self, source: int, frame: int, block: int, part: int) -> tuple[int, ...]:
        """Return a part of the draws of all links to a block: eight each, as `draws` has slots."""
        name = (source, frame, block, part)
        if name != self._name:
            drawn = hashlib.shake_256(self._key + encode(name)).digest(_BLOCK_DRAWS.size)
            self._name, self._drawn = name, _BLOCK_DRAWS.unpack(drawn)
        return self._drawn


@cache
def sojourns(numerator: int, denominator: int) -> tuple[int, ...]:
    """Return the chance, in parts of 2**64, that a state lasts at most 1, 2, … 500 slots.

    Args:
        numerator: The chance to leave it after any slot, …
        denominator: … as a fraction in 0..1.
    """
    stays = denominator - numerator
    left = _ONE << _EXTRA_BITS
    table = []
    for _ in range(FRAME_SLOTS):
        left = left * stays // denominator
        table.append(_ONE - (left >> _EXTRA_BITS))
    return tuple(table)
