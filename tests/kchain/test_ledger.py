"""Which transactions a block takes, in which order, and when there is a block at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.ids import NEVER_US
from sim.kchain.blocks import decode_block
from sim.kchain.ledger import Ledger
from sim.protocol.transactions import decode_transaction
from tests.kchain.scene import BLOCK_US, OWNER, Scene, identity, make_genesis, signed

A, B = identity(0), identity(1)


def payloads(ledger: Ledger, block_us: int) -> list[str]:
    """Form a block and return its transactions' payloads, as text."""
    formed = ledger.form(block_us)
    assert formed is not None
    entries = decode_block(formed.raw).entries
    return [decode_transaction(entry.transaction).payload.decode() for entry in entries]


def test_a_block_takes_what_arrived_strictly_before_it() -> None:
    ledger = Ledger(make_genesis())
    ledger.submit(BLOCK_US - 1, 0, signed(A, 1, "x", b"before"))
    ledger.submit(BLOCK_US, 1, signed(B, 1, "x", b"at the block time"))

    assert payloads(ledger, BLOCK_US) == ["before"]
    assert payloads(ledger, 2 * BLOCK_US) == ["at the block time"]


def test_the_order_is_arrival_then_validator_then_nonce() -> None:
    ledger = Ledger(make_genesis())
    ledger.submit(20, 1, signed(B, 1, "x", b"B1 at 20"))
    ledger.submit(10, 1, signed(identity(2), 1, "x", b"C1 at 10 over B's link"))
    ledger.submit(10, 0, signed(A, 2, "x", b"A2 at 10"))
    ledger.submit(10, 0, signed(A, 1, "x", b"A1 at 10"))
    ledger.submit(10, -1, signed(OWNER, 1, "x", b"principal at 10"))

    assert payloads(ledger, BLOCK_US) == [
        "principal at 10",
        "A1 at 10",
        "A2 at 10",
        "C1 at 10 over B's link",
        "B1 at 20",
    ]


def test_a_full_block_leaves_the_rest_to_the_next_one() -> None:
    ledger = Ledger(make_genesis(block_max=2))
    for nonce in range(1, 6):
        ledger.submit(nonce, 0, signed(A, nonce, "x", str(nonce).encode()))

    assert payloads(ledger, BLOCK_US) == ["1", "2"]
    assert ledger.next_block_us(BLOCK_US) == 2 * BLOCK_US
    assert payloads(ledger, 2 * BLOCK_US) == ["3", "4"]
    assert payloads(ledger, 3 * BLOCK_US) == ["5"]
    assert ledger.next_block_us(0) == NEVER_US


def test_a_future_nonce_waits_until_the_gap_is_filled() -> None:
    ledger = Ledger(make_genesis())
    ledger.submit(10, 0, signed(A, 3, "x", b"A3"))
    ledger.submit(11, 0, signed(A, 2, "x", b"A2"))

    assert ledger.next_block_us(0) == NEVER_US
    assert ledger.form(BLOCK_US) is None
    ledger.submit(BLOCK_US + 1, 0, signed(A, 1, "x", b"A1"))
    assert payloads(ledger, 2 * BLOCK_US) == ["A1", "A2", "A3"]


def test_what_waited_counts_as_arrived_with_what_filled_the_gap() -> None:
    ledger = Ledger(make_genesis())
    ledger.submit(10, 0, signed(A, 2, "x", b"A2"))
    ledger.submit(20, 1, signed(B, 1, "x", b"B1 at 20"))
    ledger.submit(30, 0, signed(A, 1, "x", b"A1 at 30"))
    ledger.submit(40, 1, signed(B, 2, "x", b"B2 at 40"))

    assert payloads(ledger, BLOCK_US) == ["B1 at 20", "A1 at 30", "A2", "B2 at 40"]


def test_what_waited_is_rejected_if_its_nonce_was_used_by_another() -> None:
    scene = Scene()
    scene.submit(signed(A, 2, "x", b"first with nonce 2"))
    scene.submit(signed(A, 2, "x", b"second with nonce 2"))
    scene.submit(signed(A, 1, "x", b"fills the gap"))

    assert scene.reasons() == ["UnknownKind", "UnknownKind", "BadNonce"]


def test_a_forged_future_nonce_doesnt_wait() -> None:
    scene = Scene()
    scene.submit(signed(A, 5, "x", b"payload")[:-1] + b"\xff")

    assert scene.reasons() == ["BadSignature"]


def test_the_same_transaction_again_is_dropped_silently() -> None:
    ledger = Ledger(make_genesis())
    raw = signed(A, 1, "x", b"once")
    ledger.submit(1, 0, raw)
    ledger.submit(2, 1, raw)

    assert payloads(ledger, BLOCK_US) == ["once"]
    ledger.submit(BLOCK_US + 1, 0, raw)
    assert ledger.form(2 * BLOCK_US) is None


def test_bytes_that_are_no_transaction_are_dropped_silently() -> None:
    ledger = Ledger(make_genesis())
    for raw in (b"", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000):
        ledger.submit(1, 0, raw)

    assert ledger.next_block_us(0) == NEVER_US


def test_a_height_without_reason_has_no_block() -> None:
    scene = Scene()

    assert scene.skip_to(5) == []
    scene.submit(signed(A, 1, "x", b""))
    assert scene.step() is not None


def test_parents_are_the_last_materialised_blocks_and_times_are_exact() -> None:
    scene = Scene()
    scene.skip_to(2)
    scene.submit(signed(A, 1, "x", b""))
    first = scene.step()
    head = scene.ledger.state.head
    scene.skip_to(9)
    scene.submit(signed(A, 2, "x", b""))
    second = scene.step()

    assert first is not None
    assert second is not None
    assert (first.height, second.height) == (3, 10)
    assert second.parent == head
    assert second.time_us == scene.genesis.time_us + 10 * BLOCK_US


def test_a_read_is_answered_at_the_next_height_even_if_nothing_else_happens() -> None:
    ledger = Ledger(make_genesis())
    ledger.read(3 * BLOCK_US, reader=2)
    ledger.read(3 * BLOCK_US - 1, reader=3)

    assert ledger.next_block_us(0) == 3 * BLOCK_US
    first = ledger.form(3 * BLOCK_US)
    assert first is not None
    assert (first.height, first.readers) == (3, (3,))
    second = ledger.form(4 * BLOCK_US)
    assert second is not None
    assert (second.height, second.readers) == (4, (2,))
    assert decode_block(second.raw).entries == ()


def test_due_heights_have_blocks() -> None:
    """announce 3 heights, deal 4: deadlines at 4 and 8."""
    scene = Scene()
    scene.create()
    scene.step()

    assert scene.ledger.next_block_us(BLOCK_US) == 4 * BLOCK_US
    assert scene.skip_to(10) == [4, 8]


def test_with_finality_later_heights_come_so_that_validators_may_act() -> None:
    """Validators act on h once they have h + finality; acting on those needs no more."""
    scene = Scene(finality=2)
    scene.create()

    assert scene.skip_to(20) == [1, 3, 4, 6, 8, 10]


def test_a_halt_shifts_heights_and_nothing_expires_in_it() -> None:
    ledger = Ledger(make_genesis())
    ledger.halt(2 * BLOCK_US, 5 * BLOCK_US)
    ledger.submit(BLOCK_US, 0, signed(A, 1, "x", b"sent before the halt"))

    assert ledger.next_block_us(0) == 5 * BLOCK_US
    assert ledger.next_tick_us(BLOCK_US) == 5 * BLOCK_US
    assert ledger.height_at(4 * BLOCK_US) == 1
    formed = ledger.form(5 * BLOCK_US)
    assert formed is not None
    assert formed.height == 2
    assert decode_block(formed.raw).time_us == ledger.genesis.time_us + 5 * BLOCK_US


def test_the_driver_cannot_skip_or_invent_heights() -> None:
    scene = Scene()
    scene.create()
    scene.step()

    with pytest.raises(LocalError, match="no height"):
        scene.ledger.form(3 * BLOCK_US + 1)
    with pytest.raises(LocalError, match="no height"):
        scene.ledger.form(BLOCK_US)
    with pytest.raises(LocalError, match="height 4 is due"):
        scene.ledger.form(5 * BLOCK_US)
    with pytest.raises(LocalError, match="no halt"):
        scene.ledger.halt(BLOCK_US, None)


submissions = st.lists(
    st.tuples(st.integers(0, 4 * BLOCK_US), st.integers(0, 1), st.integers(1, 5), st.booleans()),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(submissions=submissions)
def test_looking_ahead_between_submissions_changes_no_block(
    submissions: list[tuple[int, int, int, bool]],
) -> None:
    """How often the driver asks depends on windows and processes; blocks must not."""
    curious, calm = Ledger(make_genesis(block_max=3)), Ledger(make_genesis(block_max=3))
    for place, (arrival_us, who, nonce, forged) in enumerate(submissions):
        raw = signed(identity(who), nonce, "x", str(place).encode())
        raw = raw[:-1] + b"\xff" if forged else raw
        for ledger in (curious, calm):
            ledger.submit(arrival_us, who, raw)
        curious.next_block_us(0)
        curious.pending(BLOCK_US)

    for height in range(1, 10):
        time_us = curious.next_block_us(0)
        formed = calm.form(height * BLOCK_US)
        assert (formed is not None) == (time_us == height * BLOCK_US)
        if time_us == height * BLOCK_US:
            assert curious.form(time_us) == formed
    assert curious.state == calm.state


def test_looking_at_pending_transactions_changes_nothing() -> None:
    scene = Scene()
    scene.submit(signed(A, 2, "x", b"A2"))
    scene.submit(signed(A, 1, "x", b"A1"))
    scene.submit(signed(B, 2, "x", b"B2 waits"))

    seen = scene.ledger.pending(BLOCK_US)

    assert [decode_transaction(raw).payload for raw in seen] == [b"A1", b"A2"]
    assert scene.ledger.pending(BLOCK_US) == seen
    block = scene.step()
    assert block is not None
    assert tuple(included.transaction for included in block.entries) == seen
