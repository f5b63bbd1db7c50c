"""A resolved plan, told to people before it runs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from sim.report.explain import explain
from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.load import load, resolve
from sim.scenario.network_plan import BandwidthPlan, LinkFigures, LinkPlan, MatrixPlan, NetworkPlan
from sim.scenario.plan import (
    ActionPlan,
    CorruptionPlan,
    ExtensionPlan,
    KeyPlan,
    LedgerPlan,
    Plan,
    PolicyPlan,
    PrincipalPlan,
    QuotaPlan,
    RotatePlan,
    StorePlan,
    TransportPlan,
    Trigger,
    ValidatorPlan,
)

ROOT = Path(__file__).parents[2]

PLAN = Plan(
    name="first-key",
    seed=7,
    tags=("ci",),
    duration_us=600_000_000,
    reaction_us=20_000,
    validators=tuple(
        ValidatorPlan(
            name=f"v{i:02}", region="eu" if i < 3 else "us", stake=1000 + i, standby=i == 4
        )
        for i in range(5)
    ),
    network=NetworkPlan(profile="lan", loss=42_949_673, duplicate=21_474_836, reorder=42_949_673),
    ledger=LedgerPlan(latency_us=40_000),
    transport=TransportPlan(retransmissions=3),
    cost="instant",
    quotas=QuotaPlan(),
    keys=(
        KeyPlan(
            name="beacon",
            scheme="ED25519",
            threshold=3,
            faults=1,
            committee=(0, 1, 2, 4),
            policy=PolicyPlan(
                max_signings_per_epoch=100,
                contexts=("beacon",),
                admins=("board",),
                principals=("owner",),
                expires_us=600_000_000,
                quorum=4,
            ),
            rotate=RotatePlan(on=("churn", "policy-violation"), every=50, max_age=90),
        ),
        KeyPlan(name="spare", scheme="ED25519", threshold=2, faults=0, committee=(), drawn=3),
    ),
    timeline=(
        ActionPlan(id="a", do="create-key", key="beacon"),
        ActionPlan(
            id="b",
            do="partition",
            at_us=4_000_000,
            groups=((0, 1), (2, -1)),
            direction="from-to",
            until_us=20_000_000,
        ),
        ActionPlan(
            id="c",
            do="crash",
            nodes=(3,),
            lose="all",
            when=Trigger(event="share-sent", node=None, nth=2),
        ),
        ActionPlan(id="d", do="slow", at_us=1, nodes=(1,), service_us=5_000, until_us=1),
        ActionPlan(id="e", do="skew", nodes=(2,), drift_ppm=30),
        ActionPlan(id="f", do="heal", at_us=9_000_000, target="b"),
        ActionPlan(
            id="i",
            do="reshare",
            key="beacon",
            by="board",
            committee=(1, 3),
            drawn=4,
            joins=(4,),
            leaves=(0,),
            threshold=2,
            faults=1,
        ),
        ActionPlan(id="j", do="authorize", key="beacon", principal="board", role="admin"),
        ActionPlan(id="k", do="sign", key="beacon", context="pay", message=b"hello"),
        ActionPlan(id="l", do="set-policy", key="beacon", policy=PolicyPlan(quorum=2)),
        ActionPlan(id="g", do="halt-ledger", when=Trigger(event="started", node=4, nth=1)),
    ),
    corruptions=(
        CorruptionPlan(
            id="h",
            validator=1,
            behaviour="false-complaint",
            victims=(4,),
            params={"kind": "missing"},
            from_us=1_000_000,
            until_us=90_000_000,
        ),
    ),
    expects=(
        ExpectPlan(
            key="beacon",
            ceremony="completed",
            reason="too-few-dealers",
            attempts=1,
            qual=("v00", "v01"),
            excluded=(),
            faults=(("v01", "bad-proof"),),
            faults_include=(("v02", "no-deal"),),
            disputes=(("v03", "v05", "invalid"),),
            status="Active",
            generation=0,
            era=1,
            signs=True,
            within_us=300_000_000,
            file="first-key.toml",
            line=33,
        ),
        ExpectPlan(
            key="beacon",
            rotation="aborted",
            rotations=3,
            public_key="kept",
            using=(("v01", 1), ("v02", 2)),
            exposed=False,
            signings=9,
            refused="PolicyViolation",
            of="i",
            file="first-key.toml",
            line=55,
        ),
        ExpectPlan(
            validator="v01",
            shareless=False,
            injected=1,
            violates="secrecy",
            at_us=30_000_000,
            file="first-key.toml",
            line=44,
        ),
    ),
    wall_limit_us=60_000_000,
    message_limit=1_000_000,
    principals=(
        PrincipalPlan(name="owner"),
        PrincipalPlan(name="board", algorithm="ML-DSA-65", authorised=False),
    ),
    store=StorePlan(kek="argon2id", t=4, m_kib=1 << 15, p=2),
    extensions=(ExtensionPlan(name="mine", sha256="ab" * 32),),
)
"""Every field that a scenario can give, given."""


def told(plan: Plan, width: int = 100) -> str:
    page = io.StringIO()
    Console(file=page, width=width, color_system=None).print(explain(plan))
    return page.getvalue()


def test_every_choice_of_the_plan_is_told() -> None:
    page = " ".join(told(PLAN).split())

    for said in (
        "first-key seed 7",
        f"uses mine (SHA-256 {'ab' * 32})",
        "ends after 10m",
        "eu v00 1,000, v01 1,001, v02 1,002",
        "us v03 1,003, v04 1,004",
        "stake 5,010 together",
        "loss 1%",
        "duplicates 0.5%",
        "held back 1%, by 20ms",
        "blocks every 2s, 4,096 transactions at most",
        "begins 2026-01-01T00:00:00Z",
        "shares are sent again at most 3 times, at first after 200ms or more, at last every 10s",
        "4 confirmations: t = 3, f* = 1",
        "committee v00, v01, v02, v04",
        "policy 100 signatures per epoch, for beacon, changed by board, asked for by owner, "
        "by at least 4 signers, until 10m",
        "rotation reshare at an epoch when a member is gone; refresh after a policy violation; "
        "refresh every 50 heights; refresh once shares are 90 heights old",
        "rotation only when it is asked for",
        "standby v04: in the registry once they join",
        "vaults locked with a key that Argon2id derives at every start: 4 passes over 32MiB in "
        "2 lanes",
        "owner signs with Ed25519, may create keys and evict",
        "board signs with ML-DSA-65, authorised by policies alone",
        "sealing to fresh transport keys of every ceremony",
        "reshare, beacon, to v01, v03, to 4 drawn by stake, with v04, without v00, threshold 2, "
        "f* = 1, by board [i]",
        "authorize, beacon, board as admin [j]",
        "sign, beacon, for pay, message 68656c6c6f [k]",
        "set-policy, beacon, any number of signatures, for anything, by at least 2 signers [l]",
        "rotation = aborted, rotations = 3, public_key = kept, using = v01 1, v02 2, "
        "exposed = false, signings = 9, refused = PolicyViolation, of i [first-key.toml:55]",
        "committee 3 of 5 validators, drawn by stake from the block before the request",
        "0s create-key, beacon [a]",
        "4s partition, v00, v01 | v02, ledger, from-to, heals after 20s [b]",
        "share-sent no. 2 of anyone crash, v03, losing all [c]",
        "1us slow, v01, 5ms per input, restored after 1us [d]",
        "0s skew, v02, drifting by 30 ppm [e]",
        "9s heal, of b [f]",
        "started no. 1 of v04 halt-ledger [g]",
        "v01 false-complaint, against v04, kind = missing, from 1s, until 90s [h]",
        "Expected: the dealer answers, stays in QUAL",
        "beacon ceremony = completed, reason = too-few-dealers, attempts = 1, qual = v00, v01, "
        "excluded = none, faults = v01 bad-proof, faults_include = v02 no-deal, "
        "disputes = v03 v05 invalid, status = Active, generation = 0, era = 1, signs = true, "
        "within 5m [first-key.toml:33]",
        "v01 shareless = false, injected = 1, violates = secrecy, at 30s [first-key.toml:44]",
    ):
        assert said in page


def test_what_is_left_open_is_told_too() -> None:
    plan = msgspec.structs.replace(
        PLAN,
        duration_us=None,
        validators=tuple(ValidatorPlan(name=f"v{i:02}", region="") for i in range(5)),
        network=NetworkPlan(profile="lan"),
        transport=TransportPlan(),
        ledger=LedgerPlan(),
    )
    page = " ".join(told(plan).split())

    for said in (
        "ends when nothing is open",
        "anywhere v00, v01, v02, v03, v04",
        "stake 1 each",
        "loss as the profile says",
        "again until acknowledged",
        "links as the median link",
        "any number of signatures, for anything",
    ):
        assert said in page


OTHER = {
    "behaviour": "silent-dealer",
    "scheme": "ED448",
    "justifications": "clear",
    "commitments": "coefficient",
    "ceremony": "failed",
    "direction": "to-from",
    "lose": "nothing",
}
"""Another value of fields whose values are names."""


def other(name: str, value: Any) -> Any:
    """Return another value of the same type."""
    match value:
        case _ if name in OTHER:
            return OTHER[name]
        case bool():
            return not value
        case int():
            return value - 1 if name in ("validator", "node") else value + 1
        case "ceremony":
            return "long-lived"
        case "argon2id":
            return "given"
        case str():
            return f"{value}x"
        case bytes():
            return value + b"!"
        case tuple() if name == "on":
            return ("epoch",)
        case tuple() if all(isinstance(one, str) for one in value):
            return (*value, "v04")
        case tuple() if all(isinstance(one, int) for one in value):
            return tuple((one + 1) % 5 for one in value)
        case tuple():
            return (*value, value[0])
        case dict():
            return {**value, "more": 1}
        case _:
            raise AssertionError(name)


def changed(value: Any, path: str = "plan") -> Iterator[tuple[str, Any]]:
    """Yield `value` with one of its leaves changed, for every leaf that it gives."""
    if isinstance(value, msgspec.Struct):
        defaults = dict(
            zip(value.__struct_fields__[::-1], value.__struct_defaults__[::-1], strict=False)
        )
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            given = inner != defaults.get(name, object()) or not _within(value)
            if inner is None or not given or (name in ("committee", "links") and not inner):
                continue
            structs = isinstance(inner, tuple) and inner and isinstance(inner[0], msgspec.Struct)
            parts = changed(inner, f"{path}.{name}") if structs else _leaf(path, name, inner)
            for where, part in parts:
                yield where, msgspec.structs.replace(value, **{name: part})
    else:
        for place, one in enumerate(value):
            for where, part in changed(one, f"{path}.{place}"):
                yield where, (*value[:place], part, *value[place + 1 :])


def _within(value: Any) -> bool:
    """Whether the fields that an entry doesn't give mean nothing for it."""
    return isinstance(value, ActionPlan | CorruptionPlan | ExpectPlan | KeyPlan)


def _leaf(path: str, name: str, inner: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(inner, msgspec.Struct):
        yield from changed(inner, f"{path}.{name}")
    else:
        yield f"{path}.{name}", other(name, inner)


@pytest.mark.parametrize(("path", "plan"), [pytest.param(*one, id=one[0]) for one in changed(PLAN)])
def test_no_change_of_the_plan_goes_untold(path: str, plan: Plan) -> None:
    assert told(plan, 200) != told(PLAN, 200), path


def test_the_changes_cover_what_a_plan_can_hold() -> None:
    paths = [path for path, _ in changed(PLAN)]

    assert len(paths) > 120
    for field in ("plan.seed", "plan.ledger.phases.grace", "plan.keys.0.policy.contexts"):
        assert field in paths


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, told(PLAN, width).splitlines())) <= width


@pytest.mark.parametrize("file", sorted((ROOT / "tests" / "scenarios" / "valid").glob("*.toml")))
def test_whatever_is_valid_can_be_explained(file: Path) -> None:
    assert "seed 7" in told(resolve(load(str(file)), 7))


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
    assert "25% in bursts of 3 slots of 20 ms" in said
    assert "up 100Mbit/s, down no limit, queues of 64KiB" in said
    assert (
        "everyone → ledger, v02, latency 7500us, 40ms more, loss 0%, 64kbit/s, queue of 4KiB"
        in said
    )
    assert "clog, v01 → v02, by up to 5s, restored after 1s" in said
    assert "link, v00 → ledger, loss 50% in bursts of 8 slots of 20 ms" in said
