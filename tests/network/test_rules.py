"""Partitions, isolation and heals."""

from __future__ import annotations

import pytest

from sim.base.errors import DecodeError
from sim.base.ids import LEDGER, NEVER_US, ValidatorIndex
from sim.network.rules import Cuts, Heal, Isolate, Partition, Rule, decode_rule, encode_rule

A, B, C, D = map(ValidatorIndex, range(4))
SPLIT = Partition(id="split", at_us=100, lasts_us=50, groups=((A,), (B, C)))


def test_a_partition_cuts_from_its_start_until_just_before_its_heal() -> None:
    cuts = Cuts([SPLIT])

    assert [cuts.cut(at, A, B) for at in (99, 100, 149, 150)] == [False, True, True, False]


def test_a_partition_cuts_between_groups_alone() -> None:
    cuts = Cuts([SPLIT])

    assert cuts.cut(100, C, A)
    assert not cuts.cut(100, B, C)


def test_nodes_in_no_group_reach_everybody() -> None:
    cuts = Cuts([SPLIT])

    assert not any(cuts.cut(100, D, node) or cuts.cut(100, node, D) for node in (A, B, C))


def test_ledger_links_stay_up_unless_the_partition_names_the_ledger() -> None:
    with_ledger = Partition(id="l", groups=((A,), (B, LEDGER)))

    assert not Cuts([SPLIT]).cut(100, A, LEDGER)
    assert Cuts([with_ledger]).cut(100, A, LEDGER)
    assert Cuts([with_ledger]).cut(100, LEDGER, A)
    assert not Cuts([with_ledger]).cut(100, B, LEDGER)


@pytest.mark.parametrize(
    ("direction", "there", "back"),
    [("both", True, True), ("from-to", True, False), ("to-from", False, True)],
)
def test_a_one_way_partition_cuts_one_way(direction: str, there: bool, back: bool) -> None:
    rule = Partition(id="p", groups=((A,), (B,)), direction=direction)  # type: ignore[arg-type]

    assert (Cuts([rule]).cut(0, A, B), Cuts([rule]).cut(0, B, A)) == (there, back)


def test_an_isolated_node_reaches_nobody_and_the_ledger_neither() -> None:
    cuts = Cuts([Isolate(id="i", nodes=(A, B))])

    assert cuts.cut(0, A, B)
    assert cuts.cut(0, C, A)
    assert cuts.cut(0, A, LEDGER)
    assert not cuts.cut(0, C, D)
    assert not cuts.cut(0, C, LEDGER)


def test_a_heal_ends_all_or_the_one_that_it_names() -> None:
    other = Isolate(id="other", at_us=100, nodes=(D,))

    def cut_at_120(*rules: Rule) -> tuple[bool, bool]:
        cuts = Cuts(rules)
        return cuts.cut(120, A, B), cuts.cut(120, A, D)

    assert cut_at_120(SPLIT, other) == (True, True)
    assert cut_at_120(SPLIT, other, Heal(id="h", at_us=120)) == (False, False)
    assert cut_at_120(SPLIT, other, Heal(id="h", at_us=120, target="split")) == (False, True)
    assert cut_at_120(Heal(id="h", at_us=120, target="other"), SPLIT, other) == (True, False)


def test_a_heal_leaves_what_starts_later_or_with_it_alone() -> None:
    for heal_us in (50, 100):
        assert Cuts([Heal(id="h", at_us=heal_us), SPLIT]).cut(149, A, B)


def test_a_triggered_rule_starts_when_it_is_added() -> None:
    cuts = Cuts()
    cuts.add(SPLIT, 1_000)
    cuts.add(Heal(id="h"), 1_020)

    assert [cuts.cut(at, A, B) for at in (100, 1_000, 1_019, 1_020)] == [False, True, True, False]


def test_a_link_is_reachable_again_after_the_last_of_overlapping_cuts() -> None:
    later = Partition(id="later", at_us=140, lasts_us=60, groups=((A,), (B,)))

    assert Cuts([SPLIT]).reachable_at(99, A, B) == 99
    assert Cuts([SPLIT]).reachable_at(120, A, B) == 150
    assert Cuts([SPLIT, later]).reachable_at(120, A, B) == 200
    assert Cuts([SPLIT, later]).reachable_at(120, A, C) == 150


def test_a_cut_without_a_heal_is_for_ever() -> None:
    assert Cuts([Isolate(id="i", nodes=(A,))]).reachable_at(5, B, A) == NEVER_US


@pytest.mark.parametrize("rule", [SPLIT, Isolate(id="i", nodes=(A,)), Heal(id="h", target="x")])
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
