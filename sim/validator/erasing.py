"""Erasing what a validator holds of attempts that no longer count, and finishing it after a crash.

An attempt counts while it is open, while it is the one that made a key's active generation, and
while the share that it repaired is of that generation. What a store holds of any other is erased:
entries first, then the DEKs that they are sealed under, then one flush. A crash in between leaves
a prefix that belongs to no attempt that counts, and the next start sweeps it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from sim.base.ids import Label
from sim.protocol.effects import Delete, Flush
from sim.protocol.envelopes import store_prefix
from sim.validator.performing import ERASE, POSTED, Action, Note
from sim.validator.ports import AttemptId
from sim.validator.store import Store
from sim.validator.vaulting import DEK, LASTING, Locker

_PLACES: Final = ("", POSTED)
_ENTRY: Final = re.compile(rf"({POSTED}|{DEK})?([0-9a-f]{{64}})#([0-9]+)/(.*)")


class Left(NamedTuple):
    """An entry that a store holds of an attempt: its name, with ``dek/`` before that of a DEK."""

    attempt: AttemptId
    name: str


def entries_of(store: Store) -> Iterator[Left]:
    """Yield what a store holds of attempts, but for marks of what was said."""
    for key in store.names(""):
        match = _ENTRY.fullmatch(key)
        if match is not None and match[1] in (None, DEK):
            yield Left((bytes.fromhex(match[2]), int(match[3])), (match[1] or "") + match[4])


def erased(
    attempt: AttemptId, session: str, store: Store, locker: Locker, verdict: str
) -> list[Action]:
    """Return what erases all that the store holds of `attempt`.

    Args:
        attempt: Which.
        session: The scenario's name for its session, for the history.
        store: Where its entries are.
        locker: Where its DEKs are.
        verdict: What the history says: ``retired``, or ``swept`` at a start.

    """
    prefix = store_prefix(*attempt)
    entries = [place + prefix + name for place in _PLACES for name in store.names(place + prefix)]
    deks = locker.forget(prefix, lasting=True)
    event = "share-erased" if f"{DEK}{prefix}{LASTING}" in deks else ""
    return [
        *map(Delete, entries),
        *map(Delete, deks),
        Flush(),
        Note(ERASE, Label(session, attempt[1], ERASE, ""), verdict, event),
    ]


def left_behind(store: Store, live: Collection[AttemptId]) -> list[AttemptId]:
    """Return the attempts that the store holds something of although they aren't in `live`."""
    found: dict[AttemptId, None] = {}
    for key in store.names(""):
        match = _ENTRY.fullmatch(key)
        if match is not None:
            found[bytes.fromhex(match[2]), int(match[3])] = None
    return [attempt for attempt in found if attempt not in live]
