"""Secrets at rest: whatever a machine keeps is sealed before it reaches the store.

Two DEKs per attempt, since two things end at different times: one for the share, which lasts until
a later generation is active; one for what only the ceremony needs (polynomial, transport and
one-time keys, envelopes to be sent again), which is erased as soon as the attempt has ended. A
transport key that outlived its ceremony would open the recorded envelopes of a refresh, and give
the old share back to whoever steals the new one.

A DEK stands wrapped beside the entries, in the same store. Erasing it comes last, in the same
flush: whatever a crash leaves of the two, the next start finds something to finish, and never an
entry that it needs and can't open.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sim.base.secret import Secret
from sim.crypto.vault import KEY_SIZE, NONCE_SIZE, Scope, Vault
from sim.protocol.member import MemberContext
from sim.validator.store import Store

DEK: Final = "dek/"
"""Store keys of wrapped DEKs; then the prefix of the attempt, and `LASTING` or `PASSING`."""

LASTING: Final = "share"
"""The entry that stays while its generation is active, and its DEK."""

PASSING: Final = "ceremony"
"""The DEK of everything else."""

_PUBLIC: Final = ("envelope/", "spent/")
"""Received envelopes are sealed already, to a transport key that the vault keeps; of spent signing
nonces only the fact is noted. Every other entry is secret, whatever machines may come to keep."""


class Place(NamedTuple):
    """Where the entries of one machine belong.

    Attributes:
        prefix: What their store keys begin with.
        key: The key that they are about; with the next two the vault's scope.
        era: Counts public keys.
        generation: Counts rotations.

    """

    prefix: str
    key: str
    era: int
    generation: int


def is_secret(name: str) -> bool:
    """Say whether a machine's entry is sealed at rest; `name` is without the attempt's prefix."""
    return not name.startswith(_PUBLIC)


class Locker:
    """Seals and opens the entries of one validator's machines, for one incarnation.

    Args:
        member: Whose they are; DEKs and nonces are drawn under its name and incarnation.
        store: Where they are read from.
        vault: Unlocked.

    """

    def __init__(self, member: MemberContext, store: Store, vault: Vault) -> None:
        self._member = member
        self._store = store
        self._vault = vault
        self._deks: dict[str, bytes] = {}
        self._count = 0

    def seal(self, place: Place, name: str, value: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
        """Seal the entry `name` of `place`.

        Returns:
            What the store shall keep, and (key, wrapped DEK) if this is the DEK's first entry: it
            must be written before.

        """
        fresh = []
        key = _dek_key(place.prefix, name)
        wrapped = self._dek(key)
        self._count += 1
        if wrapped is None:
            # The count tells it from an erased one of the same attempt: that must not come back.
            draw = self._member.draw("dek", key, self._count).bytes(KEY_SIZE)
            wrapped = self._deks[key] = self._vault.new_dek(Secret(draw))
            fresh = [(key, wrapped)]
        nonce = self._member.draw("vault-nonce", self._count).bytes(NONCE_SIZE)
        entry = place.prefix + name
        sealed = self._vault.seal(wrapped, self._scope(place), entry, Secret(value), nonce)
        return sealed, fresh

    def opened(self, place: Place) -> dict[str, bytes]:
        """Return what the store holds in `place`, by name, with its secrets opened.

        An entry whose DEK is gone is half erased, and left out.
        """
        found = {}
        for name, value in self._store.under(place.prefix).items():
            if not is_secret(name):
                found[name] = value
                continue
            wrapped = self._dek(_dek_key(place.prefix, name))
            if wrapped is not None:
                entry = place.prefix + name
                found[name] = self._vault.open(wrapped, self._scope(place), entry, value).reveal()
        return found

    def forget(self, prefix: str, *, lasting: bool) -> list[str]:
        """Drop DEKs of `prefix` from memory: the passing one, and the lasting one if so.

        Returns:
            Their store keys: to be deleted, and flushed.

        """
        names = (PASSING, LASTING) if lasting else (PASSING,)
        keys = [f"{DEK}{prefix}{name}" for name in names]
        known = [key for key in keys if self._dek(key) is not None]
        for key in known:
            self._vault.forget(self._deks.pop(key))
        return known

    def _scope(self, place: Place) -> Scope:
        return Scope(place.key, place.era, place.generation, self._member.validator)

    def _dek(self, key: str) -> bytes | None:
        wrapped = self._deks.get(key)
        if wrapped is None:
            wrapped = self._store.get(key)
            if wrapped is not None:
                self._deks[key] = wrapped
        return wrapped


def _dek_key(prefix: str, name: str) -> str:
    return f"{DEK}{prefix}{LASTING if name == LASTING else PASSING}"
