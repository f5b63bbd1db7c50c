"""A toy network: label-keyed draws, loss, duplicates and partitions, in thirty lines."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter

import msgspec

from sim.base.codec import encode
from sim.base.ids import Label, ValidatorIndex
from sim.engine.ports import Fate


class Cut(msgspec.Struct, frozen=True, array_like=True):
    """A rule: until `heal_us` the validators of `side` cannot talk to the others."""

    side: tuple[int, ...]
    heal_us: int


class ToyNetwork:
    """Links of at least `least_us`, four times that between regions, each drawn up to twice it.

    Args:
        seed: Of all draws.
        regions: The region of each validator.
        least_us: Least latency inside a region.
        loss: Chance of loss and chance of a duplicate, out of 256.
    """

    def __init__(self, seed: int, regions: tuple[int, ...], least_us: int, loss: int) -> None:
        self._key = seed.to_bytes(8, "big")
        self._regions = regions
        self._least_us = least_us
        self._loss = loss
        self._sent: Counter[tuple[int, int, Label]] = Counter()
        self._cuts: list[tuple[int, Cut]] = []

    def least_us(self, source: int, target: int) -> int:
        same = self._regions[source] == self._regions[target]
        return self._least_us if same else 4 * self._least_us

    def send(
        self, now_us: int, source: ValidatorIndex, target: ValidatorIndex, label: Label, size: int
    ) -> Fate:
        self._sent[source, target, label] += 1
        transmission = self._sent[source, target, label]
        name = encode((source, target, label, transmission))
        draws = hashlib.blake2b(name, digest_size=16, key=self._key).digest()
        lost, doubled = draws[0] < self._loss, draws[1] < self._loss
        least = self.least_us(source, target)
        first, second = (now_us + least + d % least for d in struct.unpack(">2I", draws[8:]))
        if any(self._is_cut(now_us, at, cut, source, target) for at, cut in self._cuts):
            return Fate(transmission, "cut", ())
        if lost:
            return Fate(transmission, "lost", ())
        if doubled:
            return Fate(transmission, "duplicate", (first, second))
        return Fate(transmission, "ok", (first,))

    @staticmethod
    def _is_cut(now_us: int, at_us: int, cut: Cut, source: int, target: int) -> bool:
        return at_us <= now_us < cut.heal_us and (source in cut.side) != (target in cut.side)

    def fan_out(
        self,
        now_us: int,
        source: ValidatorIndex,
        targets: tuple[ValidatorIndex, ...],
        label: Label,
        size: int,
    ) -> list[Fate]:
        return [self.send(now_us, source, target, label, size) for target in targets]

    def apply(self, now_us: int, rule: bytes) -> tuple[()]:
        self._cuts.append((now_us, msgspec.msgpack.decode(rule, type=Cut)))
        return ()
