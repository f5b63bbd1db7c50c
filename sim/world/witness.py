"""What a validator leaves for the checks at the end of a run: its view, its share, its figures.

Secrets cross process borders here, as bytes: this is a laboratory, and the checks interpolate keys
from shares. Nothing else may read them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from sim.base.secret import SecretBytes
from sim.base.spool import Spool
from sim.crypto.groups import get_group
from sim.protocol.generating import GenerateMachine
from sim.validator.early import EARLY
from sim.validator.erasing import entries_of
from sim.validator.life import Validator
from sim.validator.seats import Seat
from sim.validator.store import DiskLose, Lose, Store

_OUTBOXES: Final = ("outgoing", "delivery")
"""Entries of sealed envelopes alone: their content is secret elsewhere."""

_ENVELOPE: Final = "/envelope/"


@dataclass(slots=True)
class _Stay:
    """How long a secret was in a store; `erased_us` is None while it still is."""

    written_us: int
    erased_us: int | None = None


class WitnessedStore(Store):
    """A store that remembers, for the checks alone, the secrets that were ever written to it.

    Args:
        spool: As `Store` takes it.
        recording: Whether to remember the sealed shares that came, too.

    Attributes:
        clock: Tells the virtual time, in µs.
        stays: How long each (key, secret) was there, in the order of writing.
        envelopes: Sealed shares that came, encoded.

    """

    def __init__(self, spool: Spool | None = None, *, recording: bool = False) -> None:
        super().__init__(spool)
        self.clock: Callable[[], int] = lambda: 0
        self.stays: dict[tuple[str, bytes], _Stay] = {}
        self.envelopes: dict[bytes, None] = {}
        self._recording = recording
        self._present: dict[str, _Stay] = {}

    def put(self, key: str, value: bytes) -> None:
        """Write `value`; remember it if it is a sealed share, and they are recorded."""
        super().put(key, value)
        if self._recording and _ENVELOPE in key and not key.startswith(EARLY):
            self.envelopes[value] = None

    def put_sealed(self, key: str, sealed: bytes, plaintext: SecretBytes) -> None:
        """Write what is sealed, and remember what it is."""
        super().put_sealed(key, sealed, plaintext)
        if key.rpartition("/")[2] not in _OUTBOXES:
            stay = self.stays.setdefault((key, plaintext.reveal()), _Stay(self.clock()))
            stay.erased_us = None
            self._present[key] = stay

    def flush(self) -> None:
        """Make every write durable, and so every erasure."""
        super().flush()
        self._note_erased()

    def crash(self, lose: Lose) -> str:
        """Take what a crash takes."""
        lost = super().crash(lose)
        self._note_erased()
        return lost

    def fail(self, lose: DiskLose | None) -> None:
        """Let the disk fail: what is erased on it may come back; a mended one has lost it."""
        super().fail(lose)
        if lose is None:
            self._note_erased()

    def _note_erased(self) -> None:
        for key in [key for key in self._present if not self.remains(key)]:
            self._present.pop(key).erased_us = self.clock()


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pass


class Secretly(_Record, frozen=True):
    """A secret that a store kept, from when to when; `erased_us` is None if it is still there."""

    key: str
    value: bytes
    written_us: int
    erased_us: int | None


class AttemptView(_Record, frozen=True):
    """What a validator made of one attempt; see `checks.observation.CeremonyView`."""

    session: str
    attempt: int
    phase: str
    public_key: bytes
    qual: tuple[int, ...]
    verification: tuple[bytes, ...]


class Held(_Record, frozen=True):
    """What a member holds of one attempt; `share` is an encoded scalar, or a single party's seed.

    It is empty for none.

    `index` is 0 for a dealer that leaves: it holds nothing of what the attempt has made.
    """

    session: str
    attempt: int
    index: int
    scheme: str
    share: bytes
    shareless: bool


class Testimony(_Record, frozen=True):
    """One validator at the end of the run.

    Attributes:
        index: Registry position.
        alive: Whether it is up.
        heads: (height, block hash, µs of receipt).
        views: Of attempts, by key and attempt.
        held: Alike; empty while it is down, since a share in use lives in memory.
        secrets: Everything secret that it ever wrote down, but for outboxes.
        left: (session, attempt, name) of what its store holds of attempts; empty while it is down.
        envelopes: Sealed shares that reached it, if they were recorded.
        sent_bytes: By byte meter.
        messages: By kind.
        charged: Operations by stage and name.
        injected: Injections by corruption id.
        attempts: What it sent for each attempt of a ceremony, by (session label, attempt): both
            again, of that alone.
    """

    index: int
    alive: bool
    heads: list[tuple[int, bytes, int]]
    views: list[AttemptView]
    held: list[Held]
    secrets: list[Secretly]
    left: list[tuple[bytes, int, str]]
    envelopes: list[bytes]
    sent_bytes: dict[str, int]
    messages: dict[str, int]
    charged: dict[str, dict[str, int]]
    injected: dict[str, int]
    attempts: list[tuple[str, int, dict[str, int]]]


class ShardTestimony(_Record, frozen=True):
    """One shard at the end of the run.

    Attributes:
        validators: By registry position.
        memo_hits: Calls that the memoiser answered.
        memo_misses: Calls that it ran.
        saved: Operations that were charged without being executed.
    """

    validators: list[Testimony]
    memo_hits: int
    memo_misses: int
    saved: dict[str, int]


def testify(validator: Validator, injected: dict[str, int]) -> Testimony:
    """Write down what `validator` has seen, holds and did."""
    store, now, tally = validator.store, validator.now, validator.tally
    return Testimony(
        index=validator.setup.index,
        alive=now is not None,
        heads=[(head.height, head.hash, head.at_us) for head in validator.heads],
        views=_views(validator),
        held=[] if now is None else [_held(s) for s in now.sessions.seats if s.state.qual],
        secrets=_secrets(store),
        left=[] if now is None else [(*left.attempt, left.name) for left in entries_of(store)],
        envelopes=list(store.envelopes) if isinstance(store, WitnessedStore) else [],
        sent_bytes=tally.bytes.sorted(),
        messages=tally.messages.sorted(),
        charged={stage: meter.sorted() for stage, meter in sorted(tally.charged.items())},
        injected=injected,
        attempts=[(*attempt, meter.sorted()) for attempt, meter in sorted(tally.attempts.items())],
    )


def count_stolen(store: Store, from_us: int, until_us: int | None) -> int:
    """Count the secrets that were in a store at any instant of [from_us, until_us)."""
    stays = store.stays.values() if isinstance(store, WitnessedStore) else ()
    return sum(
        (until_us is None or stay.written_us < until_us)
        and (stay.erased_us is None or stay.erased_us > from_us)
        for stay in stays
    )


def _secrets(store: Store) -> list[Secretly]:
    if not isinstance(store, WitnessedStore):
        return []
    return [
        Secretly(key, value, stay.written_us, stay.erased_us)
        for (key, value), stay in store.stays.items()
    ]


def _views(validator: Validator) -> list[AttemptView]:
    if validator.seen is None:
        return []
    return [
        AttemptView(
            session=state.ceremony.label,
            attempt=state.ceremony.attempt,
            phase=state.phase.value,
            public_key=state.public_key,
            qual=tuple(state.qual),
            verification=tuple(state.verification),
        )
        for state in validator.seen.ceremonies()
    ]


def _held(seat: Seat) -> Held:
    ceremony, machine = seat.ceremony, seat.machine
    share = machine.share
    holder = ceremony.by_validator.get(machine.context.validator)
    encoded = b"" if share is None else get_group(ceremony.scheme).encode_scalar(share.reveal())
    if isinstance(machine, GenerateMachine) and machine.seed is not None:
        encoded = machine.seed.reveal()
    return Held(
        session=ceremony.label,
        attempt=ceremony.attempt,
        index=0 if holder is None else holder.index,
        scheme=ceremony.scheme,
        share=encoded,
        shareless=machine.shareless,
    )
