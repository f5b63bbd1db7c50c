"""A message to many fares with each receiver as if it had been sent there alone."""

from __future__ import annotations

from typing import Any

import pytest

from sim.base.ids import Label, ValidatorIndex
from sim.network.draws import CERTAIN
from sim.network.links import LinkNetwork, Perturb
from sim.network.losses import Loss
from sim.network.paths import Override
from sim.network.pipes import Bandwidth, Queue
from sim.network.profiles import get_profile
from sim.network.rules import Clog, Partition, encode_rule

SIZE = 40
ME = ValidatorIndex(17)
OTHERS = tuple(ValidatorIndex(index) for index in range(SIZE) if index != ME)
FEW = (ValidatorIndex(3), ValidatorIndex(39), ValidatorIndex(18))
LABEL, AGAIN = Label("key/dkg/0", 1, "share", "v17"), Label("key/dkg/0", 1, "ack", "v17")
SPLIT = Partition(id="p", groups=((17, 1, 2), (3, 4)))

NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("ideal", {}),
    "jitter": ("lossy-stress", {}),
    "kinds of pairs": ("internet-bad", {}),
    "every impairment": (
        "internet-good",
        {"loss": Loss(CERTAIN // 5, 3), "duplicate": CERTAIN // 3, "reorder": CERTAIN // 3},
    ),
    "independent loss": ("lan", {"loss": CERTAIN // 4, "duplicate": CERTAIN // 2}),
    "slow links": ("lan", {"overrides": [Override(frozenset({17}), frozenset({3}), 1_000)]}),
    "a link that loses": (
        "lan",
        {"overrides": [Override(frozenset({17}), frozenset({3}), loss=Loss(CERTAIN // 2))]},
    ),
    "bandwidth": ("lan", {"bandwidth": Bandwidth(up=Queue(1_000_000, 2_000))}),
    "stream": ("lossy-stress", {"transport": "stream"}),
    "partition": ("lossy-stress", {"rules": [SPLIT]}),
    "perturbed": ("lan", {"perturb": Perturb(ME, ValidatorIndex(4), LABEL, 1)}),
}


def network(name: str) -> LinkNetwork:
    profile, options = NETWORKS[name]
    return LinkNetwork(get_profile(profile), [""] * SIZE, 5, **options)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fan_has_the_fates_of_sends_one_by_one(name: str) -> None:
    """At several times, of new and of old labels, to all and to some, before and after a fault."""
    together, alone = network(name), network(name)
    sends = [
        (0, OTHERS, LABEL),
        (70, FEW, AGAIN),
        (15_000_000, OTHERS, LABEL),
        (15_000_000, OTHERS, AGAIN),
        (15_100_000, FEW[:1], Label("", 0, "one", "")),
        (15_200_000, (), Label("", 0, "none", "")),
        (15_300_000, OTHERS, Label("", 0, "last", "")),
    ]
    for now_us, targets, label in sends:
        if label.kind == "last":
            clog = encode_rule(Clog(id="c", sources=(17,), targets=(1, 2, 3), by_us=50_000))
            assert together.apply(now_us, clog) == alone.apply(now_us, clog)

        fates = together.fan_out(now_us, ME, targets, label, 100)

        assert [tuple(fate) for fate in fates] == [
            tuple(alone.send(now_us, ME, target, label, 100)) for target in targets
        ]


def test_single_sends_after_a_fan_count_on() -> None:
    links = network("every impairment")

    links.fan_out(0, ME, OTHERS, LABEL, 100)

    assert links.send(10, ME, FEW[0], LABEL, 100).transmission == 2
    assert [fate[0] for fate in links.fan_out(20, ME, FEW, LABEL, 100)] == [3, 2, 2]
    assert links.send(10, FEW[0], ME, LABEL, 100).transmission == 1


def test_all_impairments_happen_in_the_fan_that_has_them() -> None:
    fates = network("every impairment").fan_out(0, ME, OTHERS, LABEL, 100)

    assert {verdict for _, verdict, _ in fates} == {"ok", "lost", "duplicate", "held"}
