"""Signing sessions as the chain keeps them, and the key-usage audit log: public values only.

Every session that was let through leaves one line when it ends, and every refused request one at
once. Lines stay when their key is retired.
"""

from __future__ import annotations

import hashlib

import msgspec

from sim.kchain.genesis import Genesis
from sim.kchain.records import KeyRecord
from sim.protocol.judge import CeremonyState
from sim.protocol.requests import RecordSignSession
from sim.protocol.signing_task import Protocol, Purpose, SigningTask

SessionKey = tuple[str, str]
"""(key's name, session's id)."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pass


class SignSession(_Record, frozen=True):
    """A session that is open.

    Attributes:
        key: The key's name.
        signing: The session's id, unique under the key.
        purpose: ``request``, or why the chain opened it.
        protocol: ``FROST``, ``BLS`` or ``ML-DSA``.
        era: Of the generation that it is bound to.
        generation: Whose shares sign.
        message: The bytes to be signed.
        context: What for.
        requester: The principal that asked, 32 or 1952 bytes; 32 zeros for the chain itself.
        opened_at: Height of the block that opened it.
        expires_at: Height of the block that closes it at the latest.
        seed: What its seats are drawn by, 32 bytes; public.
        holders: Share indices that may have seats, ascending.
        needed: Signers that make a signature.
        begins: First height of its round 0; 0 while it waits for seats.

    """

    key: str
    signing: str
    purpose: Purpose
    protocol: Protocol
    era: int
    generation: int
    message: bytes
    context: str
    requester: bytes
    opened_at: int
    expires_at: int
    seed: bytes
    holders: tuple[int, ...]
    needed: int
    begins: int = 0

    @property
    def id(self) -> SessionKey:
        """Where the chain keeps it."""
        return self.key, self.signing


class ClosedSession(_Record, frozen=True):
    """A session that is over.

    Attributes:
        session: As it was.
        height: Of the block that closed it.
        outcome: ``signed``, ``failed``, ``expired``, or why its key is out of use.
        recorder: The validator's identity that recorded it, 32 bytes; empty if nobody did.
        statement: What it recorded, evidence about bad signers included; None if nobody did.

    """

    session: SignSession
    height: int
    outcome: str
    recorder: bytes = b""
    statement: RecordSignSession | None = None


class AuditEntry(_Record, frozen=True):
    """One line of the key-usage audit log.

    Attributes:
        height: Of the block that closed the session, or refused it.
        time_us: Unix time of the block, in µs.
        key: The key's name, as the request gives it.
        era: Of the generation that signed, or would have; 0 if the key has none.
        generation: Whose shares signed, or would have.
        requester: The principal that asked, 32 or 1952 bytes; 32 zeros for the chain itself.
        signing: The session's id.
        context: What was signed for.
        message_hash: SHA-256 of the message, 32 bytes.
        signers: Share indices, as the session's recorder names them.
        outcome: ``signed``, ``failed``, ``expired``, or the reason for which it was refused.
        bad: Names of signers whose partials were proven bad.

    """

    height: int
    time_us: int
    key: str
    era: int
    generation: int
    requester: bytes
    signing: str
    context: str
    message_hash: bytes
    signers: tuple[int, ...]
    outcome: str
    bad: tuple[str, ...] = ()


def message_hash(message: bytes) -> bytes:
    """Return what the audit log says of a message: its SHA-256."""
    return hashlib.sha256(message).digest()


def signing_task(
    genesis: Genesis, record: KeyRecord, made_by: CeremonyState, session: SignSession
) -> SigningTask:
    """Return an open session as its signers see it.

    Args:
        genesis: Of the chain.
        record: The key's, of the generation that the session is bound to.
        made_by: The ceremony that made that generation.
        session: The session.

    """
    return SigningTask(
        chain=genesis.chain,
        key=session.key,
        key_id=record.id,
        signing=session.signing,
        purpose=session.purpose,
        scheme=record.scheme,
        era=session.era,
        generation=session.generation,
        threshold=record.threshold[0],
        needed=session.needed,
        spare=made_by.ceremony.faults,
        members=made_by.ceremony.members,
        verification=record.verification,
        holders=session.holders,
        message=session.message,
        context=session.context,
        requester=session.requester,
        seed=session.seed,
        opened=session.opened_at,
        begins=session.begins,
        expires=session.expires_at,
        pace=genesis.phases.sign,
        block_us=genesis.block_time_us,
    )
