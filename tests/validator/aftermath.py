"""What must be true of a town when all crashes and restarts are over."""

from __future__ import annotations

from sim.crypto.groups import get_group
from sim.kchain.state import ChainState
from sim.validator.erasing import entries_of
from sim.validator.keyring import share_of
from tests.validator.town import Resident, Town

ROTATIONS = ("refresh", "reshare")
"""What makes a generation, of all that a town does with its key."""


def holds(resident: Resident, state: ChainState) -> bool:
    """Say whether a validator has a share that matches the active generation's V_i."""
    record, now = state.record("beacon"), resident.validator.now
    assert record is not None
    assert now is not None
    share = share_of(now.sessions.seats, "beacon", record.era, record.generation)
    if share is None:
        return False
    group = get_group(record.scheme)
    seat = record.committee.index(resident.validator.setup.name)
    return group.base_mul(share.reveal()) == record.share_commitments[seat]


def holders(town: Town) -> list[str]:
    """Return the members of the active generation that have their shares."""
    record = town.state.record("beacon")
    assert record is not None
    members = [r for r in town.residents if r.validator.setup.name in record.committee]
    return [r.validator.setup.name for r in members if holds(r, town.state)]


def blamed(town: Town) -> list[str]:
    """Return who is proven to have done wrong, in ceremonies and in signing sessions."""
    found = [
        f"{fault.validator}: {fault.fault}"
        for state in town.state.all_ceremonies()
        for fault in state.faults
        if fault.proof
    ]
    return found + [f"{entry.signing}: {entry.bad}" for entry in town.state.audit if entry.bad]


def unsigned(town: Town) -> list[str]:
    """Return the signing sessions that have no signature."""
    ended = [f"{e.signing}: {e.outcome}" for e in town.state.audit if e.outcome != "signed"]
    return ended + [f"{signing}: open" for _, signing in town.state.open_sessions]


def failures(town: Town, do: str) -> list[str]:
    """Say what is wrong after `do`: nothing may be, if t shares have survived every crash."""
    found = []
    key = town.state.keys["beacon"]
    record = key.record
    if record is None or key.status != "Active":
        return [f"the key is {key.status}"]
    if record.generation != (do in ROTATIONS):
        found.append(f"generation {record.generation}")
    if len({generation.public_key for generation in town.state.generations("beacon")}) > 1:
        found.append("two keys")
    found += blamed(town) + unsigned(town)
    found += [f"{name} has no share" for name in record.committee if name not in holders(town)]
    for resident in town.residents:
        stale = [
            left.name
            for left in entries_of(resident.validator.store)
            if left.attempt not in record.attempts or left.name not in ("share", "dek/share")
        ]
        if stale:
            found.append(f"{resident.validator.setup.name} still has {stale}")
    return found
