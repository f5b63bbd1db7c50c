"""What a run says about keys, faults and disputes: the records of the summary, typed.

Fields are named as in ``ksim run --json``, and can be read by those names too:
``run.keys["beacon"].public_key`` is ``run.keys["beacon"]["public_key"]``.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record; ``record["field"]`` reads like ``record.field``."""

    def __getitem__(self, name: str) -> Any:
        if name not in self.__struct_fields__:
            raise KeyError(name)
        return getattr(self, name)


class Fault(Record, frozen=True):
    """What a validator did wrong, in one attempt.

    Attributes:
        validator: Its name.
        fault: A verdict name of the protocol, such as ``degree-too-high``.
        proof: Whether ledger bytes alone prove it.
        attempt: 1-based.
        height: Ledger height of the verdict.
        time_us: Virtual time of that height.
        evidence: Ids (hex) of the transactions that prove it.

    """

    validator: str
    fault: str
    proof: bool
    attempt: int
    height: int
    time_us: int
    evidence: tuple[str, ...]


class Dispute(Record, frozen=True):
    """An accusation against a dealer that stayed in QUAL: nobody is blamed.

    Attributes:
        key: The key's name.
        attempt: 1-based.
        dealer: Name of the accused.
        accuser: Name of the accuser.
        kind: ``missing`` or ``invalid``.

    """

    key: str
    attempt: int
    dealer: str
    accuser: str
    kind: str


class Exclusion(Record, frozen=True):
    """A dealer whose deal doesn't count, and why."""

    validator: str
    reason: str


class Activation(Record, frozen=True):
    """The committee's signature over the new key's record, hex, and when it stood."""

    message: str
    signature: str
    height: int
    time_us: int


class TestSignature(Record, frozen=True):
    """A signature made after activation, to show that the key works.

    Attributes:
        signing: Name of the signing session.
        context: What it was signed for.
        message: Hex.
        signature: Hex.
        signers: Names.
        verified: Whether an ordinary verification accepts it: Ed25519, BIP-340 or BLS.
        height: At which the ledger recorded the session.
        time_us: Virtual time of that height.

    """

    __test__ = False  # no test class, whatever pytest thinks of the name

    signing: str
    context: str
    message: str
    signature: str
    signers: tuple[str, ...]
    verified: bool
    height: int
    time_us: int


class CommitteeDraw(Record, frozen=True):
    """How the chain drew a committee by stake; `sim.protocol.selection` has the rule.

    Attributes:
        committee: Names, by share index.
        index: Which committee of its block it is, from 0.
        seed: What the draw follows from, hex: a hash of all the fields below.
        block: Id of the last block that was final before the one with the request, hex.
        signer_set: Id of the registry with its stakes, hex.
        p_chain_height: Height of the P-chain at which the registry was read: 0, it isn't modelled.
        epoch: Of the block with the request.
        policy: Id of the key's policy, hex.

    """

    committee: tuple[str, ...]
    index: int
    seed: str
    block: str
    signer_set: str
    p_chain_height: int
    epoch: int
    policy: str


class Blame(Record, frozen=True):
    """What a validator is proven to have done wrong in an attempt of a rotation."""

    validator: str
    fault: str


class Tested(Record, frozen=True):
    """The first signature that a generation made: whether it verifies, and when it stood."""

    verified: bool
    height: int
    time_us: int


class Generation(Record, frozen=True):
    """One sharing of a key, from its activation to the next one's.

    Attributes:
        era: Counts public keys from 1.
        generation: Counts rotations under one public key from 0.
        operation: ``dkg``, ``generate``, ``rekey``, ``reshare`` or ``refresh``.
        trigger: ``create``, ``manual``, ``epoch``, ``churn``, ``schedule``, ``max-age``,
            ``policy-violation`` or ``emergency``.
        requested_us: Virtual time of the block in which it was asked for.
        started_us: Virtual time of the block that opened its first attempt.
        height: At which it was activated; `time_us` is its virtual time.
        attempts: Opened for it, the successful one included.
        threshold: t.
        committee: Names, by share index.
        public_key: Hex.
        joined: Who is in its committee and was not in the one before.
        left: Who was in the committee before and is not in this one.
        blamed: Proven faults of all its attempts, each once.
        excluded: Who was out of one of them for a reason that nothing proves, such as a crash.
        disputes: Accusations in them that nothing decides.
        messages: That its attempts took, transactions included; likewise `bytes`.
        unavailable_us: How long fewer than t holders of its shares were up while it was active.
        test_signature: Its first signature on the ledger, or None.

    """

    era: int
    generation: int
    operation: str
    trigger: str
    requested_us: int | None
    started_us: int | None
    height: int
    time_us: int
    attempts: int
    threshold: int
    committee: tuple[str, ...]
    public_key: str
    joined: tuple[str, ...]
    left: tuple[str, ...]
    blamed: tuple[Blame, ...]
    excluded: tuple[Exclusion, ...]
    disputes: int
    messages: int
    bytes: int
    unavailable_us: int
    test_signature: Tested | None


class Rotation(Record, frozen=True):
    """A rotation that was asked for, by a principal or by a rule, and what came of it.

    Attributes:
        request: Id of the timeline entry that asked for it; None for a rule or a validator.
        operation: ``reshare``, ``refresh``, ``repair`` or ``rekey``.
        trigger: As of a generation, or ``lost-share``.
        era: That it was to make or keep.
        generation: Likewise.
        outcome: ``activated``, ``aborted``, ``rolled-back``, ``dropped``; None if it is still open.
        reason: Why, unless it was activated.
        target: Whose share was to be repaired, or None.
        requested_us: Virtual time of the block in which it was asked for.
        started_us: Virtual time of the block that opened its first attempt, None if none was.
        height: At which it ended, or None; `time_us` is its virtual time.
        attempts: Opened.
        blamed: Proven faults of all its attempts, each once.
        excluded: Who was out of one of them for a reason that nothing proves.
        disputes: Accusations in them that nothing decides.
        messages: That its attempts took; likewise `bytes`.

    """

    request: str | None
    operation: str
    trigger: str
    era: int
    generation: int
    outcome: str | None
    reason: str | None
    target: str | None
    requested_us: int | None
    started_us: int | None
    height: int | None
    time_us: int | None
    attempts: int
    blamed: tuple[Blame, ...]
    excluded: tuple[Exclusion, ...]
    disputes: int
    messages: int
    bytes: int


class SessionCounts(Record, frozen=True):
    """What became of the requests for signatures by a key.

    Attributes:
        complete: Signed.
        expired: Closed after 5 minutes.
        failed: Closed because too many signers were proven bad.
        open: Still open at the end of the run.
        refused: Number by reason.

    """

    complete: int
    expired: int
    failed: int
    open: int
    refused: dict[str, int]


class Key(Record, frozen=True):
    """What has become of one key.

    Attributes:
        scheme: ``ED25519``, ``SECP256K1``, ``BLS``, ``MLDSA`` or ``MLKEM``.
        threshold: t of the active generation, the number of shares that sign.
        faults_tolerated: f*, the liars and withholders that a ceremony survives.
        quorum: Confirmations without which no key is activated: t + f*.
        size: n, the committee's size.
        status: ``Active``, ``Rotating``, ``Retired``, ``Pending``, ``Failed``, or ``Absent`` if it
            was never asked for.
        generation: Counts rotations from 0.
        era: Counts public keys from 1.
        public_key: Hex, or None while there is none.
        verification_shares: V_1..V_n, hex; empty while there is no key.
        committee: Names, by share index; empty for one that is drawn and never was.
        qual: Names of the dealers whose deals make up the key.
        attempts: Attempts so far; `attempts_max` is what the scenario allows.
        reason: Why the last attempt failed, or None.
        faults: Of all attempts, proven and not.
        excluded: Dealers that the last attempt excluded.
        shareless: Honest members without a share at the end.
        asked_us: Virtual time at which the key was asked for, or None.
        created_us: Virtual time of the block that holds its creation, or None.
        activation: The committee's first signature, or None.
        test_signature: Or None.
        generations: Every one that was activated, in order.
        rotations: Every one that was asked for, in that order, repairs included.
        sessions: What became of requests for signatures.
        retired_us: Virtual time at which it was retired, or None.
        available: For which part of its life, from 0 to 1, t holders of shares or more were up.
        draw: How the committee was last drawn; None if it never was.

    """

    scheme: str
    threshold: int
    faults_tolerated: int
    quorum: int
    size: int
    status: str
    generation: int
    era: int
    public_key: str | None
    verification_shares: tuple[str, ...]
    committee: tuple[str, ...]
    qual: tuple[str, ...]
    attempts: int
    attempts_max: int
    reason: str | None
    faults: tuple[Fault, ...]
    excluded: tuple[Exclusion, ...]
    shareless: tuple[str, ...]
    asked_us: int | None
    created_us: int | None
    activation: Activation | None
    test_signature: TestSignature | None
    generations: tuple[Generation, ...]
    rotations: tuple[Rotation, ...]
    sessions: SessionCounts
    retired_us: int | None
    available: float | None
    draw: CommitteeDraw | None = None
