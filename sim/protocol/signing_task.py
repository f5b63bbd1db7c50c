"""A signing session as its signers see it: who signs what, in which rounds, until when.

The K-chain opens a session; everything here follows from its state, so every member derives the
same seats and the same coordinator for every round. A session is bound to one generation of one
key; when a later one is activated, the chain binds it anew, and nothing made before counts.

A partial signature travels with the signer's identity signature over the session, the generation,
the message, the commitment list and the partial: whoever signs a bad one has proven it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from sim.base.codec import encode, tuple_hash
from sim.base.ids import ValidatorIndex
from sim.crypto import identity
from sim.crypto.signatures import CommitmentList, get_signatures
from sim.protocol.activation import list_hash, partial_holds
from sim.protocol.ceremony import Member
from sim.protocol.requests import BadPartial
from sim.protocol.result import usable_nonces
from sim.protocol.sampling import Rule, draw_seats, rule_for, seat_count

TEST: Final = "K-chain/test/v1"
ENDORSE: Final = "K-chain/endorse/v1"

RESERVED: Final = b"K-chain/"
"""Messages that begin so belong to the chain: no request may ask for one."""

DEFAULT_CONTEXT: Final = "test"
"""What the chain signs for where the policy names no contexts."""

NOBODY: Final = bytes(32)
"""The requester of sessions that the chain itself opens."""

Purpose: TypeAlias = Literal["request", "test", "endorse"]
"""Why there is a session: somebody asked, or the chain opened it."""

Protocol: TypeAlias = Literal["FROST", "BLS", "ML-DSA"]
"""``FROST`` takes two rounds of messages, ``BLS`` one, ``ML-DSA`` none: it has one holder."""

PROTOCOLS: Final[dict[str, Protocol]] = {
    "ED25519": "FROST",
    "SECP256K1": "FROST",
    "BLS": "BLS",
    "MLDSA": "ML-DSA",
}
"""Scheme to protocol; keys of a scheme that isn't here sign nothing."""

_PARTIAL: Final = "K-chain/partial/v1"


class Binding(NamedTuple):
    """One session with one generation: nothing made for another binding ever counts."""

    key: str
    signing: str
    era: int
    generation: int


@dataclass(frozen=True)
class SigningTask:
    """A session that is open, bound to one generation.

    Attributes:
        chain: The chain's id.
        key: The key's name.
        key_id: Id of its record, 32 bytes.
        signing: The session's id, unique under the key.
        purpose: Why there is a session.
        scheme: The key's, one of `PROTOCOLS`.
        era: Counts the key's public keys, from 1.
        generation: Whose shares sign.
        threshold: t of that generation.
        needed: Signers that make a signature: t, or the policy's quorum if that is more.
        spare: f*, the faulty holders that the key survives.
        members: The generation's committee, by ascending index 1..n.
        verification: V_0..V_n; V_0 is the public key.
        holders: Share indices that may have seats, ascending: who has confirmed its share, or had
            it repaired.
        message: The bytes to be signed.
        context: What for.
        requester: The principal that asked, 32 or 1952 bytes; `NOBODY` for the chain.
        seed: What seats are drawn by, 32 bytes.
        opened: Height of the block that opened it.
        begins: First height of round 0; 0 while it waits for seats.
        expires: Height of the block that closes it at the latest.
        pace: Heights per round.
        block_us: Time between heights, µs.

    """

    chain: str
    key: str
    key_id: bytes
    signing: str
    purpose: Purpose
    scheme: str
    era: int
    generation: int
    threshold: int
    needed: int
    spare: int
    members: tuple[Member, ...]
    verification: tuple[bytes, ...]
    holders: tuple[int, ...]
    message: bytes
    context: str
    requester: bytes
    seed: bytes
    opened: int
    begins: int
    expires: int
    pace: int
    block_us: int

    @property
    def protocol(self) -> Protocol:
        """How the key signs."""
        return PROTOCOLS[self.scheme]

    @property
    def binding(self) -> Binding:
        """What a machine is for."""
        return Binding(self.key, self.signing, self.era, self.generation)

    @property
    def label(self) -> str:
        """The scenario's name for the session; network draws are keyed by it."""
        key = self.key if self.era == 1 else f"{self.key}@{self.era}"
        return f"{key}/sign/{self.signing}"

    @cached_property
    def session(self) -> bytes:
        """hash(chain, key, era, session's id), 32 bytes: the same whatever generation signs."""
        return tuple_hash("sign-session", self.chain, self.key, self.era, self.signing)

    @property
    def public_key(self) -> bytes:
        """V_0."""
        return self.verification[0]

    @property
    def rule(self) -> Rule:
        """How its seats are found; of a ``discouraged`` one its threshold is large."""
        return rule_for(self.threshold)

    @cached_property
    def by_validator(self) -> dict[ValidatorIndex, Member]:
        """Members by their place in the registry."""
        return {member.validator: member for member in self.members}

    def member(self, index: int) -> Member:
        """Return the member at `index`, 1..n."""
        return self.members[index - 1]

    # Rounds

    def seats(self, number: int) -> tuple[int, ...]:
        """Return the share indices with a seat in round `number`; the first coordinates it."""
        holders, everybody = self.holders, len(self.holders)
        if self.purpose == "request":
            size = seat_count(self.threshold, self.needed, self.spare, everybody)
            if size < everybody:
                return draw_seats(self.seed, number, holders, size)
            holders = draw_seats(self.seed, 0, holders, everybody)
        turn = number % everybody
        return holders[turn:] + holders[:turn]

    def seated(self, number: int) -> tuple[ValidatorIndex, ...]:
        """Return the validators behind `seats`."""
        return tuple(self.member(index).validator for index in self.seats(number))

    def round_at(self, height: int) -> int | None:
        """Return the round that runs at `height`; None before the first and from expiry on."""
        if not self.begins or not self.begins <= height < self.expires:
            return None
        return (height - self.begins) // self.pace

    def next_due(self, height: int) -> int:
        """Return the next height after `height` at which a round begins, or the session expires."""
        current = self.round_at(height)
        if current is None:
            return self.expires
        return min(self.begins + (current + 1) * self.pace, self.expires)

    # What is signed

    @property
    def is_proper(self) -> bool:
        """Whether its message may be signed: the chain's own ones are for the chain's sessions."""
        if self.purpose == "test":
            return self.message == trial_message(
                self.chain, self.key, self.era, self.generation, self.context
            )
        reserved = ENDORSE.encode() if self.purpose == "endorse" else RESERVED
        return self.message.startswith(reserved) == (self.purpose == "endorse")

    def list_hash(self, commitments: CommitmentList) -> bytes:
        """Hash what a partial signature belongs to, 32 bytes."""
        return list_hash(self.session, self.generation, self.message, commitments)

    def is_list(self, commitments: CommitmentList, seats: Sequence[int]) -> bool:
        """Say whether holders of `seats` may sign over `commitments`.

        Ascending, of the right length, usable: exactly `needed` entries where there are nonces,
        else at least so many.
        """
        signatures = get_signatures(self.scheme)
        indices = [member for member, _, _ in commitments]
        enough = (
            len(indices) == self.needed if signatures.uses_nonces else len(indices) >= self.needed
        )
        return (
            enough
            and indices == sorted(set(indices))
            and set(indices) <= set(seats)
            and all(usable_nonces(self.scheme, signatures.nonces_of(e)) for e in commitments)
        )

    def holds(self, member: int, commitments: CommitmentList, partial: bytes) -> bool:
        """Say whether a partial signature of `member` is valid for this session and list."""
        return partial_holds(
            self.scheme,
            self.public_key,
            self.verification[member],
            member,
            self.message,
            commitments,
            partial,
        )

    def is_bad(self, evidence: BadPartial) -> bool:
        """Say whether a bad partial is proven: its signer stands for it, and it doesn't hold.

        An honest signer signs over good lists that have its own pair, so nothing that it has signed
        ever proves anything: a bad list is no evidence. Nor is anything about a single-party key:
        its holder signs alone, without partials.
        """
        listed = {member for member, _, _ in evidence.commitments}
        return (
            self.protocol != "ML-DSA"
            and evidence.member in listed
            and self.is_list(evidence.commitments, self.holders)
            and identity.verify(
                self.member(evidence.member).identity,
                partial_statement(self.list_hash(evidence.commitments), evidence.partial),
                evidence.signature,
            )
            and not self.holds(evidence.member, evidence.commitments, evidence.partial)
        )


def partial_statement(hashed: bytes, partial: bytes) -> bytes:
    """Return what a signer's identity signs with its partial; `hashed` is the list hash."""
    return encode((_PARTIAL, hashed, partial))


def trial_message(chain: str, key: str, era: int, generation: int, context: str) -> bytes:
    """Return what a generation signs first: the prefix, then the key and the context."""
    return TEST.encode() + encode((chain, key, era, generation, context))
