"""What principals and validators ask of the K-chain, ceremonies aside: kinds and payloads."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from sim.crypto.signatures import CommitmentList
from sim.crypto.verification import SIGNATURE_SIZES
from sim.protocol.ceremony import PEDERSEN
from sim.protocol.messages import PartialBytes
from sim.protocol.transactions import check_principal

CREATE_KEY: Final = "create-key"
ROTATE_KEY: Final = "rotate-key"
ROLLBACK: Final = "rollback"
RETIRE_KEY: Final = "retire-key"
SET_POLICY: Final = "set-policy"
AUTHORIZE: Final = "authorize"
REVOKE: Final = "revoke"
REQUEST_SIGN: Final = "request-sign"
RECORD_SIGN_SESSION: Final = "record-sign-session"
REPORT_VIOLATION: Final = "report-violation"
REPORT_EQUIVOCATION: Final = "report-equivocation"
REGISTER: Final = "register"
JOIN: Final = "join"
LEAVE: Final = "leave"
EVICT: Final = "evict"

PublicKey = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Signature = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
"""A validator's Ed25519 key, and a signature by one."""

KeySignature = Annotated[bytes, msgspec.Meta(max_length=max(SIGNATURE_SIZES.values()))]
"""A key's signature: 64 bytes (Ed25519, BIP-340), 96 (BLS), 3309 (ML-DSA-65), or none."""

Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.-]{1,64}\Z")]
"""A key's name: it stands in session labels, so it has no slash."""

SessionId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_./-]{1,160}\Z")]
"""A signing session's id, unique under its key."""

ProtocolName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:-]{1,130}\Z")]
"""A protocol that creates keys: a built-in one's name, or ``module:name`` of one from outside."""

Message = Annotated[bytes, msgspec.Meta(max_length=1 << 16)]
"""What a session signs."""

Small = Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
Positive64 = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
Stake = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]


class _Payload(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass


class Policy(_Payload, frozen=True):
    """What a key may be used for, and by whom.

    The key's owner and its admins may change it and rotate or retire the key; they and its
    principals may ask for signatures.

    Attributes:
        max_signings_per_epoch: None is no limit.
        contexts: The contexts it may sign in; empty allows all.
        admins: Public keys of principals, 32 or 1952 bytes each.
        principals: Public keys of those that may ask for signatures besides; empty lets everybody
            whom genesis authorises.
        expires_us: Unix time in µs from which nobody but the owner may do anything, or None.
        quorum: Least number of signers of a session; 0 is the threshold.

    """

    max_signings_per_epoch: Small | None
    contexts: tuple[str, ...]
    admins: tuple[bytes, ...] = ()
    principals: tuple[bytes, ...] = ()
    expires_us: Time | None = None
    quorum: Small = 0

    def __post_init__(self) -> None:
        """Check what annotations can't: keys of one of two lengths."""
        for public in (*self.admins, *self.principals):
            check_principal(public)


class RotationRules(_Payload, frozen=True):
    """When the chain rotates a key by itself; each starts as soon as no other rotation is pending.

    Attributes:
        on: ``epoch`` (reshare at every epoch boundary), ``churn`` (reshare at an epoch boundary at
            which a member is gone from the registry), ``policy-violation`` (refresh when
            surveillance reports one).
        every: Heights between scheduled refreshes, counted from the key's creation, or None.
        max_age: Heights after which shares are refreshed if nothing else has renewed them, or None.

    """

    on: tuple[Literal["epoch", "churn", "policy-violation"], ...] = ()
    every: Positive64 | None = None
    max_age: Positive64 | None = None


class ByStake(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="select", tag="stake"
):
    """A committee of `size` that the chain draws from its registry, by `selection`'s rule."""

    size: Positive


class InPartition(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="select", tag="partition"
):
    """One committee of a partition that the chain draws as a whole, by `selection`'s rule.

    The first request of a round draws all its committees; those after it refer to that draw by name
    and round, in whatever block they stand. A key keeps its place in every round.

    Attributes:
        partition: Its name, for the owner of its first key alone.
        round: How often it was drawn anew; 0 in CreateKey.
        place: Which committee, from 0.
        count: How many committees; the same in every round.
        size: Members of each.

    """

    partition: Name
    round: Small
    place: Small
    count: Positive
    size: Positive


class CreateKey(_Payload, frozen=True):
    """An authorised principal asks a committee for a new key.

    Attributes:
        key: The key's name, not taken yet.
        scheme: ``ED25519``, ``SECP256K1``, ``BLS``; for a committee of one ``MLDSA``, ``MLKEM``.
        threshold: t, the number of shares that sign.
        faults: f*, the liars and withholders that Confirm survives.
        committee: Names in the registry, in its order; or how many the chain draws; or one of the
            committees of a partition.
        policy: What the key may be used for.
        attempts: Most attempts, at least 1.
        retry_after: Heights from a failure to the next attempt's first, at least 1.
        justifications: How a missing share is answered; see `ceremony.Ceremony`.
        commitments: Form of the commitments.
        rotation: When the chain rotates it by itself.
        protocol: What creates it, and each later public key under its name; see `variants`.
        complaints: What an `invalid` complaint is, in every ceremony of the key.

    """

    key: Name
    scheme: str
    threshold: int
    faults: int
    committee: tuple[str, ...] | ByStake | InPartition
    policy: Policy
    attempts: Positive
    retry_after: Positive
    justifications: Literal["sealed", "clear"]
    commitments: Literal["evaluation", "coefficient"]
    rotation: RotationRules = RotationRules()
    protocol: ProtocolName = PEDERSEN
    complaints: Literal["dispute", "provable"] = "dispute"


class RotateKey(_Payload, frozen=True):
    """New shares for a key, or a new public key under its name; at most one at a time is pending.

    From the owner or an admin of the key's policy; a repair also from the member whose share
    is lost.

    Attributes:
        key: The key's name.
        operation: ``reshare`` to any committee and threshold; ``refresh`` within the committee;
            ``repair`` of one member's share; ``rekey`` to a public key that the old one endorses.
        reason: ``manual``; ``emergency`` (rolls back what is pending, and starts at once);
            ``lost-share``.
        committee: Of the new generation, as in CreateKey; None keeps the present one. For reshare
            and rekey alone.
        threshold: t of the new generation; 0 keeps the present one. For reshare and rekey alone.
        faults: f* of the new generation; None keeps the present one, or takes the default of the
            new threshold and size.
        target: The validator whose share is repaired; else empty.
        attempts: Most attempts; 0 takes the key's.

    """

    key: Name
    operation: Literal["reshare", "refresh", "repair", "rekey"]
    reason: Literal["manual", "emergency", "lost-share"] = "manual"
    committee: tuple[str, ...] | ByStake | InPartition | None = None
    threshold: Small = 0
    faults: Small | None = None
    target: str = ""
    attempts: Small = 0


class Rollback(_Payload, frozen=True):
    """Give the pending rotation of `key` up, before it is activated. Owner and admins."""

    key: Name


class RetireKey(_Payload, frozen=True):
    """End the use of `key` for good: no sessions, no rotations; shares are erased."""

    key: Name


class SetPolicy(_Payload, frozen=True):
    """Replace the policy of `key`. Owner and admins; admins only while it hasn't expired."""

    key: Name
    policy: Policy


class Authorize(_Payload, frozen=True):
    """Add a principal to the policy of `key`, as admin or as principal."""

    key: Name
    principal: bytes
    role: Literal["admin", "principal"]

    def __post_init__(self) -> None:
        """Check what annotations can't: a key of one of two lengths."""
        check_principal(self.principal)


class Revoke(_Payload, frozen=True):
    """Take a principal out of the policy of `key`, from both roles; never the owner."""

    key: Name
    principal: bytes

    def __post_init__(self) -> None:
        """Check what annotations can't: a key of one of two lengths."""
        check_principal(self.principal)


class RequestSign(_Payload, frozen=True):
    """A principal asks the T-chain for a signature; the K-chain lets it through, or logs why not.

    Attributes:
        key: The key's name.
        signing: The session's id, unique under the key.
        context: What it is for.
        message: The bytes to be signed.

    """

    key: str
    signing: SessionId
    context: str
    message: Message


class ReportViolation(_Payload, frozen=True):
    """T-chain surveillance reports that a key was asked for what its policy forbids.

    Attributes:
        key: The key's name.
        signing: The session that the audit log refused with PolicyViolation.
        height: Of the refusal.

    """

    key: str
    signing: SessionId
    height: Positive64


class Register(_Payload, frozen=True):
    """A validator enters the registry, signed by its identity; it isn't drawn before it joins.

    Attributes:
        name: Not taken yet.
        address: Its place in the network.
        transport: Its long-lived transport key, 1216 bytes.
        at_rest: Fingerprint of the key that its vault is locked with, 32 bytes.
        stake: Its weight in draws.

    """

    name: Name
    address: Small
    transport: bytes
    at_rest: bytes
    stake: Stake


class Join(_Payload, frozen=True):
    """A registered validator takes part from the next epoch on; signed by its identity."""

    name: Name


class Leave(_Payload, frozen=True):
    """A validator is no longer drawn from the next epoch on; signed by its identity."""

    name: Name


class Evict(_Payload, frozen=True):
    """A principal that genesis authorises takes a validator out from the next epoch on."""

    name: Name


class ReportEquivocation(_Payload, frozen=True):
    """Two validly signed deals of one member for one attempt, seen off the ledger.

    Attributes:
        first: A whole signed deal transaction.
        second: Another, with another body.

    """

    first: bytes
    second: bytes


class BadPartial(_Payload, frozen=True):
    """Evidence that a signer gave a bad partial signature: anyone can check it again.

    Attributes:
        member: The signer's share index.
        commitments: The list that the partial belongs to.
        partial: The partial signature.
        signature: The signer's identity signature over session, list and partial, 64 bytes.

    """

    member: Positive
    commitments: CommitmentList
    partial: PartialBytes
    signature: Signature


class RecordSignSession(_Payload, frozen=True):
    """A signing session that is over, for the key's audit log.

    Attributes:
        key: The key's name.
        generation: The generation whose shares signed.
        signing: The session's id.
        context: What it was signed for; the policy may restrict it.
        message: The bytes signed.
        signature: Valid under the record's public key, as long as its scheme has it; empty when so
            many seats are proven bad that the session has failed.
        signers: Share indices, strictly ascending, at least t; empty when it has failed. They are
            as the recorder names them: a threshold signature doesn't show whose shares made it.
        bad: Signers that gave bad partials, ascending, with the evidence.

    """

    key: str
    generation: int
    signing: SessionId
    context: str
    message: bytes
    signature: KeySignature
    signers: tuple[int, ...]
    bad: tuple[BadPartial, ...] = ()
