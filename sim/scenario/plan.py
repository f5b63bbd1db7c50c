"""The resolved plan: what a run will do, with nothing left to choose.

A plan is data: it crosses process borders as MessagePack and stands in the run's folder as JSON.
Times are integer microseconds, heights are counts of blocks, validators are registry positions.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.network_plan import LinkFigures, NetworkPlan, Part


class ValidatorPlan(Part, frozen=True):
    """One validator.

    Attributes:
        name: Its name.
        region: What its links are drawn from; may be empty.
        stake: At least 1; all together stay below 2**64.
        standby: Whether it is left out of the registry until it joins.
    """

    name: str
    region: str
    stake: int = 1
    standby: bool = False


class PrincipalPlan(Part, frozen=True):
    """Somebody with an account who is no validator.

    Attributes:
        name: Its name; ``owner`` always exists.
        algorithm: What it signs with.
        authorised: Whether genesis lets it create keys, evict validators and report violations.
    """

    name: str
    algorithm: Literal["Ed25519", "ML-DSA-65"] = "Ed25519"
    authorised: bool = True


class StorePlan(Part, frozen=True):
    """How validators' vaults are locked: with a given key, or one that Argon2id derives.

    Attributes:
        kek: Which.
        t: Argon2id's passes.
        m_kib: Its memory in KiB.
        p: Its lanes.
    """

    kek: Literal["given", "argon2id"] = "given"
    t: int = 3
    m_kib: int = 1 << 16
    p: int = 4


class PhasePlan(Part, frozen=True):
    """Phase lengths in heights; see `sim.protocol.ceremony.PhaseLengths`."""

    announce: int = 15
    deal: int = 90
    respond: int = 15
    grace: int = 5
    justify: int = 15
    open: int = 5
    confirm: int = 30
    sign: int = 5


class LedgerPlan(Part, frozen=True):
    """The ledger's clock and limits.

    Attributes:
        block_time_us: Time between heights.
        epoch_heights: Heights per epoch, for policies.
        genesis_time_us: Unix time of block 0, in µs.
        finality: Validators act on block h once they have received block h + finality.
        block_max: Most transactions per block.
        latency_us: One-way delay of every ledger link; None takes the profile's median link.
        phases: Phase lengths.
    """

    block_time_us: int = 2_000_000
    epoch_heights: int = 1_296_000
    genesis_time_us: int = 1_767_225_600_000_000
    finality: int = 0
    block_max: int = 4096
    latency_us: int | None = None
    phases: PhasePlan = PhasePlan()


class TransportPlan(Part, frozen=True):
    """Retransmission: RTO = max(rto_min, 2 × p90 round trip), doubling to rto_max.

    `retransmissions` None is unlimited. `keys`: whose transport keys shares are sealed to, fresh
    ones of every ceremony, or the registry's long-lived ones to show what those cost.
    """

    rto_min_us: int = 200_000
    rto_max_us: int = 10_000_000
    retransmissions: int | None = None
    keys: Literal["ceremony", "long-lived"] = "ceremony"


class QuotaPlan(Part, frozen=True):
    """Bounds on what a validator accepts: bytes per message, messages in its mailbox."""

    message_max: int = 1 << 20
    mailbox_max: int = 65_536


class PolicyPlan(Part, frozen=True):
    """What a key may be used for; None and empty mean no limit.

    Attributes:
        max_signings_per_epoch: Most sessions let through per epoch.
        contexts: What it may sign in.
        admins: Names of principals.
        principals: Names of principals that may ask for signatures.
        expires_us: Virtual time at which it expires, or None.
        quorum: Least number of signers; 0 is the threshold.
    """

    max_signings_per_epoch: int | None = None
    contexts: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    expires_us: int | None = None
    quorum: int = 0


class RotatePlan(Part, frozen=True):
    """When the chain rotates a key by itself; see `sim.protocol.requests.RotationRules`.

    Attributes:
        on: ``epoch``, ``churn``, ``policy-violation``.
        every: Heights between scheduled refreshes, or None.
        max_age: Heights after which shares are refreshed, or None.
    """

    on: tuple[Literal["epoch", "churn", "policy-violation"], ...] = ()
    every: int | None = None
    max_age: int | None = None


class PartitionPlan(Part, frozen=True):
    """A key's place in a partition, which the chain draws by stake.

    Attributes:
        name: Of the partition: of the key's table in the scenario.
        place: Which of its committees, from 0.
        count: How many there are.
    """

    name: str
    place: int
    count: int


class KeyPlan(Part, frozen=True):
    """A key that the scenario may create; fields as in `sim.protocol.ceremony.Ceremony`.

    Attributes:
        committee: Registry positions, ascending; empty if the chain draws it.
        drawn: How many validators the chain draws by stake, or None.
        partition: Which committee of which partition that is, or None.
        attempts: Most attempts.
        retry_after: Heights from a failure to the next attempt's first, at least 1.
    """

    name: str
    scheme: Literal["ED25519", "SECP256K1", "BLS", "MLDSA", "MLKEM"]
    threshold: int
    faults: int
    committee: tuple[int, ...]
    drawn: int | None = None
    attempts: int = 3
    retry_after: int = 1
    justifications: Literal["sealed", "clear"] = "sealed"
    commitments: Literal["evaluation", "coefficient"] = "evaluation"
    protocol: str = "pedersen"
    complaints: Literal["dispute", "provable"] = "dispute"
    policy: PolicyPlan = PolicyPlan()
    rotate: RotatePlan = RotatePlan()
    partition: PartitionPlan | None = None

    @property
    def table(self) -> str:
        """Its table in `[keys]`: of a partition's keys, the same one."""
        return self.name if self.partition is None else self.partition.name

    @property
    def size(self) -> int:
        """n, the number of members."""
        return len(self.committee) if self.drawn is None else self.drawn


class Trigger(Part, frozen=True):
    """Fires once, at the nth `event` of `node` (None: of anyone) over the run."""

    event: str
    node: int | None
    nth: int


class ActionPlan(Part, frozen=True):
    """One timeline entry: `do` at `at_us`, or when `when` fires.

    Attributes:
        id: The entry's id: given, or a digest of its content plus its occurrence among equals.
        do: Action name.
        at_us: Virtual time; 0 when `when` is set.
        when: The trigger, or None.
        nodes: Places in the network that it concerns (crash, restart, isolate, pause, slow, skew,
            join, leave, evict; in a repair the one whose share is repaired).
        key: The key that it concerns (create-key, sign, rotations, policy, retire).
        by: Name of the principal that asks.
        committee: Of a reshare or rekey: registry positions, ascending; None keeps the present one,
            as changed by `joins` and `leaves`.
        drawn: How many validators the chain draws by stake, or None.
        repartition: Whether the key moves to its committee of a partition drawn anew, or of the
            newest one that there is.
        joins: Who is added to the present committee (reshare, rekey, emergency).
        leaves: Who is taken out of it.
        threshold: Of the new generation; 0 keeps the present one.
        faults: f* of the new generation, or None.
        context: What is signed for (sign).
        message: What is signed (sign).
        policy: The new one (set-policy).
        principal: Whom it is about (authorize, revoke).
        role: As what (authorize).
        groups: Sides of a partition; -1 is the ledger.
        direction: Of a partition between two groups.
        lose: What a crash loses, or one that comes while a disk fails.
        times: How often a crash happens in all, `until_us` down and `up_us` up in between.
        up_us: In a restart loop.
        until_us: Duration after which it undoes itself (heal, restart, resume …), or None.
        service_us: Virtual service time per input (slow).
        drift_ppm: Clock drift (skew).
        target: Id of the entry to undo (heal, release); empty heals every partition, or releases
            every hold.
        sources: Who sends over the links concerned (clog, hold, link); -1 is the ledger.
        targets: Who receives over them.
        by_us: Most delay of a clog; how much longer filtered messages take, 0 if they are dropped;
            how much later transactions count as arrived (delay-ledger).
        kinds: Of messages (filter), or of transactions (delay-ledger, censor; empty for all).
        nth: The first message that a filter hits, for each sender.
        count: How many it hits, or None: all the rest.
        senders: Principals whose transactions are withheld.
        figures: What is different about the links (link).
    """

    id: str
    do: str
    at_us: int = 0
    when: Trigger | None = None
    nodes: tuple[int, ...] = ()
    key: str = ""
    groups: tuple[tuple[int, ...], ...] = ()
    direction: Literal["both", "from-to", "to-from"] = "both"
    lose: Literal["nothing", "unsynced", "all"] = "unsynced"
    until_us: int | None = None
    service_us: int = 0
    drift_ppm: int = 0
    target: str = ""
    sources: tuple[int, ...] = ()
    targets: tuple[int, ...] = ()
    by_us: int = 0
    kinds: tuple[str, ...] = ()
    nth: int = 1
    count: int | None = None
    senders: tuple[str, ...] = ()
    times: int = 1
    up_us: int = 0
    figures: LinkFigures | None = None
    by: str = "owner"
    committee: tuple[int, ...] | None = None
    drawn: int | None = None
    repartition: Literal["anew", "newest"] | None = None
    joins: tuple[int, ...] = ()
    leaves: tuple[int, ...] = ()
    threshold: int = 0
    faults: int | None = None
    context: str = ""
    message: bytes = b""
    policy: PolicyPlan | None = None
    principal: str = ""
    role: Literal["admin", "principal"] = "principal"

    @property
    def lasts_us(self) -> int:
        """For how long it lasts if something ends it, its last turn included; else 0."""
        turn_us = self.until_us or 0
        return self.times * turn_us + (self.times - 1) * self.up_us


class CorruptionPlan(Part, frozen=True):
    """One behaviour on one validator.

    Attributes:
        id: As in `ActionPlan`.
        validator: Registry position.
        behaviour: Catalogue name.
        victims: Registry positions, ascending; empty lets the behaviour choose by its own rule.
        params: The other typed parameters.
        from_us: First instant at which it acts.
        until_us: First instant at which it no longer does, or None.
    """

    id: str
    validator: int
    behaviour: str
    victims: tuple[int, ...] = ()
    params: dict[str, str | int | bool] = msgspec.field(default_factory=dict)
    from_us: int = 0
    until_us: int | None = None


class ExtensionPlan(Part, frozen=True):
    """Code from outside that the run uses.

    Attributes:
        name: What comes before the colon in the names of what it registers.
        sha256: Of its source, 64 hex digits.
    """

    name: str
    sha256: str


class RunPhases(Part, frozen=True):
    """Faults first, then recovery.

    Attributes:
        safety_us: How long faults happen and adversaries act.
        settle_us: How long nothing is demanded after that.
        liveness_us: Within which ceremonies must end after that.
        core: Registry positions of those that are healed when the safety phase ends.
        crashed: Of those that are down for good from then on; everybody else outside the core is
            cut off for good.
    """

    safety_us: int
    settle_us: int
    liveness_us: int
    core: tuple[int, ...]
    crashed: tuple[int, ...] = ()


class CostPlan(Part, frozen=True):
    """A cost model that a scenario brings along.

    Attributes:
        name: Its name.
        source: Where its figures come from.
        nanoseconds: Per operation, for any scheme without a figure of its own.
        schemes: By scheme of the key, figures of its own.
    """

    name: str
    source: str
    nanoseconds: dict[str, int]
    schemes: dict[str, dict[str, int]]


class Plan(Part, frozen=True):
    """A whole run."""

    name: str
    seed: int
    tags: tuple[str, ...]
    duration_us: int | None
    reaction_us: int
    validators: tuple[ValidatorPlan, ...]
    network: NetworkPlan
    ledger: LedgerPlan
    transport: TransportPlan
    cost: str | CostPlan
    quotas: QuotaPlan
    keys: tuple[KeyPlan, ...]
    timeline: tuple[ActionPlan, ...]
    corruptions: tuple[CorruptionPlan, ...]
    expects: tuple[ExpectPlan, ...]
    wall_limit_us: int | None = None
    message_limit: int | None = None
    principals: tuple[PrincipalPlan, ...] = (PrincipalPlan(name="owner"),)
    store: StorePlan = StorePlan()
    extensions: tuple[ExtensionPlan, ...] = ()
    phases: RunPhases | None = None
