"""The entries of `[[timeline]]`: one model per action, so that each has its own keys."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sim.scenario.entry_tables import Entry, LinkEntry, NodeEntry, Nodes, Selectors
from sim.scenario.fault_tables import Censor, DelayLedger, DiskFault, Filter, Quiet
from sim.scenario.fields import Duration, EntryId, Positive, PositiveDuration, Table, UndoAt, Unit
from sim.scenario.link_tables import LinkBandwidth, Loss
from sim.scenario.orders import (
    Authorize,
    CreateKey,
    Emergency,
    Evict,
    Join,
    Leave,
    Refresh,
    Rekey,
    Repair,
    Reshare,
    Retire,
    Revoke,
    Rollback,
    Rotate,
    SetPolicy,
    Sign,
)


def _undo(what: str, example: str) -> Any:
    return Field(default=None, description=what, examples=[example])


class Crash(NodeEntry):
    """Stop validators at once: memory is lost, and of the store what `lose` says."""

    do: Literal["crash"]
    lose: Annotated[Literal["nothing", "unsynced", "all"], Unit("one of")] = Field(
        default="unsynced",
        description="What the store loses: nothing, what wasn't flushed, or everything.",
        examples=["all"],
    )
    restart: UndoAt | None = _undo("When they start again; never if absent.", "after 20s")
    times: Positive = Field(
        default=1,
        description="How often they crash in all: above 1 a restart loop, which needs `restart`.",
        examples=[5],
    )
    up: PositiveDuration | None = Field(
        default=None,
        description="In a restart loop, how long they are up between two crashes.",
        examples=["3s"],
    )


class ChurnTable(Table):
    """Whom churn hits: chosen by lot, for every occurrence anew."""

    count: Positive = Field(default=1, description="How many at a time.", examples=[1])
    from_: Selectors = Field(
        default="*", alias="from", description="Out of whom.", examples=["honest"]
    )


class Churn(Entry):
    """Validators come and go: each occurrence crashes a few of them, which start again later.

    In the plan each is a `crash`. Nobody crashes twice at a time: who would still be down from
    another crash at a known time is left out of an occurrence, and one that hits nobody is dropped;
    the numbers in the ids show it.
    """

    do: Literal["churn"]
    pick: ChurnTable = Field(
        default=ChurnTable(), description="Whom it hits.", examples=[{"count": 1, "from": "honest"}]
    )
    offline: PositiveDuration = Field(description="How long they are down.", examples=["30s"])
    lose: Annotated[Literal["nothing", "unsynced", "all"], Unit("one of")] = Field(
        default="unsynced",
        description="What the store loses: nothing, what wasn't flushed, or everything.",
        examples=["all"],
    )


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
    "sign": Sign,
    "rotate": Rotate,
    "reshare": Reshare,
    "refresh": Refresh,
    "repair": Repair,
    "rekey": Rekey,
    "emergency": Emergency,
    "rollback": Rollback,
    "retire": Retire,
    "set-policy": SetPolicy,
    "authorize": Authorize,
    "revoke": Revoke,
    "join": Join,
    "leave": Leave,
    "evict": Evict,
    "churn": Churn,
    "crash": Crash,
    "restart": Restart,
    "pause": Pause,
    "resume": Resume,
    "slow": Slow,
    "skew": Skew,
    "disk-fault": DiskFault,
    "partition": Partition,
    "isolate": Isolate,
    "heal": Heal,
    "clog": Clog,
    "hold": Hold,
    "release": Release,
    "link": Link,
    "filter": Filter,
    "halt-ledger": HaltLedger,
    "delay-ledger": DelayLedger,
    "censor": Censor,
    "quiet": Quiet,
}
"""Model by action name, in the order of the documentation."""


def _tag(value: object) -> str | None:
    do = value.get("do") if isinstance(value, dict) else getattr(value, "do", None)
    return f"=do:{do}" if isinstance(do, str) and do in ACTIONS else None


Action: TypeAlias = Annotated[
    Annotated[CreateKey, Tag("=do:create-key")]
    | Annotated[Sign, Tag("=do:sign")]
    | Annotated[Rotate, Tag("=do:rotate")]
    | Annotated[Reshare, Tag("=do:reshare")]
    | Annotated[Refresh, Tag("=do:refresh")]
    | Annotated[Repair, Tag("=do:repair")]
    | Annotated[Rekey, Tag("=do:rekey")]
    | Annotated[Emergency, Tag("=do:emergency")]
    | Annotated[Rollback, Tag("=do:rollback")]
    | Annotated[Retire, Tag("=do:retire")]
    | Annotated[SetPolicy, Tag("=do:set-policy")]
    | Annotated[Authorize, Tag("=do:authorize")]
    | Annotated[Revoke, Tag("=do:revoke")]
    | Annotated[Join, Tag("=do:join")]
    | Annotated[Leave, Tag("=do:leave")]
    | Annotated[Evict, Tag("=do:evict")]
    | Annotated[Churn, Tag("=do:churn")]
    | Annotated[Crash, Tag("=do:crash")]
    | Annotated[Restart, Tag("=do:restart")]
    | Annotated[Pause, Tag("=do:pause")]
    | Annotated[Resume, Tag("=do:resume")]
    | Annotated[Slow, Tag("=do:slow")]
    | Annotated[Skew, Tag("=do:skew")]
    | Annotated[DiskFault, Tag("=do:disk-fault")]
    | Annotated[Partition, Tag("=do:partition")]
    | Annotated[Isolate, Tag("=do:isolate")]
    | Annotated[Heal, Tag("=do:heal")]
    | Annotated[Clog, Tag("=do:clog")]
    | Annotated[Hold, Tag("=do:hold")]
    | Annotated[Release, Tag("=do:release")]
    | Annotated[Link, Tag("=do:link")]
    | Annotated[Filter, Tag("=do:filter")]
    | Annotated[HaltLedger, Tag("=do:halt-ledger")]
    | Annotated[DelayLedger, Tag("=do:delay-ledger")]
    | Annotated[Censor, Tag("=do:censor")]
    | Annotated[Quiet, Tag("=do:quiet")],
    Discriminator(_tag),
]
