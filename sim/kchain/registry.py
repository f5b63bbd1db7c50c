"""The registry: who the validators are, and which of them committees may be drawn from.

Validators enter by themselves and take part from the next epoch on; they leave, or are evicted, at
an epoch boundary. An entry never goes away: a member that is gone keeps its seats until a rotation
replaces it, and its name, identity and address stay taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, Literal, TypeAlias

import msgspec

from sim.base.codec import tuple_hash
from sim.kchain.genesis import Validator

RegistryStatus: TypeAlias = Literal[
    "standby", "joining", "active", "leaving", "evicting", "left", "evicted"
]
"""``standby`` has registered only; ``joining``, ``leaving`` and ``evicting`` wait for the next
epoch boundary, which makes them ``active``, ``left`` and ``evicted``."""

SETTLES: Final[Mapping[RegistryStatus, RegistryStatus]] = {
    "joining": "active",
    "leaving": "left",
    "evicting": "evicted",
}
"""What an epoch boundary makes of those that wait for one."""

_DRAWN: Final = frozenset({"active", "leaving", "evicting"})
_GONE: Final = frozenset({"left", "evicted"})
_DEPARTING: Final = _GONE | {"leaving", "evicting"}


class RegistryEntry(msgspec.Struct, frozen=True, array_like=True):
    """One validator.

    Attributes:
        name: Its name.
        identity: Its Ed25519 key, 32 bytes: it signs all its transactions.
        address: Its place in the network, and in every committee's order.
        transport: Its long-lived transport key, 1216 bytes, or empty.
        at_rest: Fingerprint of the key that its vault is locked with, 32 bytes, or empty.
        stake: Its weight in draws.
        status: Where it stands.
        since: Height of the block that gave it that status.

    """

    name: str
    identity: bytes
    address: int
    transport: bytes
    at_rest: bytes
    stake: int
    status: RegistryStatus
    since: int


class Registry(Mapping[str, RegistryEntry]):
    """Every validator that ever registered, by name; never written to.

    Args:
        entries: By name, in order of registration.
        settled_at: Height of the last epoch boundary that changed whom committees are drawn from.

    """

    def __init__(self, entries: Mapping[str, RegistryEntry], settled_at: int = 0) -> None:
        self._entries = entries
        self.settled_at = settled_at

    @classmethod
    def at_genesis(cls, validators: Iterable[Validator]) -> Registry:
        """Return the registry before the first block: everybody in it is active."""
        return cls({one.name: _active(one) for one in validators})

    def __getitem__(self, name: str) -> RegistryEntry:
        """Return the entry of `name`.

        Raises:
            KeyError: Nobody of that name has registered.

        """
        return self._entries[name]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    @cached_property
    def by_identity(self) -> Mapping[bytes, RegistryEntry]:
        """Everybody, by Ed25519 public key."""
        return {entry.identity: entry for entry in self._entries.values()}

    @cached_property
    def pool(self) -> tuple[RegistryEntry, ...]:
        """Whom committees may be made of in this epoch, by ascending address."""
        drawn = [entry for entry in self._entries.values() if entry.status in _DRAWN]
        return tuple(sorted(drawn, key=lambda entry: entry.address))

    @cached_property
    def pool_id(self) -> bytes:
        """Return the signer-set id: hash of who is in the pool, stakes included, 32 bytes."""
        return signer_set_id(self.pool)

    @cached_property
    def total_stake(self) -> int:
        """The stakes of everybody who isn't gone."""
        return sum(e.stake for e in self._entries.values() if e.status not in _GONE)

    @cached_property
    def changing(self) -> tuple[str, ...]:
        """Names of those that wait for an epoch boundary."""
        return tuple(name for name, entry in self._entries.items() if entry.status in SETTLES)

    @cached_property
    def gone(self) -> frozenset[str]:
        """Names of those that have left or were evicted."""
        return frozenset(n for n, entry in self._entries.items() if entry.status in _GONE)

    @cached_property
    def departing(self) -> frozenset[str]:
        """Names of those that are gone, or will be at the next epoch boundary."""
        return frozenset(n for n, entry in self._entries.items() if entry.status in _DEPARTING)

    def written(self, entry: RegistryEntry) -> Registry:
        """Return the registry with `entry` under its name."""
        return Registry({**self._entries, entry.name: entry}, self.settled_at)

    def settled(self, height: int) -> tuple[Registry, tuple[RegistryEntry, ...]]:
        """Return the registry after the epoch boundary at `height`, and the entries it changed.

        What was asked for in the boundary's own block waits for the next one.
        """
        changed = tuple(
            msgspec.structs.replace(entry, status=SETTLES[entry.status], since=height)
            for name in self.changing
            if (entry := self._entries[name]).since < height
        )
        if not changed:
            return self, ()
        entries = {**self._entries, **{entry.name: entry for entry in changed}}
        return Registry(entries, height), changed


def _active(one: Validator) -> RegistryEntry:
    keys = (one.transport, one.at_rest)
    return RegistryEntry(one.name, one.identity, one.address, *keys, one.stake, "active", 0)


def signer_set_id(pool: Iterable[RegistryEntry]) -> bytes:
    """Return the id of those that a committee is drawn from, stakes included, 32 bytes."""
    entries = [(one.name, one.identity, one.address, one.stake) for one in pool]
    return tuple_hash("K-chain/signer-set/v2", entries)
