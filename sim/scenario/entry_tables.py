"""What timeline entries have in common: when they happen, how often, and whom they concern."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.fields import (
    INTEGER_MAX,
    Duration,
    EntryId,
    Positive,
    PositiveDuration,
    Table,
    Unit,
    shape,
)

Selectors: TypeAlias = Annotated[
    Annotated[str, Tag("=text")] | Annotated[list[str], Tag("=list")],
    Discriminator(shape),
    Unit("a selector, or a list of them"),
]


class WhenTable(Table):
    """Waits for something to happen instead of for a time. It fires once."""

    event: Annotated[str, Unit("event")] = Field(
        description="What to wait for; `ksim list events` has them all.",
        examples=["deal-submitted"],
    )
    node: Annotated[str, Unit("validator")] | None = Field(
        default=None,
        description="Whose events count; anyone's if absent, by time, validator and order.",
        examples=["v05"],
    )
    nth: Annotated[int, Field(strict=True, ge=1, le=INTEGER_MAX), Unit("count")] = Field(
        default=1,
        description="Which one of them, counted over the run and across restarts.",
        examples=[3],
    )


class EveryTable(Table):
    """Lets an entry happen again and again: at even intervals, or by chance (a Poisson process).

    Every occurrence is an entry of its own, ID/1, ID/2, … in the plan, with picks of its own. It
    ends before `until`, after `count` occurrences, and with the run, whichever comes first.
    """

    mean: PositiveDuration = Field(
        description="From one occurrence to the next: always, or on average.", examples=["90s"]
    )
    dist: Annotated[Literal["fixed", "poisson"], Unit("one of")] = Field(
        default="fixed",
        description="`fixed`: evenly, first at `at`, or after one interval if that is absent. "
        "`poisson`: each wait is drawn by the run's seed and the entry's `id`, the first from `at` "
        "on, or from the start.",
        examples=["poisson"],
    )
    until: PositiveDuration | None = Field(
        default=None, description="Virtual time before which the last one happens.", examples=["6m"]
    )
    count: Positive | None = Field(
        default=None, description="How many there are at most.", examples=[10]
    )


Every: TypeAlias = Annotated[
    Annotated[PositiveDuration, Tag("=text")] | Annotated[EveryTable, Tag("=table")],
    Discriminator(shape),
]


class PickTable(Table):
    """Chooses validators by lot, before the run starts: by the run's seed and the entry's `id`.

    An entry that happens again and again chooses anew for every occurrence.
    """

    pick: Annotated[Literal["random", "stake"], Unit("one of")] = Field(
        description="How to choose: as many as `size` says, or as long as their stakes together "
        "stay within `share`.",
        examples=["random", "stake"],
    )
    size: (
        Annotated[
            Annotated[Literal["one", "<1/3", "t-1", "t", "all"], Tag("=text")]
            | Annotated[int, Field(strict=True, ge=1, le=10_000), Tag("=number")],
            Discriminator(lambda value: "=text" if isinstance(value, str) else "=number"),
            Unit("a word or a count"),
        ]
        | None
    ) = Field(
        default=None,
        description="How many: a count, or a word. `<1/3` is the most that is below a third; "
        "`t-1` and `t` go by the threshold of `key`. With `random` alone, which needs it.",
        examples=["one", "t-1", 2],
    )
    share: Annotated[Literal["<1/3", "<1/2", "<2/3"], Unit("one of")] | None = Field(
        default=None,
        description="How much of the stake of those that are chosen from: validators are taken by "
        "lot, and whoever would be too much is passed over. With `stake` alone, which needs it.",
        examples=["<1/3"],
    )
    from_: Selectors | None = Field(
        default=None,
        alias="from",
        description="Out of whom; the committee of `key` if absent.",
        examples=["region:eu-central-1"],
    )
    key: Annotated[str, Unit("key")] | None = Field(
        default=None,
        description="Whose committee and threshold are meant; may be absent if there is one key.",
        examples=["beacon"],
    )


Nodes: TypeAlias = Annotated[
    Annotated[str, Tag("=text")]
    | Annotated[list[str], Tag("=list")]
    | Annotated[PickTable, Tag("=table")],
    Discriminator(shape),
    Unit("a selector, a list of them, or a pick"),
]


class Entry(Table):
    """What every timeline entry has."""

    id: EntryId | None = Field(
        default=None,
        description="The entry's name: random picks go by it and `heal` refers to it. "
        "A digest of the entry if absent.",
        examples=["split"],
    )
    at: Duration | None = Field(
        default=None,
        description="Virtual time at which it happens, with `every` from which on.",
        examples=["75s"],
    )
    when: WhenTable | None = Field(
        default=None,
        description="What it waits for instead of a time.",
        examples=[{"event": "deal-submitted", "node": "v05"}],
    )
    every: Annotated[Every, Unit("duration, or more in a table")] | None = Field(
        default=None,
        description="Lets it happen again and again, so long apart; not with `when`.",
        examples=["24h", {"mean": "90s", "dist": "poisson", "until": "6m"}],
    )


class NodeEntry(Entry):
    """An entry about some validators."""

    node: Annotated[str, Unit("validator")] | None = Field(
        default=None, description="The validator concerned.", examples=["v05"]
    )
    nodes: Nodes | None = Field(
        default=None,
        description="The validators concerned, if they are several; either this or `node`.",
        examples=[["v05", "region:sa-east-1"]],
    )


class LinkEntry(Entry):
    """An entry about some links; each has one direction."""

    from_: Selectors = Field(
        default="*",
        alias="from",
        description="Who sends over the links; may name `ledger`.",
        examples=["region:sa-east-1"],
    )
    to: Selectors = Field(
        default="*", description="Who receives over them; may name `ledger`.", examples=["v05"]
    )
