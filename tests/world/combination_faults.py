"""Random faults of links, ledger and processes: entries of a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sim.base.randomness import Stream

Record = dict[str, Any]

ROTATES_AT: Final = 90
"""When the rotation is asked for, in seconds."""

NETWORK: Final = (
    "partition",
    "partition",
    "isolate",
    "hold",
    "clog",
    "link",
    "filter",
    "delay-ledger",
    "censor",
    "halt-ledger",
)
PROCESS: Final = ("crash", "loop", "pause", "slow", "skew", "disk-fault")

KINDS: Final = ("announce", "deal", "response", "confirm", "sign")
EVENTS: Final = ("announce-submitted", "deal-submitted", "share-received", "confirm-submitted")


def one_of(drawn: Stream, choices: Sequence[Any]) -> Any:
    """Draw one."""
    return choices[drawn.below(len(choices))]


def seconds(drawn: Stream, least: int, most: int) -> str:
    """Draw a duration to the millisecond."""
    return f"{least * 1000 + drawn.below((most - least) * 1000)}ms"


def _when(drawn: Stream, members: list[str]) -> Record:
    """Say when a fault begins: early in one of the ceremonies, or at what a member does."""
    if drawn.below(4):
        start = one_of(drawn, (0, ROTATES_AT))
        return {"at": seconds(drawn, start, start + 20)}
    event = {"event": one_of(drawn, EVENTS), "node": one_of(drawn, members)}
    return {"when": {**event, "nth": 1 + drawn.below(2)}}


def _after(drawn: Stream) -> str:
    return f"after {seconds(drawn, 2, 60)}"


def network_fault(drawn: Stream, members: list[str], number: int, *, stream: bool) -> Record:
    """Draw a fault of links, or of the ledger; a `stream` loses nothing."""
    do = one_of(drawn, NETWORK)
    fault: Record = {"id": f"net-{number}", "do": do, **_when(drawn, members)}
    some = drawn.sample(members, 1 + drawn.below(max(1, len(members) // 2)))
    rest = [name for name in members if name not in some]
    match do:
        case "partition":
            with_ledger = ["ledger"] if drawn.below(2) else []
            direction = one_of(drawn, ("both", "from-to", "to-from"))
            groups = [some, [*rest, *with_ledger]]
            return {**fault, "groups": groups, "direction": direction, "heal": _after(drawn)}
        case "isolate":
            return {**fault, "nodes": some, "heal": _after(drawn)}
        case "hold":
            return {**fault, "from": some, "to": ["*", "ledger"], "release": _after(drawn)}
        case "clog":
            ends = {"from": ["ledger"], "to": some}
            if drawn.below(2):
                ends = {"from": some, "to": ["*"]}
            return {**fault, **ends, "by": seconds(drawn, 1, 5), "restore": _after(drawn)}
        case "link":
            return {**fault, "from": some, "loss": "60%", "restore": _after(drawn)}
        case "filter":
            kind = one_of(drawn, ("share", "ack"))
            delay = {"delay": seconds(drawn, 1, 20)} if stream or drawn.below(2) else {}
            nth = 1 + drawn.below(4)
            return {**fault, "from": some, "kind": kind, "nth": nth, **delay, "restore": "after 2m"}
        case "delay-ledger":
            by = seconds(drawn, 2, 20)
            return {**fault, "nodes": some, "by": by, "restore": _after(drawn)}
        case "censor":
            kinds = drawn.sample(list(KINDS), 1 + drawn.below(2))
            return {**fault, "nodes": some, "kinds": kinds, "restore": _after(drawn)}
        case _:
            return {**fault, "resume": _after(drawn)}


def process_fault(drawn: Stream, members: list[str], lost: list[str], number: int) -> Record:
    """Draw a fault of a process; some of the `lost` may never come back, and are taken out."""
    do = one_of(drawn, PROCESS)
    node = one_of(drawn, members)
    fault: Record = {"id": f"process-{number}", "do": do, "node": node, **_when(drawn, members)}
    lose = one_of(drawn, ("nothing", "unsynced", "all"))
    match do:
        case "crash" if lost and drawn.below(2):
            return {**fault, "node": lost.pop(), "lose": lose}
        case "crash":
            return {**fault, "lose": lose, "restart": _after(drawn)}
        case "loop":
            loop = {"times": 2 + drawn.below(4), "up": seconds(drawn, 1, 10)}
            return {**fault, "do": "crash", "lose": lose, "restart": "after 3s", **loop}
        case "pause":
            return {**fault, "resume": _after(drawn)}
        case "slow":
            return {**fault, "service": seconds(drawn, 0, 1), "restore": _after(drawn)}
        case "skew":
            drift = one_of(drawn, (-1, 1)) * 100_000 * (1 + drawn.below(4))
            return {**fault, "drift": drift, "restore": _after(drawn)}
        case _:
            return {**fault, "lose": one_of(drawn, ("unsynced", "all")), "restore": "after 80s"}
