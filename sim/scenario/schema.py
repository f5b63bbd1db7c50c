"""The shape of a scenario file, and the text that documents it.

Every key has its unit (from its type), its default, a description and an example; `docs` makes
`docs/scenarios.md` of them and `publish` the JSON Schema. What keys must satisfy together is
checked where they are resolved.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sim.scenario.actions import Action, Nodes
from sim.scenario.environment import (
    CostTable,
    LedgerTable,
    QuotasTable,
    RunTable,
    TransportTable,
    ValidatorsTable,
)
from sim.scenario.expectations import ExpectTable
from sim.scenario.fields import (
    INTEGER_MAX,
    VALIDATORS_MAX,
    Count,
    Duration,
    EntryId,
    Heights,
    Name,
    Positive,
    SchemaVersion,
    Table,
    Threshold,
    Unit,
    shape,
)
from sim.scenario.network_tables import NetworkTable


class PolicyTable(Table):
    """What a key may be used for."""

    max_signings_per_epoch: Positive | None = Field(
        default=None, description="Most signatures per epoch; no limit if absent.", examples=[100]
    )
    contexts: Annotated[list[str], Unit("names")] = Field(
        default=[],
        description="Contexts that signatures may be for; any if empty.",
        examples=[["beacon"]],
    )


class CommitteeTable(Table):
    """A committee that the K-chain draws when the key is asked for, out of all validators.

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


class KeyTable(Table):
    """A key that the run may create. The timeline's `create-key` creates it."""

    scheme: Annotated[Literal["ED25519", "SECP256K1", "BLS"], Unit("one of")] = Field(
        description="What the key signs: Ed25519, BIP-340 or BLS signatures.", examples=["ED25519"]
    )
    protocol: Annotated[Literal["pedersen"], Unit("one of")] = Field(
        default="pedersen",
        description="How it is generated: Pedersen's DKG with proofs of possession.",
        examples=["pedersen"],
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
    committee: Annotated[
        Annotated[str, Tag("=text")]
        | Annotated[list[str], Tag("=list")]
        | Annotated[CommitteeTable, Tag("=table")],
        Discriminator(shape),
        Unit("a selector, a list of them, or a draw"),
    ] = Field(
        default="*",
        description="Who holds shares; seats go in the order of the registry.",
        examples=[
            ["v00", "v01", "v02"],
            ["region:eu-central-1"],
            {"size": 7, "select": "stake"},
        ],
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
    complaints: Annotated[Literal["dispute"], Unit("one of")] = Field(
        default="dispute",
        description="What a justified complaint comes to: a dispute that blames nobody.",
        examples=["dispute"],
    )
    commitments: Annotated[Literal["evaluation", "coefficient"], Unit("one of")] = Field(
        default="evaluation",
        description="Form of the commitments: n + 1 evaluations, or t coefficients.",
        examples=["evaluation"],
    )
    policy: PolicyTable = Field(
        default=PolicyTable(),
        description="What the key may be used for.",
        examples=[{"max_signings_per_epoch": 100}],
    )


class AdversaryTable(Table):
    """A behaviour of some validators, from one virtual time to another."""

    id: EntryId | None = Field(
        default=None,
        description="The entry's name: random picks go by it. A digest of the entry if absent.",
        examples=["liar"],
    )
    nodes: Nodes = Field(
        description="Who misbehaves.", examples=[["v03"], {"pick": "random", "size": "one"}]
    )
    behaviour: Annotated[
        Annotated[str, Tag("=text")] | Annotated[list[str], Tag("=list")],
        Discriminator(shape),
        Unit("a behaviour, or a list of them"),
    ] = Field(
        description="What they do; `ksim list behaviours` has them all.",
        examples=["bad-share-one", ["bad-share-one", "no-justification"]],
    )
    params: Annotated[
        dict[
            str,
            Annotated[
                Annotated[bool, Tag("=flag")]
                | Annotated[
                    int, Field(strict=True, ge=-INTEGER_MAX, le=INTEGER_MAX), Tag("=number")
                ]
                | Annotated[str, Tag("=text")]
                | Annotated[list[str], Tag("=list")],
                Discriminator(
                    lambda value: (
                        "=flag"
                        if isinstance(value, bool)
                        else "=number"
                        if isinstance(value, int)
                        else shape(value)
                    )
                ),
            ],
        ],
        Unit("by behaviour"),
    ] = Field(
        default={},
        description="The behaviours' parameters. `victims` names whom they harm.",
        examples=[{"victims": ["v05"]}],
    )
    from_: Duration = Field(
        default=0, alias="from", description="Virtual time at which it begins.", examples=["75s"]
    )
    until: Duration | None = Field(
        default=None,
        description="Virtual time at which it ends; never if absent.",
        examples=["6m"],
    )


class ScenarioFile(Table):
    """A whole scenario."""

    schema_: SchemaVersion = Field(
        alias="schema", description="Version of this format.", examples=[1]
    )
    extends: Annotated[str, Unit("path")] | None = Field(
        default=None,
        description="A scenario that this one changes, by path from this file. Tables are merged "
        "key by key; inline tables and arrays, `[[…]]` too, are replaced as a whole.",
        examples=["first-key.toml"],
    )
    name: Name = Field(
        description="The scenario's name; results go to a folder of that name.",
        examples=["first-key"],
    )
    tags: Annotated[list[str], Unit("names")] = Field(
        default=[], description="For choosing among scenarios.", examples=[["ci"]]
    )
    run: RunTable = Field(description="Seed and end.", examples=[{"seed": 1}])
    validators: ValidatorsTable = Field(description="Who takes part.", examples=[{"n": 7}])
    network: NetworkTable = Field(
        default=NetworkTable(), description="The network.", examples=[{"profile": "aws-10"}]
    )
    ledger: LedgerTable = Field(
        default=LedgerTable(), description="The ledger.", examples=[{"block_time": "2s"}]
    )
    transport: TransportTable = Field(
        default=TransportTable(),
        description="Retransmission.",
        examples=[{"retransmissions": 3}],
    )
    cost: CostTable = Field(
        default=CostTable(), description="Computing time.", examples=[{"model": "instant"}]
    )
    quotas: QuotasTable = Field(
        default=QuotasTable(), description="Limits.", examples=[{"message_max": "1MiB"}]
    )
    keys: Annotated[dict[Name, KeyTable], Unit("tables by name")] = Field(
        default={},
        description="Keys by name.",
        examples=[{"beacon": {"scheme": "ED25519", "threshold": 5}}],
    )
    timeline: Annotated[list[Action], Unit("entries")] = Field(
        default=[],
        description="What happens, and when.",
        examples=[[{"at": "0s", "do": "create-key", "key": "beacon"}]],
    )
    adversary: Annotated[list[AdversaryTable], Unit("entries")] = Field(
        default=[],
        description="Who misbehaves.",
        examples=[[{"nodes": ["v03"], "behaviour": "silent-dealer"}]],
    )
    expect: Annotated[list[ExpectTable], Unit("entries")] = Field(
        default=[],
        description="What must come of it.",
        examples=[[{"key": "beacon", "ceremony": "completed"}]],
    )
