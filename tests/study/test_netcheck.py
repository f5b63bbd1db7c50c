"""A network is what it declares; and if it isn't, the check says so. Issue 3, acceptance 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sim.network.links import LinkNetwork
from sim.network.pipes import Pipe
from sim.network.profiles import PROFILES, get_profile
from sim.scenario.load import load_text, resolve
from sim.scenario.plan import Plan
from sim.study.lines import Line
from sim.study.netcheck import check_network

LOSSY = [name for name in PROFILES if get_profile(name).loss.rate]


def plan(network: str, validators: int = 7, seed: int = 1) -> Plan:
    text = f'schema = 1\nname = "m"\n[run]\nseed = {seed}\n[validators]\nn = {validators}\n'
    return resolve(load_text(f"{text}[network]\n{network}\n"))


def lies(lines: Sequence[Line]) -> list[tuple[str, str]]:
    return [(line.link, line.figure) for line in lines if not line.honest]


def figures(lines: Sequence[Line]) -> set[str]:
    return {line.figure for line in lines}


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "aws-10"])
def test_every_profile_is_honest_over_20000_samples_per_link_class(profile: str) -> None:
    lines = list(check_network(plan(f'profile = "{profile}"', 20)))

    assert lies(lines) == []
    kinds = len(get_profile(profile).tables[0])
    assert len({line.link for line in lines if line.figure == "loss"} - {"all links"}) >= kinds - 1


def test_aws_10_is_honest_over_20000_samples_of_some_pairs() -> None:
    lines = list(check_network(plan('profile = "aws-10"', 3)))

    assert lies(lines) == []
    assert {"latency p50", "latency p90", "jitter p90 − p50", "loss", "loss over time"} <= figures(
        lines
    )


@pytest.mark.slow
def test_aws_10_is_honest_over_20000_samples_of_every_pair() -> None:
    """Two validators in each of ten regions: a hundred pairs."""
    lines = list(check_network(plan('profile = "aws-10"', 20)))

    assert (
        len({line.link for line in lines if "→" in line.link and "ledger" not in line.link}) == 100
    )
    assert lies(lines) == []


@pytest.mark.parametrize("seed", [2, 3, 2**53 - 1])
def test_no_seed_gives_a_false_alarm(seed: int) -> None:
    for profile in ("internet-bad", "lan", "aws-10"):
        assert lies(list(check_network(plan(f'profile = "{profile}"', 4, seed), 2_000))) == []


@pytest.mark.parametrize("profile", LOSSY)
def test_a_loss_that_is_doubled_behind_its_back_is_found(profile: str) -> None:
    lines = list(check_network(plan(f'profile = "{profile}"', 4), loss_factor=2))

    found = lies(lines)
    assert found
    assert all("loss" in figure for _, figure in found)


@pytest.mark.parametrize(
    "rate", [pytest.param("0.02%", marks=pytest.mark.slow), "0.2%", "1%", "30%"]
)
def test_a_doubled_rate_without_bursts_is_found_however_rare(rate: str) -> None:
    network = f'profile = "ideal"\nloss = "{rate}"'

    assert lies(list(check_network(plan(network, 3), 1_000))) == []
    assert ("all links", "loss") in lies(
        list(check_network(plan(network, 3), 1_000, loss_factor=2))
    )


EVERYTHING = """
profile = "lan"
loss = { model = "gilbert-elliott", rate = "3%", burst = 5 }
duplicate = "2%"
reorder = { rate = "1%", by = "30ms" }
bandwidth = { up = "10Mbit/s", down = "1Mbit/s", queue = "64KiB" }
[[network.link]]
from = "v00"
add_latency = "5ms"
loss = "5%"
bandwidth = { rate = "3Mbit/s", queue = "7000B" }
[[network.link]]
from = "v01"
to = ["v02", "ledger"]
latency = "1ms"
[[network.link]]
from = "ledger"
add_latency = "1s"
"""


def test_impairments_overrides_and_bandwidth_are_honest() -> None:
    lines = list(check_network(plan(EVERYTHING, 4), 5_000))

    assert lies(lines) == []
    assert figures(lines) >= {
        "duplicates",
        "held back",
        "mean burst",
        "uplink",
        "downlink queue",
        "bandwidth",
    }
    assert {"network.link 1", "network.link 2", "other links"} <= {line.link for line in lines}


def test_a_stream_is_honest_about_its_links_and_delivers_in_order() -> None:
    network = 'profile = "internet-bad"\ntransport = "stream"\nbandwidth = { up = "1Mbit/s" }'
    lines = list(check_network(plan(network, 3), 2_000))

    assert lies(lines) == []
    assert {"delivered in order", "uplink"} <= figures(lines)
    assert "uplink queue" not in figures(lines)


def test_a_lone_validator_has_ledger_links_to_check() -> None:
    assert {line.link for line in check_network(plan('profile = "lan"', 1), 500)} == {
        "ledger → v00 and its like"
    }


# Each figure can lie: a network that does something else than it says is found.


def test_a_network_that_is_slower_than_it_says_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = LinkNetwork.send

    def late(self: LinkNetwork, now_us: int, *rest: Any) -> Any:
        fate = honest(self, now_us, *rest)
        return fate._replace(arrivals=tuple(at + (at - now_us) // 20 for at in fate.arrivals))

    monkeypatch.setattr(LinkNetwork, "send", late)
    found = lies(list(check_network(plan('profile = "lan"', 3), 5_000)))

    assert {"latency p50", "latency p90"} <= {figure for _, figure in found}


def test_a_network_that_loses_by_the_message_and_not_in_bursts_is_found() -> None:
    """Same rate, other bursts."""
    declared = plan('loss = { model = "gilbert-elliott", rate = "2%", burst = 8 }', 3)
    other = plan('loss = { model = "gilbert-elliott", rate = "2%", burst = 4 }', 3)
    (line,) = [x for x in check_network(other, 2_000) if x.figure == "mean burst"]

    (honest,) = [x for x in check_network(declared, 2_000) if x.figure == "mean burst"]

    assert not honest.low <= line.sampled <= honest.high


def test_a_pipe_that_is_too_wide_or_too_deep_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    network = 'bandwidth = { up = "1Mbit/s", queue = "8KiB" }'
    honest = Pipe.__init__

    def wide(self: Pipe, queue: Any) -> None:
        honest(self, queue._replace(bits_s=queue.bits_s * 11 // 10))

    def deep(self: Pipe, queue: Any) -> None:
        honest(self, queue._replace(bytes_max=queue.bytes_max * 2))

    for spoiler, figure in ((wide, "uplink"), (deep, "uplink queue")):
        monkeypatch.setattr(Pipe, "__init__", spoiler)
        found = lies(list(check_network(plan(network, 3), 100)))
        assert ("every validator", figure) in found


def test_a_stream_that_breaks_its_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = LinkNetwork.send

    def hasty(self: LinkNetwork, now_us: int, *rest: Any) -> Any:
        self._last_us.clear()
        return honest(self, now_us, *rest)

    monkeypatch.setattr(LinkNetwork, "send", hasty)
    network = 'profile = "lossy-stress"\ntransport = "stream"'

    assert ("all links", "delivered in order") in lies(list(check_network(plan(network, 3), 100)))
