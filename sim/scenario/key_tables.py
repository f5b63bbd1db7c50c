"""What keys are made with: schemes, committees, policies, and when they are rotated."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.fields import (
    VALIDATORS_MAX,
    Count,
    Heights,
    Positive,
    PositiveDuration,
    Table,
    Threshold,
    Unit,
    shape,
)


class PolicyTable(Table):
    """What a key may be used for, and by whom. Its owner may always do everything."""

    max_signings_per_epoch: (
        Annotated[int, Field(strict=True, ge=1, le=1 << 20), Unit("count")] | None
    ) = Field(
        default=None,
        description="Most signing sessions let through per epoch; no limit if absent.",
        examples=[100],
    )
    contexts: Annotated[list[str], Unit("names")] = Field(
        default=[],
        description="Contexts that signatures may be for; any if empty.",
        examples=[["beacon"]],
    )
    admins: Annotated[list[str], Unit("principals")] = Field(
        default=[],
        description="Who may rotate and retire the key and change its policy, besides its owner.",
        examples=[["ops"]],
    )
    principals: Annotated[list[str], Unit("principals")] = Field(
        default=[],
        description="Who may ask for signatures, besides owner and admins; if empty, everybody "
        "that is authorised at genesis.",
        examples=[["wallet"]],
    )
    expires: PositiveDuration | None = Field(
        default=None,
        description="Virtual time from which nobody but the owner may do anything with it; never "
        "if absent.",
        examples=["180d"],
    )
    quorum: Positive | None = Field(
        default=None,
        description="Least number of signers of a session, t … n; the threshold if absent.",
        examples=[6],
    )


class RotateTable(Table):
    """When the K-chain rotates a key by itself: each starts once nothing else is pending.

    Keys that can't be shared, MLDSA and MLKEM, have no such rules; a key with threshold 1 can't be
    refreshed, so it may only be reshared, on `epoch` and `churn`.
    """

    on: Annotated[
        list[Annotated[Literal["epoch", "churn", "policy-violation"], Unit("one of")]],
        Unit("any of `epoch`, `churn`, `policy-violation`"),
    ] = Field(
        default=[],
        description="`epoch`: reshare at every epoch boundary, to a committee drawn anew. `churn`: "
        "the same at boundaries at which a member has gone. `policy-violation`: refresh when "
        "surveillance reports a request that the policy forbids.",
        examples=[["epoch", "policy-violation"]],
    )
    every: PositiveDuration | None = Field(
        default=None,
        description="Refresh so often, counted from the key's creation; whole heights.",
        examples=["7d"],
    )
    max_age: PositiveDuration | None = Field(
        default=None,
        description="Refresh shares that are so old, if nothing else has renewed them; whole "
        "heights.",
        examples=["30d"],
    )


class CommitteeTable(Table):
    """A committee that the K-chain draws when the key is asked for, out of its registry.

    The draw follows from the block before, so nobody knows before the run who will sit on it:
    `committee:KEY`, `standby` and picks out of such a committee are errors, unless all are in it.
    """

    size: Annotated[int, Field(strict=True, ge=1, le=VALIDATORS_MAX), Unit("validators")] = Field(
        description="How many members it has; n in the threshold's expression.", examples=[7]
    )
    select: Annotated[Literal["stake"], Unit("one of")] = Field(
        description="How they are drawn: in proportion to stake, without replacement.",
        examples=["stake"],
    )
    partition: (
        Annotated[int, Field(strict=True, ge=1, le=VALIDATORS_MAX), Unit("committees")] | None
    ) = Field(
        default=None,
        description="Only in `[keys.NAME]`: that many committees of `size` at once, none of which "
        "shares a validator with another, each with a key of its own: `NAME-00`, `NAME-01`, ….",
        examples=[16],
    )


Committee: TypeAlias = Annotated[
    Annotated[str, Tag("=text")]
    | Annotated[list[str], Tag("=list")]
    | Annotated[CommitteeTable, Tag("=table")],
    Discriminator(shape),
    Unit("a selector, a list of them, or a draw"),
]


class KeyTable(Table):
    """A key that the run may create. The timeline's `create-key` creates it."""

    scheme: Annotated[Literal["ED25519", "SECP256K1", "BLS", "MLDSA", "MLKEM"], Unit("one of")] = (
        Field(
            description="What the key signs: Ed25519, BIP-340 or BLS signatures. MLDSA and MLKEM "
            "keys can't be shared here: their committee is one validator, and their threshold 1.",
            examples=["ED25519"],
        )
    )
    protocol: Annotated[str, Unit("protocol")] = Field(
        default="pedersen",
        description="How it is generated: Pedersen's DKG with proofs of possession; `gjkr`, "
        "whose key nobody can bias; `commit-reveal`, Pedersen's with digests of all deals first; "
        "`frost`, which any fault or complaint aborts; or an extension's. `ksim list protocols` "
        "has them all. Rotations are the same whatever generated the key.",
        examples=["gjkr"],
    )
    threshold: Threshold = Field(
        description="t: how many shares sign, 1 … n. In an expression n is the committee's size "
        "and N the number of validators; division rounds down.",
        examples=[5, "2n/3+1"],
    )
    faults: Count | None = Field(
        default=None,
        description="f*: liars and withholders that a ceremony survives; at most t − 1, and "
        "n ≥ t + 2f*. If absent, the most that both allow.",
        examples=[1],
    )
    committee: Committee = Field(
        default="*",
        description="Who holds shares, out of those in the registry; seats go in its order.",
        examples=[
            ["v00", "v01", "v02"],
            ["region:eu-central-1"],
            {"size": 7, "select": "stake"},
            {"partition": 16, "size": 64, "select": "stake"},
        ],
    )
    indices: Annotated[list[Annotated[int, Field(strict=True)]], Unit("numbers")] | None = Field(
        default=None,
        description="The x-coordinates of the shares, in the order of the seats. They are 1 … n, "
        "and anything else is refused.",
        examples=[[1, 2, 3]],
    )
    attempts: Annotated[int, Field(strict=True, ge=1, le=1000), Unit("count")] = Field(
        default=3, description="Most attempts before the ceremony has failed.", examples=[3]
    )
    retry_after: Heights = Field(
        default=1,
        description="Heights from a failed attempt to the first of the next.",
        examples=[1],
    )
    justifications: Annotated[Literal["sealed", "clear"], Unit("one of")] = Field(
        default="sealed",
        description="How dealers answer for lost shares; `clear` is there to show what it leaks.",
        examples=["sealed"],
    )
    complaints: Annotated[Literal["dispute", "provable"], Unit("one of")] = Field(
        default="dispute",
        description="What a complaint about a bad share comes to, in every ceremony of the key: a "
        "`dispute` that blames nobody, if it is answered; or it opens the envelope for everybody "
        "(`provable`), which proves the dealer's fault or the accuser's.",
        examples=["provable"],
    )
    commitments: Annotated[Literal["evaluation", "coefficient"], Unit("one of")] | None = Field(
        default=None,
        description="Form of the commitments: n + 1 evaluations, or t coefficients. If absent, the "
        "evaluations; with `frost` the coefficients, which it can't do without.",
        examples=["evaluation"],
    )
    policy: PolicyTable = Field(
        default=PolicyTable(),
        description="What the key may be used for.",
        examples=[{"max_signings_per_epoch": 100}],
    )
    rotate: RotateTable = Field(
        default=RotateTable(),
        description="When it is rotated by itself; never if absent.",
        examples=[{"on": ["epoch"], "every": "7d", "max_age": "30d"}],
    )
