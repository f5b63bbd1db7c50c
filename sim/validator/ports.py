"""What a validator needs of the world around it: a context, the chain, a conscience, round trips.

The world adapts the engine, the K-chain and the adversary to these; this layer imports none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sim.base.ids import Label, ValidatorIndex
from sim.protocol.effects import Effect
from sim.protocol.judge import CeremonyState
from sim.protocol.signing_task import SigningTask


class Letter(NamedTuple):
    """A message from another validator: `payload` is whatever its sender chose to send."""

    source: ValidatorIndex
    label: Label
    payload: bytes


class News(NamedTuple):
    """Blocks from the ledger, ascending; `catch_up` says that they answer a read."""

    payload: bytes
    catch_up: bool


class Peek(NamedTuple):
    """Transactions that the next block would take, shown to rushing adversaries alone."""

    transactions: tuple[bytes, ...]


class Order(NamedTuple):
    """What its operator tells a validator: to ``join`` the registry, or to ``leave`` it."""

    do: Literal["join", "leave"]


Arrival: TypeAlias = Letter | News | Peek | Order

AttemptId: TypeAlias = tuple[bytes, int]
"""(session, attempt)."""


class Membership(NamedTuple):
    """An active generation in whose committee a validator is."""

    key: str
    era: int
    generation: int


class Repairs(NamedTuple):
    """What has become of a member's requests for repair, in one generation.

    Attributes:
        waiting: Whether one is pending, or queued.
        failed: How many have ended without success.
        ended_at: Height at which the last of those did; 0 for none.

    """

    waiting: bool
    failed: int
    ended_at: int


class Context(Protocol):
    """One incarnation's hold on virtual time, the network and the ledger.

    Only `receive` and `sleep` suspend, and only there can a crash interrupt; `happened` may raise
    to end the incarnation in the middle of a batch of effects.
    """

    @property
    def now_us(self) -> int:
        """True virtual time in µs."""
        ...

    @property
    def incarnation(self) -> int:
        """Starts of this validator before this one; 0 for the first."""
        ...

    async def receive(self, deadline_us: int | None) -> Arrival | None:
        """Return the next arrival, or None once true time has reached `deadline_us`."""
        ...

    async def sleep(self, duration_us: int) -> None:
        """Let `duration_us` of virtual time pass without receiving anything."""
        ...

    def local_delay_us(self, delay_us: int) -> int:
        """Return how long `delay_us` on the local clock takes in true time."""
        ...

    def send(self, target: ValidatorIndex, label: Label, payload: bytes) -> None:
        """Send `payload` to another validator; nobody says whether it arrives."""
        ...

    def submit(self, label: Label, payload: bytes) -> None:
        """Hand `payload` to the ledger link."""
        ...

    def record(self, kind: str, label: Label, peer: ValidatorIndex, verdict: str) -> None:
        """Write a line of this validator's history."""
        ...

    def happened(self, event: str) -> None:
        """Say that `event` has happened; raises if the scenario crashes the validator there."""
        ...


class Chain(Protocol):
    """The chain's state after one block. Immutable: following a block gives another one."""

    @property
    def height(self) -> int:
        """Height of that block; 0 at genesis."""
        ...

    @property
    def head(self) -> bytes:
        """Hash of that block, 32 bytes."""
        ...

    def nonce(self, principal: bytes) -> int:
        """Return the last nonce that `principal` (32 bytes) has used; 0 for none."""
        ...

    def ceremonies(self) -> Sequence[CeremonyState]:
        """Return every attempt that counts: open, just ended, or behind an active share."""
        ...

    def concerning(self, validator: ValidatorIndex) -> Sequence[CeremonyState]:
        """Return those of `ceremonies` in which `validator` has a seat, the ended ones first."""
        ...

    def live(self) -> frozenset[AttemptId]:
        """Return the ids of `ceremonies`."""
        ...

    def label(self, attempt: AttemptId) -> str:
        """Return the scenario's name for the session of any attempt that ever was."""
        ...

    def memberships(self, name: str) -> Sequence[Membership]:
        """Return the active generations in whose committees the validator `name` is."""
        ...

    def repairs(self, membership: Membership, name: str) -> Repairs:
        """Return what has become of repairs of the share of `name`."""
        ...

    def standing(self, name: str) -> str:
        """Return a validator's status in the registry; ``absent`` if it was never registered."""
        ...

    def signing_tasks(self, validator: ValidatorIndex) -> Sequence[SigningTask]:
        """Return the open signing sessions of keys whose committees `validator` is in."""
        ...


class Board(Protocol):
    """Reads blocks and judges them, as everyone does."""

    def genesis(self) -> Chain:
        """Return the chain before its first block."""
        ...

    def unpack(self, payload: bytes) -> Sequence[tuple[int, bytes]]:
        """Return the blocks of a delivery, as (height, bytes), ascending."""
        ...

    def follow(self, chain: Chain, block: bytes) -> Chain:
        """Check `block`, which must continue `chain`, and return the chain after it."""
        ...


class Conscience(Protocol):
    """What becomes of effects before anyone acts on them: an adversary's way in.

    It is asked twice: about what a machine wants, and about the bytes that this has become.
    """

    @property
    def twinned(self) -> bool:
        """Whether a second copy of the validator runs beside it."""
        ...

    @property
    def rushing(self) -> bool:
        """Whether it wants to see what the next block would hold."""
        ...

    def foresee(self, state: CeremonyState, height: int, now_us: int) -> Sequence[Effect]:
        """Return what is done so that it still stands in the block after `height`.

        `state` is what that block would make of an attempt.
        """
        ...

    @property
    def honest(self) -> bool:
        """Whether it never changes or adds anything: then it needn't be asked at every height."""
        ...

    def filter(
        self, effects: Sequence[Effect], state: CeremonyState, now_us: int
    ) -> Sequence[Effect]:
        """Return what is done instead of `effects`; an honest validator changes nothing.

        `state` is the attempt that they belong to, as the validator has last seen it.
        """
        ...

    def add(self, state: CeremonyState, height: int, now_us: int) -> Sequence[Effect]:
        """Return what is done besides, now that `height` has come; by an honest validator nothing.

        `state` is any attempt that goes on, whether or not the validator has a seat in it.
        """
        ...
