"""The fate of messages between validators."""

from __future__ import annotations

import hashlib
import struct
from itertools import product
from typing import Any

import msgpack
import pytest

from sim.base.ids import Label, ValidatorIndex
from sim.engine import ports
from sim.network.draws import CERTAIN, Draws
from sim.network.links import Fate, LinkNetwork, Perturb
from sim.network.profiles import get_profile
from sim.network.rules import Isolate, Partition, Rule, encode_rule

A, B, C = map(ValidatorIndex, range(3))
QUARTER = CERTAIN // 4


def label(subject: str, kind: str = "share") -> Label:
    return Label("beacon/dkg/0", 1, kind, subject)


LABELS = [label(f"v{i:03}") for i in range(400)]


def network(profile: str = "lossy-stress", /, seed: int = 1, **options: Any) -> LinkNetwork:
    return LinkNetwork(get_profile(profile), ["", "", ""], seed, **options)


def fates(of: LinkNetwork) -> list[Fate]:
    return [of.send(0, A, B, about, 100) for about in LABELS]


def test_it_is_the_network_that_the_engine_asks_for() -> None:
    port: ports.Network = network()

    assert port.send(0, A, B, LABELS[0], 100)[0] == 1


def test_fates_depend_on_the_seed_alone() -> None:
    assert fates(network(seed=7)) == fates(network(seed=7))
    assert fates(network(seed=7)) != fates(network(seed=8))


def test_the_order_of_sends_changes_no_fate() -> None:
    links = list(product((A, B, C), repeat=2))
    sends = [(a, b, about) for a, b in links if a != b for about in LABELS[:20]]
    forwards, backwards = network(), network()

    one = {send: forwards.send(0, *send, 100) for send in sends}
    other = {send: backwards.send(0, *send, 100) for send in reversed(sends)}

    assert one == other


def test_neither_size_nor_time_changes_a_draw() -> None:
    early, late = network(), network()

    for about in LABELS:
        one, other = early.send(0, A, B, about, 1), late.send(5_000, A, B, about, 999)
        assert one.verdict == other.verdict
        assert [at + 5_000 for at in one.arrivals] == list(other.arrivals)


def test_transmissions_count_lost_and_cut_sends_too() -> None:
    rules = [Partition(id="p", at_us=10, lasts_us=10, groups=((A,), (B,)))]
    net = network(loss=CERTAIN, rules=rules)

    seen = [net.send(now, A, B, LABELS[0], 1) for now in (0, 10, 20)]

    assert [(fate.transmission, fate.verdict) for fate in seen] == [
        (1, "lost"),
        (2, "cut"),
        (3, "lost"),
    ]


def test_each_transmission_has_a_draw_of_its_own() -> None:
    net = network(loss=0)

    arrivals = {net.send(0, A, B, LABELS[0], 1).arrivals for _ in range(50)}

    assert len(arrivals) > 30


def test_directions_of_a_link_have_draws_of_their_own() -> None:
    net = network(loss=0)

    there = [net.send(0, A, B, about, 1) for about in LABELS]
    back = [net.send(0, B, A, about, 1) for about in LABELS]

    assert there != back


def test_loss_has_the_declared_rate() -> None:
    """A quarter of 400, within five standard deviations (8.7)."""
    lost = sum(fate.verdict == "lost" for fate in fates(network()))

    assert abs(lost - 100) < 44


def test_a_rate_of_zero_never_and_a_rate_of_one_always_happens() -> None:
    never = fates(network(loss=0))
    always = fates(network(loss=0, duplicate=CERTAIN, reorder=CERTAIN))

    assert {fate.verdict for fate in never} == {"ok"}
    assert {fate.verdict for fate in fates(network(loss=CERTAIN))} == {"lost"}
    assert {fate.verdict for fate in always} == {"duplicate"}


@pytest.mark.parametrize("rate", [-1, CERTAIN + 1])
@pytest.mark.parametrize("name", ["loss", "duplicate", "reorder"])
def test_a_rate_outside_0_to_1_is_refused(name: str, rate: int) -> None:
    with pytest.raises(ValueError, match=name):
        network(**{name: rate})


def test_a_lost_message_has_no_duplicate() -> None:
    seen = fates(network(duplicate=CERTAIN))

    assert {(fate.verdict, len(fate.arrivals)) for fate in seen} == {("lost", 0), ("duplicate", 2)}


def test_a_duplicate_has_a_latency_of_its_own() -> None:
    seen = fates(network(loss=0, duplicate=CERTAIN))

    assert sum(first != second for first, second in (fate.arrivals for fate in seen)) > 380
    assert any(second < first for first, second in (fate.arrivals for fate in seen))


def test_holding_back_adds_exactly_by_to_the_first_copy_alone() -> None:
    free = fates(network(loss=0, duplicate=QUARTER))
    held = fates(network(loss=0, duplicate=QUARTER, reorder=CERTAIN, reorder_by_us=12_345))

    for one, other in zip(free, held, strict=True):
        assert other.arrivals == (one.arrivals[0] + 12_345, *one.arrivals[1:])
    assert {fate.verdict for fate in held} == {"held", "duplicate"}


@pytest.mark.parametrize(
    ("name", "verdicts"), [("loss", {"lost"}), ("duplicate", {"duplicate"}), ("reorder", {"held"})]
)
def test_turning_one_impairment_up_leaves_unaffected_sends_alone(
    name: str, verdicts: set[str]
) -> None:
    """Every impairment has a slot of its own."""
    calm = fates(network(loss=0))
    rough = fates(network(**{"loss": 0, name: QUARTER}))

    changed = [(one, other) for one, other in zip(calm, rough, strict=True) if one != other]

    assert 56 < len(changed) < 144
    assert {other.verdict for _, other in changed} == verdicts


def test_no_arrival_undercuts_the_floor() -> None:
    profile = get_profile("lossy-stress")

    arrivals = [at for fate in fates(network(duplicate=QUARTER)) for at in fate.arrivals]

    assert min(arrivals) >= profile.floor_us


def test_the_partition_verdict_comes_before_loss() -> None:
    rules = [Isolate(id="i", nodes=(B,))]

    assert {fate.verdict for fate in fates(network(loss=CERTAIN, rules=rules))} == {"cut"}


def test_a_triggered_partition_starts_when_it_is_applied() -> None:
    net = network(loss=0)
    net.apply(100, encode_rule(Partition(id="p", groups=((A,), (B,)), lasts_us=50)))

    verdicts = [net.send(now, A, B, LABELS[0], 1).verdict for now in (99, 100, 149, 150)]

    assert verdicts == ["ok", "cut", "cut", "ok"]


class PerLinkCounters(LinkNetwork):
    """What must not be done: draws keyed by a counter of each link, whatever is sent."""

    def send(
        self, now_us: int, source: ValidatorIndex, target: ValidatorIndex, label: Label, size: int
    ) -> Fate:
        return super().send(now_us, source, target, Label("", 0, "", ""), size)


def changed_by_removing_one_send(kind: type[LinkNetwork], seed: int) -> int:
    """Count the sends on one link whose fate changes when the first send isn't made."""
    profile = get_profile("lossy-stress")
    whole, without = kind(profile, ["", ""], seed), kind(profile, ["", ""], seed)
    first, *rest = LABELS[:50]
    whole.send(0, A, B, first, 1)

    pairs = [(whole.send(0, A, B, x, 1), without.send(0, A, B, x, 1)) for x in rest]

    return sum(
        (one.verdict, one.arrivals) != (other.verdict, other.arrivals) for one, other in pairs
    )


@pytest.mark.parametrize("seed", range(20))
def test_removing_a_send_changes_no_other_fate_and_per_link_counters_would(seed: int) -> None:
    assert changed_by_removing_one_send(LinkNetwork, seed) == 0
    assert changed_by_removing_one_send(PerLinkCounters, seed) > 25


@pytest.mark.parametrize("seed", range(20))
def test_removing_a_partition_changes_what_it_cut_and_nothing_else(seed: int) -> None:
    cut: list[Rule] = [Partition(id="p", at_us=100, lasts_us=100, groups=((A,), (B, C)))]
    profile = get_profile("lossy-stress")
    split = LinkNetwork(profile, [""] * 3, seed, rules=cut)
    whole = LinkNetwork(profile, [""] * 3, seed)
    sends = [(now, a, b) for now in range(0, 300, 10) for a, b in ((A, B), (B, C), (C, A))]

    pairs = [
        (split.send(now, a, b, LABELS[0], 1), whole.send(now, a, b, LABELS[0], 1))
        for now, a, b in sends
    ]

    changed = [one for one, other in pairs if one != other]
    assert changed
    assert {fate.verdict for fate in changed} == {"cut"}
    assert len(changed) == sum(one.verdict == "cut" for one, _ in pairs)


@pytest.mark.parametrize("profile", ["ideal", "lan", "lossy-stress"])
def test_a_perturbed_draw_moves_exactly_one_send(profile: str) -> None:
    chosen = Perturb(A, B, LABELS[17], 1)
    plain = fates(network(profile, loss=0))
    moved = fates(network(profile, loss=0, perturb=chosen))

    differing = [i for i, (one, other) in enumerate(zip(plain, moved, strict=True)) if one != other]

    assert differing == [17]
    assert moved[17].verdict == "ok"
    assert moved[17].arrivals[0] >= get_profile(profile).floor_us


def test_timeouts_are_twice_the_p90_round_trip_and_at_least_the_minimum() -> None:
    near_and_far = LinkNetwork(
        get_profile("aws-10"), ["eu-west-1", "eu-central-1", "af-south-1"], 1, rto_us_min=200_000
    )

    assert near_and_far.rto_us(A, B) == 200_000
    assert near_and_far.rto_us(A, C) == 332_000
    assert near_and_far.rto_us(C, A) == 324_000


def test_the_least_latency_is_that_of_the_closest_pair() -> None:
    profile = get_profile("aws-10")
    net = LinkNetwork(profile, ["eu-west-1", "eu-central-1", "af-south-1"], 1)

    def least(source: str, target: str) -> int:
        return profile.tables[profile.place(source)][profile.place(target)][0]

    assert net.least_latency_us([A, B, C], [A, B, C]) == min(
        least("eu-west-1", "eu-central-1"), least("eu-central-1", "eu-west-1")
    )
    assert net.least_latency_us([A], [C]) == least("eu-west-1", "af-south-1")
    assert net.least_latency_us([A], [A]) == profile.floor_us


def test_slots_of_one_draw_are_all_different() -> None:
    """One hash gives eight slots; none is a copy of another."""
    transmission, draw = Draws(1).next(A, B, LABELS[0])

    assert transmission == 1
    assert len(set(draw)) == 8


def test_what_is_drawn_for_a_receiver_depends_on_nobody_else() -> None:
    """Sixteen receivers share one output of the hash; who else is asked about changes nothing."""
    everyone = [ValidatorIndex(target) for target in range(-1, 40)]
    there, back = Draws(1), Draws(1)

    ascending = {target: there.next(A, target, LABELS[0]) for target in everyone}
    descending = {target: back.next(A, target, LABELS[0]) for target in reversed(everyone)}
    alone = {target: Draws(1).next(A, target, LABELS[0]) for target in everyone}

    assert ascending == descending == alone
    assert len({draw for _, draw in alone.values()}) == len(everyone)


def test_draws_are_the_documented_hash() -> None:
    key = hashlib.sha256(msgpack.packb(("kchain-sim/network/v2", 7))).digest()
    target = ValidatorIndex(37)
    draws = Draws(7)

    _, _, third = (draws.next(B, target, LABELS[3]) for _ in range(3))

    name = msgpack.packb((B, LABELS[3], 3, target // 16))
    output = hashlib.shake_256(key + name).digest(16 * 32)
    slots = struct.unpack(">8I", output[target % 16 * 32 :][:32])
    assert third == (3, slots)


def test_sends_of_a_label_are_counted_by_link() -> None:
    draws = Draws(1)
    sends = [(A, B, 0), (A, C, 0), (A, B, 0), (B, C, 0), (A, B, 1), (A, C, 0), (A, C, 1), (A, B, 0)]

    counts = [draws.next(source, target, LABELS[label])[0] for source, target, label in sends]

    assert counts == [1, 1, 2, 1, 1, 2, 1, 3]
