"""The T-chain's book of signing sessions (LP-044), kept block by block from the ledger's events."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from sim.protocol.sampling import SEATS_MAX, admitted
from sim.protocol.signing_events import (
    EXPIRED,
    SIGNED,
    Closed,
    Opened,
    Rebound,
    Refused,
    SessionEvent,
)
from sim.protocol.signing_task import NOBODY, Protocol, SigningTask


class Status(Enum):
    """Where a session stands. A key's retirement fails what is open."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETE = "Complete"
    FAILED = "Failed"
    EXPIRED = "Expired"


_ENDINGS = {SIGNED: Status.COMPLETE, EXPIRED: Status.EXPIRED}


class BookError(Exception):
    """The ledger says something of a session that can't be so: a bug of the simulation."""


@dataclass(frozen=True, slots=True)
class Session:
    """One signing session.

    Attributes:
        id: 32 bytes; the same whatever generation signs.
        key: The key's name; `signing` is the session's name under it.
        key_record_id: Id of the key's record, 32 bytes.
        protocol: ``FROST``, ``BLS`` or ``ML-DSA``.
        message: The bytes to be signed.
        context: What for.
        requester: The principal that asked, 32 or 1952 bytes; 32 zeros for the K-chain.
        era: Of the generation that it is bound to.
        generation: Whose shares sign.
        committee: Names of those with a seat in the running round, the coordinator first; of a
            session that is over, in its last.
        status: Where it stands.
        started_at: Unix time of the block that opened it, µs; `expires_at` is when it closes at the
            latest, as long as the ledger doesn't halt.
        signatures: Partial signatures by signer's name. Good ones go to the coordinator alone and
            stay empty here; bad ones are evidence and stand on the ledger.
        result: The signature; empty while there is none.
        bad: Names of signers whose partials were proven bad.
        discouraged: Whether its threshold is so large that one session isn't the way to sign.
        ended_height: Of the block that closed it, or None.

    """

    id: bytes
    key: str
    signing: str
    key_record_id: bytes
    protocol: Protocol
    message: bytes
    context: str
    requester: bytes
    era: int
    generation: int
    committee: tuple[str, ...]
    status: Status
    started_at: int
    expires_at: int
    signatures: Mapping[str, bytes] = field(default_factory=dict)
    result: bytes = b""
    bad: tuple[str, ...] = ()
    discouraged: bool = False
    ended_height: int | None = None


@dataclass
class Counts:
    """How sessions and requests have ended; those still open aren't in it."""

    complete: int = 0
    failed: int = 0
    expired: int = 0
    refused: dict[str, int] = field(default_factory=dict)


class Book:
    """Every session that the ledger has told of.

    Args:
        limit: Seats that one validator may have in sessions that run at the same time.

    """

    def __init__(self, limit: int = SEATS_MAX) -> None:
        self._limit = limit
        self._height = 0
        self._open: dict[tuple[str, str], tuple[SigningTask, int]] = {}
        self._over: dict[tuple[str, str], Session] = {}
        self._counts: dict[tuple[str, bool], Counts] = {}
        self.seats_most = 0
        """Most seats that one validator has had at a time."""

    def on_block(self, height: int, time_us: int, events: Sequence[SessionEvent]) -> None:
        """Take what a block has done to sessions, then let those begin that find their seats free.

        Args:
            height: Of the block; every block is told of, ascending.
            time_us: Its Unix time, µs.
            events: In their order.

        Raises:
            BookError: An event that can't be.

        """
        if height < self._height:
            raise BookError(f"block {height} comes after block {self._height}")
        self._height = height
        for event in events:
            match event:
                case Opened(task):
                    self._put_new(task, time_us)
                case Rebound(task):
                    _, started_us = self._find(task.key, task.signing)
                    self._open[task.key, task.signing] = (task, started_us)
                case Closed():
                    self._close(event)
                case Refused():
                    refused = self._count(event.key, asked=True).refused
                    refused[event.reason] = refused.get(event.reason, 0) + 1
                case _:
                    assert_never(event)
        self._begin()

    def _put_new(self, task: SigningTask, time_us: int) -> None:
        name = (task.key, task.signing)
        if name in self._open or name in self._over:
            raise BookError(f"{task.label} is opened twice")
        self._open[name] = (task, time_us)

    def _find(self, key: str, signing: str) -> tuple[SigningTask, int]:
        try:
            return self._open[key, signing]
        except KeyError:
            raise BookError(f"{key}/{signing} isn't open") from None

    def _close(self, event: Closed) -> None:
        task, started_us = self._find(event.key, event.signing)
        if event.outcome == SIGNED and (not event.signature or len(event.signers) < task.needed):
            raise BookError(f"{task.label} is signed by too few")
        if event.outcome == EXPIRED and event.signature:
            raise BookError(f"{task.label} has expired with a signature")
        status = _ENDINGS.get(event.outcome, Status.FAILED)
        bad = {task.member(index).name: partial for index, partial in event.bad}
        signers = {task.member(index).name: b"" for index in event.signers}
        self._over[event.key, event.signing] = dataclasses.replace(
            self._session(task, started_us),
            status=status,
            signatures={**signers, **bad},
            result=event.signature,
            bad=tuple(bad),
            ended_height=self._height,
        )
        del self._open[event.key, event.signing]
        counts = self._count(event.key, asked=task.requester != NOBODY)
        if status is Status.COMPLETE:
            counts.complete += 1
        elif status is Status.EXPIRED:
            counts.expired += 1
        else:
            counts.failed += 1

    def _begin(self) -> None:
        """Give free seats to those that wait, by the rule that the K-chain follows as well."""
        waiting = [(n, task.seated(0)) for n, (task, _) in self._open.items() if not task.begins]
        for name in admitted(self._running(), waiting, self._limit):
            task, started_us = self._open[name]
            self._open[name] = (dataclasses.replace(task, begins=self._height), started_us)
        self.seats_most = max([self.seats_most, *self.seats_in_use().values()])

    def _running(self) -> Iterable[Sequence[int]]:
        for task, _ in self._open.values():
            number = task.round_at(self._height)
            if number is not None:
                yield task.seated(number)

    def _count(self, key: str, *, asked: bool) -> Counts:
        return self._counts.setdefault((key, asked), Counts())

    def _session(self, task: SigningTask, started_us: int) -> Session:
        number = task.round_at(self._height)
        if number is None and task.begins:
            number = (task.expires - 1 - task.begins) // task.pace  # its last, until it is closed
        seats = task.seats(number or 0)
        lasts_us = (task.expires - task.opened) * task.block_us
        return Session(
            id=task.session,
            key=task.key,
            signing=task.signing,
            key_record_id=task.key_id,
            protocol=task.protocol,
            message=task.message,
            context=task.context,
            requester=task.requester,
            era=task.era,
            generation=task.generation,
            committee=tuple(task.member(seat).name for seat in seats),
            status=Status.IN_PROGRESS if task.begins else Status.PENDING,
            started_at=started_us,
            expires_at=started_us + lasts_us,
            discouraged=task.rule == "discouraged",
        )

    # What others read

    def session(self, key: str, signing: str) -> Session:
        """Return one session, open or over.

        Raises:
            KeyError: There is none of that name.

        """
        over = self._over.get((key, signing))
        return self._session(*self._open[key, signing]) if over is None else over

    def sessions(self) -> tuple[Session, ...]:
        """Return every session: those that are over in order of ending, then the open ones."""
        return (*self._over.values(), *(self._session(*entry) for entry in self._open.values()))

    def open_tasks(self) -> tuple[SigningTask, ...]:
        """Return what signers should be at, in order of opening: the K-chain must say the same."""
        return tuple(task for task, _ in self._open.values())

    def seats_in_use(self) -> dict[str, int]:
        """Return how many seats each validator has now, by name, ascending; free ones left out."""
        taken: Counter[str] = Counter()
        for task, _ in self._open.values():
            number = task.round_at(self._height)
            if number is not None:
                taken.update(task.member(seat).name for seat in task.seats(number))
        return dict(sorted(taken.items()))

    def counts(self, key: str | None = None, *, asked: bool = False) -> Counts:
        """Return how sessions and requests have ended.

        Args:
            key: The key's name; None for all keys.
            asked: Leave out the sessions that the K-chain opens by itself.

        """
        total = Counts()
        for (of, requested), counts in self._counts.items():
            if key not in (None, of) or (asked and not requested):
                continue
            total.complete += counts.complete
            total.failed += counts.failed
            total.expired += counts.expired
            for reason, number in sorted(counts.refused.items()):
                total.refused[reason] = total.refused.get(reason, 0) + number
        return total
