"""Partitions: committees of several keys that the chain draws at once, and anyone draws again."""

from __future__ import annotations

import hashlib
from typing import Any

import msgpack
import msgspec
import pytest

from sim.base.codec import encode
from sim.kchain.blocks import Block, decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.file import encode_ledger
from sim.kchain.records import Partition
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import (
    CREATE_KEY,
    ROTATE_KEY,
    ByStake,
    InPartition,
    RotateKey,
    RotationRules,
)
from sim.protocol.selection import draw_partition
from tests.crypto.test_tuple_hash import by_the_book
from tests.kchain.crew import Crew
from tests.kchain.scene import OWNER, Scene, identity, make_request, make_validators

STAKES = (50, 1, 7, 20, 3, 9, 30)
ZONES = ("zone-00", "zone-01")


def seat(place: int, number: int = 0, **changes: Any) -> InPartition:
    """Return a place in a partition of two committees of three."""
    place_of = {"partition": "zone", "round": number, "place": place, "count": 2, "size": 3}
    return InPartition(**{**place_of, **changes})


def ask(scene: Scene, place: int, **changes: object) -> None:
    """Let the owner ask for the key of a place."""
    fields = {"key": ZONES[place], "committee": seat(place), "threshold": 2, **changes}
    scene.create(**fields)


def scene(**changes: object) -> Scene:
    return Scene(7, **{"validators": make_validators(STAKES), **changes})


def asked(*, apart: bool = False) -> Scene:
    """Return a scene with both keys asked for: in one block, or in two."""
    made = scene()
    made.skip_to(2)
    ask(made, 0)
    if apart:
        made.step()
    ask(made, 1)
    made.step()
    return made


def crew(rules: RotationRules | None = None, **genesis: object) -> Crew:
    """Return a crew with both keys created."""
    made = Crew(scene(**genesis))
    for place in (0, 1):
        ask(made.scene, place, rotation=rules or RotationRules())
    made.scene.step()
    for name in ZONES:
        made.settle(name)
    made.step()
    return made


def move(made: Crew, place: int, number: int, **changes: Any) -> list[str]:
    """Let the owner move a key to its place in a round; return the block's reasons."""
    wish = RotateKey(ZONES[place], "reshare", committee=seat(place, number, **changes))
    return made.send(ROTATE_KEY, wish)


def newest(made: Scene) -> Partition:
    return made.ledger.state.partitions["zone"]


def drawn(made: Scene) -> list[Partition]:
    """Every partition that the blocks record."""
    return [one for raw in made.ledger.blocks for one in decode_block(raw).partitions]


# The draw


def test_one_draw_gives_every_key_its_committee_and_nobody_two_seats() -> None:
    made = asked()

    (partition,) = drawn(made)
    places = draw_partition(partition.seed, 0, STAKES, 2, 3)

    names = tuple(tuple(f"v{place + 1}" for place in committee) for committee in places)
    assert partition.committees == names
    assert not set(names[0]) & set(names[1])
    for place, name in enumerate(ZONES):
        members = made.newest(name).ceremony.members
        assert tuple(member.name for member in members) == names[place]


def test_a_request_in_a_later_block_takes_its_place_in_the_draw_of_the_first() -> None:
    together, apart = asked(), asked(apart=True)

    assert drawn(apart) == drawn(together)
    assert [len(decode_block(raw).partitions) for raw in apart.ledger.blocks] == [0, 1, 0]
    assert apart.newest(ZONES[1]).ceremony.members == together.newest(ZONES[1]).ceremony.members


def test_anyone_derives_the_draw_from_the_file_without_this_projects_code() -> None:
    unpacker = msgpack.Unpacker()
    unpacker.feed(asked().file())
    header, *blocks, _ = unpacker
    genesis, (before, block) = header["genesis"], blocks
    (
        (
            name,
            number,
            height,
            index,
            seed,
            parent,
            signer_set,
            p_height,
            epoch,
            policy,
            committees,
        ),
    ) = block["partitions"]
    requests = [msgpack.unpackb(msgpack.unpackb(e[0])[4]) for e in block["entries"]]

    assert (name, number, height, index, p_height) == ("zone", 0, block["height"], 0, 0)
    assert parent == hashlib.sha256(msgpack.packb(before)).digest()
    pool = [[one[0], one[1], one[2], one[5]] for one in genesis["validators"]]
    assert signer_set == _sha256("K-chain/signer-set/v2", pool)
    assert policy == _sha256("K-chain/policy/v1", requests[0][5])
    assert [request[4] for request in requests] == [
        {"select": "partition", "partition": "zone", "round": 0, "place": p, "count": 2, "size": 3}
        for p in (0, 1)
    ]
    parts = (b"K-chain/committee/v1", parent, signer_set, bytes(8), bytes(8), policy)
    assert (epoch, seed) == (0, by_the_book(parts, 32))
    places = draw_partition(seed, index, [one[3] for one in pool], 2, 3)
    assert committees == [[pool[one][0] for one in committee] for committee in places]


def _sha256(*parts: Any) -> bytes:
    return hashlib.sha256(msgpack.packb(parts)).digest()


def test_draws_of_one_block_have_streams_of_their_own() -> None:
    made = scene()
    made.create(key="one", committee=ByStake(3), threshold=2)
    ask(made, 0)
    made.create(key="two", committee=ByStake(3), threshold=2)
    made.create(key="other", committee=seat(0, partition="other"), threshold=2)
    made.step()
    state = made.ledger.state

    assert (state.draws["one"].index, state.draws["two"].index) == (0, 3)
    assert (newest(made).index, state.partitions["other"].index) == (1, 4)
    assert len({state.draws["one"].seed, newest(made).seed}) == 1
    assert newest(made).committees != state.partitions["other"].committees


def test_ledgers_without_partitions_have_none_in_their_bytes() -> None:
    made = scene()
    made.create(committee=ByStake(3), threshold=2)
    made.step()
    unpacker = msgpack.Unpacker()
    unpacker.feed(made.file())
    _, *blocks, _ = unpacker

    assert all("partitions" not in block for block in blocks)


# Refusals


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"committee": seat(2)}, "InvalidPartition"),
        ({"committee": seat(1, count=3)}, "InvalidPartition"),
        ({"committee": seat(1, size=2)}, "InvalidPartition"),
        ({"committee": seat(0)}, "PlaceTaken"),
        ({"committee": seat(1, 1)}, "WrongRound"),
        ({"committee": seat(1, partition="other", number=1)}, "WrongRound"),
        ({"committee": seat(0, partition="other", size=4)}, "PoolTooSmall"),
        ({"committee": seat(1), "rotation": RotationRules(on=("churn",))}, "InvalidPartition"),
        ({"committee": seat(1), "threshold": 4}, "InvalidThreshold"),
        ({"committee": {"select": "partition", "place": 0}}, "Malformed"),
        ({"key": ZONES[0]}, "KeyExists"),
    ],
)
def test_a_place_that_can_t_be_had_is_refused_and_changes_nothing(
    changes: dict[str, object], reason: str
) -> None:
    made = scene()
    ask(made, 0)
    made.step()
    before = made.ledger.state
    ask(made, 1, **changes)

    assert made.reasons() == [reason]
    assert made.ledger.state.keys == before.keys
    assert made.ledger.state.partitions == before.partitions
    assert len(drawn(made)) == 1


def test_nobody_else_takes_a_place_in_the_owner_s_partition() -> None:
    stranger = identity(99)
    made = scene(authorised=(OWNER.public, stranger.public))
    ask(made, 0)
    made.step()
    payload = make_request((), key=ZONES[1], committee=seat(1), threshold=2)
    made.submit(made.sign(stranger, CREATE_KEY, encode(payload)))

    assert made.reasons() == ["Unauthorized"]


# Drawn anew


def test_a_partition_is_drawn_anew_by_the_first_key_that_moves() -> None:
    made = crew()
    first = newest(made.scene)

    assert move(made, 1, 1) == [""]
    second = newest(made.scene)
    made.settle(ZONES[1])
    assert move(made, 0, 1) == [""]
    made.settle(ZONES[0])

    assert (first.round, second.round, newest(made.scene)) == (0, 1, second)
    assert second.seed != first.seed
    assert [made.record(name).committee for name in ZONES] == list(second.committees)
    assert [one.round for one in drawn(made.scene)] == [0, 1]
    assert verify_ledger(made.scene.file()).state.partitions == {"zone": second}


def test_the_committees_of_another_round_may_have_another_size() -> None:
    made = crew()

    assert move(made, 0, 1, size=2) == [""]
    assert move(made, 1, 1, size=3) == ["InvalidPartition"]
    assert move(made, 1, 1, size=2) == [""]
    assert [len(committee) for committee in newest(made.scene).committees] == [2, 2]


@pytest.mark.parametrize(
    ("place", "changes", "reason"),
    [
        (0, {"number": 2}, "WrongRound"),
        (0, {"number": 1, "count": 1, "size": 7}, "InvalidPartition"),
        (0, {"number": 1, "size": 4}, "PoolTooSmall"),
        (0, {"number": 1, "partition": "other"}, "InvalidPartition"),
    ],
)
def test_a_key_moves_within_its_partition_and_a_round_at_a_time(
    place: int, changes: dict[str, Any], reason: str
) -> None:
    made = crew()

    assert move(made, place, **changes) == [reason]
    assert newest(made.scene).round == 0


def test_a_key_keeps_its_place() -> None:
    made = crew()
    wish = RotateKey(ZONES[0], "reshare", committee=seat(1, 1))

    assert made.send(ROTATE_KEY, wish) == ["InvalidPartition"]


def test_a_key_of_no_partition_can_t_enter_one() -> None:
    made = crew()
    made.scene.create(key="beacon", committee=("v1", "v2", "v3"), threshold=2)
    made.scene.step()
    made.settle()

    assert made.ask(operation="reshare", committee=seat(1, 1)) == ["InvalidPartition"]


def test_an_older_round_is_closed() -> None:
    made = crew()
    assert move(made, 0, 1) == [""]
    made.settle(ZONES[0])
    assert move(made, 0, 2) == [""]

    assert move(made, 1, 1) == ["WrongRound"]
    assert move(made, 1, 2) == [""]


# Epochs


def test_an_epoch_draws_the_partition_once_for_all_its_keys() -> None:
    made = crew(RotationRules(on=("epoch",)), epoch_heights=40)

    made.pass_to(41)
    partition = newest(made.scene)
    for name in ZONES:
        made.settle(name)

    assert (partition.round, partition.height, partition.epoch) == (1, 40, 1)
    assert [made.record(name).committee for name in ZONES] == list(partition.committees)
    assert {made.record(name).trigger for name in ZONES} == {"epoch"}
    assert len(drawn(made.scene)) == 2


def test_a_key_that_is_busy_at_the_boundary_takes_its_place_in_the_same_draw_later() -> None:
    made = crew(RotationRules(on=("epoch",)), epoch_heights=40)
    made.pass_to(38)
    assert made.send(ROTATE_KEY, RotateKey(ZONES[1], "refresh")) == [""]

    made.pass_to(40)
    partition = newest(made.scene)
    assert made.key(ZONES[1]).pending.operation == "refresh"  # type: ignore[union-attr]
    for name in ZONES:
        made.settle(name)

    assert made.record(ZONES[1]).operation == "reshare"
    assert made.record(ZONES[1]).activated_at > made.record(ZONES[0]).activated_at
    assert [made.record(name).committee for name in ZONES] == list(partition.committees)
    assert [one.round for one in drawn(made.scene)] == [0, 1]


def test_after_a_departure_the_next_draw_is_from_those_that_are_left() -> None:
    made = crew(RotationRules(on=("epoch",)), epoch_heights=40)
    assert made.leaves(0) == [""]

    made.pass_to(41)

    partition = newest(made.scene)
    assert {one for committee in partition.committees for one in committee} == {
        f"v{place}" for place in range(2, 8)
    }
    assert partition.p_chain_height == 40


def test_a_pool_that_has_become_too_small_lets_the_keys_stay_where_they_are() -> None:
    made = crew(RotationRules(on=("epoch",)), epoch_heights=40)
    for place in (0, 1):
        assert made.leaves(place) == [""]

    made.pass_to(41)

    ended = [made.scene.ledger.state.rotations(name)[-1] for name in ZONES]
    assert [(entry.outcome, entry.reason) for entry in ended] == [("dropped", "PoolTooSmall")] * 2
    assert newest(made.scene).round == 0


# Verification


def rewritten(made: Scene, *partitions: Partition) -> bytes:
    """Return the ledger with its last block recording `partitions`, and fitting hashes."""
    *before, last = made.ledger.blocks
    block: Block = msgspec.structs.replace(decode_block(last), partitions=partitions)
    return encode_ledger(made.genesis, [*before, encode(block)])


def test_verify_draws_the_partition_again() -> None:
    made = asked()

    verified = verify_ledger(made.file())

    assert verified.blocks[-1].partitions == (newest(made),)
    assert verified.derived.draws == 2
    assert verify_ledger(rewritten(made, newest(made))).head == verified.head


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other"),
        ("round", 1),
        ("height", 2),
        ("index", 1),
        ("seed", bytes(32)),
        ("block", bytes(32)),
        ("signer_set", bytes(32)),
        ("p_chain_height", 1),
        ("epoch", 1),
        ("policy", bytes(32)),
        ("committees", ()),
    ],
)
def test_verify_refuses_a_ledger_that_records_another_partition(field: str, value: object) -> None:
    made = asked()
    other = msgspec.structs.replace(newest(made), **{field: value})
    said = f"the draw of the partition zone records the {field.replace('_', ' ')} .*the rule gives "

    with pytest.raises(LedgerError, match=said) as caught:
        verify_ledger(rewritten(made, other))

    assert caught.value.where == "block 3"


def test_verify_names_the_committee_in_which_two_members_were_swapped() -> None:
    made = asked()
    first, second = newest(made).committees
    swapped = (tuple(sorted((*first[1:], second[0]))), tuple(sorted((first[0], *second[1:]))))
    other = msgspec.structs.replace(newest(made), committees=swapped)

    with pytest.raises(LedgerError) as caught:
        verify_ledger(rewritten(made, other))

    assert caught.value.reason == (
        f"the draw of the partition zone records the committee 0 {', '.join(swapped[0])}, "
        f"but the rule gives {', '.join(first)}"
    )


def test_verify_refuses_a_missing_or_an_additional_partition() -> None:
    made = asked()

    with pytest.raises(LedgerError, match="records 0 drawn partitions, but 1 were asked for"):
        verify_ledger(rewritten(made))
    with pytest.raises(LedgerError, match="records 2 drawn partitions, but 1 were asked for"):
        verify_ledger(rewritten(made, newest(made), newest(made)))


def test_any_changed_byte_of_a_ledger_with_a_partition_is_refused() -> None:
    ledger = asked(apart=True).file()

    for position in range(0, len(ledger), 3):
        changed = bytearray(ledger)
        changed[position] ^= 1 << position % 8
        with pytest.raises(LedgerError):
            verify_ledger(bytes(changed))
