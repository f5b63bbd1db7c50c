"""The streams between validators and the ledger."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.network.draws import CERTAIN
from sim.network.ledger_links import Delivery, LedgerLinks
from sim.network.profiles import get_profile
from sim.network.rules import Heal, Partition, encode_rule

A, B = ValidatorIndex(0), ValidatorIndex(1)
CUT_OFF = Partition(id="cut", at_us=1_000_000, lasts_us=5_000_000, groups=((A,), (LEDGER,)))


def label(subject: int, kind: str = "submit") -> Label:
    return Label("", 0, kind, str(subject))


def links(profile: str = "lossy-stress", seed: int = 1, **options: Any) -> LedgerLinks[int]:
    return LedgerLinks(get_profile(profile), ["", ""], seed, **options)


def arrivals(of: LedgerLinks[int], count: int = 200, apart_us: int = 1_000) -> list[int]:
    """Submit `count` items from A and return when they arrive."""
    for i in range(count):
        of.up(apart_us * i, A, label(i), i)
    taken = of.arrived(NEVER_US)
    assert [arrived.item for arrived in taken] == list(range(count))
    return [arrived.arrival_us for arrived in taken]


def test_streams_are_first_in_first_out_whatever_the_draws() -> None:
    stream = arrivals(links())

    assert stream == sorted(stream)
    assert any(one == other for one, other in pairwise(stream))


def test_deliveries_are_first_in_first_out_too() -> None:
    net = links()

    stream = [net.down(1_000 * i, A, label(i, "block")).arrival_us for i in range(200)]

    assert stream == sorted(stream)


def test_without_loss_a_delay_comes_from_the_table() -> None:
    delays = {at - 10**9 * i for i, at in enumerate(arrivals(links(loss=0), apart_us=10**9))}

    assert delays <= set(get_profile("lossy-stress").tables[0][0])


def test_loss_becomes_delay_by_timeouts_that_double_at_most_five_times() -> None:
    """RTO: twice the p90 round trip of 152 ms."""
    rto_us = 304_000
    worst = arrivals(links("lossy-stress", loss=CERTAIN, rto_us_max=10**9), 1)[0]
    capped = arrivals(links("lossy-stress", loss=CERTAIN, rto_us_max=rto_us), 1)[0]
    free = arrivals(links("lossy-stress", loss=0), 1)[0]

    assert worst == free + (1 + 2 + 4 + 8 + 16) * rto_us
    assert capped == free + 5 * rto_us


def test_the_number_of_timeouts_follows_the_loss_rate() -> None:
    """At 25 % loss: 3/4 of 400 sends cross at once, 3/16 after one timeout."""
    late = [at - 10**9 * i for i, at in enumerate(arrivals(links(), 400, 10**9))]

    at_once = sum(delay < 100_000 for delay in late)
    one_timeout = sum(300_000 < delay < 400_000 for delay in late)

    assert abs(at_once - 300) < 44
    assert abs(one_timeout - 75) < 40


def test_a_fixed_latency_replaces_the_table() -> None:
    net = links(loss=0, latency_us=70_000)

    assert arrivals(net, 3) == [70_000, 71_000, 72_000]
    assert net.down(5, A, label(0, "block")).arrival_us == 70_005


def test_a_link_is_like_that_to_the_validator_at_the_lower_median() -> None:
    """From eu-west-1: eu-central-1 27, us-east-1 70, ap-south-1 126, sa-east-1 178 ms."""
    regions = ["eu-west-1", "eu-central-1", "sa-east-1", "ap-south-1", "us-east-1"]
    profile = get_profile("aws-10")
    net = LedgerLinks[int](profile, regions, 1, loss=0)
    table = profile.tables[profile.place("eu-west-1")][profile.place("us-east-1")]

    delays = {net.down(10**9 * i, A, label(i)).arrival_us - 10**9 * i for i in range(300)}

    assert delays <= set(table)


def test_a_lone_validator_has_a_link_too() -> None:
    net = LedgerLinks[int](get_profile("ideal"), [""], 1)

    assert net.down(0, A, label(0)) == Delivery(A, label(0), 1, 10_000)


def test_what_arrives_together_is_ordered_by_validator_then_by_sends() -> None:
    net = links("ideal")
    for sent_us, validator, item in ((0, B, 1), (0, B, 2), (0, A, 3), (0, A, 4)):
        net.up(sent_us, validator, label(item), item)

    taken = net.arrived(10_001)

    assert [(arrived.validator, arrived.item) for arrived in taken] == [
        (A, 3),
        (A, 4),
        (B, 1),
        (B, 2),
    ]


def test_a_block_takes_what_arrived_strictly_before_it() -> None:
    net = links("ideal")
    net.up(0, A, label(0), 0)

    assert net.earliest_us() == 10_000
    assert net.arrived(10_000) == []
    assert len(net.arrived(10_001)) == 1
    assert net.earliest_us() == NEVER_US


def test_a_partition_holds_both_directions_until_its_heal() -> None:
    net = links("ideal", rules=[CUT_OFF])
    for i, sent_us in enumerate((0, 999_999, 1_000_000, 5_999_999, 6_000_000)):
        net.up(sent_us, A, label(i), i)

    assert [arrived.arrival_us for arrived in net.arrived(NEVER_US)] == [
        10_000,
        1_009_999,
        6_010_000,
        6_010_000,
        6_010_000,
    ]
    assert net.down(2_000_000, A, label(0, "block")).arrival_us == 6_010_000
    assert net.down(2_000_000, B, label(0, "block")).arrival_us == 2_010_000


def test_a_triggered_heal_releases_submissions_that_wait() -> None:
    net = links("ideal", rules=[Partition(id="cut", groups=((A,), (LEDGER,)))])
    net.up(0, A, label(0), 0)
    assert net.earliest_us() == NEVER_US

    net.apply(3_000_000, encode_rule(Heal(id="h")))

    assert net.earliest_us() == 3_010_000


def test_a_triggered_heal_returns_deliveries_that_had_no_arrival() -> None:
    net = links("ideal", rules=[Partition(id="cut", groups=((A,), (LEDGER,)))])
    held = [net.down(i, A, label(i, "block")) for i in range(2)]
    assert {delivery.arrival_us for delivery in held} == {NEVER_US}

    released = net.apply(3_000_000, encode_rule(Heal(id="h")))

    assert released == [delivery._replace(arrival_us=3_010_000) for delivery in held]
    assert net.apply(4_000_000, encode_rule(Heal(id="h"))) == []
    assert net.down(3_000_001, A, label(2, "block")).arrival_us == 3_010_001


def test_it_makes_no_difference_when_a_submission_is_told() -> None:
    """Exchanges come sooner or later with the number of processes; faults are in their places."""
    cut = encode_rule(Partition(id="p", groups=((A,), (LEDGER,)), lasts_us=1_000_000))
    wait = Partition(id="w", groups=((A,), (LEDGER,)), lasts_us=500_000)
    before, after = links("ideal", rules=[wait]), links("ideal", rules=[wait])

    before.up(100_000, A, label(0), 0)
    before.apply(450_000, cut)
    after.apply(450_000, cut)
    after.up(100_000, A, label(0), 0)

    assert before.arrived(NEVER_US) == after.arrived(NEVER_US)


def test_ledger_draws_are_keyed_by_label() -> None:
    """Not sending one thing leaves the delay of every other unchanged."""
    whole, without = links(loss=CERTAIN // 2), links(loss=CERTAIN // 2)
    whole.down(0, A, label(0))

    for i in range(1, 50):
        assert whole.down(10**9 * i, A, label(i)) == without.down(10**9 * i, A, label(i))
