"""What a finished run shows to the checks: the chain, and every validator from the inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretBytes, SecretScalar
from sim.protocol.ceremony import Member
from sim.protocol.judge import CeremonyState


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
        key: The key's name.
        era: Counts public keys under that name.
        generation: Counts rotations.
        attempt: 1-based.
        phase: Where it saw the attempt stand.
        public_key: Encoded, or empty while QUAL is not fixed.
        qual: Share indices of QUAL; empty while it is not fixed.
        verification: V_0..V_n, or empty.
        seen_us: Virtual time at which it received the last block that it followed.

    """

    key: str
    era: int
    generation: int
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
        key: The key's name.
        era: Counts public keys under that name.
        generation: Counts rotations.
        attempt: 1-based.
        index: The member's share index.
        share: Its share of the key, or None.
        shareless: Whether it marked itself as lacking some dealer's share.

    """

    key: str
    era: int
    generation: int
    attempt: int
    index: ShareIndex
    share: SecretScalar | None
    shareless: bool


class Publication(NamedTuple):
    """A field of a statement in which a secret may be published on purpose.

    Attributes:
        session: 32 bytes.
        attempt: 1-based.
        kind: ``share``, in a Justification's clear reply, or ``seeds``, in an OpenReply.
        dealer: Whose share it is, or whose sealed reply the seeds open.
        holder: Whom the share is for; the accuser that opens.

    """

    session: bytes
    attempt: int
    kind: Literal["share", "seeds"]
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
        disturbed: Whether the run kept it from acting in time: it was crashed, paused or slowed,
            its clock was off, or its ledger link was cut. Loss between validators doesn't count.
        alive: Whether it was up at the end.
        heads: (height, block hash, µs of receipt) of every block that it followed, ascending; those
            of all incarnations one after the other.
        ceremonies: Its views of attempts, by key, generation and attempt.
        holdings: What it holds, alike.
        secrets: What it keeps from the chain: its share, what it dealt, coefficients, seeds.

    """

    index: ValidatorIndex
    name: str
    corrupted: bool
    disturbed: bool
    alive: bool
    heads: tuple[tuple[int, bytes, int], ...] = ()
    ceremonies: tuple[CeremonyView, ...] = ()
    holdings: tuple[Holding, ...] = ()
    secrets: tuple[KnownSecret, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockView:
    """One materialised block.

    Attributes:
        height: Its height; 0 is genesis.
        hash: 32 bytes.
        time_us: Virtual time.
        raw: Its bytes as they stand in the ledger's file.
        transactions: Encoded signed transactions, applied or rejected, in order.

    """

    height: int
    hash: bytes
    time_us: int
    raw: bytes
    transactions: tuple[bytes, ...]


@dataclass(frozen=True)
class Observation:
    """Everything that the checks look at.

    Attributes:
        seed: The run's seed: keys the samples that checks draw.
        end_us: Virtual time at the end of the run.
        blocks: The chain, ascending, genesis included.
        ceremonies: The chain's final fold of every attempt, by key, generation and attempt.
        validators: By registry position.

    """

    seed: int
    end_us: int
    blocks: tuple[BlockView, ...]
    ceremonies: tuple[CeremonyState, ...]
    validators: tuple[ValidatorView, ...]

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

    def view(self, member: Member) -> ValidatorView:
        """Return the validator in a committee seat."""
        return self.validators[member.validator]

    def holdings(self, state: CeremonyState) -> Iterator[tuple[ValidatorView, Holding]]:
        """Yield what members hold of the attempt `state`, by registry position."""
        wanted = attempt_of(state)
        for validator in self.validators:
            for holding in validator.holdings:
                if (holding.key, holding.era, holding.generation, holding.attempt) == wanted:
                    yield validator, holding


def attempt_of(state: CeremonyState) -> tuple[str, int, int, int]:
    """Return (key, era, generation, attempt) of an attempt."""
    ceremony = state.ceremony
    return ceremony.key, ceremony.era, ceremony.generation, ceremony.attempt


def title(state: CeremonyState) -> str:
    """Return a short name of an attempt for messages: ``beacon/dkg/0#1``."""
    return f"{state.ceremony.label}#{state.ceremony.attempt}"
