"""The chain's state after one block, and the draft of the next one.

A state never changes: whoever follows the same blocks may share it. A draft copies the dictionaries
of a state (their values are immutable) and a ceremony's fold only once an entry touches it, so that
a block costs what it changes; a block that turns out invalid leaves no trace.

The state root is a hash over the hashes of all entries (accounts, keys, attempts, the audit log's
running hash); each entry's hash is cached until the entry changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sim.base.codec import encode, tuple_hash
from sim.base.ids import ValidatorIndex
from sim.kchain.audit import (
    AuditEntry,
    ClosedSession,
    SessionKey,
    SignSession,
    signing_task,
)
from sim.kchain.genesis import Genesis
from sim.kchain.log import Log
from sim.kchain.records import Draw, Key, KeyRecord
from sim.protocol.judge import CeremonyState
from sim.protocol.signing_events import SessionEvent
from sim.protocol.signing_task import SigningTask

AttemptId = tuple[bytes, int]
"""(session, attempt)."""


class Attempt(NamedTuple):
    """One attempt: the judge's fold, and a running hash over the entries that had an effect.

    Attributes:
        state: The fold; never written to once it stands in a `ChainState`.
        logged: How many entries of its log `digest` covers.
        digest: 32 bytes.

    """

    state: CeremonyState
    logged: int
    digest: bytes


@dataclass(frozen=True, eq=False)
class ChainState:
    """The chain after one block. Two states with the same head are equal.

    Attributes:
        genesis: What the chain began with.
        height: Of the last materialised block; 0 at genesis.
        time_us: Its Unix time, in µs.
        head: Its hash, 32 bytes.
        accounts: Last used nonce by principal.
        keys: By name, in order of creation.
        attempts: Every attempt so far, in order of opening.
        draws: Committees that were drawn by stake, by key name.
        sessions: Signing sessions that are over, by key name and session id.
        open_sessions: Those that are open, alike, in order of opening.
        audit: The key-usage audit log.
        echoes: Heights, ascending, that are due only so that validators reach finality.
        recent: (height, hash), ascending, of the last block that is final at `height`, and of those
            after it.
        leaves: Hash of every entry of the state, by its path.
        session_events: What the last block has done to signing sessions, in order.

    """

    genesis: Genesis
    height: int
    time_us: int
    head: bytes
    accounts: Mapping[bytes, int]
    keys: Mapping[str, Key]
    attempts: Mapping[AttemptId, Attempt]
    draws: Mapping[str, Draw]
    sessions: Mapping[SessionKey, ClosedSession]
    open_sessions: Mapping[SessionKey, SignSession]
    audit: Log[AuditEntry]
    echoes: tuple[int, ...]
    recent: tuple[tuple[int, bytes], ...]
    leaves: Mapping[str, bytes]
    session_events: tuple[SessionEvent, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChainState):
            return NotImplemented
        return self.head == other.head

    def __hash__(self) -> int:
        return hash(self.head)

    def nonce(self, principal: bytes) -> int:
        """Return the last nonce that `principal` has used; 0 for none."""
        return self.accounts.get(principal, 0)

    def ceremonies(self) -> tuple[CeremonyState, ...]:
        """Return every attempt known so far, by key name and attempt."""
        return self._ceremonies

    @cached_property
    def _ceremonies(self) -> tuple[CeremonyState, ...]:
        states = [attempt.state for attempt in self.attempts.values()]
        states.sort(key=lambda state: (state.ceremony.key, state.ceremony.attempt))
        return tuple(states)

    def ceremony(self, key: str, attempt: int) -> CeremonyState:
        """Return one attempt of a key.

        Raises:
            KeyError: There is no such key or attempt.

        """
        return self.attempts[self.keys[key].session, attempt].state

    def record(self, key: str) -> KeyRecord | None:
        """Return the record of a key, None while it has none."""
        entry = self.keys.get(key)
        return None if entry is None else entry.record

    @property
    def open(self) -> bool:
        """Whether any key's ceremony is running, or will be tried again."""
        return any(key.open for key in self.keys.values())

    @cached_property
    def rule_due(self) -> int | None:
        """The next height at which a rule makes a validator act, if any."""
        heights = [attempt.state.due(self.height) for attempt in self.attempts.values()]
        heights += [task.next_due(self.height) for task in self.tasks]
        return min((height for height in heights if height is not None), default=None)

    @cached_property
    def tasks(self) -> tuple[SigningTask, ...]:
        """Every open signing session, in order of opening."""
        return tuple(
            _task(self.genesis, self.record(session.key), self.attempts, session)
            for session in self.open_sessions.values()
        )

    @property
    def waiting(self) -> tuple[SessionKey, ...]:
        """Open sessions that have not begun, because seats of theirs are taken."""
        return tuple(name for name, session in self.open_sessions.items() if not session.begins)

    def signing_tasks(self, validator: ValidatorIndex) -> tuple[SigningTask, ...]:
        """Return the open sessions of keys that `validator` has a seat of, in order of opening."""
        return tuple(task for task in self.tasks if validator in task.by_validator)

    @cached_property
    def next_due(self) -> int | None:
        """The next height whose block must exist even without a transaction, if any."""
        heights = [*self.echoes[:1]] if self.rule_due is None else [*self.echoes[:1], self.rule_due]
        return min(heights, default=None)

    def finalised_before(self, height: int) -> bytes:
        """Return the id of the last block that was final before `height`, above this state's.

        Block h is final once there is height h + finality; block 0 always is.
        """
        last = max(height - 1 - self.genesis.finality, 0)
        return next(block for at, block in reversed(self.recent) if at <= last)

    def epoch(self, height: int) -> int:
        """Return the epoch that `height` is in, from 0."""
        return height // self.genesis.epoch_heights


class Draft:
    """The state while block `height` is being applied.

    Attributes:
        before: The state after the previous block.
        height: Of the block.
        time_us: Its Unix time, in µs.

    """

    def __init__(self, before: ChainState, height: int, time_us: int) -> None:
        self.before = before
        self.genesis = before.genesis
        self.height = height
        self.time_us = time_us
        self.keys = dict(before.keys)
        self.draws = before.draws
        self.sessions = before.sessions
        self.open_sessions = dict(before.open_sessions)
        self.session_events: list[SessionEvent] = []
        """What this block has done to signing sessions, in order."""
        self.closed_now: list[ClosedSession] = []
        """Signing sessions that this block has closed, in order."""
        self._places = 0
        self.audit = before.audit
        self.echoes = before.echoes
        self._accounts = dict(before.accounts)
        self._attempts = dict(before.attempts)
        self._leaves = dict(before.leaves)
        self._touched: dict[AttemptId, CeremonyState] = {}
        self.new_draws: tuple[Draw, ...] = ()
        """Committees drawn in this block, in order."""

    def nonce(self, principal: bytes) -> int:
        """Return the last nonce that `principal` has used; 0 for none."""
        return self._accounts.get(principal, 0)

    def consume_nonce(self, principal: bytes) -> None:
        """Use the next nonce of `principal`."""
        nonce = self._accounts[principal] = self.nonce(principal) + 1
        self._leaves[f"account/{principal.hex()}"] = tuple_hash("account", principal, nonce)

    def set_key(self, key: Key) -> None:
        """Write the entry of a key's name."""
        self.keys[key.request.key] = key
        self._leaves[f"key/{key.request.key}"] = tuple_hash("key", key)

    def add_draw(self, draw: Draw) -> None:
        """Record a committee that was drawn."""
        self.draws = {**self.draws, draw.key: draw}
        self.new_draws = (*self.new_draws, draw)
        self._leaves[f"draw/{draw.key}"] = tuple_hash("draw", draw)

    def record(self, key: str) -> KeyRecord | None:
        """Return the record of a key, None while it has none."""
        entry = self.keys.get(key)
        return None if entry is None else entry.record

    def take_place(self) -> int:
        """Count the signing sessions that this block binds to a generation, from 0."""
        self._places += 1
        return self._places - 1

    def signing_task(self, session: SignSession) -> SigningTask:
        """Return an open signing session as its signers see it."""
        record = self.record(session.key)
        assert record is not None
        made_by = self.peek((record.session, record.attempt))
        assert made_by is not None
        return signing_task(self.genesis, record, made_by, session)

    def holders(self, record: KeyRecord, *, proven: bool) -> tuple[int, ...]:
        """Return who may have seats in a session of the active generation, ascending.

        Args:
            record: Of that generation.
            proven: Leave out whoever gave no good partial for the activation.

        """
        made_by = self.peek((record.session, record.attempt))
        assert made_by is not None
        out = made_by.unsigning if proven else {}
        return tuple(member for member in sorted(made_by.confirmed) if member not in out)

    def sessions_of(self, key: str) -> list[SignSession]:
        """Return the open signing sessions of a key, in order of opening."""
        return [session for session in self.open_sessions.values() if session.key == key]

    def set_session(self, session: SignSession) -> None:
        """Write an open signing session, a new one or one that has changed."""
        self.open_sessions[session.id] = session
        self._leaves[_session_path(session)] = tuple_hash("sign-session", session)

    def close_session(self, closed: ClosedSession) -> None:
        """Keep a signing session that is over; the audit log's line is another matter."""
        del self.open_sessions[closed.session.id]
        del self._leaves[_session_path(closed.session)]
        self.sessions = {**self.sessions, closed.session.id: closed}
        self.closed_now.append(closed)

    def add_audit(self, entry: AuditEntry) -> None:
        """Write a line of the audit log."""
        self.audit = self.audit.append(entry)
        self._leaves["audit"] = tuple_hash("audit", len(self.audit), self.audit.digest)

    def attempts(self) -> list[AttemptId]:
        """Return every attempt's id, in order of opening."""
        return list(self._attempts)

    def peek(self, attempt: AttemptId) -> CeremonyState | None:
        """Return an attempt to read, None if there is none of that id."""
        known = self._touched.get(attempt)
        if known is None and attempt in self._attempts:
            known = self._attempts[attempt].state
        return known

    def touch(self, attempt: AttemptId) -> CeremonyState:
        """Return an attempt to write to: this draft's own copy."""
        state = self._touched.get(attempt)
        if state is None:
            state = self._touched[attempt] = self._attempts[attempt].state.copy()
        return state

    def is_touched(self, attempt: AttemptId) -> bool:
        """Say whether this block has written to an attempt."""
        return attempt in self._touched

    def open_attempt(self, state: CeremonyState) -> None:
        """Add a new attempt."""
        attempt = (state.ceremony.session, state.ceremony.attempt)
        assert attempt not in self._attempts, attempt
        self._attempts[attempt] = Attempt(state, 0, bytes(32))
        self._touched[attempt] = state

    def root(self) -> bytes:
        """Settle what the block has touched, and return the state root, 32 bytes."""
        for attempt, state in self._touched.items():
            self._settle(attempt, state)
        self._touched = {}
        self._leaves["echoes"] = tuple_hash("echoes", self.echoes)
        hashed = hashlib.sha256()
        for path in sorted(self._leaves):
            hashed.update(self._leaves[path])
        return hashed.digest()

    def _settle(self, attempt: AttemptId, state: CeremonyState) -> None:
        _, logged, digest = self._attempts[attempt]
        for entry in state.log[logged:]:
            digest = hashlib.sha256(digest + encode(entry)).digest()
        self._attempts[attempt] = Attempt(state, len(state.log), digest)
        ceremony = state.ceremony
        self._leaves[f"attempt/{ceremony.key}/{ceremony.attempt:09d}"] = tuple_hash(
            "attempt",
            attempt,
            digest,
            state.phase.value,
            (state.phase_start, state.deadline),
            state.reason,
            state.qual,
            state.transcript,
            [(fault.validator, fault.fault, fault.proof) for fault in state.faults],
        )

    def close(self, head: bytes) -> ChainState:
        """Return the state after the block, whose hash is `head`. `root` comes first."""
        assert not self._touched, "the state root comes first"
        recent = [*self.before.recent, (self.height, head)]
        while len(recent) > 1 and recent[1][0] <= self.height - self.genesis.finality:
            del recent[0]
        return ChainState(
            self.genesis,
            self.height,
            self.time_us,
            head,
            self._accounts,
            self.keys,
            self._attempts,
            self.draws,
            self.sessions,
            self.open_sessions,
            self.audit,
            self.echoes,
            tuple(recent),
            self._leaves,
            tuple(self.session_events),
        )


def _session_path(session: SignSession) -> str:
    return f"session/{session.key}/{session.signing}"


def _task(
    genesis: Genesis,
    record: KeyRecord | None,
    attempts: Mapping[AttemptId, Attempt],
    session: SignSession,
) -> SigningTask:
    assert record is not None
    return signing_task(genesis, record, attempts[record.session, record.attempt].state, session)
