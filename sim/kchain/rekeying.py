"""The next era: a new public key under the old name, which the old key endorses.

The ceremony is a DKG of its own. When its committee has signed, the record is staged, and the old
generation signs the endorsement in a session that the chain opens; with that signature the staged
record becomes the key's. ML-KEM keys sign nothing: there the owner's request must do.
"""

from __future__ import annotations

import msgspec

from sim.kchain.draft import Draft
from sim.kchain.records import Key, KeyRecord
from sim.kchain.sessions import open_endorsement
from sim.protocol.signing_task import PROTOCOLS, endorsement_message


def signs(record: KeyRecord) -> bool:
    """Say whether a key can sign, and so endorse."""
    return record.scheme in PROTOCOLS


def message_for(chain: str, old: KeyRecord, new: KeyRecord) -> bytes:
    """Return what the old key signs so that `new` takes its place."""
    return endorsement_message(
        chain,
        old.name,
        (old.era, new.era),
        (old.public_key, new.public_key),
        new.transcript,
    )


def stage(draft: Draft, key: Key, made: KeyRecord) -> None:
    """Keep the record that a rekey has made, and ask the old key to endorse it."""
    pending, old = key.pending, key.record
    assert pending is not None, made.name
    assert old is not None, made.name
    pending = msgspec.structs.replace(pending, staged=made)
    draft.set_key(msgspec.structs.replace(key, pending=pending))
    message = message_for(draft.genesis.chain, old, made)
    open_endorsement(draft, made.name, made.era, message)


def enter_era(draft: Draft, key: Key, made: KeyRecord, endorsement: bytes) -> Key:
    """Return the key with `made` in the place of its record; what is pending stays."""
    pending, old = key.pending, key.record
    assert pending is not None, made.name
    assert old is not None, made.name
    draft.replace_generation(old)
    made = msgspec.structs.replace(
        made,
        activated_at=draft.height,
        activated_us=draft.time_us,
        epoch=draft.before.epoch(draft.height),
        policy=old.policy,
        endorsement=endorsement,
    )
    seats = key.seats if pending.seats is None else pending.seats
    return msgspec.structs.replace(key, record=made, seats=seats)
