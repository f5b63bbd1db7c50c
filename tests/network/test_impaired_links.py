"""Bursts, bandwidth, streams, holds, clogs and overrides, as messages meet them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.network.draws import CERTAIN
from sim.network.ledger_links import LedgerLinks
from sim.network.links import Fate, LinkNetwork, Released
from sim.network.losses import SLOT_US, Loss, Losses
from sim.network.paths import Override, Paths
from sim.network.pipes import Bandwidth, Queue
from sim.network.profiles import get_profile
from sim.network.rules import Change, Clog, Heal, Hold, Partition, Release, Rule, encode_rule

A, B, C = map(ValidatorIndex, range(3))
QUARTER = CERTAIN // 4
BURSTS = Loss(QUARTER, 4)
MEGABIT = Queue(1_000_000, 300)
ALL = frozenset({A, B, C})


def label(i: int) -> Label:
    return Label("beacon/dkg/0", 1, "share", str(i))


def network(profile: str = "ideal", /, seed: int = 1, **options: Any) -> LinkNetwork:
    return LinkNetwork(get_profile(profile), ["", "", ""], seed, **options)


def override(*sides: int, **figures: Any) -> Override:
    source, target = sides
    return Override(frozenset({source}), frozenset({target}), **figures)


# Bursts.


def test_a_message_is_lost_iff_its_slot_is_bad() -> None:
    net, bursts = network(loss=BURSTS), Losses(1).bursts(BURSTS)

    for i in range(3_000):
        now = i * 7_001
        assert (net.send(now, A, B, label(i), 1).verdict == "lost") == bursts.bad(now, A, B)


def test_messages_of_one_slot_share_their_fate() -> None:
    net = network(loss=BURSTS)

    for slot in range(400):
        verdicts = {
            net.send(slot * SLOT_US + at, A, B, label(slot), 1).verdict for at in (0, 1, 19_999)
        }
        assert len(verdicts) == 1


def test_removing_sends_changes_no_other_fate_and_their_order_none() -> None:
    sends = [(i * 3_007, *((A, B) if i % 3 else (B, C)), label(i)) for i in range(1_500)]
    whole, sparse, backwards = (network("internet-bad") for _ in range(3))

    all_of_them = {send: whole.send(*send, 1) for send in sends}
    some = {send: sparse.send(*send, 1) for send in sends[::7]}
    reverse = {send: backwards.send(*send, 1) for send in reversed(sends)}

    assert some == {send: all_of_them[send] for send in sends[::7]}
    assert reverse == all_of_them
    assert any(fate.verdict == "lost" for fate in some.values())


# Bandwidth.


def test_a_sender_shares_its_uplink_among_all_receivers() -> None:
    net = network(bandwidth=Bandwidth(up=MEGABIT))

    fates = [net.send(0, A, to, label(i), 125) for i, to in enumerate((B, C, B, B))]

    assert [fate.arrivals for fate in fates] == [(11_000,), (12_000,), (), ()]
    assert [fate.verdict for fate in fates] == ["ok", "ok", "overflow", "overflow"]
    assert net.send(0, B, A, label(9), 125).arrivals == (11_000,)


def test_what_is_lost_or_cut_has_used_the_uplink_too() -> None:
    """So that healing a partition moves no other message."""
    cut: list[Rule] = [Partition(id="p", groups=((A,), (B,)))]
    calm, rough = (
        network(bandwidth=Bandwidth(up=MEGABIT)),
        network(
            bandwidth=Bandwidth(up=MEGABIT), rules=cut, overrides=[override(A, B, loss=BURSTS)]
        ),
    )

    for net in (calm, rough):
        net.send(0, A, B, label(0), 125)

    assert calm.send(0, A, C, label(1), 125) == rough.send(0, A, C, label(1), 125)


def test_a_link_of_its_own_bandwidth_holds_up_that_link_alone() -> None:
    slow = Queue(100_000, None)
    net = network(bandwidth=Bandwidth(up=MEGABIT), overrides=[override(A, B, queue=slow)])

    assert net.send(0, A, B, label(0), 125).arrivals == (10_000 + 1_000 + 10_000,)
    assert net.send(0, A, C, label(1), 125).arrivals == (10_000 + 2_000,)


def test_downlinks_are_handed_out_only_if_there_is_a_bandwidth() -> None:
    assert network().downlinks([A, B]) == {}
    pipes = network(bandwidth=Bandwidth(down=MEGABIT)).downlinks([A, C])
    assert list(pipes) == [A, C]
    assert [pipes[A].enter(0, 125), pipes[A].enter(0, 200), pipes[C].enter(0, 1)] == [
        1_000,
        None,
        8,
    ]


# Streams.


def stream(**options: Any) -> LinkNetwork:
    return network("lossy-stress", transport="stream", **options)


def test_a_stream_loses_nothing_and_keeps_every_links_order() -> None:
    net = stream(duplicate=QUARTER, reorder=QUARTER)

    fates = [net.send(i * 500, A, B, label(i), 1) for i in range(500)]
    arrivals = [fate.arrivals[0] for fate in fates]

    assert {(fate.verdict, len(fate.arrivals)) for fate in fates} == {("ok", 1)}
    assert arrivals == sorted(arrivals)


def test_in_a_stream_each_lost_transmission_costs_a_timeout_that_doubles() -> None:
    """RTO: twice the p90 round trip of 152 ms, at most 1 s."""
    free = stream(loss=0).send(0, A, B, label(0), 1).arrivals[0]
    worst = stream(loss=CERTAIN, rto_us_max=1_000_000).send(0, A, B, label(0), 1).arrivals[0]

    assert worst == free + 304_000 + 608_000 + 3 * 1_000_000


def test_a_burst_is_over_when_a_stream_sends_again_late_enough() -> None:
    bursts = Losses(1).bursts(BURSTS)
    bad = next(at for at in range(0, 10**9, SLOT_US) if bursts.bad(at, A, B))
    tries = [bad, bad + 304_000, bad + 3 * 304_000, bad + 7 * 304_000]
    first = next(at for at in tries if not bursts.bad(at, A, B))
    free = stream(loss=0).send(bad, A, B, label(0), 1).arrivals[0]

    assert stream(loss=BURSTS).send(bad, A, B, label(0), 1).arrivals == (free + first - bad,)


def test_a_stream_waits_for_a_partition_to_heal() -> None:
    net = network(
        transport="stream",
        rules=[Partition(id="p", at_us=100, lasts_us=1_000, groups=((A,), (B,)))],
    )

    assert net.send(100, A, B, label(0), 1) == Fate(1, "waiting", (11_100,))
    assert net.send(200, A, B, label(1), 1) == Fate(1, "waiting", (11_100,))
    assert net.send(1_100, A, B, label(2), 1) == Fate(1, "ok", (11_100,))


def test_a_stream_waits_for_room() -> None:
    net = network(transport="stream", bandwidth=Bandwidth(up=MEGABIT, down=MEGABIT))

    fates = [net.send(0, A, B, label(i), 125) for i in range(5)]

    assert [fate.arrivals for fate in fates] == [(10_000 + 1_000 * i,) for i in range(1, 6)]
    assert net.downlinks([A])[A].enter(0, 10**6) == 8 * 10**6
    assert net.downlinks([A])[A].enter(0, 1) == 8


# Holds and clogs.


def test_a_hold_with_a_known_end_lets_go_then() -> None:
    net = network(rules=[Hold(id="h", at_us=100, lasts_us=900, sources=(A,), targets=(B,))])

    assert net.send(99, A, B, label(0), 1) == Fate(1, "ok", (10_099,))
    assert net.send(100, A, B, label(1), 1) == Fate(1, "waiting", (11_000,))
    assert net.send(100, B, A, label(1), 1) == Fate(1, "ok", (10_100,))
    assert net.send(1_000, A, B, label(2), 1) == Fate(1, "ok", (11_000,))


@pytest.mark.parametrize("transport", ["datagram", "stream"])
def test_what_is_held_without_an_end_waits_for_a_release(transport: Any) -> None:
    hold = Hold(id="h", sources=(A, B), targets=(A, B, C))
    net = network(transport=transport, rules=[hold], duplicate=CERTAIN)
    sends = [(A, C, label(0)), (A, B, label(1)), (B, A, label(2)), (A, C, label(3))]
    for source, target, about in sends:
        assert net.send(5, source, target, about, 1) == Fate(1, "waiting", ())

    assert net.apply(20, encode_rule(Release(id="r", target="other"))) == []
    copies = (10_050,) * (2 if transport == "datagram" else 1)
    assert net.apply(50, encode_rule(Release(id="r", target="h"))) == [
        Released(A, B, label(1), 1, copies),
        Released(A, C, label(0), 1, copies),
        Released(A, C, label(3), 1, copies),
        Released(B, A, label(2), 1, copies),
    ]
    assert net.apply(60, encode_rule(Release(id="r2"))) == []


def test_a_heal_lets_go_of_what_a_stream_kept() -> None:
    net = network(transport="stream", rules=[Partition(id="p", groups=((A,), (B,)))])
    net.send(5, A, B, label(0), 1)

    assert net.apply(70, encode_rule(Heal(id="x"))) == [Released(A, B, label(0), 1, (10_070,))]


def test_what_is_held_may_still_be_lost() -> None:
    net = network(loss=CERTAIN, rules=[Hold(id="h", sources=(A,), targets=(B,))])

    assert net.send(5, A, B, label(0), 1).verdict == "lost"


def test_a_clog_delays_each_message_by_its_own_draw_up_to_its_bound() -> None:
    net = network(rules=[Clog(id="c", sources=(A,), targets=(B,), by_us=5_000_000)])

    late = [net.send(0, A, B, label(i), 1).arrivals[0] - 10_000 for i in range(2_000)]

    assert min(late) < 50_000
    assert 4_950_000 < max(late) <= 5_000_000
    assert abs(sum(late) / len(late) - 2_500_000) < 5 * 1_443_376 / 2_000**0.5
    assert net.send(0, B, A, label(0), 1).arrivals == (10_000,)


def test_turning_a_clog_up_moves_no_other_draw() -> None:
    clogs = [Clog(id="c", sources=(A,), targets=(B,), by_us=by) for by in (0, 1_000)]
    calm, rough = (network("lossy-stress", rules=[clog]) for clog in clogs)

    for i in range(300):
        one, other = calm.send(0, A, B, label(i), 1), rough.send(0, A, B, label(i), 1)
        assert one.verdict == other.verdict
        for early, late in zip(one.arrivals, other.arrivals, strict=True):
            assert early <= late <= early + 1_000


# Overrides, and changes for a while.


def test_overrides_add_up_and_the_last_one_that_sets_a_figure_counts() -> None:
    net = network(
        overrides=[
            Override(ALL, ALL, add_us=1_000, loss=Loss(CERTAIN), latency_us=20_000),
            override(A, B, add_us=500, loss=Loss(0)),
            override(A, C, latency_us=60),
        ]
    )

    assert net.send(0, A, B, label(0), 1).arrivals == (21_500,)
    assert net.send(0, A, C, label(0), 1).verdict == "lost"
    assert net.paths.of(A, C).least_us == 1_060


def test_a_change_lasts_as_long_as_it_says() -> None:
    change = Change(
        id="c", at_us=100, lasts_us=100, sources=(A,), targets=(B,), add_us=7, loss=Loss(CERTAIN)
    )
    slow = Change(id="d", at_us=200, sources=(A,), targets=(B,), queue=Queue(1_000_000, None))
    net = network(rules=[change, slow])

    fates = [net.send(at, A, B, label(0), 125) for at in (99, 100, 199, 200)]

    assert [fate.verdict for fate in fates] == ["ok", "lost", "lost", "ok"]
    assert fates[-1].arrivals == (11_200,)


def test_windows_stay_within_what_overrides_set() -> None:
    everywhere = [
        override(A, B, latency_us=60),
        override(B, A, latency_us=10**6),
        override(A, LEDGER, latency_us=0),
    ]
    net = network(overrides=everywhere)

    assert net.least_latency_us([A, B, C], [A, B, C]) == 60
    assert network(overrides=everywhere[1:]).least_latency_us([A, B], [A, B]) == 10_000
    assert network("lan").least_latency_us([A], [A]) == get_profile("lan").floor_us


def test_the_retransmission_timeout_knows_what_overrides_add() -> None:
    net = network(overrides=[override(A, B, add_us=100_000), override(B, A, latency_us=500_000)])

    assert network().rto_us(A, B) == 200_000
    assert net.rto_us(A, B) == net.rto_us(B, A) == 2 * (10_000 + 100_000 + 500_000)


@pytest.mark.parametrize("figures", [{"add_us": -1}, {"latency_us": 49}, {"loss": Loss(-1)}])
def test_impossible_overrides_are_refused(figures: Any) -> None:
    with pytest.raises(ValueError, match=r"at least|cut by|loss"):
        network(overrides=[override(A, B, **figures)])


# Pairs of different kinds.


def test_a_pair_keeps_its_latency_and_pairs_differ() -> None:
    """The profile's ten kinds are as likely as each other: 3160 pairs, five deviations."""
    paths = Paths(get_profile("internet-good"), [""] * 80, 3)
    kinds = [paths.of(a, b).kind[1] for a in range(80) for b in range(a)]

    assert all(abs(kinds.count(kind) - 316) < 85 for kind in range(10))
    for a, b in pairwise(range(20)):
        assert paths.of(a, b).kind == paths.of(b, a).kind
        assert paths.of(a, b) == Paths(get_profile("internet-good"), [""] * 40, 3).of(a, b)
    other = Paths(get_profile("internet-good"), [""] * 80, 4)
    assert kinds != [other.of(a, b).kind[1] for a in range(80) for b in range(a)]


# Ledger links.


def links(**options: Any) -> LedgerLinks[int]:
    return LedgerLinks(get_profile("ideal"), ["", ""], 1, **options)


def test_a_one_way_partition_holds_one_direction_of_ledger_links() -> None:
    cut = Partition(id="p", groups=((A,), (LEDGER,)), direction="from-to", lasts_us=1_000_000)
    net = links(rules=[cut])
    net.up(0, A, label(0), 0)

    assert net.earliest_us() == 1_010_000
    assert net.down(0, A, label(0)).arrival_us == 10_000


def test_a_hold_on_ledger_links_is_released_during_the_run() -> None:
    net = links(rules=[Hold(id="h", sources=(LEDGER,), targets=(A,))])
    kept = net.down(0, A, label(0))
    net.up(0, A, label(0), 0)

    assert kept.arrival_us == NEVER_US
    assert net.earliest_us() == 10_000
    assert net.apply(50, encode_rule(Release(id="r"))) == [kept._replace(arrival_us=10_050)]


def test_clogs_overrides_and_changes_of_ledger_links_delay() -> None:
    up = [override(A, LEDGER, add_us=5), override(A, LEDGER, latency_us=30_000)]
    change = Change(id="c", at_us=100, sources=(A,), targets=(LEDGER,), add_us=2)
    clog = Clog(id="c", at_us=1_000, sources=(LEDGER,), targets=(A, B), by_us=10**6)
    net = links(overrides=up, rules=[change, clog])
    for at in (0, 100):
        net.up(at, A, label(at), at)

    assert [arrived.arrival_us for arrived in net.arrived(NEVER_US)] == [30_005, 30_107]
    assert net.down(999, A, label(0)).arrival_us == 10_999
    assert 100_000 < net.down(10**9, B, label(0)).arrival_us - 10**9 < 1_010_000


def test_a_burst_delays_ledger_links_until_a_retransmission_after_it() -> None:
    bursts = Losses(1).bursts(BURSTS)
    bad = next(at for at in range(0, 10**9, SLOT_US) if bursts.bad(at, LEDGER, A))
    after = next(
        late for late in (200_000, 600_000, 1_400_000) if not bursts.bad(bad + late, LEDGER, A)
    )

    assert links(loss=BURSTS).down(bad, A, label(0)).arrival_us == bad + after + 10_000
