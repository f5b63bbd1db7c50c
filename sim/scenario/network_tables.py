"""The tables that describe the network: `[network]` and what stands in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sim.scenario.entry_tables import Selectors
from sim.scenario.fields import (
    Bandwidth,
    Duration,
    PositiveDuration,
    Rate,
    Size,
    Table,
    Unit,
    shape,
)
from sim.scenario.link_tables import LinkBandwidth, Loss


class ProfileTable(Table):
    """Latencies of your own: a file, or a matrix that stands here. No loss but `network.loss`."""

    matrix: Annotated[str, Unit("path")] | None = Field(
        default=None,
        description="A CSV file with p50 and p90 in milliseconds, by path from this file. Either "
        "this, or `regions` and `cells`.",
        examples=["regions.csv"],
    )
    figures: Annotated[Literal["round-trip", "one-way"], Unit("one of")] = Field(
        default="round-trip",
        description="What the figures measure. Latency one way is half of a round trip.",
        examples=["one-way"],
    )
    regions: Annotated[list[str], Unit("names")] | None = Field(
        default=None, description="The regions, in the order of the rows.", examples=[["eu", "us"]]
    )
    cells: Annotated[list[list[str]], Unit("rows of p50/p90 in milliseconds")] | None = Field(
        default=None,
        description="A row for each source, with a figure for each target.",
        examples=[[["3/6", "70/75"], ["70/73", "4/6"]]],
    )


class ReorderTable(Table):
    """Messages held back, so that later ones overtake them."""

    rate: Rate = Field(description="How many are held back.", examples=["1%"])
    by: PositiveDuration = Field(
        default=20_000, description="By exactly how long.", examples=["20ms"]
    )


class BandwidthTable(Table):
    """Every validator's access to the network. Ledger links have no bandwidth."""

    up: Bandwidth | None = Field(
        default=None,
        description="What a validator sends; no limit if absent.",
        examples=["100Mbit/s"],
    )
    down: Bandwidth | None = Field(
        default=None,
        description="What a validator receives; no limit if absent.",
        examples=["100Mbit/s"],
    )
    queue: Size = Field(
        default=1 << 18,
        description="Bytes that may wait or be on their way through, in each direction; more are "
        "dropped. An idle link takes a message of any size.",
        examples=["256KiB"],
    )


class LinkTable(Table):
    """What is different about some links. Of several that set the same figure the last counts."""

    from_: Selectors = Field(
        default="*",
        alias="from",
        description="Who sends over them; may name `ledger`.",
        examples=["region:sa-east-1"],
    )
    to: Selectors = Field(
        default="*", description="Who receives over them; may name `ledger`.", examples=["*"]
    )
    add_latency: Duration = Field(
        default=0,
        description="Added to the latency; several entries add up.",
        examples=["40ms"],
    )
    latency: PositiveDuration | None = Field(
        default=None,
        description="One-way latency without jitter, instead of the profile's; at least 50us.",
        examples=["12ms"],
    )
    loss: Loss | None = Field(
        default=None,
        description="Messages lost, instead of the network's rate.",
        examples=["5%", {"model": "gilbert-elliott", "rate": "2%", "burst": 8}],
    )
    bandwidth: LinkBandwidth | None = Field(
        default=None,
        description="Bandwidth of each of these links by itself, behind the sender's.",
        examples=["1Mbit/s", {"rate": "1Mbit/s", "queue": "64KiB"}],
    )


class NetworkTable(Table):
    """The network between validators."""

    profile: Annotated[
        Annotated[str, Tag("=text")] | Annotated[ProfileTable, Tag("=table")],
        Discriminator(shape),
        Unit("profile, or figures"),
    ] = Field(
        default="ideal",
        description="Latency, jitter and loss of every link; `ksim list profiles` has them all. "
        "Or figures of your own.",
        examples=["aws-10", {"matrix": "regions.csv"}],
    )
    transport: Annotated[Literal["datagram", "stream"], Unit("one of")] = Field(
        default="datagram",
        description="What loss does: it loses the message, or, in a stream, delays it and all that "
        "follow it on the link.",
        examples=["stream"],
    )
    loss: Loss | None = Field(
        default=None,
        description="Messages lost, instead of the profile's rate and bursts. A rate alone loses "
        "each message independently.",
        examples=["1%", {"model": "gilbert-elliott", "rate": "0.1%", "burst": 3}],
    )
    duplicate: Rate = Field(default=0, description="Messages that arrive twice.", examples=["0.5%"])
    reorder: (
        Annotated[
            Annotated[Rate, Tag("=text")] | Annotated[ReorderTable, Tag("=table")],
            Discriminator(shape),
        ]
        | None
    ) = Field(
        default=None,
        description="Messages held back: their rate, or rate and delay.",
        examples=[{"rate": "1%", "by": "20ms"}],
    )
    bandwidth: BandwidthTable | None = Field(
        default=None,
        description="Bandwidth of every validator; no limit if absent.",
        examples=[{"up": "100Mbit/s", "down": "100Mbit/s", "queue": "256KiB"}],
    )
    link: Annotated[list[LinkTable], Unit("entries")] = Field(
        default=[],
        description="What is different about some links.",
        examples=[[{"from": "region:sa-east-1", "to": "*", "add_latency": "40ms"}]],
    )
