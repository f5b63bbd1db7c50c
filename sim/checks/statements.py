"""The chain's ceremony statements, read again without the judge.

Rejected transactions are read as well: what a block carries is public, whatever it was worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.checks.observation import Observation
from sim.protocol.messages import STATEMENTS, Statement
from sim.protocol.transactions import CeremonyPayload, Transaction


class Said(NamedTuple):
    """One statement as it stands in a block: by whom (32-byte identity), where, and what."""

    height: int
    principal: bytes
    session: bytes
    attempt: int
    statement: Statement


def statements(observation: Observation) -> Iterator[Said]:
    """Yield every statement that can be read, in ledger order."""
    for block in observation.blocks:
        for raw in block.transactions:
            said = _read(block.height, raw)
            if said is not None:
                yield said


def by_attempt(observation: Observation) -> dict[tuple[bytes, int], list[Said]]:
    """Return the statements by session and attempt, each in ledger order."""
    found: dict[tuple[bytes, int], list[Said]] = {}
    for said in statements(observation):
        found.setdefault((said.session, said.attempt), []).append(said)
    return found


def _read(height: int, raw: bytes) -> Said | None:
    try:
        transaction = decode_canonical(raw, Transaction)
        body_type = STATEMENTS.get(transaction.kind)
        if body_type is None:
            return None
        payload = decode_canonical(transaction.payload, CeremonyPayload)
        body = decode_canonical(payload.body, body_type)
    except DecodeError:
        return None
    return Said(height, transaction.principal, payload.session, payload.attempt, body)
