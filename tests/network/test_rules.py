"""Partitions, isolation, holds, clogs, changed links, and their ends."""

from __future__ import annotations

import pytest

from sim.base.errors import DecodeError
from sim.base.ids import LEDGER, NEVER_US, ValidatorIndex
from sim.network.conditions import UNCHANGED, Conditions
from sim.network.losses import Loss
from sim.network.pipes import Queue
from sim.network.rules import (
    Change,
    Clog,
    Heal,
    Hold,
    Isolate,
    Partition,
    Release,
    Rule,
    decode_rule,
    encode_rule,
)

A, B, C, D = map(ValidatorIndex, range(4))
SPLIT = Partition(id="split", at_us=100, lasts_us=50, groups=((A,), (B, C)))


def test_a_partition_cuts_from_its_start_until_just_before_its_heal() -> None:
    cuts = Conditions([SPLIT])

    assert [cuts.cut(at, A, B) for at in (99, 100, 149, 150)] == [False, True, True, False]


def test_a_partition_cuts_between_groups_alone() -> None:
    cuts = Conditions([SPLIT])

    assert cuts.cut(100, C, A)
    assert not cuts.cut(100, B, C)


def test_nodes_in_no_group_reach_everybody() -> None:
    cuts = Conditions([SPLIT])

    assert not any(cuts.cut(100, D, node) or cuts.cut(100, node, D) for node in (A, B, C))


def test_ledger_links_stay_up_unless_the_partition_names_the_ledger() -> None:
    with_ledger = Partition(id="l", groups=((A,), (B, LEDGER)))

    assert not Conditions([SPLIT]).cut(100, A, LEDGER)
    assert Conditions([with_ledger]).cut(100, A, LEDGER)
    assert Conditions([with_ledger]).cut(100, LEDGER, A)
    assert not Conditions([with_ledger]).cut(100, B, LEDGER)


@pytest.mark.parametrize(
    ("direction", "there", "back"),
    [("both", True, True), ("from-to", True, False), ("to-from", False, True)],
)
def test_a_one_way_partition_cuts_one_way(direction: str, there: bool, back: bool) -> None:
    rule = Partition(id="p", groups=((A,), (B,)), direction=direction)  # type: ignore[arg-type]

    assert (Conditions([rule]).cut(0, A, B), Conditions([rule]).cut(0, B, A)) == (there, back)


def test_an_isolated_node_reaches_nobody_and_the_ledger_neither() -> None:
    cuts = Conditions([Isolate(id="i", nodes=(A, B))])

    assert cuts.cut(0, A, B)
    assert cuts.cut(0, C, A)
    assert cuts.cut(0, A, LEDGER)
    assert not cuts.cut(0, C, D)
    assert not cuts.cut(0, C, LEDGER)


def test_a_heal_ends_all_or_the_one_that_it_names() -> None:
    other = Isolate(id="other", at_us=100, nodes=(D,))

    def cut_at_120(*rules: Rule) -> tuple[bool, bool]:
        cuts = Conditions(rules)
        return cuts.cut(120, A, B), cuts.cut(120, A, D)

    assert cut_at_120(SPLIT, other) == (True, True)
    assert cut_at_120(SPLIT, other, Heal(id="h", at_us=120)) == (False, False)
    assert cut_at_120(SPLIT, other, Heal(id="h", at_us=120, target="split")) == (False, True)
    assert cut_at_120(Heal(id="h", at_us=120, target="other"), SPLIT, other) == (True, False)


def test_a_heal_leaves_what_starts_later_or_with_it_alone() -> None:
    for heal_us in (50, 100):
        assert Conditions([Heal(id="h", at_us=heal_us), SPLIT]).cut(149, A, B)


def test_a_triggered_rule_starts_when_it_is_added() -> None:
    cuts = Conditions()
    cuts.add(SPLIT, 1_000)
    cuts.add(Heal(id="h"), 1_020)

    assert [cuts.cut(at, A, B) for at in (100, 1_000, 1_019, 1_020)] == [False, True, True, False]


def test_a_link_is_reachable_again_after_the_last_of_overlapping_cuts() -> None:
    later = Partition(id="later", at_us=140, lasts_us=60, groups=((A,), (B,)))

    assert Conditions([SPLIT]).reachable_at(99, A, B) == 99
    assert Conditions([SPLIT]).reachable_at(120, A, B) == 150
    assert Conditions([SPLIT, later]).reachable_at(120, A, B) == 200
    assert Conditions([SPLIT, later]).reachable_at(120, A, C) == 150


def test_a_cut_without_a_heal_is_for_ever() -> None:
    assert Conditions([Isolate(id="i", nodes=(A,))]).reachable_at(5, B, A) == NEVER_US


def test_a_one_way_partition_cuts_one_way_on_ledger_links_too() -> None:
    cuts = Conditions([Partition(id="p", groups=((A, B), (LEDGER,)), direction="from-to")])

    assert cuts.cut(0, A, LEDGER)
    assert not cuts.cut(0, LEDGER, A)
    assert not cuts.cut(0, A, B)


HOLD = Hold(id="hold", at_us=100, sources=(A,), targets=(B, LEDGER))


def test_a_hold_stops_its_links_one_way_until_its_release() -> None:
    held = Conditions([HOLD, Release(id="r", at_us=300, target="hold")])

    assert [held.released_at(at, A, B) for at in (99, 100, 299, 300)] == [99, 300, 300, 300]
    assert held.released_at(100, B, A) == 100
    assert held.released_at(100, A, C) == 100
    assert held.reachable_at(100, A, LEDGER) == 300
    assert not held.cut(100, A, B)


def test_a_hold_without_a_release_lasts() -> None:
    assert Conditions([HOLD]).released_at(100, A, B) == NEVER_US


def test_a_heal_ends_no_hold_and_a_release_no_partition() -> None:
    rules: list[Rule] = [SPLIT, HOLD, Heal(id="h", at_us=110), Release(id="r", at_us=120)]
    found = Conditions(rules)

    assert found.released_at(105, A, B) == 120
    assert found.cut(109, A, B)
    assert not found.cut(110, A, B)
    assert found.reachable_at(105, A, B) == 120


def test_the_worst_clog_counts() -> None:
    clogs = [
        Clog(id="a", at_us=10, lasts_us=20, sources=(A,), targets=(B,), by_us=5),
        Clog(id="b", at_us=20, sources=(A, C), targets=(A, B), by_us=3),
    ]
    found = Conditions(clogs)

    assert [found.clog_us(at, A, B) for at in (9, 10, 20, 29, 30)] == [0, 5, 5, 5, 3]
    assert found.clog_us(20, C, A) == 3
    assert found.clog_us(20, B, A) == 0


def test_of_changes_the_latest_counts_and_what_they_add_is_summed_up() -> None:
    slow, fast = Queue(1_000, None), Queue(9_000, 5)
    later = Change(
        id="b", at_us=20, lasts_us=10, sources=(A,), targets=(B,), add_us=3, loss=Loss(7, 2)
    )
    earlier = Change(
        id="a", at_us=10, sources=(A,), targets=(B,), add_us=5, loss=Loss(1), queue=slow
    )
    found = Conditions([later, earlier, Change(id="c", sources=(B,), targets=(A,), queue=fast)])

    assert found.changed(9, A, B) == UNCHANGED
    assert found.changed(10, A, B)[:3] == (5, Loss(1), slow)
    assert found.changed(29, A, B)[:3] == (8, Loss(7, 2), slow)
    assert found.changed(30, A, B)[:3] == (5, Loss(1), slow)
    assert found.changed(0, B, A).queue == fast
    assert found.changed(0, B, A).owner != found.changed(10, A, B).owner


@pytest.mark.parametrize(
    "rule",
    [
        SPLIT,
        HOLD,
        Isolate(id="i", nodes=(A,)),
        Heal(id="h", target="x"),
        Release(id="r"),
        Clog(id="c", sources=(A,), targets=(LEDGER,), by_us=1),
        Change(id="l", sources=(A,), targets=(B,), loss=Loss(5, 3), queue=Queue(10, None)),
    ],
)
def test_rules_survive_encoding(rule: Rule) -> None:
    assert decode_rule(encode_rule(rule)) == rule


@pytest.mark.parametrize("data", [b"", b"\xc0", encode_rule(SPLIT)[:-1], encode_rule(SPLIT) + b"x"])
def test_other_bytes_are_no_rule(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_rule(data)


@pytest.mark.parametrize(
    ("groups", "direction", "message"),
    [
        (((A,),), "both", "at least two groups"),
        (((A, B), (B,)), "both", "disjoint"),
        (((A,), (B,), (C,)), "from-to", "exactly two"),
    ],
)
def test_senseless_groups_are_refused(
    groups: tuple[tuple[int, ...], ...], direction: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Partition(id="p", groups=groups, direction=direction)  # type: ignore[arg-type]
