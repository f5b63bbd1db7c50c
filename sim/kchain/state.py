"""The chain's state after one block.

A state never changes: whoever follows the same blocks may share it. What a block doesn't touch is
shared with the state before it, and what is over (attempts, generations, rotations) stands in
collections that only grow, so that a block costs what it changes, after a year as on the first
day. `draft` makes the next state.

The state root is a hash over the hashes of a few parts: keys and live attempts each have one,
cached until they change; what only grows enters as a running hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sim.base.ids import ValidatorIndex
from sim.kchain.audit import AuditEntry, ClosedSession, SessionKey, SignSession, signing_task
from sim.kchain.due import age_due, boundary_due, schedule_due
from sim.kchain.genesis import Genesis
from sim.kchain.log import Index, Layered, Log
from sim.kchain.records import AttemptId, Draw, Key, KeyRecord, Partition
from sim.kchain.registry import Registry
from sim.kchain.rotation import RotationEntry
from sim.protocol.judge import CeremonyState
from sim.protocol.signing_events import SessionEvent
from sim.protocol.signing_task import SigningTask


class Attempt(NamedTuple):
    """One attempt: the judge's fold, and a running hash over the entries that had an effect.

    Attributes:
        state: The fold; never written to once it stands in a `ChainState`.
        sequence: Its place among all attempts, in order of opening.
        logged: How many entries of its log `digest` covers.
        digest: 32 bytes.
        ended: Number of the block in which it ended, or None.

    """

    state: CeremonyState
    sequence: int
    logged: int = 0
    digest: bytes = bytes(32)
    ended: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class ChainState:
    """The chain after one block. Two states with the same head are equal.

    Attributes:
        genesis: What the chain began with.
        height: Of the last materialised block; 0 at genesis.
        number: Materialised blocks after genesis.
        time_us: Unix time of the last block, in µs.
        head: Its hash, 32 bytes.
        accounts: Last used nonce by principal.
        registry: The validators.
        keys: By name, in order of creation.
        attempts: The live ones (see `ceremonies`), in order of opening.
        archive: All others.
        draws: The last committee that was drawn by stake, by key name; of partitions, too.
        partitions: The newest round of every partition, by its name.
        replaced: Generations that later ones have replaced, in order.
        ended_rotations: Rotations that are over, in order.
        reported: Heights of violations' reports, by key, session and height of the refusal.
        sessions: Signing sessions that are over, by key name and session id.
        open_sessions: Those that are open, alike, in order of opening.
        audit: The key-usage audit log.
        echoes: Heights, ascending, that are due only so that validators reach finality.
        recent: (height, hash), ascending, of the last block that is final at `height`, and of those
            after it.
        leaves: Hash of every part of the state, by its path.
        session_events: What the last block has done to signing sessions, in order.

    """

    genesis: Genesis
    height: int
    number: int
    time_us: int
    head: bytes
    registry: Registry
    accounts: Layered[bytes, int] = field(default_factory=Layered)
    keys: Mapping[str, Key] = field(default_factory=dict)
    attempts: Mapping[AttemptId, Attempt] = field(default_factory=dict)
    archive: Index[AttemptId, Attempt] = field(default_factory=Index)
    draws: Mapping[str, Draw] = field(default_factory=dict)
    partitions: Mapping[str, Partition] = field(default_factory=dict)
    replaced: Log[KeyRecord] = field(default_factory=Log)
    ended_rotations: Log[RotationEntry] = field(default_factory=Log)
    reported: Index[tuple[str, str, int], int] = field(default_factory=Index)
    sessions: Index[SessionKey, ClosedSession] = field(default_factory=Index)
    open_sessions: Mapping[SessionKey, SignSession] = field(default_factory=dict)
    audit: Log[AuditEntry] = field(default_factory=Log)
    echoes: tuple[int, ...] = ()
    recent: tuple[tuple[int, bytes], ...] = ()
    leaves: Mapping[str, bytes] = field(default_factory=dict)
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
        """Return the live attempts, by key name and order of opening.

        Live are attempts that are open, those that ended within the last finality + 1 blocks, the
        one that made each key's active generation, and successful repairs of its shares.
        """
        return self._ceremonies

    @cached_property
    def _ceremonies(self) -> tuple[CeremonyState, ...]:
        states = [attempt.state for attempt in self.attempts.values()]
        return tuple(sorted(states, key=lambda state: state.ceremony.key))

    def all_ceremonies(self) -> tuple[CeremonyState, ...]:
        """Return every attempt ever, in order of opening."""
        attempts = [*self.archive.values(), *self.attempts.values()]
        attempts.sort(key=lambda attempt: attempt.sequence)
        return tuple(attempt.state for attempt in attempts)

    def attempt(self, session: bytes, attempt: int) -> CeremonyState:
        """Return one attempt, live or not.

        Raises:
            KeyError: There is no such attempt.

        """
        live = self.attempts.get((session, attempt))
        return (self.archive[session, attempt] if live is None else live).state

    def newest(self, key: str) -> CeremonyState:
        """Return the attempt at a key that was opened last.

        Raises:
            KeyError: There is no such key.

        """
        return self.attempt(*self.keys[key].newest)

    def record(self, key: str) -> KeyRecord | None:
        """Return the record of a key's active generation, None while it has none."""
        entry = self.keys.get(key)
        return None if entry is None else entry.record

    def generations(self, key: str) -> tuple[KeyRecord, ...]:
        """Return every generation of a key that was ever activated, by era and generation."""
        record = self.record(key)
        before = tuple(record for record in self.replaced if record.name == key)
        return before if record is None else (*before, record)

    def rotations(self, key: str) -> tuple[RotationEntry, ...]:
        """Return the rotations of a key that are over, in the order in which they ended."""
        return tuple(entry for entry in self.ended_rotations if entry.key == key)

    @property
    def open(self) -> bool:
        """Whether any key's ceremony is running, or will be tried again."""
        return any(key.open for key in self.keys.values())

    @cached_property
    def rule_due(self) -> int | None:
        """The next height at which a rule makes a validator, or the chain, act, if any."""
        heights = [attempt.state.due(self.height) for attempt in self.attempts.values()]
        heights.append(boundary_due(self.genesis, self.registry, self.keys.values(), self.height))
        for key in self.keys.values():
            heights += [schedule_due(key, self.height), age_due(key, self.height)]
        heights += [task.next_due(self.height) for task in self.tasks]
        return min((height for height in heights if height is not None), default=None)

    @cached_property
    def tasks(self) -> tuple[SigningTask, ...]:
        """Every open signing session, in order of opening."""
        return tuple(map(self._task, self.open_sessions.values()))

    def _task(self, session: SignSession) -> SigningTask:
        record = self.record(session.key)
        assert record is not None, session.key
        made_by = self.attempts[record.session, record.attempt].state
        return signing_task(self.genesis, record, made_by, session)

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
