"""The state while a block is being applied: a block that turns out invalid leaves no trace.

A draft copies a ceremony's fold only once an entry touches it, and the small maps of what is live;
everything else it shares with the state before.
"""

from __future__ import annotations

import dataclasses
import hashlib

import msgspec

from sim.base.codec import encode, tuple_hash
from sim.kchain.audit import AuditEntry, ClosedSession, SignSession, signing_task
from sim.kchain.records import AttemptId, Draw, Key, KeyRecord, Partition
from sim.kchain.registry import RegistryEntry
from sim.kchain.rotation import RotationEntry
from sim.kchain.state import Attempt, ChainState
from sim.protocol.judge import CeremonyState
from sim.protocol.signing_events import SessionEvent
from sim.protocol.signing_task import SigningTask


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
        self.registry = before.registry
        self.keys = dict(before.keys)
        self.draws = before.draws
        self.partitions = before.partitions
        self.replaced = before.replaced
        self.ended_rotations = before.ended_rotations
        self.reported = before.reported
        self.sessions = before.sessions
        self.open_sessions = dict(before.open_sessions)
        self.audit = before.audit
        self.echoes = before.echoes
        self._number = before.number + 1 if before.head else 0
        self._nonces: dict[bytes, int] = {}
        self._attempts = dict(before.attempts)
        self._archive = before.archive
        self._leaves = dict(before.leaves)
        self._touched: dict[AttemptId, CeremonyState] = {}
        self.new_draws: tuple[Draw, ...] = ()
        """Committees drawn in this block, in order; not those of partitions."""
        self.new_partitions: tuple[Partition, ...] = ()
        """Partitions drawn in this block, in order."""
        self.session_events: list[SessionEvent] = []
        """What this block has done to signing sessions, in order."""
        self.closed_now: list[ClosedSession] = []
        """Signing sessions that this block has closed, in order."""
        self._places = 0

    def nonce(self, principal: bytes) -> int:
        """Return the last nonce that `principal` has used; 0 for none."""
        used = self._nonces.get(principal)
        return self.before.nonce(principal) if used is None else used

    def consume_nonce(self, principal: bytes) -> None:
        """Use the next nonce of `principal`."""
        nonce = self._nonces[principal] = self.nonce(principal) + 1
        self._run("accounts", tuple_hash("account", principal, nonce))

    def write_validator(self, entry: RegistryEntry) -> None:
        """Write an entry of the registry."""
        self.registry = self.registry.written(entry)
        self._run("registry", tuple_hash("validator", entry))

    def settle_registry(self) -> None:
        """Let the epoch boundary at this height change the registry."""
        self.registry, changed = self.registry.settled(self.height)
        for entry in changed:
            self._run("registry", tuple_hash("validator", entry))

    def set_key(self, key: Key) -> None:
        """Write the entry of a key's name; its record's status follows from the rest."""
        record = key.record
        if record is not None and record.status != key.status:
            record = msgspec.structs.replace(record, status=key.status)
            key = msgspec.structs.replace(key, record=record)
        self.keys[key.request.key] = key
        self._leaves[f"key/{key.request.key}"] = tuple_hash("key", key)

    def replace_generation(self, record: KeyRecord) -> None:
        """Keep the record of a generation that another has just replaced."""
        past = msgspec.structs.replace(record, status="Retired", retired_at=self.height)
        self.replaced = self.replaced.append(past)
        self._leaves["generations"] = self.replaced.digest

    def end_rotation(self, entry: RotationEntry) -> None:
        """Keep how a rotation ended."""
        self.ended_rotations = self.ended_rotations.append(entry)
        self._leaves["rotations"] = self.ended_rotations.digest

    def add_report(self, key: str, signing: str, height: int) -> None:
        """Keep that a refusal was reported as a violation."""
        self.reported = self.reported.adding((key, signing, height), self.height)
        self._run("reports", tuple_hash("report", key, signing, height))

    def add_draw(self, draw: Draw) -> None:
        """Record a committee that was drawn."""
        self.draws = {**self.draws, draw.key: draw}
        self.new_draws = (*self.new_draws, draw)
        self._run("draws", tuple_hash("draw", draw))

    def add_partition(self, partition: Partition) -> None:
        """Record a partition that was drawn."""
        self.partitions = {**self.partitions, partition.name: partition}
        self.new_partitions = (*self.new_partitions, partition)
        self._run("partitions", tuple_hash("partition", partition))

    def seat(self, draw: Draw) -> None:
        """Note which committee of a partition that is recorded a key is given."""
        self.draws = {**self.draws, draw.key: draw}

    @property
    def streams(self) -> int:
        """How many streams of draws this block has read: the next draw's index."""
        seated = sum(len(partition.committees) for partition in self.new_partitions)
        return len(self.new_draws) + seated

    def record(self, key: str) -> KeyRecord | None:
        """Return the record of a key's active generation, None while it has none."""
        entry = self.keys.get(key)
        return None if entry is None else entry.record

    def take_place(self) -> int:
        """Count the signing sessions that this block binds to a generation, from 0."""
        self._places += 1
        return self._places - 1

    def signing_task(self, session: SignSession) -> SigningTask:
        """Return an open signing session as its signers see it."""
        record = self.record(session.key)
        assert record is not None, session.key
        return signing_task(self.genesis, record, self._made_by(record), session)

    def holders(self, record: KeyRecord, *, proven: bool) -> tuple[int, ...]:
        """Return who may have seats in a session of the active generation, ascending.

        Args:
            record: Of that generation.
            proven: Leave out whoever gave no good partial for the activation.

        """
        made_by = self._made_by(record)
        repaired = {repair.name for repair in record.repaired}
        return tuple(
            member.index
            for member in made_by.ceremony.members
            if (member.index in made_by.confirmed or member.name in repaired)
            and not (proven and member.index in made_by.unsigning)
        )

    def _made_by(self, record: KeyRecord) -> CeremonyState:
        made_by = self.peek((record.session, record.attempt))
        assert made_by is not None, record.name
        return made_by

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
        self.sessions = self.sessions.adding(closed.session.id, closed)
        self._run("sessions", tuple_hash("closed-session", closed))
        self.closed_now.append(closed)

    def add_audit(self, entry: AuditEntry) -> None:
        """Write a line of the audit log."""
        self.audit = self.audit.append(entry)
        self._leaves["audit"] = tuple_hash("audit", len(self.audit), self.audit.digest)

    def attempts(self) -> list[AttemptId]:
        """Return every live attempt's id, in order of opening."""
        return list(self._attempts)

    def peek(self, attempt: AttemptId) -> CeremonyState | None:
        """Return a live attempt to read, None if there is none of that id."""
        known = self._touched.get(attempt)
        if known is None and attempt in self._attempts:
            known = self._attempts[attempt].state
        return known

    def is_archived(self, attempt: AttemptId) -> bool:
        """Say whether an attempt is long over."""
        return attempt in self._archive

    def earlier_attempts(self, session: bytes, attempt: int) -> list[CeremonyState]:
        """Return the attempts of a session before `attempt`, live or not, in their order."""
        found = []
        for number in range(1, attempt):
            live = self.peek((session, number))
            found.append(self._archive[session, number].state if live is None else live)
        return found

    def touch(self, attempt: AttemptId) -> CeremonyState:
        """Return a live attempt to write to: this draft's own copy."""
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
        assert attempt not in self._archive, attempt
        self._attempts[attempt] = Attempt(state, len(self._attempts) + len(self._archive))
        self._touched[attempt] = state

    def root(self) -> bytes:
        """Settle what the block has touched, and return the state root, 32 bytes."""
        for attempt, state in self._touched.items():
            self._settle(attempt, state)
        self._touched = {}
        self._put_away()
        self._leaves["echoes"] = tuple_hash("echoes", self.echoes)
        hashed = hashlib.sha256()
        for path in sorted(self._leaves):
            hashed.update(encode(path) + self._leaves[path])
        return hashed.digest()

    def _run(self, path: str, leaf: bytes) -> None:
        """Let a running hash go on: what only grows is never hashed as a whole."""
        self._leaves[path] = hashlib.sha256(self._leaves.get(path, bytes(32)) + leaf).digest()

    def _settle(self, attempt: AttemptId, state: CeremonyState) -> None:
        known = self._attempts[attempt]
        digest = known.digest
        for entry in state.log[known.logged :]:
            digest = hashlib.sha256(digest + encode(entry)).digest()
        ended = self._number if state.ended and known.ended is None else known.ended
        known = Attempt(state, known.sequence, len(state.log), digest, ended)
        self._attempts[attempt] = known
        self._leaves[_path(known)] = tuple_hash(
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

    def _put_away(self) -> None:
        """Archive what nobody acts on any more: attempts that ended, unless a key rests on them."""
        held = {attempt for key in self.keys.values() for attempt in key.rests_on}
        for attempt, known in list(self._attempts.items()):
            lately = self._number - self.genesis.finality - 1
            if known.ended is None or known.ended >= lately or attempt in held:
                continue
            del self._attempts[attempt]
            self._archive = self._archive.adding(attempt, known)
            self._run("archive", self._leaves.pop(_path(known)))

    def close(self, head: bytes) -> ChainState:
        """Return the state after the block, whose hash is `head`. `root` comes first."""
        assert not self._touched, "the state root comes first"
        recent = [*self.before.recent, (self.height, head)]
        while len(recent) > 1 and recent[1][0] <= self.height - self.genesis.finality:
            del recent[0]
        return dataclasses.replace(
            self.before,
            height=self.height,
            number=self._number,
            time_us=self.time_us,
            head=head,
            accounts=self.before.accounts.changed(self._nonces),
            registry=self.registry,
            keys=self.keys,
            attempts=self._attempts,
            archive=self._archive,
            draws=self.draws,
            partitions=self.partitions,
            replaced=self.replaced,
            ended_rotations=self.ended_rotations,
            reported=self.reported,
            sessions=self.sessions,
            open_sessions=self.open_sessions,
            audit=self.audit,
            echoes=self.echoes,
            recent=tuple(recent),
            leaves=self._leaves,
            session_events=tuple(self.session_events),
        )


def _path(attempt: Attempt) -> str:
    return f"attempt/{attempt.sequence:09d}"


def _session_path(session: SignSession) -> str:
    return f"session/{session.key}/{session.signing}"
