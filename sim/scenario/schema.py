"""The shape of a scenario file, and the text that documents it.

Every key has its unit (from its type), its default, a description and an example; `docs` makes
`docs/scenarios.md` of them and `publish` the JSON Schema. What keys must satisfy together is
checked where they are resolved.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from sim.scenario.actions import Action
from sim.scenario.entry_tables import Nodes
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
    Duration,
    EntryId,
    Name,
    Positive,
    PositiveDuration,
    SchemaVersion,
    Table,
    Unit,
    shape,
)
from sim.scenario.key_tables import KeyTable
from sim.scenario.network_tables import NetworkTable


class PrincipalTable(Table):
    """Somebody with an account who is no validator. One called `owner` always exists."""

    algorithm: Annotated[Literal["Ed25519", "ML-DSA-65"], Unit("one of")] = Field(
        default="Ed25519", description="What it signs with.", examples=["ML-DSA-65"]
    )
    authorised: Annotated[bool, Unit("true or false")] = Field(
        default=True,
        description="Whether genesis lets it create keys, evict validators, and ask for signatures "
        "under policies that name nobody.",
        examples=[False],
    )


class AdversaryTable(Table):
    """A behaviour of some validators, from one virtual time to another.

    With `every`, a mobile adversary: it moves on to others, period after period.
    """

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
    every: PositiveDuration | None = Field(
        default=None,
        description="Lets the pick in `nodes` be drawn anew for every period of this length, until "
        "`until` or the end of the run; the behaviour leaves whom it isn't drawn for.",
        examples=["30d"],
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


class UseTable(Table):
    """An extension whose content is fixed."""

    file: Annotated[str, Unit("path")] = Field(
        description="Its file, by path from the file in which this stands.",
        examples=["./my_attack.py"],
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Unit("64 hex digits")] | None = Field(
        default=None,
        description="What its SHA-256 must be; anything if absent.",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )


class SweepTable(Table):
    """Many runs of one scenario, for `ksim sweep`: every other key is the dotted key of a value.

    `"keys.beacon.threshold" = [4, 5]` makes the runs with either value; several such keys multiply.
    What is no array overrides the value in every run, as does an array with one entry. Every point
    of the grid is run with the seeds `run.seed`, `run.seed` + 1, … `ksim run` ignores all of it.
    """

    model_config = ConfigDict(extra="allow")

    seeds: Positive = Field(
        default=1, description="How many runs each point has, with a seed each.", examples=[50]
    )
    zip: Annotated[list[list[str]], Unit("arrays of dotted keys")] = Field(
        default=[],
        description="Keys of this table whose arrays, of one length, go together instead of "
        "multiplying: the first value of each, then the second of each.",
        examples=[[["validators.n", "keys.beacon.committee.size"]]],
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
    use: Annotated[
        list[
            Annotated[
                Annotated[str, Tag("=text")] | Annotated[UseTable, Tag("=table")],
                Discriminator(shape),
            ]
        ],
        Unit("paths, or names of distributions"),
    ] = Field(
        default=[],
        description="Extensions: Python files, by path from this file, or installed distributions. "
        "What they register is called `my_attack:rusher` here; `docs/extending.md` shows how.",
        examples=[["./my_attack.py"]],
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
    principals: Annotated[dict[Name, PrincipalTable], Unit("tables by name")] = Field(
        default={},
        description="Who has an account besides the validators, by name.",
        examples=[{"ops": {"algorithm": "ML-DSA-65"}}],
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
    sweep: SweepTable | None = Field(
        default=None,
        description="The grid of `ksim sweep`.",
        examples=[{"network.loss": ["0%", "1%"], "seeds": 50}],
    )
    expect: Annotated[list[ExpectTable], Unit("entries")] = Field(
        default=[],
        description="What must come of it.",
        examples=[[{"key": "beacon", "ceremony": "completed"}]],
    )
