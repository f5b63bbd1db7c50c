"""Random combinations of behaviours, network faults and process faults, each a scenario of its own.

Every case is drawn from its number alone. Within bounds at most f* validators of the committee are
corrupted or lost for good; beyond them more are, but fewer than t, so that secrets stay secret.
``python -m tests.world.combinations FIRST LAST [beyond]`` runs cases and says what came of them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final

from sim import api
from sim.adversary import BEHAVIOURS
from sim.base.randomness import Stream, stream
from sim.protocol.ceremony import default_faults
from sim.scenario.load import load_text
from sim.scenario.toml_text import document

Record = dict[str, Any]

KEYED: Final = b"combinations of faults, 1"
"""Keys the draws."""

LIVES: Final = ("reshare", "refresh")

LIFE_AT: Final = 90
"""When the rotation is asked for, in seconds."""

EXCLUDED: Final = frozenset({"bad-partial-signature", "nonce-reuse", "evicted-signer"})
"""Behaviours in signing sessions, of which these lives have those alone that the chain opens."""

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


@dataclass(frozen=True)
class Combination:
    """One case.

    Attributes:
        text: The scenario.
        behaviours: How many, of one validator or of several.
        within: Whether the bounds are kept.
    """

    text: str
    behaviours: int
    within: bool


def combination(case: int, *, beyond: bool = False) -> Combination:
    """Return case number `case`."""
    drawn = stream(KEYED, case, int(beyond))
    life = LIVES[drawn.below(2)]
    scheme = ("ED25519", "ED25519", "SECP256K1")[drawn.below(3)]
    n = 4 + drawn.below(10)
    size = max(4, n - drawn.below(3))
    threshold = 2 + drawn.below(max(1, (size - 1) // 2))
    faults = default_faults(threshold, size)
    members = [f"v{i:02}" for i in range(size)]
    most = threshold - 1 if beyond else faults
    behaviours = _behaviours(drawn, 1 + drawn.below(4), life, scheme)
    liars = drawn.sample(members, min(most, len(behaviours), 1 + drawn.below(4)))
    lost = [name for name in members if name not in liars][: max(0, faults - len(liars))]
    faulty = [
        *(_network(drawn, members, i) for i in range(1 + drawn.below(3))),
        *(_process(drawn, members, lost, i) for i in range(1 + drawn.below(2))),
    ]
    tables: Record = {
        "schema": 1,
        "name": f"combination-{case}",
        "run": {"seed": case, "duration": "30m", "message_limit": 100_000},
        "validators": {"n": n},
        "network": {"profile": ("internet-good", "internet-bad", "lossy-stress")[drawn.below(3)]},
        "ledger": {
            "phases": {
                "announce": 8,
                "deal": 15,
                "respond": 10,
                "grace": 4,
                "justify": 8,
                "open": 5,
                "confirm": 12,
                "sign": 4,
            }
        },
        "keys": {
            "beacon": {
                "scheme": scheme,
                "threshold": threshold,
                "faults": faults,
                "committee": members,
            }
        },
        "timeline": [
            {"at": "0s", "do": "create-key", "key": "beacon"},
            {"at": f"{LIFE_AT}s", "do": life, "key": "beacon"},
            *faulty,
        ],
        "adversary": [
            {"id": f"liar-{who}", "nodes": [who], "behaviour": behaviours[i :: len(liars)]}
            for i, who in enumerate(liars)
        ],
    }
    return Combination(document(tables), len(behaviours), not beyond)


def _behaviours(drawn: Stream, count: int, life: str, scheme: str) -> list[str]:
    possible = [
        name
        for name, known in sorted(BEHAVIOURS.items())
        if name not in EXCLUDED
        and not known.outsider
        and scheme not in known.absent
        and not (known.operations and not known.operations & {"dkg", life})
    ]
    return drawn.sample(possible, count)


def _seconds(drawn: Stream, least: int, most: int) -> str:
    return f"{least * 1000 + drawn.below((most - least) * 1000)}ms"


def _when(drawn: Stream, members: list[str]) -> Record:
    """Say when a fault begins: early in one of the ceremonies, or at what a member does."""
    if drawn.below(4):
        start = (0, LIFE_AT)[drawn.below(2)]
        return {"at": _seconds(drawn, start, start + 20)}
    node = members[drawn.below(len(members))]
    event = EVENTS[drawn.below(len(EVENTS))]
    return {"when": {"event": event, "node": node, "nth": 1 + drawn.below(2)}}


def _after(drawn: Stream) -> str:
    return f"after {_seconds(drawn, 2, 60)}"


def _network(drawn: Stream, members: list[str], number: int) -> Record:
    do = NETWORK[drawn.below(len(NETWORK))]
    fault: Record = {"id": f"net-{number}", "do": do, **_when(drawn, members)}
    some = drawn.sample(members, 1 + drawn.below(max(1, len(members) // 2)))
    rest = [name for name in members if name not in some]
    match do:
        case "partition":
            with_ledger = ["ledger"] if drawn.below(2) else []
            direction = ("both", "from-to", "to-from")[drawn.below(3)]
            groups = [some, [*rest, *with_ledger]]
            return {**fault, "groups": groups, "direction": direction, "heal": _after(drawn)}
        case "isolate":
            return {**fault, "nodes": some, "heal": _after(drawn)}
        case "hold":
            return {**fault, "from": some, "to": ["*", "ledger"], "release": _after(drawn)}
        case "clog":
            by = _seconds(drawn, 1, 5)
            return {**fault, "from": ["ledger"], "to": some, "by": by, "restore": _after(drawn)}
        case "link":
            return {**fault, "from": some, "loss": "60%", "restore": _after(drawn)}
        case "filter":
            kind = ("share", "ack")[drawn.below(2)]
            delay = {"delay": _seconds(drawn, 1, 20)} if drawn.below(2) else {}
            nth = 1 + drawn.below(4)
            return {**fault, "from": some, "kind": kind, "nth": nth, **delay, "restore": "after 2m"}
        case "delay-ledger":
            by = _seconds(drawn, 2, 20)
            return {**fault, "nodes": some, "by": by, "restore": _after(drawn)}
        case "censor":
            kinds = drawn.sample(list(KINDS), 1 + drawn.below(2))
            return {**fault, "nodes": some, "kinds": kinds, "restore": _after(drawn)}
        case _:
            return {**fault, "resume": _after(drawn)}


def _process(drawn: Stream, members: list[str], lost: list[str], number: int) -> Record:
    do = PROCESS[drawn.below(len(PROCESS))]
    node = members[drawn.below(len(members))]
    fault: Record = {"id": f"process-{number}", "do": do, "node": node, **_when(drawn, members)}
    lose = ("nothing", "unsynced", "all")[drawn.below(3)]
    match do:
        case "crash" if lost and drawn.below(2):
            return {**fault, "node": lost.pop(), "lose": lose}
        case "crash":
            return {**fault, "lose": lose, "restart": _after(drawn)}
        case "loop":
            loop = {"times": 2 + drawn.below(4), "up": _seconds(drawn, 1, 10)}
            return {**fault, "do": "crash", "lose": "unsynced", "restart": "after 3s", **loop}
        case "pause":
            return {**fault, "resume": _after(drawn)}
        case "slow":
            return {**fault, "service": _seconds(drawn, 0, 1), "restore": _after(drawn)}
        case "skew":
            return {**fault, "drift": 100_000 * (1 + drawn.below(4)), "restore": _after(drawn)}
        case _:
            return {**fault, "lose": ("unsynced", "all")[drawn.below(2)], "restore": "after 80s"}


def problems(case: int, *, beyond: bool = False) -> list[str]:
    """Run one case and return what is wrong about it: nothing, if all is as it should be."""
    made = combination(case, beyond=beyond)
    run = api.run(load_text(made.text))
    found = [f"{v['invariant']}: {v['detail']}" for v in run.summary["violations"]]
    if run.summary["ending"] != "duration":
        found.append(f"it ended by {run.summary['ending']}")
    for attempt in run.summary["ceremonies"]:
        name = f"{attempt['session']}#{attempt['attempt']}"
        if attempt["outcome"] == "failed" and not (attempt["reason"] and attempt["detail"]):
            found.append(f"{name} failed without a named cause")
    for key in run.summary["keys"].values():
        for rotation in key["rotations"]:
            if rotation["outcome"] not in ("activated", None) and not rotation["reason"]:
                found.append(f"{rotation['operation']} ended without a reason")
    return found


def main(arguments: list[str]) -> None:
    first, last = int(arguments[0]), int(arguments[1])
    for case in range(first, last):
        for line in problems(case, beyond=arguments[2:] == ["beyond"]):
            sys.stdout.write(f"{case}: {line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
