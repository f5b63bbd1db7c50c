"""Filters drop or delay messages of one kind, counted for each sender; quiet ends every rule."""

from __future__ import annotations

from sim.base.ids import Label, ValidatorIndex
from sim.network.conditions import Conditions
from sim.network.links import LinkNetwork
from sim.network.profiles import get_profile
from sim.network.rules import (
    Clog,
    Filter,
    Hold,
    Isolate,
    Partition,
    Quiet,
    Rule,
    decode_rule,
    encode_rule,
)

A, B, C = map(ValidatorIndex, range(3))
SHARES = Filter(id="f", at_us=100, sources=(A, B), targets=(B, C), kind="share", first=2, count=1)


def network(*rules: Rule) -> LinkNetwork:
    return LinkNetwork(get_profile("ideal"), ["", "", ""], 1, rules=rules)


def verdicts(links: LinkNetwork, at_us: int, kind: str, source: int, targets: str) -> list[str]:
    """Send a message to each of `targets`, digits, and return what becomes of it."""
    return [
        links.send(at_us, ValidatorIndex(source), ValidatorIndex(int(to)), label(kind), 10).verdict
        for to in targets
    ]


def label(kind: str) -> Label:
    return Label("s", 1, kind, "")


def test_the_nth_message_of_a_kind_from_each_sender_is_dropped() -> None:
    links = network(SHARES)

    assert verdicts(links, 100, "share", 0, "1212") == ["ok", "dropped", "ok", "ok"]
    assert verdicts(links, 100, "share", 1, "222") == ["ok", "dropped", "ok"]


def test_other_kinds_senders_and_times_are_neither_counted_nor_hit() -> None:
    links = network(SHARES)

    assert verdicts(links, 99, "share", 0, "12") == ["ok", "ok"]
    assert verdicts(links, 100, "ack", 0, "12") == ["ok", "ok"]
    assert verdicts(links, 100, "share", 2, "11") == ["ok", "ok"]
    assert verdicts(links, 100, "share", 0, "12") == ["ok", "dropped"]


def test_a_delay_is_added_to_what_the_message_would_have_taken() -> None:
    late = Filter(id="f", sources=(A,), targets=(B,), kind="share", by_us=7_000)
    plain, delayed = (
        links.send(5, A, B, label("share"), 10) for links in (network(), network(late))
    )

    assert delayed.arrivals == tuple(arrival + 7_000 for arrival in plain.arrivals)


def test_removing_a_filter_leaves_the_fate_of_every_other_message_as_it_was() -> None:
    with_filter = LinkNetwork(get_profile("lossy-stress"), [""] * 3, 1, rules=[SHARES])
    without = LinkNetwork(get_profile("lossy-stress"), [""] * 3, 1)

    pairs = [
        [links.send(200 + i, A, B, label("share"), 10) for i in range(40)]
        for links in (with_filter, without)
    ]

    differing = [i for i, (a, b) in enumerate(zip(*pairs, strict=True)) if a != b]
    assert differing == [1]


def test_overlapping_partitions_cut_what_either_cuts_until_the_last_is_over() -> None:
    first = Partition(id="1", at_us=0, lasts_us=100, groups=((A,), (B,)))
    second = Partition(id="2", at_us=50, lasts_us=100, groups=((A, C), (B,)))
    cuts = Conditions([first, second])

    assert [cuts.cut(at, A, B) for at in (0, 99, 100, 149, 150)] == [True, True, True, True, False]
    assert [cuts.cut(at, C, B) for at in (49, 50, 149, 150)] == [False, True, True, False]
    assert not cuts.cut(60, A, C)


def test_quiet_ends_every_rule_that_began_before_and_none_that_begins_with_it() -> None:
    ends = (A,), (B,)
    rules: list[Rule] = [
        Isolate(id="i", nodes=(A,)),
        Hold(id="h", sources=ends[0], targets=ends[1]),
        Clog(id="c", sources=ends[0], targets=ends[1], by_us=9),
        Filter(id="f", sources=ends[0], targets=ends[1], kind="share"),
        Isolate(id="later", at_us=200, nodes=(C,)),
    ]
    noisy, quiet = Conditions(rules), Conditions([*rules, Quiet(id="q", at_us=200)])

    for conditions, ended in ((noisy, False), (quiet, True)):
        assert conditions.cut(200, A, B) is not ended
        assert (conditions.released_at(200, A, B) == 200) is ended
        assert (conditions.clog_us(200, A, B) == 0) is ended
        assert conditions.filtered(200, A, B, "share").dropped is not ended
        assert conditions.cut(200, C, A)
    assert quiet.cut(199, A, B)


def test_filters_and_quiet_cross_processes() -> None:
    for rule in (SHARES, Quiet(id="q", at_us=3)):
        assert decode_rule(encode_rule(rule)) == rule
