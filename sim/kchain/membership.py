"""Register, Join, Leave and Evict: what becomes of the registry at the next epoch boundary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from sim.kchain.draft import Draft
from sim.kchain.genesis import AT_REST_SIZE, TRANSPORT_SIZE
from sim.kchain.payloads import decoded
from sim.kchain.registry import RegistryEntry, RegistryStatus
from sim.protocol.entries import Rejected
from sim.protocol.requests import (
    Evict,
    Join,
    Leave,
    Register,
)
from sim.protocol.responses import usable_key
from sim.protocol.selection import WEIGHT_LIMIT
from sim.protocol.transactions import Transaction

_JOINING: Final[Mapping[RegistryStatus, str]] = {
    "joining": "AlreadyActive",
    "active": "AlreadyActive",
    "leaving": "AlreadyLeaving",
    "evicting": "Evicted",
    "evicted": "Evicted",
}
"""Why a validator can't join; ``standby`` ones and those that have left may."""


def register(draft: Draft, transaction: Transaction) -> None:
    """Let a validator into the registry, on standby: no committee has it before it joins.

    Raises:
        Rejected: Malformed, NameTaken, IdentityTaken, AddressTaken or StakeOverflow.

    """
    said = decoded(transaction, Register)
    identity = transaction.principal
    # Validators sign with Ed25519, whatever other accounts do.
    if len(identity) != 32 or len(said.at_rest) != AT_REST_SIZE:
        raise Rejected("Malformed")
    if len(said.transport) != TRANSPORT_SIZE or not usable_key(said.transport):
        raise Rejected("Malformed")
    registry = draft.registry
    if said.name in registry:
        raise Rejected("NameTaken")
    if identity in registry.by_identity:
        raise Rejected("IdentityTaken")
    if any(entry.address == said.address for entry in registry.values()):
        raise Rejected("AddressTaken")
    if registry.total_stake + said.stake >= WEIGHT_LIMIT:
        raise Rejected("StakeOverflow")
    draft.write_validator(
        RegistryEntry(
            said.name,
            identity,
            said.address,
            said.transport,
            said.at_rest,
            said.stake,
            "standby",
            draft.height,
        )
    )


def join(draft: Draft, transaction: Transaction) -> None:
    """Let a registered validator take part from the next epoch on.

    Raises:
        Rejected: Malformed, UnknownValidator, Unauthorized, AlreadyActive, AlreadyLeaving, Evicted
            or StakeOverflow.

    """
    entry = _own(draft, transaction, decoded(transaction, Join).name)
    if entry.status in _JOINING:
        raise Rejected(_JOINING[entry.status])
    # Those that have left don't count towards the total: it may be full by now.
    if entry.status == "left" and draft.registry.total_stake + entry.stake >= WEIGHT_LIMIT:
        raise Rejected("StakeOverflow")
    _change(draft, entry, "joining")


def leave(draft: Draft, transaction: Transaction) -> None:
    """Let an active validator leave at the next epoch boundary.

    Raises:
        Rejected: Malformed, UnknownValidator, Unauthorized, AlreadyLeaving or NotActive.

    """
    entry = _own(draft, transaction, decoded(transaction, Leave).name)
    if entry.status in ("leaving", "evicting"):
        raise Rejected("AlreadyLeaving")
    if entry.status != "active":
        raise Rejected("NotActive")
    _change(draft, entry, "leaving")


def evict(draft: Draft, transaction: Transaction) -> None:
    """Take a validator out for good: at the next epoch boundary, or now if it takes no part.

    Raises:
        Rejected: Malformed, Unauthorized, UnknownValidator or Evicted.

    """
    name = decoded(transaction, Evict).name
    if transaction.principal not in draft.genesis.authorised:
        raise Rejected("Unauthorized")
    entry = draft.registry.get(name)
    if entry is None:
        raise Rejected("UnknownValidator")
    if entry.status in ("evicting", "evicted"):
        raise Rejected("Evicted")
    _change(draft, entry, "evicting" if entry in draft.registry.pool else "evicted")


def _own(draft: Draft, transaction: Transaction, name: str) -> RegistryEntry:
    """Return the entry that only the validator itself may change."""
    entry = draft.registry.get(name)
    if entry is None:
        raise Rejected("UnknownValidator")
    if transaction.principal != entry.identity:
        raise Rejected("Unauthorized")
    return entry


def _change(draft: Draft, entry: RegistryEntry, status: RegistryStatus) -> None:
    draft.write_validator(msgspec.structs.replace(entry, status=status, since=draft.height))
