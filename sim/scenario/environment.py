"""The tables that describe the run and its surroundings; `network_tables` has the network's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.entry_tables import Selectors
from sim.scenario.fields import (
    INTEGER_MAX,
    NAMING_PATTERN,
    VALIDATORS_MAX,
    Duration,
    Genesis,
    Heights,
    Name,
    Positive,
    PositiveDuration,
    Shape,
    Size,
    Stake,
    Table,
    Unit,
    json_text,
    shape,
)


class RunPhasesTable(Table):
    """Safety first, then liveness: faults and adversaries for a while, then proof of recovery.

    All faults belong in `safety`. At its end a core of validators is healed, a quorum of every
    committee at least; everybody else is lost for good, and adversaries give up. `settle` lets what
    was cut off come back. By the end of `liveness` the core must have ended every ceremony (else
    exit code 4), unless fewer than t good shares of the key are left in it.
    """

    safety: PositiveDuration = Field(
        description="For how long faults happen and adversaries act.", examples=["6m"]
    )
    settle: PositiveDuration = Field(
        description="For how long nothing is demanded after that.", examples=["30s"]
    )
    liveness: PositiveDuration = Field(
        description="The budget within which ceremonies must end.", examples=["3m30s"]
    )
    core: Selectors | None = Field(
        default=None,
        description="Who is healed; if absent, as few as a quorum of every committee allows, by "
        "lot.",
        examples=[["v01", "v02", "v03"]],
    )


class RunTable(Table):
    """How the run is seeded and when it ends."""

    seed: Annotated[
        Annotated[int, Field(strict=True, ge=0, le=INTEGER_MAX), Tag("=number")]
        | Annotated[Literal["random"], Tag("=text")],
        Discriminator(lambda value: "=text" if isinstance(value, str) else "=number"),
        Unit('a number, or "random"'),
    ] = Field(
        description="Everything random in the run follows from it. `random` draws one, which is "
        "printed and stored.",
        examples=[20261122],
    )
    duration: PositiveDuration | None = Field(
        default=None,
        description="Virtual time after which the run ends. If absent, it ends when no ceremony, "
        "session or timeline entry is open. Required with `halt-ledger`.",
        examples=["10m"],
    )
    phases: RunPhasesTable | None = Field(
        default=None,
        description="Faults first, then recovery; the three together are the duration.",
        examples=[{"safety": "6m", "settle": "30s", "liveness": "3m30s"}],
    )
    reaction: PositiveDuration = Field(
        default=20_000,
        description="Time from a trigger on one validator to its action on another.",
        examples=["20ms"],
    )
    wall_limit: PositiveDuration | None = Field(
        default=None,
        description="Real time after which the run is given up (exit code 7).",
        examples=["5m"],
    )
    message_limit: Positive | None = Field(
        default=None,
        description="Messages after which the run is given up (exit code 7).",
        examples=[1_000_000],
    )


STAKE_MIN: Final = 1000
"""The smallest stake of a distribution: fine enough that rounding to whole numbers hardly shows."""


class StakeTable(Table):
    """Stakes drawn before the run, each by the run's seed and the validator's name."""

    dist: Annotated[Literal["pareto"], Unit("one of")] = Field(
        description="The distribution. Pareto's gives few validators most of the stake.",
        examples=["pareto"],
    )
    shape: Shape = Field(
        description="How unequal they are: a stake is above s with probability (1000/s)^shape, "
        "so 1000 is the smallest. In 1 … 100; 1.16 gives a fifth of them four fifths.",
        examples=[1.2],
    )


class ArgonTable(Table):
    """Derives the key by Argon2id, once per start of a validator."""

    t: Annotated[int, Field(strict=True, ge=1, le=1000), Unit("passes")] = Field(
        default=3, description="Passes over the memory.", examples=[3]
    )
    m: Size = Field(
        default=1 << 26,
        description="Its memory: whole KiB, at least 8 per lane, at most 4GiB.",
        examples=["64MiB"],
    )
    p: Annotated[int, Field(strict=True, ge=1, le=255), Unit("lanes")] = Field(
        default=4, description="Lanes.", examples=[4]
    )


class StoreTable(Table):
    """How validators' vaults are locked, with one of these."""

    kek: Annotated[Literal["given"], Unit("one of")] | None = Field(
        default=None,
        description="The key that wraps the keys of shares is given to each validator.",
        examples=["given"],
    )
    argon2id: ArgonTable | None = Field(
        default=None,
        description="It is derived from a passphrase; takes real time at every start.",
        examples=[{"t": 3, "m": "64MiB", "p": 4}],
    )


class ValidatorsTable(Table):
    """Who takes part, and where they stand."""

    n: Annotated[int, Field(strict=True, ge=1, le=VALIDATORS_MAX), Unit("validators")] = Field(
        description="How many there are.", examples=[7]
    )
    names: Annotated[
        Annotated[str, json_text(NAMING_PATTERN), Tag("=text")]
        | Annotated[list[str], Tag("=list")],
        Discriminator(shape),
        Unit("a pattern, or a list of names"),
    ] = Field(
        default="v{:02}",
        description="Their names: a pattern for the position, counted from 0, or all n of them.",
        examples=["node-{}", ["ada", "bob", "cyn"]],
    )
    stake: Annotated[
        Annotated[Literal["equal"], Tag("=text")]
        | Annotated[list[Stake], Tag("=list")]
        | Annotated[StakeTable, Tag("=table")],
        Discriminator(shape),
        Unit('"equal", a stake each, or a distribution'),
    ] = Field(
        default="equal",
        description="What each has at stake, in units: committees can be drawn in proportion.",
        examples=["equal", [40, 25, 25, 4, 3, 2, 1], {"dist": "pareto", "shape": 1.2}],
    )
    placement: (
        Annotated[
            Annotated[
                dict[str, Annotated[int, Field(strict=True, ge=0, le=VALIDATORS_MAX)]],
                Tag("=table"),
            ]
            | Annotated[list[str], Tag("=list")],
            Discriminator(shape),
            Unit("validators per region, or a region each"),
        ]
        | None
    ) = Field(
        default=None,
        description="Regions, in order: how many validators each has, or the region of each "
        "validator. If absent, validators take turns through the profile's regions.",
        examples=[{"eu-central-1": 4, "us-east-1": 3}],
    )
    standby: (
        Annotated[
            Annotated[int, Field(strict=True, ge=0, le=VALIDATORS_MAX), Tag("=number")]
            | Annotated[list[str], Tag("=list")],
            Discriminator(lambda value: "=list" if isinstance(value, list) else "=number"),
            Unit("a count, or names"),
        ]
        | None
    ) = Field(
        default=None,
        description="Who is left out of the registry until a `join`: so many of the last, or "
        "those. Nobody if absent.",
        examples=[4, ["v07", "v09"]],
    )
    store: StoreTable = Field(
        default=StoreTable(),
        description="How their vaults are locked; with a given key if absent.",
        examples=[{"kek": "given"}, {"argon2id": {"t": 3, "m": "64MiB", "p": 4}}],
    )


class PhasesTable(Table):
    """Lengths of a ceremony's phases. A phase ends early when it is complete."""

    announce: Heights = Field(
        default=15, description="Members post their transport keys.", examples=[15]
    )
    deal: Heights = Field(default=90, description="Dealers post deals.", examples=[90])
    respond: Heights = Field(
        default=15, description="Holders post responses and complaints.", examples=[15]
    )
    grace: Heights = Field(
        default=5,
        description="How long after deal a holder waits for late shares before it complains.",
        examples=[5],
    )
    justify: Heights = Field(
        default=15, description="Accused dealers answer complaints.", examples=[15]
    )
    open: Heights = Field(
        default=5, description="Accusers open bad answers that came sealed.", examples=[5]
    )
    confirm: Heights = Field(
        default=30, description="Members prove that they hold their share.", examples=[30]
    )
    sign: Heights = Field(
        default=5, description="Each set of signers signs the activation.", examples=[5]
    )


class LedgerTable(Table):
    """The K-chain's ledger."""

    block_time: PositiveDuration = Field(
        default=2_000_000, description="Time between heights.", examples=["2s"]
    )
    epoch: PositiveDuration = Field(
        default=2_592_000_000_000,
        description="Length of an epoch, for policies; whole heights.",
        examples=["30d"],
    )
    genesis_time: Genesis = Field(
        default=datetime(2026, 1, 1, tzinfo=UTC),
        description="Time of block 0.",
        examples=["2026-01-01T00:00:00Z"],
    )
    finality: Annotated[int, Field(strict=True, ge=0, le=1000), Unit("heights")] = Field(
        default=0,
        description="Validators act on block h once they have received block h + finality.",
        examples=[1],
    )
    block_max: Annotated[int, Field(strict=True, ge=1, le=1_000_000), Unit("transactions")] = Field(
        default=4096,
        description="Most transactions in a block; at least twice the largest committee.",
        examples=[4096],
    )
    latency: Annotated[
        Annotated[Literal["median"], Tag("=word")] | Annotated[Duration, Tag("=text")],
        Discriminator(lambda value: "=word" if value == "median" else "=text"),
        Unit('"median", or a duration'),
    ] = Field(
        default="median",
        description="One-way delay of a validator's link to the ledger: that of its median link, "
        "or fixed.",
        examples=["median", "40ms"],
    )
    phases: PhasesTable = Field(
        default=PhasesTable(), description="Phase lengths.", examples=[{"deal": 30}]
    )


class TransportTable(Table):
    """How shares are sealed and sent.

    They are sent again after max(rto_min, twice the p90 round trip), then doubling.
    """

    rto_min: PositiveDuration = Field(
        default=200_000, description="Shortest first wait.", examples=["200ms"]
    )
    rto_max: PositiveDuration = Field(
        default=10_000_000, description="Longest wait.", examples=["10s"]
    )
    retransmissions: Annotated[
        Annotated[Literal["unlimited"], Tag("=text")]
        | Annotated[int, Field(strict=True, ge=0, le=INTEGER_MAX), Tag("=number")],
        Discriminator(lambda value: "=text" if isinstance(value, str) else "=number"),
        Unit('a count, or "unlimited"'),
    ] = Field(
        default="unlimited",
        description="How often a share is sent again at most.",
        examples=["unlimited", 3],
    )
    keys: Annotated[Literal["ceremony", "long-lived"], Unit("one of")] = Field(
        default="ceremony",
        description="Which transport keys shares are sealed to: fresh ones of every ceremony, or "
        "the registry's long-lived ones, to show what those cost.",
        examples=["long-lived"],
    )


Prices: TypeAlias = Annotated[
    dict[str, Annotated[int, Field(strict=True, ge=0, le=INTEGER_MAX)]], Unit("ns by operation")
]


class CostModelTable(Table):
    """What each operation takes: the content of a file as `ksim calibrate` writes it."""

    format: Annotated[Literal["kchain-costs"], Unit("one of")] = Field(
        default="kchain-costs", description="What it is.", examples=["kchain-costs"]
    )
    version: Annotated[Literal[1], Unit("number")] = Field(
        default=1, description="Version of this format.", examples=[1]
    )
    name: Name = Field(description="The model's name.", examples=["my-machine"])
    source: Annotated[str, Field(max_length=2000), Unit("text")] = Field(
        description="Where the figures come from.", examples=["measured on 2026-11-30: …"]
    )
    nanoseconds: Prices = Field(
        default={},
        description="Per operation, for every scheme without a figure of its own; operations that "
        "are not named are free.",
        examples=[{"seal": 61_000}],
    )
    schemes: Annotated[dict[str, Prices], Unit("prices by scheme")] = Field(
        default={},
        description="By scheme of the key, its own figures. In a run with keys of several schemes "
        "each operation takes what it does in the dearest of them.",
        examples=[{"BLS": {"exp.base": 37_000}}],
    )
    measured: Annotated[list[dict[str, Any]], Unit("entries")] = Field(
        default=[],
        description="What the figures were made from; nothing depends on it.",
        examples=[[{"operation": "seal", "least": 61_000, "median": 63_000}]],
    )


class CostTable(Table):
    """How long computing takes in virtual time."""

    model: Annotated[
        Annotated[str, Tag("=text")] | Annotated[CostModelTable, Tag("=table")],
        Discriminator(shape),
        Unit("cost model, file, or figures"),
    ] = Field(
        default="instant",
        description="The table of what each operation takes; `instant` makes all of them free. A "
        "name, or a file as `ksim calibrate` writes it, whose name ends in `.toml`, by path from "
        "this file.",
        examples=["instant", "./my-machine.toml"],
    )


class QuotasTable(Table):
    """What a validator accepts at most."""

    message_max: Size = Field(default=1 << 20, description="Longest message.", examples=["1MiB"])
    mailbox_max: Positive = Field(
        default=65_536, description="Most messages that wait.", examples=[65_536]
    )
