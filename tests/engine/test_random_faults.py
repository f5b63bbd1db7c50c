"""Random plans of faults: however they meet, no way of running shows in the digest."""

from __future__ import annotations

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.engine.faults import (
    Action,
    Crash,
    Fault,
    LedgerRule,
    NetworkRule,
    Pause,
    Restart,
    Resume,
    Skew,
    Slow,
    When,
)
from tests.engine.toy import Toy, Variation, digest, run
from tests.engine.toy_network import Cut

SIZE: Final = 6

WAYS: Final = (
    Variation(),
    Variation(width_divisor=5),
    Variation(shuffle=1),
    Variation(shuffle=2, width_divisor=50),
)

nodes = st.integers(0, SIZE - 1).map(ValidatorIndex)
instants = st.one_of(
    st.integers(0, 1_000_000),
    st.integers(0, 100).map(lambda tens: tens * 10_000),  # with window edges and block times
)
spans = st.sampled_from([0, 1, 2_500, 10_000, 60_000])
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(Crash, nodes, st.sampled_from(["nothing", "unsynced", "all"]), spans),
    st.builds(Restart, nodes),
    st.builds(Pause, nodes, spans),
    st.builds(Resume, nodes),
    st.builds(Slow, nodes, st.sampled_from([1, 700, 20_000]), spans),
    st.builds(Skew, nodes, st.integers(-(10**6), 10**6), st.integers(-200_000, 200_000)),
    st.builds(lambda side, heal: NetworkRule(encode(Cut((side,), heal))), nodes, instants),
    st.builds(lambda factor: LedgerRule(bytes([factor])), st.integers(1, 9)),
)
triggers = st.builds(
    When,
    st.sampled_from(["share-sent", "share-received", "deal-submitted"]),
    st.none() | nodes,
    st.integers(1, 9),
)
parts = st.lists(actions, min_size=1, max_size=3).map(tuple)
faults = st.one_of(st.builds(Fault, parts, instants), st.builds(Fault, parts, when=triggers))
toys = st.builds(
    Toy,
    size=st.just(SIZE),
    seed=st.integers(0, 99),
    loss=st.sampled_from([0, 60]),
    cost_us=st.sampled_from([0, 3, 13_000]),
    faults=st.lists(faults, max_size=6).map(tuple),
)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(toys)
def test_no_plan_of_faults_makes_the_way_of_running_show(toy: Toy) -> None:
    assert len({digest(*run(toy, way)) for way in WAYS}) == 1
