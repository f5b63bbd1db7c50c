"""What a validator leaves for the checks at the end of a run: its view, its share, its figures.

Secrets cross process borders here, as bytes: this is a laboratory, and the checks interpolate keys
from shares. Nothing else may read them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sim.base.secret import SecretBytes
from sim.checks.leaks import is_secret
from sim.crypto.groups import get_group
from sim.validator.life import Validator
from sim.validator.seats import Seat
from sim.validator.store import Store
from sim.validator.tally import BYTE_METERS


class WitnessedStore(Store):
    """A store that remembers, for the checks alone, the secrets that were ever written to it.

    Attributes:
        secrets: (key, value) of each, in the order of writing.

    """

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[tuple[str, bytes], None] = {}

    def put_sealed(self, key: str, sealed: bytes, plaintext: SecretBytes) -> None:
        """Write what is sealed, and remember what it is if it must never be published."""
        super().put_sealed(key, sealed, plaintext)
        if is_secret(key):
            self.secrets[key, plaintext.reveal()] = None


class _Record(msgspec.Struct, frozen=True, array_like=True):
    pass


class AttemptView(_Record, frozen=True):
    """What a validator made of one attempt; see `checks.observation.CeremonyView`."""

    session: str
    attempt: int
    phase: str
    public_key: bytes
    qual: tuple[int, ...]
    verification: tuple[bytes, ...]


class Held(_Record, frozen=True):
    """What a member holds of one attempt; `share` is an encoded scalar, empty for none.

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
        secrets: (store key, value) of every secret that it ever wrote down.
        sent_bytes: By byte meter.
        messages: By kind.
        charged: Operations by stage and name.
        injected: Injections by corruption id.
        attempts: What it sent for attempts of ceremonies: label of the session, attempt, messages
            and bytes.
    """

    index: int
    alive: bool
    heads: list[tuple[int, bytes, int]]
    views: list[AttemptView]
    held: list[Held]
    secrets: list[tuple[str, bytes]]
    sent_bytes: dict[str, int]
    messages: dict[str, int]
    charged: dict[str, dict[str, int]]
    injected: dict[str, int]
    attempts: list[tuple[str, int, int, int]]


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
        secrets=list(store.secrets) if isinstance(store, WitnessedStore) else [],
        sent_bytes=tally.bytes.sorted(),
        messages=tally.messages.sorted(),
        charged={stage: meter.sorted() for stage, meter in sorted(tally.charged.items())},
        injected=injected,
        attempts=[
            (session, attempt, *_traffic(meter.counts))
            for (session, attempt), meter in sorted(tally.attempts.items())
        ],
    )


def _traffic(counts: Mapping[str, int]) -> tuple[int, int]:
    """Return how many messages, and how many bytes, the counters of an attempt tell of."""
    size = sum(counts.get(meter, 0) for meter in BYTE_METERS)
    return sum(counts.values()) - size, size


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
    return Held(
        session=ceremony.label,
        attempt=ceremony.attempt,
        index=0 if holder is None else holder.index,
        scheme=ceremony.scheme,
        share=encoded,
        shareless=machine.shareless,
    )
