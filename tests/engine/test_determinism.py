"""A run is a function of what is simulated, and of nothing else.

The toy ceremony runs in fresh interpreters, because Hypothesis flips a private switch of Trio in
any process that pytest has loaded it into, and because hash seeds are fixed at start-up.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import pytest

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.engine.faults import (
    Action,
    Crash,
    Fault,
    LedgerRule,
    NetworkRule,
    Pause,
    Skew,
    Slow,
    When,
)
from tests.engine.toy import Outcome, Toy, Variation, run
from tests.engine.toy_network import Cut

ROOT: Final = Path(__file__).parents[2]

V: Final = [ValidatorIndex(i) for i in range(9)]


def at(at_us: int, *actions: Action) -> Fault:
    return Fault(actions, at_us=at_us)


def when(event: str, node: ValidatorIndex | None, nth: int, *actions: Action) -> Fault:
    return Fault(actions, when=When(event, node, nth))


FAULTS: Final = (
    # A restart sooner than a window; another that falls on a window edge of nobody.
    at(12_345, Crash(V[1], for_us=3_000)),
    # A service time longer than a window.
    at(0, Slow(V[2], 17_000, for_us=400_000)),
    # A pause across window edges, with a crash in the middle and a restart after its end.
    at(20_001, Pause(V[3], for_us=55_555)),
    at(300_000, Pause(V[3], for_us=50_000), Crash(V[4], lose="all", for_us=250_000)),
    # Two faults at one instant on one validator, one of which ends another.
    at(100_000, Skew(V[5], -50_000, 40_000, for_us=100_000), Slow(V[5], 1)),
    at(200_000, Crash(V[5], lose="nothing", for_us=1)),
    # Triggers: on their own node, on another, on the network, on the ledger, on anyone's event.
    when("share-sent", V[0], 3, Crash(V[0], for_us=2_000)),
    when("share-sent", V[6], 8, Slow(V[6], 2_500, for_us=3_000), Pause(V[7], for_us=30_000)),
    when("share-received", None, 20, NetworkRule(encode(Cut((1, 4, 7), 700_000)))),
    when("deal-submitted", V[8], 1, LedgerRule(b"\x14"), Crash(V[8], for_us=40_000)),
)

TOYS: Final = {
    "fault-free": Toy(),
    "faulty": Toy(faults=FAULTS),
    "faulty, with a cost longer than a window": Toy(faults=FAULTS, cost_us=13_000, seed=2),
    "disorderly": Toy(life="disorderly"),
}

ONCE: Final = Variation()

VARIATIONS: Final = (
    ONCE,
    ONCE,
    Variation(width_divisor=2),
    Variation(width_divisor=5),
    Variation(shuffle=1),
    Variation(shuffle=2),
    Variation(shuffle=3, width_divisor=3),
    Variation(processes=2),
    Variation(processes=3),
    Variation(processes=3, width_divisor=2, shuffle=4),
)


OTHER_HASHES: Final = (ONCE, Variation(processes=2, shuffle=5))
"""The variations for hash seeds other than 0: workers inherit the seed."""


@cache
def outcomes(hash_seed: int) -> dict[str, list[Outcome]]:
    """Run every toy in its variations in one fresh interpreter; return the outcomes by toy."""
    variations = OTHER_HASHES if hash_seed else VARIATIONS
    pairs = [(toy, variation) for toy in TOYS.values() for variation in variations]
    finished = subprocess.run(
        [sys.executable, "-m", "tests.engine.toy"],
        input=msgspec.json.encode(pairs),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        check=True,
        timeout=300,
    )
    found = defaultdict(list)
    decoded = msgspec.json.decode(finished.stdout, type=list[Outcome])
    names = [name for name in TOYS for _ in variations]
    for name, outcome in zip(names, decoded, strict=True):
        found[name].append(outcome)
    return found


@pytest.mark.parametrize("name", [name for name in TOYS if name != "disorderly"])
def test_no_way_of_running_shows_in_the_digest(name: str) -> None:
    """Design, "Engine": over scheduler shuffles, hash seeds, widths, shards and repetitions."""
    found = [outcome for seed in (0, 1, 2) for outcome in outcomes(seed)[name]]

    assert len({outcome.digest for outcome in found}) == 1
    assert {outcome.reason for outcome in found} == {"done"}
    assert found[0].delivered > 300


def test_a_shuffle_changes_the_order_of_execution_and_not_the_digest() -> None:
    by_shuffle = {
        variation.shuffle: outcome
        for variation, outcome in zip(VARIATIONS, outcomes(0)["faulty"], strict=True)
        if variation in (Variation(shuffle=1), Variation(shuffle=2))
    }

    assert by_shuffle[1].order != by_shuffle[2].order
    assert by_shuffle[1].digest == by_shuffle[2].digest


def test_the_same_harness_catches_a_protocol_that_depends_on_the_order_of_execution() -> None:
    """A harness that cannot fail proves nothing."""
    found = outcomes(0)["disorderly"]

    assert len({outcome.digest for outcome in found}) >= 2


def test_faults_and_seeds_do_show_in_the_digest() -> None:
    assert len({found[0].digest for found in outcomes(0).values()}) == len(TOYS)


def test_every_fault_of_the_faulty_toy_really_happens() -> None:
    result, _ = run(TOYS["faulty"], ONCE)

    kinds = Counter(
        record.kind if record.kind != "send" else record.verdict
        for history in result.histories.values()
        for record in history
    )
    happened = {"crash": 5, "start": 14, "pause": 3, "resume": 3, "slow": 5, "skew": 2}
    assert {kind: kinds[kind] for kind in happened} == happened
    assert min(kinds[kind] for kind in ("cut", "lost", "duplicate", "down")) > 0
