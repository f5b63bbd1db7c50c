"""What the signing session of an endorsement comes to: the era begins, or the rekey is aborted."""

from __future__ import annotations

from sim.kchain.attempts import finish
from sim.kchain.draft import Draft
from sim.kchain.rekeying import endorsement_message, enter_era


def awaited_endorsement(draft: Draft, name: str) -> bytes | None:
    """Return the message that the old key is to sign for the staged rekey of `name`, if any."""
    key = draft.keys[name]
    if key.pending is None or key.pending.staged is None or key.record is None:
        return None
    return endorsement_message(draft.genesis.chain, key.record, key.pending.staged)


def endorsed(draft: Draft, name: str, signature: bytes) -> None:
    """Begin the staged era of `name`: its old key has signed `awaited_endorsement`."""
    key = draft.keys[name]
    assert key.pending is not None, name
    assert key.pending.staged is not None, name
    enter_era(draft, key, key.pending.staged, signature)
    finish(draft, draft.keys[name], "activated", "")


def unendorsed(draft: Draft, name: str) -> None:
    """Abort the staged rekey of `name`: its session has expired or failed; the old key stays."""
    finish(draft, draft.keys[name], "aborted", "unendorsed")
