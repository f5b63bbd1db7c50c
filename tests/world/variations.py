"""Plans full of faults, and their digests under everything that must not matter.

``python -m tests.world.variations NAME…`` writes a JSON object: plan name → digests by variation.
It is run in processes of its own, because some libraries change Trio's schedule under pytest.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any, Final

import msgspec

from sim.base.codec import tuple_hash
from sim.base.ids import LEDGER
from sim.scenario.network_plan import BandwidthPlan, LinkFigures, LinkPlan, NetworkPlan
from sim.scenario.plan import ActionPlan, CorruptionPlan, LedgerPlan, Plan, Trigger, ValidatorPlan
from sim.world.outcome import RunOutcome, Switches
from sim.world.runner import run_plan
from tests.world.plans import CREATE, key_plan, make_plan

REGIONS: Final = (
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "sa-east-1",
    "ap-northeast-1",
    "ap-southeast-1",
)


def lossy(*timeline: ActionPlan, **changes: object) -> Plan:
    """Return 5-of-7 over seven regions with loss, duplicates and reordering."""
    plan = msgspec.structs.replace(
        make_plan(7, 5),
        validators=tuple(ValidatorPlan(name=f"v{i:02}", region=r) for i, r in enumerate(REGIONS)),
        network=NetworkPlan(profile="aws-10", loss=1 << 28, duplicate=1 << 27, reorder=1 << 27),
        timeline=(CREATE, *timeline),
    )
    return msgspec.structs.replace(plan, **changes)


def crash(node: int, at_us: int, for_us: int | None, lose: str = "unsynced") -> ActionPlan:
    """Return a crash at a known time."""
    return ActionPlan(
        id=f"crash-{node}-{at_us}",
        do="crash",
        at_us=at_us,
        nodes=(node,),
        until_us=for_us,
        lose=lose,  # type: ignore[arg-type]  # one of three words
    )


def crash_when(event: str, node: int, nth: int = 1, for_us: int | None = None) -> ActionPlan:
    """Return a crash of `node` at its own nth `event`."""
    return ActionPlan(
        id=f"crash-{event}-{node}",
        do="crash",
        when=Trigger(event=event, node=node, nth=nth),
        nodes=(node,),
        until_us=for_us,
    )


def link_action(do: str, at_us: int, for_us: int | None = None, **changes: Any) -> ActionPlan:
    """Return an action on links at a known time, those of 0, 1 and 2 unless said otherwise."""
    ends = {"sources": (0, 1, 2), "targets": (3, 4, 5, 6)}
    return ActionPlan(
        id=f"{do}-{at_us}-{for_us}", do=do, at_us=at_us, until_us=for_us, **{**ends, **changes}
    )


PLANS: Final[dict[str, Plan]] = {
    "lossy": lossy(),
    "restart sooner than a window": lossy(crash_when("share-sent", 3, 2, for_us=1)),
    "crash between deal and shares": lossy(crash_when("deal-submitted", 3, for_us=3_000_000)),
    "a read behind a submission": lossy(crash_when("confirm-submitted", 2, for_us=1_000)),
    "service longer than a window": lossy(
        ActionPlan(id="slow", do="slow", nodes=(1,), service_us=300_000),
        ActionPlan(id="skew", do="skew", nodes=(2,), drift_ppm=50_000),
    ),
    "crash in a cost sleep": lossy(crash(2, 4_095_000, 1_000), cost="reference"),
    "everybody crashes": lossy(*(crash(node, 4_000_000, 5_000_000) for node in range(7))),
    "partition and triggered heal": lossy(
        ActionPlan(
            id="split",
            do="partition",
            when=Trigger(event="announce-submitted", node=3, nth=1),
            groups=((0, 1), (2, 3, 4, 5, 6, LEDGER)),
        ),
        ActionPlan(
            id="heal", do="heal", when=Trigger(event="share-sent", node=None, nth=9), target="split"
        ),
    ),
    "a key asked for by an event": msgspec.structs.replace(
        lossy(),
        timeline=(
            ActionPlan(
                id="create",
                do="create-key",
                key="beacon",
                when=Trigger(event="started", node=3, nth=1),
            ),
        ),
    ),
    "silent dealers, then another attempt": lossy(
        corruptions=tuple(
            CorruptionPlan(
                id=f"silent-{v}", validator=v, behaviour="silent-dealer", until_us=100_000_000
            )
            for v in (0, 1, 2)
        ),
        keys=(key_plan(7, 5, retry_after=3),),
    ),
    "bandwidth": lossy(
        crash(2, 4_200_000, 1_500_000),
        network=NetworkPlan(
            profile="aws-10",
            loss=1 << 30,
            burst=4,
            duplicate=1 << 27,
            bandwidth=BandwidthPlan(up=900_000, down=150_000, queue=4_000),
            links=(
                LinkPlan(
                    sources=(0, 1),
                    targets=(2, LEDGER),
                    latency_us=700,
                    figures=LinkFigures(add_us=300),
                ),
                LinkPlan(sources=(3,), targets=(4,), figures=LinkFigures(rate=50_000, queue=4_000)),
            ),
        ),
    ),
    "stream, bad internet": lossy(
        link_action("hold", 4_000_000, targets=(0, 2)),
        link_action("hold", 4_000_000, 3_000_000, sources=(5,), targets=(6, LEDGER)),
        ActionPlan(
            id="release", do="release", when=Trigger(event="share-sent", node=6, nth=3), target=""
        ),
        validators=tuple(ValidatorPlan(name=f"v{i:02}", region="") for i in range(7)),
        network=NetworkPlan(
            profile="internet-bad",
            transport="stream",
            bandwidth=BandwidthPlan(up=10_000_000, down=1_000_000),
        ),
    ),
    "clogs, holds and changed links": lossy(
        link_action("clog", 0, 20_000_000, by_us=5_000_000),
        link_action("hold", 4_000_000),
        link_action(
            "link",
            3_000_000,
            9_000_000,
            targets=(3, 4, LEDGER),
            figures=LinkFigures(add_us=5, loss=1 << 31, burst=8),
        ),
        ActionPlan(
            id="slow",
            do="link",
            when=Trigger(event="announce-submitted", node=4, nth=1),
            sources=(4,),
            targets=(0, 1, 2, 3),
            figures=LinkFigures(rate=100_000, queue=5_000),
            until_us=30_000_000,
        ),
        ActionPlan(
            id="release", do="release", when=Trigger(event="share-sent", node=6, nth=3), target=""
        ),
        crash(1, 4_100_000, 2_000_000),
    ),
    "finality": lossy(crash(2, 9_000_000, 1_000_000), ledger=LedgerPlan(finality=2)),
}

HONEST: Final = Switches()

VARIATIONS: Final[dict[str, tuple[int, Switches]]] = {
    "one process": (1, HONEST),
    "two processes": (2, HONEST),
    "three processes": (3, HONEST),
    "again": (1, HONEST),
    "width / 2": (1, replace(HONEST, width_divisor=2)),
    "width / 5": (1, replace(HONEST, width_divisor=5)),
    "shuffled": (1, replace(HONEST, shuffle=7)),
    "no memo": (1, replace(HONEST, memo=0)),
    "memo of one": (1, replace(HONEST, memo=1)),
}


def digest(outcome: RunOutcome) -> str:
    """Hash everything of a run that must not depend on how it was executed."""
    charged = {name: dict(counts) for name, counts in outcome.charged.items()}
    return tuple_hash(
        "test",
        list(outcome.histories),
        outcome.state.head,
        dict(outcome.messages),
        dict(outcome.bytes),
        charged,
        dict(outcome.injected),
        outcome.ending,
        outcome.last_us,
        [repr(violation) for violation in outcome.violations],
    ).hex()


def main(names: list[str]) -> None:
    """Write the digests of the plans called `names` under every variation."""
    digests = {
        name: {
            variation: digest(run_plan(PLANS[name], processes, switches))
            for variation, (processes, switches) in VARIATIONS.items()
        }
        for name in names
    }
    sys.stdout.write(json.dumps(digests))


if __name__ == "__main__":
    main(sys.argv[1:] or list(PLANS))
