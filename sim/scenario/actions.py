"""The entries of `[[timeline]]`: one model per action, so that each has its own keys."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.fields import (
    INTEGER_MAX,
    Duration,
    EntryId,
    PositiveDuration,
    Table,
    UndoAt,
    Unit,
    shape,
)
from sim.scenario.link_tables import LinkBandwidth, Loss

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


class PickTable(Table):
    """Chooses validators by lot, before the run starts: by the run's seed and the entry's `id`."""

    pick: Annotated[Literal["random"], Unit("one of")] = Field(
        description="How to choose.", examples=["random"]
    )
    size: Annotated[
        Annotated[Literal["one", "<1/3", "t-1", "t", "all"], Tag("=text")]
        | Annotated[int, Field(strict=True, ge=1, le=10_000), Tag("=number")],
        Discriminator(lambda value: "=text" if isinstance(value, str) else "=number"),
        Unit("a word or a count"),
    ] = Field(
        description="How many: a count, or a word. `<1/3` is the most that is below a third; "
        "`t-1` and `t` go by the threshold of `key`.",
        examples=["one", "t-1", 2],
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
        description="Virtual time at which it happens; either this or `when`.",
        examples=["75s"],
    )
    when: WhenTable | None = Field(
        default=None,
        description="What it waits for instead.",
        examples=[{"event": "deal-submitted", "node": "v05"}],
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


def _undo(what: str, example: str) -> Any:
    return Field(default=None, description=what, examples=[example])


class CreateKey(Entry):
    """Ask the K-chain for a key: its owner submits CreateKey and the ceremony begins."""

    do: Literal["create-key"]
    key: Annotated[str, Unit("key")] = Field(
        description="The key to create, one of `[keys]`.", examples=["beacon"]
    )


class Crash(NodeEntry):
    """Stop validators at once: memory is lost, and of the store what `lose` says."""

    do: Literal["crash"]
    lose: Annotated[Literal["nothing", "unsynced", "all"], Unit("one of")] = Field(
        default="unsynced",
        description="What the store loses: nothing, what wasn't flushed, or everything.",
        examples=["all"],
    )
    restart: UndoAt | None = _undo("When they start again; never if absent.", "after 20s")


class Restart(NodeEntry):
    """Start validators that crashed."""

    do: Literal["restart"]


class Pause(NodeEntry):
    """Freeze validators: messages wait, timers fire late."""

    do: Literal["pause"]
    resume: UndoAt | None = _undo("When they go on; never if absent.", "after 5s")


class Resume(NodeEntry):
    """Let paused validators go on."""

    do: Literal["resume"]


class Slow(NodeEntry):
    """Let validators spend virtual time on every input."""

    do: Literal["slow"]
    service: PositiveDuration = Field(
        description="Virtual time that each input takes.", examples=["50ms"]
    )
    restore: UndoAt | None = _undo("When they are fast again; never if absent.", "after 30s")


class Skew(NodeEntry):
    """Let the clocks of validators drift: their retransmission timers run fast or slow.

    What a clock shows matters to nobody yet, so it can't be set wrong by a constant.
    """

    do: Literal["skew"]
    drift: Annotated[int, Field(strict=True, ge=-500_000, le=500_000), Unit("ppm")] = Field(
        description="How much the clock gains, in parts per million; not 0.", examples=[200]
    )
    restore: UndoAt | None = _undo("When the clocks are right again; never if absent.", "after 1m")


class Partition(Entry):
    """Cut groups of validators off from each other; who is in no group reaches everybody."""

    do: Literal["partition"]
    groups: Annotated[list[Selectors], Unit("two or more groups of selectors")] = Field(
        description="The sides. `ledger` stands for the ledger; if no group names it, everybody "
        "still reaches it.",
        examples=[[["region:eu-central-1"], ["region:us-east-1", "ledger"]]],
    )
    direction: Annotated[Literal["both", "from-to", "to-from"], Unit("one of")] = Field(
        default="both",
        description="Which way nothing gets through; one-way cuts need exactly two groups.",
        examples=["from-to"],
    )
    heal: UndoAt | None = _undo(
        "When it heals; by a `heal` entry, or never, if absent.", "after 45s"
    )


class Isolate(Entry):
    """Cut each of some validators off from everybody else."""

    do: Literal["isolate"]
    nodes: Nodes = Field(description="Who is cut off; may name `ledger`.", examples=[["v05"]])
    heal: UndoAt | None = _undo(
        "When it heals; by a `heal` entry, or never, if absent.", "after 45s"
    )


class Heal(Entry):
    """End one partition or isolation, or all of them."""

    do: Literal["heal"]
    of: EntryId | None = Field(
        default=None,
        description="The `id` of the entry to end; all that are in force if absent.",
        examples=["split"],
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


class Clog(LinkEntry):
    """Delay every message on some links by up to a duration, each by its own draw."""

    do: Literal["clog"]
    by: PositiveDuration = Field(description="The longest delay.", examples=["5s"])
    restore: UndoAt | None = _undo("When they are clear again; never if absent.", "after 30s")


class Hold(LinkEntry):
    """Let messages on some links wait in the network until they are released."""

    do: Literal["hold"]
    release: UndoAt | None = _undo(
        "When they travel on; by a `release` entry, or never, if absent.", "after 45s"
    )


class Release(Entry):
    """End one hold, or all of them: what waits travels on."""

    do: Literal["release"]
    of: EntryId | None = Field(
        default=None,
        description="The `id` of the entry to end; all that are in force if absent.",
        examples=["stuck"],
    )


class Link(LinkEntry):
    """Make some links different for a while; at least one figure is needed."""

    do: Literal["link"]
    add_latency: Duration = Field(
        default=0, description="Added to the latency.", examples=["200ms"]
    )
    loss: Loss | None = Field(
        default=None,
        description="Messages lost, instead of what the network says.",
        examples=["20%", {"model": "gilbert-elliott", "rate": "10%", "burst": 8}],
    )
    bandwidth: LinkBandwidth | None = Field(
        default=None,
        description="Bandwidth of each of these links by itself, behind the sender's.",
        examples=["64kbit/s"],
    )
    restore: UndoAt | None = _undo("When they are as before; never if absent.", "after 30s")


class HaltLedger(Entry):
    """Stop the ledger: no heights pass, so nothing expires. Needs `run.duration`."""

    do: Literal["halt-ledger"]
    resume: UndoAt | None = _undo("When heights go on; never if absent.", "after 30s")


ACTIONS: Final[dict[str, type[Entry]]] = {
    "create-key": CreateKey,
    "crash": Crash,
    "restart": Restart,
    "pause": Pause,
    "resume": Resume,
    "slow": Slow,
    "skew": Skew,
    "partition": Partition,
    "isolate": Isolate,
    "heal": Heal,
    "clog": Clog,
    "hold": Hold,
    "release": Release,
    "link": Link,
    "halt-ledger": HaltLedger,
}
"""Model by action name, in the order of the documentation."""


def _tag(value: object) -> str | None:
    do = value.get("do") if isinstance(value, dict) else getattr(value, "do", None)
    return f"=do:{do}" if isinstance(do, str) and do in ACTIONS else None


Action: TypeAlias = Annotated[
    Annotated[CreateKey, Tag("=do:create-key")]
    | Annotated[Crash, Tag("=do:crash")]
    | Annotated[Restart, Tag("=do:restart")]
    | Annotated[Pause, Tag("=do:pause")]
    | Annotated[Resume, Tag("=do:resume")]
    | Annotated[Slow, Tag("=do:slow")]
    | Annotated[Skew, Tag("=do:skew")]
    | Annotated[Partition, Tag("=do:partition")]
    | Annotated[Isolate, Tag("=do:isolate")]
    | Annotated[Heal, Tag("=do:heal")]
    | Annotated[Clog, Tag("=do:clog")]
    | Annotated[Hold, Tag("=do:hold")]
    | Annotated[Release, Tag("=do:release")]
    | Annotated[Link, Tag("=do:link")]
    | Annotated[HaltLedger, Tag("=do:halt-ledger")],
    Discriminator(_tag),
]
