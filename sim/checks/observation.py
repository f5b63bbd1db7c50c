"""What a finished run shows to the checks: the chain, and every validator from the inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretBytes, SecretScalar
from sim.checks.chain_views import AuditLine, BlockView, PartitionView
from sim.protocol.ceremony import Member
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase

AttemptId: TypeAlias = tuple[bytes, int]
"""(session, attempt); the session is 32 bytes."""

GenerationId: TypeAlias = tuple[str, int, int]
"""(key, era, generation)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant, with enough detail to start looking.

    Attributes:
        invariant: Name of the check.
        kind: What is broken.
        detail: A sentence.
        time_us: Virtual time at which it shows.
        validator: Name of the validator it shows at, or ``""`` when it concerns the chain.

    """

    invariant: str
    kind: Literal["safety", "liveness"]
    detail: str
    time_us: int
    validator: str


@dataclass(frozen=True, slots=True)
class CeremonyView:
    """What one validator made of one attempt, as far as it has followed the chain.

    Attributes:
        session: The session's label, such as ``beacon/reshare/3``.
        attempt: 1-based.
        phase: Where it saw the attempt stand.
        public_key: Encoded, or empty while QUAL is not fixed.
        qual: Indices of the dealers that count; empty while that is not fixed.
        verification: V_0..V_n, or empty.
        seen_us: Virtual time at which it received the last block that it followed.

    """

    session: str
    attempt: int
    phase: str
    public_key: bytes
    qual: tuple[int, ...]
    verification: tuple[bytes, ...]
    seen_us: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What one member holds of one attempt that fixed a key; secret.

    Attributes:
        session: The session's label.
        attempt: 1-based.
        index: The member's share index; 0 for a dealer that leaves.
        share: Its share of the key, or None.
        shareless: Whether it marked itself as lacking some dealer's share.

    """

    session: str
    attempt: int
    index: ShareIndex
    share: SecretScalar | None
    shareless: bool


class Period(NamedTuple):
    """A stretch of virtual time, [from_us, until_us); None is the end of the run."""

    from_us: int
    until_us: int | None

    def meets(self, other: Period) -> bool:
        """Say whether the two have an instant in common."""
        return (other.until_us is None or self.from_us < other.until_us) and (
            self.until_us is None or other.from_us < self.until_us
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A secret that one validator kept for one attempt, for as long as it did.

    Attributes:
        session: 32 bytes.
        attempt: 1-based.
        name: ``share``, ``polynomial``, ``transport``, ``one-time/<dealer>`` …
        value: As its machine wrote it.
        written_us: Virtual time from which it was in the store.
        erased_us: Virtual time from which it no longer was, durably; None at the run's end.

    """

    session: bytes
    attempt: int
    name: str
    value: SecretBytes
    written_us: int = 0
    erased_us: int | None = None

    def was_there(self, period: Period) -> bool:
        """Say whether it was in the store at any instant of `period`."""
        begins = period.until_us is None or self.written_us < period.until_us
        return begins and (self.erased_us is None or self.erased_us > period.from_us)


class Publication(NamedTuple):
    """A field of a statement in which a secret may be published on purpose.

    Attributes:
        session: 32 bytes.
        attempt: 1-based.
        kind: ``share`` and its ``blinding``, in a Justification's clear reply or exposed, or
            ``seeds``, in an OpenReply.
        dealer: Whose share it is, or whose sealed reply the seeds open.
        holder: Whom the share is for; the accuser that opens.

    """

    session: bytes
    attempt: int
    kind: Literal["share", "blinding", "seeds"]
    dealer: int
    holder: int


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """Something that must not stand on the chain.

    Attributes:
        what: What it is, in words.
        value: Its bytes, 16 or more.
        publication: The one place where it may stand nevertheless, if any.

    """

    what: str
    value: SecretBytes
    publication: Publication | None = None


@dataclass(frozen=True, slots=True)
class ValidatorView:
    """One validator, at the end of the run.

    Attributes:
        index: Registry position.
        name: Its name.
        corrupted: Whether the plan corrupts it at any time.
        periods: When; empty if it is corrupted and nobody says when: then always.
        disturbed: Whether the run kept it from acting in time: it was crashed, paused or slowed,
            its clock was off, or its ledger link was cut. Loss between validators doesn't count.
        alive: Whether it was up at the end.
        heads: (height, block hash, µs of receipt) of every block that it followed, ascending; those
            of all incarnations one after the other.
        ceremonies: Its views of the attempts that still counted at the end.
        holdings: What it holds of them.
        secrets: What it keeps from the chain: its share, what it dealt, coefficients, seeds. Can be
            looked through again and again.
        kept: What it ever kept, and how long.
        left: (session, attempt, name) of what its store holds of attempts at the end, if it is up.
        envelopes: Every sealed share that reached it, encoded; anybody on the way has them too.
        transport: Seeds behind its long-lived transport key, 96 bytes, if ceremonies used it.

    """

    index: ValidatorIndex
    name: str
    corrupted: bool
    disturbed: bool
    alive: bool
    heads: tuple[tuple[int, bytes, int], ...] = ()
    ceremonies: tuple[CeremonyView, ...] = ()
    holdings: tuple[Holding, ...] = ()
    secrets: Iterable[KnownSecret] = ()
    periods: tuple[Period, ...] = ()
    kept: tuple[Kept, ...] = ()
    left: tuple[tuple[bytes, int, str], ...] = ()
    envelopes: tuple[bytes, ...] = ()
    transport: SecretBytes | None = None

    def corrupted_in(self, period: Period) -> bool:
        """Say whether the plan corrupts it at any instant of `period`."""
        if not self.periods:
            return self.corrupted
        return any(known.meets(period) for known in self.periods)

    def corrupted_from(self, period: Period) -> int:
        """Return since when it is corrupted, of the first stretch that meets `period`."""
        return min((known.from_us for known in self.periods if known.meets(period)), default=0)


@dataclass(frozen=True)
class Observation:
    """Everything that the checks look at.

    Attributes:
        seed: The run's seed: keys the samples that checks draw.
        end_us: Virtual time at the end of the run.
        blocks: The chain, ascending, genesis included.
        ceremonies: The chain's final fold of every attempt, in the order in which they opened.
        validators: By registry position.
        activated: Virtual time at which each attempt's result became the key's record, by (session,
            attempt); None takes every attempt that ended active, from then on.
        retired: Virtual time at which keys were retired, by name.
        finality: Heights that validators wait before they act on a block.
        audit: The chain's audit log, in order.
        open_sessions: (key, session's id) of those that aren't over.
        counted: The T-chain's own count of sessions: ``complete``, ``expired``, ``failed``, and
            ``refused`` for requests; None if nobody counted.
        partitions: Every draw of a partition, in the blocks' order.

    """

    seed: int
    end_us: int
    blocks: tuple[BlockView, ...]
    ceremonies: tuple[CeremonyState, ...]
    validators: tuple[ValidatorView, ...]
    activated: Mapping[AttemptId, int] | None = None
    retired: Mapping[str, int] = field(default_factory=dict)
    finality: int = 0
    audit: tuple[AuditLine, ...] = ()
    open_sessions: frozenset[tuple[str, str]] = frozenset()
    counted: Mapping[str, int] | None = None
    partitions: tuple[PartitionView, ...] = ()

    @cached_property
    def honest(self) -> tuple[ValidatorView, ...]:
        """Validators that the plan never corrupts."""
        return tuple(v for v in self.validators if not v.corrupted)

    @cached_property
    def by_name(self) -> dict[str, ValidatorView]:
        """Validators by name."""
        return {validator.name: validator for validator in self.validators}

    @cached_property
    def times_us(self) -> dict[int, int]:
        """Virtual time of every materialised height."""
        return {block.height: block.time_us for block in self.blocks}

    def at_us(self, height: int | None) -> int:
        """Virtual time of `height`; the run's end where no such block is known."""
        return self.end_us if height is None else self.times_us.get(height, self.end_us)

    def _latest_us(self, height: int) -> int:
        """Virtual time of the last materialised block up to `height`."""
        return max((b.time_us for b in self.blocks if b.height <= height), default=0)

    def view(self, member: Member) -> ValidatorView:
        """Return the validator in a committee seat."""
        return self.validators[member.validator]

    def holdings(self, state: CeremonyState) -> Iterator[tuple[ValidatorView, Holding]]:
        """Yield what members hold of the attempt `state`, by registry position."""
        wanted = attempt_of(state)
        for validator in self.validators:
            for holding in validator.holdings:
                if (holding.session, holding.attempt) == wanted:
                    yield validator, holding

    @cached_property
    def generations(self) -> dict[GenerationId, list[CeremonyState]]:
        """The attempts that made each generation active: one, unless something is wrong."""
        found: dict[GenerationId, list[CeremonyState]] = {}
        for state in self.ceremonies:
            made = state.phase is Phase.ACTIVE and state.ceremony.operation != "repair"
            if made and (self.activated is None or id_of(state) in self.activated):
                found.setdefault(generation_of(state), []).append(state)
        return found

    def active_from_us(self, state: CeremonyState) -> int:
        """Virtual time from which the generation that `state` made was active."""
        if self.activated is None:
            return self.at_us(state.ended_at)
        return self.activated[id_of(state)]

    @cached_property
    def active(self) -> dict[str, CeremonyState]:
        """The attempt that made the latest generation of every key."""
        latest: dict[str, CeremonyState] = {}
        for (key, _, _), states in sorted(self.generations.items()):
            latest[key] = states[0]
        return latest

    def successor(self, state: CeremonyState) -> CeremonyState | None:
        """Return the attempt that replaced the generation that `state` made or keeps, if any."""
        key, era, generation = generation_of(state)
        for later in ((key, era, generation + 1), (key, era + 1, 0)):
            if later in self.generations:
                return self.generations[later][0]
        return None

    def lifetime(self, state: CeremonyState) -> Period:
        """Return from when to when shares of the generation that `state` makes can be stolen.

        From the first height of its attempt to the activation of the next generation; to the end
        of the run if there is none. Of an attempt that failed: to its failure.
        """
        start = self._latest_us(state.ceremony.start - 1)
        if state.phase is not Phase.ACTIVE:
            return Period(start, None if state.ended_at is None else self.at_us(state.ended_at))
        later = self.successor(state)
        return Period(start, None if later is None else self.active_from_us(later))


def generation_of(state: CeremonyState) -> GenerationId:
    """Return the generation that an attempt makes, or keeps."""
    ceremony = state.ceremony
    return ceremony.key, ceremony.era, ceremony.generation


def id_of(state: CeremonyState) -> AttemptId:
    """Return the session, 32 bytes, and the attempt."""
    return state.ceremony.session, state.ceremony.attempt


def attempt_of(state: CeremonyState) -> tuple[str, int]:
    """Return the session's label and the attempt."""
    return state.ceremony.label, state.ceremony.attempt


def title(state: CeremonyState) -> str:
    """Return a short name of an attempt for messages: ``beacon/dkg/0#1``."""
    return f"{state.ceremony.label}#{state.ceremony.attempt}"
