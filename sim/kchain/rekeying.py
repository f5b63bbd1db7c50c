"""The next era: a new public key under the old name, which the old key endorses.

The ceremony is a DKG of its own. When its committee has signed, the record is staged, and the old
generation signs `endorsement_message` in a session that the chain opens; with that signature the
staged record becomes the key's. ML-KEM keys sign nothing: there the owner's request must do.
"""

from __future__ import annotations

import msgspec

from sim.base.codec import encode
from sim.crypto import verification
from sim.kchain.draft import Draft
from sim.kchain.records import Key, KeyRecord
from sim.protocol.signing_task import ENDORSE


def signs(scheme: str) -> bool:
    """Say whether keys of a scheme can sign, and so endorse."""
    return scheme in verification.SIGNATURE_SIZES


def endorsement_message(chain: str, old: KeyRecord, new: KeyRecord) -> bytes:
    """Return what the old key signs so that `new` takes its place."""
    return ENDORSE.encode() + encode(
        {
            "chain": chain,
            "eras": [old.era, new.era],
            "key": old.name,
            "public_keys": [old.public_key, new.public_key],
            "transcript": new.transcript,
        }
    )


def stage(draft: Draft, key: Key, made: KeyRecord) -> None:
    """Keep the record that a rekey has made until the old key endorses it."""
    pending = key.pending
    assert pending is not None, made.name
    pending = msgspec.structs.replace(pending, staged=made)
    draft.set_key(msgspec.structs.replace(key, pending=pending))


def enter_era(draft: Draft, key: Key, made: KeyRecord, endorsement: bytes) -> None:
    """Let `made` take the place of the key's record; what is pending stays for `finish`."""
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
    draft.set_key(msgspec.structs.replace(key, record=made, seats=seats))
