"""What links may be given, by `[network]`, by `[[network.link]]` and by the timeline's `link`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.fields import Bandwidth, BurstLength, Rate, Size, Table, Unit, shape


class LossTable(Table):
    """Loss by a named model."""

    model: Annotated[Literal["bernoulli", "gilbert-elliott"], Unit("one of")] = Field(
        default="bernoulli",
        description="Each message is lost or not, independently of the others; or links have "
        "bursts, in which every message is lost.",
        examples=["gilbert-elliott"],
    )
    rate: Rate = Field(description="How many are lost.", examples=["0.1%"])
    burst: BurstLength | None = Field(
        default=None,
        description="Mean length of a burst, 1 … 100; needed by `gilbert-elliott`, which can lose "
        "burst/(burst + 1) of all messages at most.",
        examples=[3],
    )


class LinkBandwidthTable(Table):
    """Bandwidth of a link by itself."""

    rate: Bandwidth = Field(description="What it carries.", examples=["1Mbit/s"])
    queue: Size = Field(
        default=1 << 18,
        description="Bytes that may wait for it or be on their way through; more are dropped.",
        examples=["64KiB"],
    )


Loss: TypeAlias = Annotated[
    Annotated[Rate, Tag("=text")] | Annotated[LossTable, Tag("=table")],
    Discriminator(shape),
]
LinkBandwidth: TypeAlias = Annotated[
    Annotated[Bandwidth, Tag("=text")] | Annotated[LinkBandwidthTable, Tag("=table")],
    Discriminator(shape),
]
