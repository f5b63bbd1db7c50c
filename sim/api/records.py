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


class Key(Record, frozen=True):
    """What has become of one key.

    Attributes:
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        threshold: t, the number of shares that sign.
        faults_tolerated: f*, the liars and withholders that a ceremony survives.
        quorum: Confirmations without which no key is activated: t + f*.
        size: n, the committee's size.
        status: ``Active``, ``Pending``, ``Failed``, or ``Absent`` if it was never asked for.
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
        draw: How the committee was drawn; None if the scenario names it.

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
    draw: CommitteeDraw | None = None
