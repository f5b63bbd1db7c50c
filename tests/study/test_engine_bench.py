"""The engine's benchmark measures what it says: real fates, real messages, the same everywhere."""

from __future__ import annotations

import json

import msgspec
import pytest

from sim.base.errors import LocalError
from sim.base.ids import Label, ValidatorIndex
from sim.engine.ports import Message
from sim.network.draws import CERTAIN
from sim.study.engine_bench import Bench, Gossip, Talker, compare, gossip, main, measure, table

SMALL = Bench(validators=12, rounds=3)


def test_without_impairments_everybody_hears_everybody_in_every_round() -> None:
    found = measure(msgspec.structs.replace(SMALL, loss=0, duplicate=0, reorder=0))

    assert (found.sent, found.delivered) == (12 * 11 * 3, 12 * 11 * 3)


def test_losses_and_duplicates_really_happen() -> None:
    lossy = measure(msgspec.structs.replace(SMALL, loss=CERTAIN // 2, duplicate=0))
    double = measure(msgspec.structs.replace(SMALL, loss=0, duplicate=CERTAIN))

    assert 0 < lossy.delivered < lossy.sent
    assert double.delivered == 2 * double.sent


@pytest.mark.parametrize("profile", ["aws-10", "internet-good"])
@pytest.mark.parametrize("bandwidth", [0, 10_000_000])
def test_two_processes_come_to_the_same_histories(profile: str, bandwidth: int) -> None:
    bench = msgspec.structs.replace(SMALL, profile=profile, bandwidth=bandwidth)

    one, two = compare(bench, [1, 2], 1)

    assert (one.processes, two.processes) == (1, 2)
    assert (one.sent, one.delivered, one.digest) == (two.sent, two.delivered, two.digest)
    assert one.digest != measure(msgspec.structs.replace(bench, seed=2)).digest
    assert len(table([one, two]).splitlines()) == 3


@pytest.mark.parametrize(
    "payload",
    [
        msgspec.msgpack.encode(Gossip(2, 0, bytes(32), bytes(64))),
        msgspec.msgpack.encode(Gossip(1, 1, bytes(32), bytes(64))),
        msgspec.msgpack.encode(Gossip(1, 0, bytes(31), bytes(64))),
    ],
    ids=["of somebody else", "of a round to come", "too short"],
)
def test_receivers_check_what_they_are_told(payload: bytes) -> None:
    talker = Talker(SMALL, ValidatorIndex(0))
    label = Label("bench", 0, "gossip", "1")
    talker.begin(0)
    talker.check(Message(ValidatorIndex(1), label, gossip(ValidatorIndex(1), 0)))

    with pytest.raises(LocalError):
        talker.check(Message(ValidatorIndex(1), label, payload))
    assert talker.received == 1


def test_the_command_prints_figures_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--validators", "8", "--rounds", "1", "--repetitions", "2", "--json"])

    content = json.loads(capsys.readouterr().out)
    assert content["bench"]["validators"] == 8
    assert [found["processes"] for found in content["measured"]] == [1, 1]
    assert len({found["digest"] for found in content["measured"]}) == 1
