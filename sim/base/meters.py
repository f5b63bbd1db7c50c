"""What operations are charged: counters that travel with the caller, not with the machine.

`charge` adds to the meter of the current context. A validator's step runs under its own meter, so
its charges depend only on what it did: never on caches, processes or schedules.

Names: ``exp.base`` and ``exp.full`` (group exponentiations by a full scalar), ``exp.small``,
``combine.128`` and ``combine.full`` (multi-exponentiations; ``….terms`` counts their terms),
``exp.g2``, ``pairing.check`` and ``combine.g2`` (of BLS signatures, in G2), ``proof.verify``,
``point.validate``, ``seal``, ``open``, ``signature.sign``, ``signature.verify``, ``mldsa.sign`` and
``mldsa.verify`` (ML-DSA-65), ``mlkem.encapsulate`` and ``mlkem.decapsulate`` (ML-KEM-768),
``vault.seal`` and ``vault.open`` (entries at rest), ``argon2id`` (a key from a password).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar


class Meter:
    """Named counters of operations."""

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self.counts: dict[str, int] = dict(counts or {})

    def add(self, name: str, count: int = 1) -> None:
        """Charge `count` operations of kind `name`."""
        self.counts[name] = self.counts.get(name, 0) + count

    def merge(self, counts: Mapping[str, int]) -> None:
        """Add every counter of `counts`."""
        mine = self.counts
        for name, count in counts.items():
            mine[name] = mine.get(name, 0) + count

    def sorted(self) -> dict[str, int]:
        """Return the counters in order of their names."""
        return dict(sorted(self.counts.items()))


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


def charge(name: str, count: int = 1) -> None:
    """Charge `count` operations of kind `name` to the current meter, if there is one."""
    meter = _current.get()
    if meter is not None:
        meter.add(name, count)


def charge_all(counts: Mapping[str, int]) -> None:
    """Charge every counter of `counts` to the current meter, if there is one."""
    meter = _current.get()
    if meter is not None:
        meter.merge(counts)


@contextmanager
def metering(meter: Meter) -> Iterator[Meter]:
    """Charge what runs inside to `meter` alone. The body must not await."""
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)
