"""`verify` accepts what the ledger wrote, and names the place of anything else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgpack
import msgspec
import pytest

from sim.base.codec import encode
from sim.kchain.blocks import Block, Included, block_hash, decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.file import Header, Trailer, encode_ledger, parse_ledger
from sim.kchain.genesis import Validator
from sim.kchain.verify import verify_ledger
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.requests import RECORD_SIGN_SESSION
from tests.kchain.scene import (
    BLOCK_US,
    OWNER,
    Scene,
    identity,
    make_genesis,
    make_validators,
    second_deal,
    signed,
    with_key,
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A key from request to activation, a rejected session, an equivocation, a failed key."""
    scene = with_key()
    scene.submit(scene.sign(scene.validators[0], RECORD_SIGN_SESSION, b"\xc1"))
    scene.step()
    scene.submit(second_deal(scene, 0, nonce=1))
    scene.create(key="second")
    scene.skip_to(scene.height + 12)
    return scene


@pytest.fixture(scope="module")
def ledger(scene: Scene) -> bytes:
    return scene.file()


def test_a_ledger_verifies_to_the_state_that_it_was_written_from(
    scene: Scene, ledger: bytes
) -> None:
    verified = verify_ledger(ledger, scene.ledger.state.head)

    assert verified.state == scene.ledger.state
    assert verified.head == block_hash(scene.ledger.blocks[-1])
    assert [block.height for block in verified.blocks][:3] == [0, 1, 2]
    assert verified.raw == tuple(scene.ledger.blocks)


@pytest.mark.parametrize("scheme", ["SECP256K1", "BLS"])
def test_ledgers_of_other_schemes_verify_and_flips_are_named(scheme: str) -> None:
    scene = with_key(scheme=scheme)
    ledger = scene.file()

    assert verify_ledger(ledger).state == scene.ledger.state
    for place in range(7, len(ledger), len(ledger) // 24):
        flipped = ledger[:place] + bytes([ledger[place] ^ 1 << place % 8]) + ledger[place + 1 :]
        with pytest.raises(LedgerError):
            verify_ledger(flipped)


def test_a_ledger_with_nothing_but_genesis_verifies() -> None:
    assert verify_ledger(Scene().file()).state.height == 0


def test_plain_msgpack_reads_the_file_and_its_hashes_link(ledger: bytes) -> None:
    """Without this project's code: parent = SHA-256 of the object before, byte for byte."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(ledger)
    header, *blocks, trailer = unpacker

    assert (header["format"], header["version"]) == ("kchain-ledger", 2)
    assert header["genesis"]["chain"] == "test-chain"
    packed = [msgpack.packb(block) for block in blocks]
    assert blocks[0]["parent"] == hashlib.sha256(msgpack.packb(header["genesis"])).digest()
    for before, block in zip(packed, blocks[1:], strict=False):
        assert block["parent"] == hashlib.sha256(before).digest()
    assert trailer == {"head": hashlib.sha256(packed[-1]).digest(), "blocks": len(blocks)}


def test_a_file_of_version_1_is_read_but_not_derived_again() -> None:
    """Written by the release that had it: three validators with stakes 5, 1 and 2."""
    old = (Path(__file__).parent / "version-1.msgpack").read_bytes()

    parsed = parse_ledger(old)

    assert (parsed.version, [stored.block.height for stored in parsed.blocks]) == (1, [0, 1])
    assert parsed.head.hex().startswith("db78e4b34f7eafbd")
    read = [(one.name, one.address, one.stake) for one in parsed.genesis.validators]
    assert read == [("v1", 0, 5), ("v2", 1, 1), ("v3", 2, 2)]
    assert parsed.genesis.validators[0].identity == identity(0).public
    with pytest.raises(LedgerError, match="version 1: its hashes link up to db78e4b34f7eafbd"):
        verify_ledger(old)


def test_any_changed_byte_of_an_old_file_is_refused() -> None:
    old = (Path(__file__).parent / "version-1.msgpack").read_bytes()

    for position in range(len(old)):
        changed = bytearray(old)
        changed[position] ^= 1 << position % 8
        with pytest.raises(LedgerError):
            parse_ledger(bytes(changed))


def test_any_changed_byte_is_refused_and_its_place_named(ledger: bytes) -> None:
    """Every 17th position and all of header and trailer, each with three changes."""
    ends = set(range(120)) | set(range(len(ledger) - 80, len(ledger)))
    positions = sorted(ends | set(range(0, len(ledger), 17)))
    assert len(positions) > 300

    for position in positions:
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(ledger)
            changed[position] ^= mask
            with pytest.raises(LedgerError) as caught:
                verify_ledger(bytes(changed))
            assert caught.value.where.startswith(("block ", "offset ", "header"))


def test_a_file_cut_anywhere_is_refused(ledger: bytes) -> None:
    for length in (0, 1, 100, len(ledger) // 2, len(ledger) - 1):
        with pytest.raises(LedgerError):
            verify_ledger(ledger[:length])


def test_bytes_after_the_trailer_are_refused(ledger: bytes) -> None:
    for more in (b"\x00", b"\xc0", ledger[-60:], ledger):
        with pytest.raises(LedgerError):
            verify_ledger(ledger + more)


def test_a_ledger_cut_at_a_block_needs_the_expected_head(scene: Scene) -> None:
    """Whoever cuts off blocks can write a new trailer: only the head tells."""
    cut = encode_ledger(scene.genesis, scene.ledger.blocks[:-1])

    assert verify_ledger(cut).state.height < scene.ledger.state.height
    with pytest.raises(LedgerError, match="the head is"):
        verify_ledger(cut, scene.ledger.state.head)


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff" * 10,
        b"\xdf\xff\xff\xff\xff" + bytes(50),
        b"\xc6\xff\xff\xff\xff" + bytes(50),
        b"\x91" * 1_000_000,
        b"\x81" * 1_000_000,
        b"\xc1",
        bytes(1_000),
        b"\xd4\x00\x00" * 5,
    ],
    ids=["array", "map", "binary", "nested", "maps", "reserved", "zeros", "extensions"],
)
def test_hostile_messagepack_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(LedgerError):
        verify_ledger(data)


def relink(scene: Scene, place: int, change: Callable[[Block], Block]) -> bytes:
    """Return the ledger with one block changed, and every hash after it made to fit."""
    blocks = list(scene.ledger.blocks)
    blocks[place] = encode(change(decode_block(blocks[place])))
    for later in range(place + 1, len(blocks)):
        block = decode_block(blocks[later])
        parent = block_hash(blocks[later - 1])
        blocks[later] = encode(msgspec.structs.replace(block, parent=parent))
    return encode_ledger(scene.genesis, blocks)


def with_entry(block: Block, entry: Included) -> Block:
    return msgspec.structs.replace(block, entries=(entry, *block.entries[1:]))


REWRITES: dict[str, tuple[Callable[[Block], Block], str]] = {
    "a wrong state root": (
        lambda b: msgspec.structs.replace(b, state_root=bytes(32)),
        "state root",
    ),
    "a time that is no block time": (
        lambda b: msgspec.structs.replace(b, time_us=b.time_us + 1),
        "time",
    ),
    "a time before its height": (
        lambda b: msgspec.structs.replace(b, time_us=b.time_us - BLOCK_US),
        "time",
    ),
    "a height that repeats": (
        lambda b: msgspec.structs.replace(b, height=b.height - 1),
        "it follows",
    ),
    "a transaction left out": (
        lambda b: msgspec.structs.replace(b, entries=b.entries[1:]),
        "state root",
    ),
    "an applied transaction called rejected": (
        lambda b: with_entry(b, Included(b.entries[0].transaction, "Malformed")),
        "recorded as Malformed",
    ),
    "a transaction with another signature": (
        lambda b: with_entry(b, Included(b.entries[0].transaction[:-1] + b"\xff", "")),
        "it is BadSignature",
    ),
    "a transaction of another chain": (
        lambda b: with_entry(b, Included(signed(OWNER, 1, "x", b"", chain="other"), "")),
        "it is WrongChain",
    ),
    "bytes that are no transaction": (
        lambda b: with_entry(b, Included(b"\xc1", "")),
        "no transaction",
    ),
}


@pytest.mark.parametrize("name", REWRITES)
def test_a_rewritten_block_is_refused_by_name(scene: Scene, name: str) -> None:
    """All hashes fit again, so only the rules themselves can tell."""
    change, reason = REWRITES[name]

    with pytest.raises(LedgerError, match=reason) as caught:
        verify_ledger(relink(scene, 2, change))

    assert caught.value.where.startswith("block ")


def test_another_block_0_is_refused(scene: Scene) -> None:
    forged = relink(scene, 0, lambda b: msgspec.structs.replace(b, state_root=bytes(32)))

    with pytest.raises(LedgerError, match="block 0: it isn't what the genesis"):
        verify_ledger(forged)


def test_a_missing_due_height_is_refused() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    due = scene.ledger.state
    scene.skip_to(8)
    kept = [raw for raw in scene.ledger.blocks if decode_block(raw).height != 4]
    last = decode_block(kept[-1])
    kept[-1] = encode(msgspec.structs.replace(last, parent=due.head))

    with pytest.raises(LedgerError, match="block 4 was due and is missing") as caught:
        verify_ledger(encode_ledger(scene.genesis, kept))

    assert caught.value.where == "block 8"


def test_a_block_above_the_limit_is_refused() -> None:
    scene = Scene()
    for nonce in (1, 2):
        scene.submit(signed(OWNER, nonce, "x", b""))
    scene.step()
    strict = make_genesis(block_max=1)
    blocks = Scene(block_max=1).ledger.blocks
    second = msgspec.structs.replace(
        decode_block(scene.ledger.blocks[1]), parent=block_hash(blocks[0])
    )

    with pytest.raises(LedgerError, match="2 transactions, above 1"):
        verify_ledger(encode_ledger(strict, [blocks[0], encode(second)]))


@pytest.mark.parametrize(
    "changes",
    [
        {"validators": ()},
        {"validators": (Validator("v1", bytes(32), 0), Validator("v1", bytes([1]) * 32, 1))},
        {"validators": (Validator("v1", bytes(32), 0), Validator("v2", bytes(32), 1))},
        {"validators": (Validator("v1", bytes(32), 1), Validator("v2", bytes([1]) * 32, 0))},
        {"validators": (Validator("v1", bytes(32), 1), Validator("v2", bytes([1]) * 32, 1))},
        {"validators": (Validator("v1", bytes(32), 0, transport=bytes(1215)),)},
        {"validators": (Validator("v1", bytes(32), 0, at_rest=bytes(31)),)},
        {"phases": PhaseLengths(deal=0)},
        {"block_time_us": 0},
        {"epoch_heights": 0},
        {"block_max": 0},
        {"validators": make_validators((5, 4, 0, 2))},
        {"validators": make_validators((5, 4, -1, 2))},
        {"validators": make_validators((2**63, 1))},
        {"validators": make_validators((2**63 - 1, 2**62, 2**62, 1))},
        {"authorised": (bytes(31),)},
        {"authorised": (OWNER.public, bytes(1951))},
    ],
)
def test_a_genesis_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    header = encode(Header("kchain-ledger", 2, make_genesis(**changes)))
    rest = Scene().ledger.blocks[0]
    trailer = encode(Trailer(block_hash(rest), 1))

    with pytest.raises(LedgerError) as caught:
        verify_ledger(header + rest + trailer)

    assert caught.value.where == "header"


def test_another_genesis_is_no_start_for_this_chain(scene: Scene) -> None:
    other = make_genesis(authorised=(identity(0).public,))

    with pytest.raises(LedgerError, match="genesis"):
        verify_ledger(encode_ledger(other, scene.ledger.blocks))


def test_a_halt_shows_in_block_times_and_passes() -> None:
    scene = Scene()
    scene.ledger.halt(2 * BLOCK_US, 4 * BLOCK_US)
    scene.submit(signed(OWNER, 1, "x", b""))
    scene.ledger.form(BLOCK_US)
    scene.ledger.submit(3 * BLOCK_US, 0, signed(OWNER, 2, "x", b""))
    scene.ledger.form(4 * BLOCK_US)

    verified = verify_ledger(scene.file())

    assert [block.height for block in verified.blocks] == [0, 1, 2]
