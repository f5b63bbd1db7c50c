"""A resolved plan, told to people before it runs."""

from __future__ import annotations

import io

import msgspec
from rich.console import Console

from sim.report import explain
from sim.scenario.plan import (
    ActionPlan,
    BandwidthPlan,
    CorruptionPlan,
    KeyPlan,
    LedgerPlan,
    LinkFigures,
    LinkPlan,
    MatrixPlan,
    NetworkPlan,
    Plan,
    QuotaPlan,
    TransportPlan,
    Trigger,
    ValidatorPlan,
)

PLAN = Plan(
    name="first-key",
    seed=7,
    tags=(),
    duration_us=None,
    reaction_us=20_000,
    validators=tuple(
        ValidatorPlan(name=f"v{i:02}", region="eu" if i < 3 else "us") for i in range(5)
    ),
    network=NetworkPlan(profile="lan", loss=42_949_673, duplicate=21_474_836, reorder=42_949_673),
    ledger=LedgerPlan(),
    transport=TransportPlan(),
    cost="instant",
    quotas=QuotaPlan(),
    keys=(KeyPlan(name="beacon", scheme="ED25519", threshold=3, faults=1, committee=(0, 1, 2, 4)),),
    timeline=(
        ActionPlan(id="a", do="create-key", key="beacon"),
        ActionPlan(
            id="b", do="partition", at_us=4_000_000, groups=((0, 1), (2, -1)), until_us=20_000_000
        ),
        ActionPlan(
            id="c", do="crash", nodes=(3,), when=Trigger(event="share-sent", node=None, nth=2)
        ),
    ),
    corruptions=(
        CorruptionPlan(
            id="d",
            validator=1,
            behaviour="false-complaint",
            victims=(4,),
            params={"kind": "missing"},
            from_us=1_000_000,
            until_us=90_000_000,
        ),
    ),
    expects=(),
)


def told(plan: Plan, width: int = 100) -> str:
    page = io.StringIO()
    Console(file=page, width=width, color_system=None).print(explain(plan))
    return page.getvalue()


def test_every_choice_of_the_plan_is_told() -> None:
    page = " ".join(told(PLAN).split())

    for said in (
        "first-key seed 7",
        "eu v00, v01, v02",
        "us v03, v04",
        "loss 1 %",
        "duplicates 0.5 %",
        "held back 1 %, by 20 ms",
        "block time 2000 ms",
        "4 confirmations: t = 3, f* = 1",
        "committee v00, v01, v02, v04",
        "0:00.0 create-key, beacon",
        "0:04.0 partition, v00, v01 | v02, ledger, for 0:20.0",
        "share-sent no. 2 of anyone crash, v03",
        "v01 false-complaint, against v04, kind = missing, from 0:01.0, until 1:30.0",
        "Expected: the dealer answers, stays in QUAL",
    ):
        assert said in page


def test_no_line_is_wider_than_the_terminal() -> None:
    assert max(map(len, told(PLAN, 80).splitlines())) <= 80


def test_a_network_of_its_own_is_explained() -> None:
    network = NetworkPlan(
        profile="matrix",
        matrix=MatrixPlan(regions=("eu", "us"), round_trips_us=(((4_000, 6_000),) * 2,) * 2),
        transport="stream",
        loss=1 << 30,
        burst=3,
        bandwidth=BandwidthPlan(up=10**8, queue=1 << 16),
        links=(
            LinkPlan(
                sources=(0, 1, 2, 3, 4),
                targets=(-1, 2),
                latency_us=7_500,
                figures=LinkFigures(add_us=40_000, loss=0, rate=64_000, queue=4_096),
            ),
        ),
    )
    timeline = (
        ActionPlan(id="a", do="clog", sources=(1,), targets=(2,), by_us=5_000_000, until_us=10**6),
        ActionPlan(
            id="b",
            do="link",
            sources=(0,),
            targets=(-1,),
            figures=LinkFigures(loss=1 << 31, burst=8),
        ),
    )
    plan = msgspec.structs.replace(PLAN, network=network, timeline=timeline)

    said = " ".join(told(plan, 200).split())

    assert "matrix of eu, us" in said
    assert "stream: loss becomes delay" in said
    assert "25 % in bursts of 3 slots of 20 ms" in said
    assert "up 100Mbit/s, down no limit, queues of 64KiB" in said
    assert (
        "everyone → ledger, v02, latency 7.5 ms, 40 ms more, loss 0 %, 64kbit/s, queue of 4KiB"
        in said
    )
    assert "clog, v01 → v02, by up to 5000 ms, for 0:01.0" in said
    assert "link, v00 → ledger, loss 50 % in bursts of 8 slots of 20 ms" in said
