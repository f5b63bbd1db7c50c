"""Random combinations of behaviours, network faults and process faults, each a scenario of its own.

Every case is drawn from its number alone: the key's scheme and how it is made, what becomes of it
later, who does what to whom, and what breaks meanwhile. Within bounds at most f* validators of the
committee are corrupted or lost for good; beyond them more are, but fewer than t, so that secrets
stay secret. ``python -m tests.world.combinations FIRST LAST [beyond]`` runs cases and says what is
wrong about them; ``… show CASE [beyond]`` prints one as a scenario file.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import Final

from sim import api
from sim.adversary import BEHAVIOURS
from sim.adversary.registry import Behaviour, Param, Value
from sim.base.randomness import Stream, stream
from sim.protocol.ceremony import default_faults
from sim.scenario.load import load_text
from sim.scenario.toml_text import document
from tests.world.combination_faults import (
    ROTATES_AT,
    Record,
    network_fault,
    one_of,
    process_fault,
    seconds,
)

KEYED: Final = b"combinations of faults, 2"
"""Keys the draws."""

LIVES: Final = ("reshare", "reshare", "refresh", "repair", "rekey")
SCHEMES: Final = ("ED25519", "ED25519", "SECP256K1", "BLS")
PROTOCOLS: Final = ("pedersen", "pedersen", "gjkr", "commit-reveal", "frost")
PROFILES: Final = ("internet-good", "internet-bad", "lossy-stress", "aws-10")
REGIONS: Final = ("us-east-1", "eu-central-1", "sa-east-1", "ap-northeast-1")

PHASES: Final = {
    "announce": 8,
    "deal": 15,
    "respond": 10,
    "grace": 4,
    "justify": 8,
    "open": 5,
    "confirm": 12,
    "sign": 4,
}


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


@dataclass(frozen=True)
class Cast:
    """Who is there, and how much of it may go wrong."""

    members: list[str]
    standby: list[str]
    threshold: int
    faults: int


def combination(case: int, *, beyond: bool = False) -> Combination:
    """Return case number `case`."""
    drawn = stream(KEYED, case, int(beyond))
    life = one_of(drawn, LIVES)
    n = 4 + drawn.below(10)
    names = [f"v{i:02}" for i in range(n)]
    size = max(4, n - drawn.below(3))
    threshold = 2 + drawn.below(max(1, (size - 1) // 2))
    cast = Cast(names[:size], names[size:], threshold, default_faults(threshold, size))
    scheme = one_of(drawn, SCHEMES)
    played = _behaviours(drawn, 1 + drawn.below(4), life, scheme)
    most = threshold - 1 if beyond else cast.faults
    liars = drawn.sample(cast.members, min(most, len(played), 1 + drawn.below(4)))
    network = _network(drawn, n)
    lost = [name for name in cast.members if name not in liars]
    lost = lost[: max(0, cast.faults - len(liars))]
    as_stream = network.get("transport") == "stream"
    tables: Record = {
        "schema": 1,
        "name": f"combination-{case}",
        "run": _run(drawn, case),
        "validators": _validators(network, n),
        "network": network,
        "ledger": {"finality": drawn.below(3) // 2, "phases": PHASES},
        "keys": {"beacon": _key(drawn, scheme, cast)},
        "timeline": [
            {"at": "0s", "do": "create-key", "key": "beacon"},
            *_rotation(drawn, life, cast, liars),
            *(
                network_fault(drawn, cast.members, i, stream=as_stream)
                for i in range(1 + drawn.below(3))
            ),
            *(process_fault(drawn, cast.members, lost, i) for i in range(1 + drawn.below(2))),
        ],
        "adversary": [
            _adversary(drawn, liars[i % len(liars)], played_by, cast, i)
            for i, played_by in enumerate(played)
        ],
    }
    return Combination(document(tables), len(played), not beyond)


def _run(drawn: Stream, case: int) -> Record:
    run: Record = {"seed": case, "message_limit": 150_000}
    if drawn.below(4):
        return {**run, "duration": "30m"}
    return {**run, "phases": {"safety": "4m", "settle": "30s", "liveness": "25m30s"}}


def _network(drawn: Stream, n: int) -> Record:
    network: Record = {"profile": one_of(drawn, PROFILES)}
    if not drawn.below(5):
        return {**network, "transport": "stream"}
    if not drawn.below(3):
        network["loss"] = one_of(drawn, ("2%", "20%"))
    if not drawn.below(3):
        network["duplicate"] = "10%"
        network["reorder"] = {"rate": "20%", "by": "700ms"}
    return network


def _validators(network: Record, n: int) -> Record:
    if network["profile"] != "aws-10":
        return {"n": n}
    placed = [n // 4 + (i < n % 4) for i in range(4)]
    return {"n": n, "placement": dict(zip(REGIONS, placed, strict=True))}


def _key(drawn: Stream, scheme: str, cast: Cast) -> Record:
    protocol = one_of(drawn, PROTOCOLS)
    key: Record = {
        "scheme": scheme,
        "protocol": protocol,
        "threshold": cast.threshold,
        "faults": cast.faults,
        "committee": cast.members,
        "complaints": one_of(drawn, ("dispute", "dispute", "provable")),
    }
    if protocol != "frost":
        key["commitments"] = one_of(drawn, ("evaluation", "evaluation", "coefficient"))
    return key


def _rotation(drawn: Stream, life: str, cast: Cast, liars: list[str]) -> list[Record]:
    """Return what becomes of the key later, and two signatures that are asked for."""
    sign = [
        {"id": f"sign-{at}", "at": f"{at}s", "do": "sign", "key": "beacon"}
        for at in (ROTATES_AT - 10, ROTATES_AT + drawn.below(120))
    ]
    entry: Record = {"at": f"{ROTATES_AT}s", "do": life, "key": "beacon"}
    if life == "repair":
        honest = [name for name in cast.members if name not in liars]
        crash = {"do": "crash", "node": one_of(drawn, honest), "lose": "all"}
        entry = {"at": f"{ROTATES_AT}s", **crash, "restart": "after 4s"}
    elif life in ("reshare", "rekey") and cast.standby and drawn.below(3):
        leaves = [name for name in cast.members if name not in liars]
        joins = drawn.sample(cast.standby, 1 + drawn.below(len(cast.standby)))
        # As many come as go: threshold and f* fit the new committee as they did the old one.
        entry |= {"join": joins, "leave": drawn.sample(leaves, len(joins))}
    return [entry, *sign]


def _behaviours(drawn: Stream, count: int, life: str, scheme: str) -> list[Behaviour]:
    possible = [
        known
        for _, known in sorted(BEHAVIOURS.items())
        if not known.outsider
        and scheme not in known.absent
        and not (known.operations and not known.operations & {"dkg", life})
    ]
    return drawn.sample(possible, count)


def _adversary(drawn: Stream, who: str, known: Behaviour, cast: Cast, number: int) -> Record:
    entry: Record = {"id": f"liar-{number}", "nodes": [who], "behaviour": known.name}
    params: Record = {param.name: _value(drawn, param) for param in known.params if param.choices}
    if known.targeted and not drawn.below(3):
        others = [name for name in cast.members if name != who]
        params["victims"] = drawn.sample(others, 1 + drawn.below(2))
    if params:
        entry["params"] = params
    if not drawn.below(3) and not known.twins:
        entry["from"] = seconds(drawn, 0, ROTATES_AT + 20)
        if drawn.below(2):
            entry["until"] = seconds(drawn, ROTATES_AT + 20, ROTATES_AT + 140)
    return entry


def _value(drawn: Stream, param: Param) -> Value:
    chosen: Value = one_of(drawn, param.choices)
    return chosen


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


def main(arguments: list[str]) -> int:
    """Print a case, or run some; return 1 if something is wrong about one of them."""
    beyond = arguments[2:] == ["beyond"]
    if arguments[0] == "show":
        sys.stdout.write(combination(int(arguments[1]), beyond=beyond).text)
        return 0
    cases = range(int(arguments[0]), int(arguments[1]))
    wrong = 0
    for case in cases:
        try:
            found = problems(case, beyond=beyond)
        except Exception:  # noqa: BLE001  # the next case is run all the same
            found = [traceback.format_exc()]
        wrong += bool(found)
        for line in found:
            sys.stdout.write(f"{case}: {line}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(cases)} cases, {wrong} with something wrong\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
