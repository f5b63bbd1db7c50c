"""Committees that the chain draws by stake: derived, recorded, and derived again by anyone."""

from __future__ import annotations

import hashlib
from typing import Any

import msgpack
import msgspec
import pytest

from sim.base.codec import encode
from sim.kchain.blocks import Block, block_hash, decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.file import encode_ledger
from sim.kchain.records import Draw
from sim.kchain.verify import verify_ledger
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.requests import ByStake, Policy
from sim.protocol.selection import draw_committee
from tests.crypto.test_tuple_hash import by_the_book
from tests.kchain.scene import OWNER, Scene, make_validators, signed

STAKES = (50, 1, 7, 20, 3, 9)


def asked(size: int = 3, skip: int = 2, /, **changes: object) -> Scene:
    """Return a scene in which the block after `skip` heights holds a request for `size` members."""
    scene = Scene(6, **{"validators": make_validators(STAKES), **changes})
    scene.skip_to(skip)
    scene.create(committee=ByStake(size), threshold=2)
    scene.step()
    return scene


def the_draw(scene: Scene, key: str = "beacon") -> Draw:
    return scene.ledger.state.draws[key]


def test_a_request_by_size_gets_a_committee_that_the_chain_draws() -> None:
    scene = asked()

    draw = the_draw(scene)
    places = draw_committee(draw.seed, 0, STAKES, 3)

    assert draw.committee == tuple(f"v{place + 1}" for place in places)
    members = scene.newest().ceremony.members
    assert tuple(member.name for member in members) == draw.committee
    assert tuple(int(member.validator) for member in members) == places
    assert [int(member.index) for member in members] == [1, 2, 3]


def test_a_known_answer() -> None:
    """Pinned: stakes, policy and the block before lead to the same three on every platform."""
    draw = the_draw(asked())

    assert draw.seed.hex() == "e06270e908fa1e6753c86a8a502bb31e76ac1b7d5f2d038f19ccfdb4e375d9ee"
    assert draw.committee == ("v1", "v2", "v4")


def test_anyone_derives_the_draw_from_the_file_without_this_projects_code() -> None:
    unpacker = msgpack.Unpacker()
    unpacker.feed(asked(4).file())
    header, *blocks, _ = unpacker
    genesis, (before, block) = header["genesis"], blocks
    (draw,) = block["draws"]
    key, index, seed, parent, signer_set, p_chain_height, epoch, policy, committee, kept = draw
    request = msgpack.unpackb(msgpack.unpackb(block["entries"][0][0])[4])

    assert (key, index, p_chain_height, kept) == ("beacon", 0, 0, [])
    assert parent == hashlib.sha256(msgpack.packb(before)).digest()
    pool = [[one[0], one[1], one[2], one[5]] for one in genesis["validators"]]
    assert signer_set == _sha256("K-chain/signer-set/v2", pool)
    assert request[4] == {"select": "stake", "size": 4}
    assert policy == _sha256("K-chain/policy/v1", request[5])
    assert epoch == block["height"] // genesis["epoch_heights"]
    numbers = [number.to_bytes(8, "big") for number in (p_chain_height, epoch)]
    parts = (b"K-chain/committee/v1", parent, signer_set, *numbers, policy)
    assert seed == by_the_book(parts, 32)
    places = draw_committee(seed, index, [one[3] for one in pool], 4)
    assert committee == [genesis["validators"][place][0] for place in places]


def _sha256(*parts: Any) -> bytes:
    return hashlib.sha256(msgpack.packb(parts)).digest()


def test_ledgers_without_draws_have_none_in_their_bytes() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    unpacker = msgpack.Unpacker()
    unpacker.feed(scene.file())
    _, *blocks, _ = unpacker

    assert all("draws" not in block for block in blocks)


# What a draw follows from


def test_the_seed_is_of_the_block_before_and_not_of_its_own() -> None:
    first = asked()
    second = Scene(6, validators=make_validators(STAKES))
    second.skip_to(2)
    second.create(committee=ByStake(3), threshold=2)
    second.submit(signed(OWNER, 2, "nonsense", b""))
    second.step()

    assert first.ledger.blocks[-1] != second.ledger.blocks[-1]
    assert the_draw(first) == the_draw(second)
    assert the_draw(first).block == block_hash(first.ledger.blocks[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"validators": make_validators((50, 1, 7, 20, 3, 10))},
        {"epoch_heights": 1},
        {"block_max": 5},
    ],
)
def test_another_registry_epoch_or_block_before_gives_another_seed(
    changes: dict[str, object],
) -> None:
    assert the_draw(asked(**changes)).seed != the_draw(asked()).seed


def test_another_policy_gives_another_seed() -> None:
    scene = Scene(6, validators=make_validators(STAKES))
    scene.create(committee=ByStake(3), threshold=2, policy=Policy(7, ()))
    scene.step()

    assert the_draw(scene).policy != the_draw(asked(3, 0)).policy
    assert the_draw(scene).seed != the_draw(asked(3, 0)).seed


def test_two_requests_in_one_block_have_streams_of_their_own() -> None:
    scene = Scene(6, validators=make_validators(STAKES))
    for name in ("first", "named", "second"):
        committee = ("v1", "v2") if name == "named" else ByStake(3)
        scene.create(key=name, committee=committee, threshold=2)
    scene.step()

    first, second = the_draw(scene, "first"), the_draw(scene, "second")

    assert (first.index, second.index) == (0, 1)
    assert first.seed == second.seed
    assert second.committee == tuple(
        f"v{place + 1}" for place in draw_committee(second.seed, 1, STAKES, 3)
    )
    assert "named" not in scene.ledger.state.draws
    assert decode_block(scene.ledger.blocks[-1]).draws == (first, second)


def test_the_index_starts_anew_in_every_block() -> None:
    scene = asked()
    scene.create(key="other", committee=ByStake(3), threshold=2)
    scene.step()

    assert the_draw(scene, "other").index == 0
    assert the_draw(scene, "other").seed != the_draw(scene).seed


@pytest.mark.parametrize(("finality", "expected"), [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0), (9, 0)])
def test_with_finality_the_seed_is_of_the_last_block_that_is_final(
    finality: int, expected: int
) -> None:
    """Blocks at 1, 2, 3 and 4, the request at 5: block h is final before 5 if h + finality ≤ 4."""
    scene = Scene(6, validators=make_validators(STAKES), finality=finality)
    for nonce in range(1, 5):
        scene.submit(scene.sign(scene.validators[0], "nonsense", bytes([nonce])))
        scene.step()
    scene.create(committee=ByStake(3), threshold=2)
    scene.step()

    assert the_draw(scene).block == block_hash(scene.ledger.blocks[expected])
    assert len(scene.ledger.state.recent) <= finality + 1
    assert verify_ledger(scene.file()).state.draws == scene.ledger.state.draws


def test_every_attempt_has_the_committee_of_the_first() -> None:
    scene = Scene(
        6, validators=make_validators(STAKES), phases=PhaseLengths(3, 4, 5, 2, 3, 3, 8, 3)
    )
    scene.create(committee=ByStake(3), threshold=2, attempts=2)
    scene.skip_to(12)

    first, second = scene.ledger.state.all_ceremonies()

    assert (first.reason, second.ceremony.attempt) == ("too-few-dealers", 2)
    assert second.ceremony.members == first.ceremony.members
    assert len(scene.ledger.state.draws) == 1


# Refusals


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"committee": ByStake(7)}, "PoolTooSmall"),
        ({"committee": ByStake(0)}, "Malformed"),
        ({"committee": ByStake(-1)}, "Malformed"),
        ({"committee": {"select": "whim", "size": 3}}, "Malformed"),
        ({"committee": {"select": "stake", "size": 3, "lucky": 1}}, "Malformed"),
        ({"committee": ByStake(3), "threshold": 4}, "InvalidThreshold"),
        ({"committee": ByStake(3), "threshold": 3, "faults": 1}, "InvalidThreshold"),
    ],
)
def test_a_request_for_no_possible_committee_changes_nothing(
    changes: dict[str, object], reason: str
) -> None:
    scene = Scene(6, validators=make_validators(STAKES))
    scene.create(**changes)

    assert scene.reasons() == [reason]
    assert not scene.ledger.state.keys
    assert not scene.ledger.state.draws
    assert not decode_block(scene.ledger.blocks[-1]).draws


def test_a_whole_registry_can_be_the_committee() -> None:
    assert the_draw(asked(6)).committee == ("v1", "v2", "v3", "v4", "v5", "v6")


# Verification


def rewritten(scene: Scene, *draws: Draw) -> bytes:
    """Return the ledger with its last block recording `draws`, and its hashes fitting again."""
    *before, last = scene.ledger.blocks
    block: Block = msgspec.structs.replace(decode_block(last), draws=draws)
    return encode_ledger(scene.genesis, [*before, encode(block)])


def test_verify_derives_the_committee_again() -> None:
    scene = asked()

    verified = verify_ledger(scene.file())

    assert verified.state.draws == {"beacon": the_draw(scene)}
    assert verified.blocks[-1].draws == (the_draw(scene),)
    assert verify_ledger(rewritten(scene, the_draw(scene))).head == verified.head


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("committee", ("v2", "v3", "v5")),
        ("committee", ("v1", "v2")),
        ("seed", bytes(32)),
        ("index", 1),
        ("block", bytes(32)),
        ("signer_set", bytes(32)),
        ("p_chain_height", 1),
        ("epoch", 1),
        ("policy", bytes(32)),
        ("key", "other"),
        ("kept", ("v1",)),
    ],
)
def test_verify_refuses_a_ledger_that_records_another_draw(field: str, value: object) -> None:
    scene = asked()
    other = msgspec.structs.replace(the_draw(scene), **{field: value})
    said = f"the draw for beacon records the {field.replace('_', ' ')} .*, but the rule gives "

    with pytest.raises(LedgerError, match=said) as caught:
        verify_ledger(rewritten(scene, other))

    assert caught.value.where == "block 3"


def test_verify_names_both_committees() -> None:
    scene = asked()
    other = msgspec.structs.replace(the_draw(scene), committee=("v2", "v3", "v5"))

    with pytest.raises(LedgerError) as caught:
        verify_ledger(rewritten(scene, other))

    assert "the committee v2, v3, v5, but the rule gives " in caught.value.reason
    assert ", ".join(the_draw(scene).committee) in caught.value.reason


def test_verify_refuses_a_missing_or_an_additional_draw() -> None:
    scene = asked()
    draw = the_draw(scene)

    with pytest.raises(LedgerError, match="records 0 drawn committees, but 1 were asked for"):
        verify_ledger(rewritten(scene))
    with pytest.raises(LedgerError, match="records 2 drawn committees, but 1 were asked for"):
        verify_ledger(rewritten(scene, draw, draw))


def test_any_changed_byte_of_a_ledger_with_a_draw_is_refused() -> None:
    ledger = asked().file()

    for position in range(len(ledger)):
        changed = bytearray(ledger)
        changed[position] ^= 1 << position % 8
        with pytest.raises(LedgerError):
            verify_ledger(bytes(changed))


def test_an_empty_list_of_draws_is_not_canonical() -> None:
    scene = Scene()
    scene.submit(signed(OWNER, 1, "nonsense", b""))
    scene.step()
    *before, last = scene.ledger.blocks
    spelt = {**msgpack.unpackb(last), "draws": []}

    with pytest.raises(LedgerError, match="no block: not the canonical encoding"):
        verify_ledger(encode_ledger(scene.genesis, [*before, msgpack.packb(spelt)]))
