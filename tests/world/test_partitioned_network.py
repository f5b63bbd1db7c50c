"""A network in committees: the same for every number of processes, and for whoever checks."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest

from sim import api
from sim.api import Run
from sim.kchain.blocks import decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.file import encode_ledger, parse_ledger
from sim.kchain.verify import verify_ledger
from sim.protocol.selection import SeedInputs, draw_partition, selection_seed
from sim.scenario.load import load, resolve
from sim.world.networking import owners_of
from sim.world.partitions import foreseen

ROOT = Path(__file__).parents[2]
FILE = ROOT / "scenarios" / "partition.toml"
EPOCHS = ROOT / "scenarios" / "rotation" / "partition-epochs.toml"
ZONES = tuple(f"zone-{place:02}" for place in range(4))
CREATE = [{"at": "0s", "do": "create-key", "key": "zone"}]


@cache
def ran(processes: int = 1, file: Path = FILE) -> Run:
    return api.run(api.load(file), seed=1, processes=processes)


def partition(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = run.summary["partitions"]["zone"]
    return found


@pytest.mark.parametrize("processes", [2, 3])
def test_results_do_not_depend_on_how_committees_are_shared_out(processes: int) -> None:
    one, more = ran(), ran(processes)

    assert one.exit_code == 0
    assert (one.digest, bytes(one.ledger())) == (more.digest, bytes(more.ledger()))


def test_a_partition_at_every_epoch_is_the_same_in_two_processes() -> None:
    one, two = ran(1, EPOCHS), ran(2, EPOCHS)

    assert (one.exit_code, one.digest) == (0, two.digest)
    assert [drawn["round"] for drawn in partition(one)["rounds"]] == [0, 1, 2, 3]


def test_hash_seeds_do_not_matter() -> None:
    code = (
        f"from sim import api;print(api.run(api.load({str(FILE)!r}), seed=1, processes=2).digest)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert found == {ran().digest}


def test_no_shard_cuts_a_committee_of_the_first_draw() -> None:
    plan = resolve(load(str(FILE)))
    rounds = partition(ran())["rounds"]
    names = [validator.name for validator in plan.validators]

    for shards in (1, 2, 3, 4):
        owners = dict(zip(names, owners_of(plan, shards), strict=True))
        for committee in rounds[0]["committees"].values():
            assert len({owners[name] for name in committee["members"]}) == 1
        assert set(owners.values()) == set(range(shards))
    # More shards than committees: by region, or by position.
    assert len(set(owners_of(plan, 5))) == 5


def test_the_first_draw_is_foreseen_and_a_later_one_is_not_needed() -> None:
    plan = resolve(load(str(FILE)))
    drawn = partition(ran())["rounds"][0]["committees"]

    assert [
        [plan.validators[position].name for position in members] for members in foreseen(plan)
    ] == [committee["members"] for committee in drawn.values()]
    later = load(str(FILE)).with_({"timeline.0.at": "10s"})
    assert foreseen(resolve(later)) == foreseen(plan)
    assert foreseen(resolve(load(str(ROOT / "scenarios" / "first-key.toml")))) == ()


def test_shards_by_committee_send_each_other_less_than_shards_by_index() -> None:
    """Positive control of the sharding: with the ideal profile there are no regions."""
    scenario = load(str(FILE)).with_({"network.profile": "ideal", "expect": []})
    plan = resolve(scenario)
    owners = owners_of(plan, 2)
    committees = foreseen(plan)

    def crossing(of: tuple[int, ...]) -> int:
        return sum(of[a] != of[b] for members in committees for a in members for b in members)

    assert crossing(owners) == 0
    assert crossing(tuple(position % 2 for position in range(len(owners)))) > 0


def test_committees_of_a_draw_are_disjoint_and_anyone_draws_them_again() -> None:
    run = ran()
    plan, _ = api.resolve(api.load(FILE), 1)
    weights = [validator.stake for validator in plan.validators]

    rounds = partition(run)["rounds"]
    assert [drawn["round"] for drawn in rounds] == [0, 1]
    for drawn in rounds:
        inputs = SeedInputs(
            bytes.fromhex(drawn["block"]),
            bytes.fromhex(drawn["signer_set"]),
            drawn["p_chain_height"],
            drawn["epoch"],
            bytes.fromhex(drawn["policy"]),
        )
        assert selection_seed(inputs).hex() == drawn["seed"]
        places = draw_partition(bytes.fromhex(drawn["seed"]), drawn["index"], weights, 4, 8)
        members = [committee["members"] for committee in drawn["committees"].values()]
        assert [[plan.validators[p].name for p in committee] for committee in places] == members
        everybody = [name for committee in members for name in committee]
        assert sorted(everybody) == sorted({v.name for v in plan.validators})
    committees = rounds[1]["committees"]
    for name in ZONES:
        assert list(run.keys[name].committee) == committees[name]["members"]
        assert run.keys[name].draw is not None


def test_the_summary_says_how_near_each_committee_is_to_capture() -> None:
    run = ran()
    plan, _ = api.resolve(api.load(FILE), 1)
    stakes = {validator.name: validator.stake for validator in plan.validators}

    keys = partition(run)["keys"]
    assert sum(figures["corrupted"] for figures in keys.values()) == 1
    assert sum(figures["stake"] for figures in keys.values()) == sum(stakes.values())
    for name, figures in keys.items():
        committee = run.keys[name].committee
        corrupted = int("v07" in committee)
        assert figures["round"] == 1
        assert figures["stake"] == sum(stakes[one] for one in committee)
        assert figures["corrupted_stake"] == corrupted * stakes["v07"]
        assert figures["threshold"] == (5 if name == "zone-02" else 6)
        assert figures["to_capture"] == figures["threshold"] - corrupted
        assert not figures["captured"]


def test_a_captured_committee_is_said_to_be_captured() -> None:
    everybody = {"nodes": "*", "behaviour": "degree-low"}
    changes = {"keys.zone.threshold": 2, "adversary": [everybody], "expect": []}

    run = api.run(api.load(FILE).with_({**changes, "timeline": CREATE}), seed=1)

    for figures in partition(run)["keys"].values():
        assert (figures["captured"], figures["to_capture"], figures["corrupted"]) == (True, 0, 8)


def test_verify_draws_the_partition_again_and_refuses_another() -> None:
    data = bytes(ran().ledger())
    file = parse_ledger(data)
    blocks = [stored.raw for stored in file.blocks]
    place = next(i for i, raw in enumerate(blocks) if decode_block(raw).partitions)
    block = decode_block(blocks[place])
    first, second, *others = block.partitions[0].committees
    swapped = msgspec.structs.replace(block.partitions[0], committees=(second, first, *others))
    tampered = msgpack.packb(
        {**msgpack.unpackb(blocks[place]), "partitions": [msgspec.to_builtins(swapped)]}
    )

    assert verify_ledger(data).state.partitions["zone"].round == 1
    assert set(api.verify(ran().ledger()).draws) == set(ZONES)
    with pytest.raises(LedgerError):
        verify_ledger(encode_ledger(file.genesis, [*blocks[:place], tampered]))


def test_an_expectation_about_the_partition_names_the_key_that_misses_it() -> None:
    expect = [{"key": "zone", "rotations": 2}, {"key": "zone", "public_key": "kept"}]

    run = api.run(api.load(FILE).with_({"expect": expect}), seed=1)

    results = run.summary["expectations"]
    assert [result["passed"] for result in results] == [False, False, True, False, *[True] * 4]
    assert results[0]["text"].startswith("zone-00: rotations = 2")
    assert run.exit_code == 1


def test_an_entry_about_the_partition_is_one_for_each_of_its_keys() -> None:
    plan = resolve(load(str(FILE)))

    moved = [action for action in plan.timeline if action.repartition]
    assert [(action.id, action.key) for action in moved] == [(f"anew/{z}", z) for z in ZONES]
    assert {action.at_us for action in moved} == {60_000_000}
    assert [key.name for key in plan.keys] == list(ZONES)
    awaited = [expect for expect in plan.expects if expect.rotation]
    assert [(expect.key, expect.of) for expect in awaited] == [(z, f"anew/{z}") for z in ZONES]


@pytest.mark.parametrize("key", ["zone", "zone-01"])
def test_as_many_as_a_threshold_of_the_partition_says_can_be_picked(key: str) -> None:
    nodes = {"pick": "random", "size": "t-1", "key": key, "from": "*"}
    entry = {"nodes": nodes, "behaviour": "silent-dealer"}

    plan = resolve(load(str(FILE)).with_({"adversary": [entry], "expect": []}))

    assert len({corruption.validator for corruption in plan.corruptions}) == 5


def test_a_partition_can_be_swept_over_its_numbers() -> None:
    for count, size in ((2, 16), (8, 4)):
        changes = {"keys.zone.committee.partition": count, "keys.zone.committee.size": size}
        plan = resolve(load(str(FILE)).with_({**changes, "timeline": CREATE, "expect": []}))

        assert (len(plan.keys), {key.size for key in plan.keys}) == (count, {size})


def test_a_key_that_stayed_behind_moves_to_the_newest_draw() -> None:
    """zone-01 is busy when the partition is drawn anew, and is refused; it follows later."""
    timeline = [
        {"at": "0s", "do": "create-key", "key": "zone"},
        {"at": "58s", "do": "refresh", "key": "zone-01"},
        {"at": "60s", "do": "reshare", "key": "zone", "repartition": "anew"},
        {"at": "100s", "do": "reshare", "key": "zone-01", "repartition": "newest"},
    ]
    run = api.run(api.load(FILE).with_({"timeline": timeline, "expect": []}), seed=1)

    refused = [r["key"] for r in run.summary["requests"] if r["refused"] == "RotationPending"]
    rounds = partition(run)["rounds"]
    assert refused == ["zone-01"]
    assert [drawn["round"] for drawn in rounds] == [0, 1]
    for name in ZONES:
        assert list(run.keys[name].committee) == rounds[1]["committees"][name]["members"]


def test_new_public_keys_and_plain_rotations_can_be_drawn_anew_too() -> None:
    timeline = [
        *CREATE,
        {"at": "60s", "do": "rekey", "key": "zone", "repartition": "anew"},
        {"at": "120s", "do": "rotate", "key": "zone", "repartition": "anew"},
    ]
    run = api.run(api.load(FILE).with_({"timeline": timeline, "expect": []}), seed=1)

    rounds = partition(run)["rounds"]
    assert [drawn["round"] for drawn in rounds] == [0, 1, 2]
    for name in ZONES:
        key = run.keys[name]
        made = [(one.operation, list(one.committee)) for one in key.generations]
        members = [drawn["committees"][name]["members"] for drawn in rounds]
        assert made == list(zip(("dkg", "rekey", "reshare"), members, strict=True))
        assert (key.era, key.generation) == (2, 1)


def test_an_emergency_draws_the_partition_anew_for_the_key_alone() -> None:
    timeline = [
        {"at": "0s", "do": "create-key", "key": "zone"},
        {"at": "60s", "do": "emergency", "key": "zone-03"},
    ]
    run = api.run(api.load(FILE).with_({"timeline": timeline, "expect": []}), seed=1)

    keys = partition(run)["keys"]
    assert {name: figures["round"] for name, figures in keys.items()} == {
        "zone-00": 0,
        "zone-01": 0,
        "zone-02": 0,
        "zone-03": 1,
    }
    assert run.exit_code == 0


def test_a_partition_that_nobody_could_be_drawn_for_is_no_reason_to_foresee_one() -> None:
    """Some join later: at genesis the pool is too small."""
    changes = {
        "validators.standby": ["v31"],
        "timeline": [
            {"at": "1s", "do": "join", "node": "v31"},
            {"at": "3m", "do": "create-key", "key": "zone"},
        ],
        "ledger.epoch": "1m",
        "expect": [],
    }
    plan = resolve(load(str(FILE)).with_(changes))

    assert foreseen(plan) == ()
    assert len(set(owners_of(plan, 2))) == 2
