"""An active key on a scene's ledger, and everybody who has to do with its signing sessions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sim.base.codec import encode
from sim.crypto.identity import Identity
from sim.crypto.principals import Principal
from sim.crypto.signatures import get_signatures
from sim.kchain.audit import AuditEntry
from sim.kchain.blocks import genesis_state
from sim.kchain.records import KeyRecord
from sim.kchain.replica import follow
from sim.kchain.state import ChainState
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    BadPartial,
    Policy,
    RecordSignSession,
    RequestSign,
)
from sim.protocol.signing_events import SessionEvent
from sim.protocol.signing_task import SigningTask, partial_statement
from tests.kchain.scene import ANY_POLICY, OWNER, Committee, Scene, with_committee

FRIEND = Identity(b"f" * 32)
"""A principal that genesis doesn't know."""

STRANGER = Identity(b"x" * 32)
"""Another."""


@dataclass
class Signing:
    """An active key of v1..v4, three of whom sign."""

    scene: Scene
    committee: Committee

    @property
    def state(self) -> ChainState:
        return self.scene.ledger.state

    @property
    def key_record(self) -> KeyRecord:
        record = self.state.record("beacon")
        assert record is not None
        return record

    @property
    def audit(self) -> list[AuditEntry]:
        """The lines about what principals asked for; `trials` are the chain's own."""
        return [entry for entry in self.state.audit if not entry.signing.startswith("test-")]

    @property
    def trials(self) -> list[AuditEntry]:
        return [entry for entry in self.state.audit if entry.signing.startswith("test-")]

    def events(self) -> list[SessionEvent]:
        """Return what the last block did to signing sessions."""
        return list(self.state.session_events)

    def submit(self, who: Principal, kind: str, payload: object) -> None:
        """Let a transaction arrive before the next height."""
        self.scene.submit(self.scene.sign(who, kind, encode(payload)))

    def transact(self, who: Principal, kind: str, payload: object) -> str:
        """Submit a transaction and return the next block's verdict on it."""
        self.submit(who, kind, payload)
        (reason,) = self.scene.reasons()
        return reason

    def request(self, signing: str = "s1", who: Principal = OWNER, /, **changes: object) -> str:
        """Ask for a signature; return the verdict."""
        return self.transact(who, REQUEST_SIGN, wish(signing, **changes))

    def task(self, signing: str = "s1") -> SigningTask:
        """Return an open session."""
        (task,) = (task for task in self.state.tasks if task.signing == signing)
        return task

    def statement(self, signing: str = "s1", /, **changes: object) -> RecordSignSession:
        """Return what a coordinator records: a signature by the first three."""
        task = self.task(signing)
        values: dict[str, object] = {
            "key": "beacon",
            "generation": task.generation,
            "signing": signing,
            "context": task.context,
            "message": task.message,
            "signature": self.committee.sign(task.message),
            "signers": (1, 2, 3),
        }
        return RecordSignSession(**{**values, **changes})  # type: ignore[arg-type]  # by tests

    def record(self, said: RecordSignSession, who: Principal | None = None) -> str:
        """Submit a session's end; return the verdict."""
        signer = self.scene.validators[0] if who is None else who
        return self.transact(signer, RECORD_SIGN_SESSION, said)

    def evidence(self, task: SigningTask, member: int, partial: bytes = b"\x01" * 32) -> BadPartial:
        """Return what proves that `member` gave a bad partial; it has really signed it."""
        signatures = get_signatures(task.scheme)
        share = self.committee.share(1)
        members = sorted({member, *task.holders[: task.needed]})[: task.needed]
        listed = tuple(
            signatures.entry(i, signatures.draw_nonces(bytes([i]) * 64, share)[1])
            for i in (members if member in members else [*members[:-1], member])
        )
        said = partial_statement(task.list_hash(listed), partial)
        return BadPartial(member, listed, partial, self.scene.validators[member - 1].sign(said))

    def follow_again(self) -> ChainState:
        """Follow the whole chain as a stranger does; return the last state."""
        state = genesis_state(self.scene.genesis)
        for raw in self.scene.ledger.blocks[1:]:
            state = follow(state, raw)
        return state


def wish(signing: str = "s1", /, **changes: object) -> RequestSign:
    """Return a request that every policy without contexts allows."""
    values: dict[str, object] = {
        "key": "beacon",
        "signing": signing,
        "context": "drand",
        "message": b"hello",
    }
    return RequestSign(**{**values, **changes})  # type: ignore[arg-type]  # chosen by tests


def active(policy: Policy = ANY_POLICY, scheme: str = "ED25519", **changes: object) -> Signing:
    """Return an active key; its trial session is still open."""
    return Signing(*with_committee(4, policy, scheme, **changes))


def digest(message: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(message).digest()
