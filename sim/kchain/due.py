"""Which heights the rules of a key's life make due: a block must exist there even if empty.

Each rule is told twice from one function: the state before a height says that it is due, and at the
height itself the rule fires. Rules look only at what stands still between blocks.
"""

from __future__ import annotations

from collections.abc import Iterable

from sim.kchain.genesis import Genesis
from sim.kchain.records import Key
from sim.kchain.registry import Registry


def next_boundary(genesis: Genesis, height: int) -> int:
    """Return the first epoch boundary above `height`."""
    return (height // genesis.epoch_heights + 1) * genesis.epoch_heights


def is_boundary(genesis: Genesis, height: int) -> bool:
    """Say whether an epoch begins at `height`; the first one begins at genesis, without rules."""
    return height > 0 and height % genesis.epoch_heights == 0


def boundary_due(
    genesis: Genesis, registry: Registry, keys: Iterable[Key], height: int
) -> int | None:
    """Return the next epoch boundary above `height` if there is something to do at it."""
    busy = bool(registry.changing) or any(renews(key, registry.departing) for key in keys)
    return next_boundary(genesis, height) if busy else None


def renews(key: Key, gone: frozenset[str]) -> bool:
    """Say whether an epoch boundary reshares `key`, when the validators `gone` are gone."""
    record = key.active
    if record is None:
        return False
    rules = key.request.rotation.on
    return "epoch" in rules or ("churn" in rules and not gone.isdisjoint(record.committee))


def schedule_due(key: Key, height: int) -> int | None:
    """Return the next height above `height` at which the key's schedule refreshes it."""
    every = key.request.rotation.every
    if key.active is None or every is None:
        return None
    return _next_multiple(key.created_at, every, height)


def age_due(key: Key, height: int) -> int | None:
    """Return the next height above `height` at which its shares have reached their maximum age.

    If the refresh fails they reach it again after the same time once more.
    """
    record, max_age = key.active, key.request.rotation.max_age
    if record is None or max_age is None:
        return None
    return _next_multiple(record.activated_at, max_age, height)


def _next_multiple(begin: int, step: int, height: int) -> int:
    return begin + step * (max(height - begin, 0) // step + 1)
