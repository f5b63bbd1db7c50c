"""Following the chain: every validator, the ledger and a verifier come to the same state."""

from __future__ import annotations

import pytest

from sim.base.codec import encode
from sim.base.memo import Memo, using
from sim.base.meters import Meter, metering
from sim.kchain.blocks import genesis_state, pack_blocks, unpack_blocks
from sim.kchain.errors import LedgerError
from sim.kchain.replica import follow
from sim.kchain.state import ChainState
from sim.protocol.requests import CREATE_KEY
from tests.kchain.scene import OWNER, Scene, make_request, signed, with_key


def replay(scene: Scene) -> ChainState:
    state = genesis_state(scene.genesis)
    for raw in scene.ledger.blocks[1:]:
        state = follow(state, raw)
    return state


def test_a_replica_ends_in_the_ledgers_own_state() -> None:
    scene = with_key()

    state = replay(scene)

    assert state == scene.ledger.state
    assert state.leaves == scene.ledger.state.leaves
    assert state.record("beacon") == scene.ledger.state.record("beacon")


def test_following_is_done_once_and_charged_to_everyone() -> None:
    scene = with_key()
    memo = Memo()
    meters = [Meter(), Meter()]

    with using(memo):
        states = []
        for meter in meters:
            with metering(meter):
                states.append(replay(scene))

    assert states[0] is states[1]
    assert meters[0].counts == meters[1].counts
    assert meters[0].counts["signature.verify"] > 0


def test_charges_and_states_dont_depend_on_the_memo() -> None:
    scene = with_key()
    outcomes = []
    for size in (0, 1, None):
        meter = Meter()
        with using(Memo(size)), metering(meter):
            replay(scene)
            outcomes.append((replay(scene).head, meter.sorted()))

    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_a_block_that_doesnt_follow_is_refused() -> None:
    scene = with_key()
    blocks = scene.ledger.blocks

    with pytest.raises(LedgerError, match="block 2: its parent isn't block 0"):
        follow(genesis_state(scene.genesis), blocks[2])
    with pytest.raises(LedgerError, match="after block 0: no block"):
        follow(genesis_state(scene.genesis), blocks[1][:-1])


def test_an_old_state_keeps_its_own_view() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    before = scene.ledger.state
    phase = before.newest("beacon").phase
    scene.skip_to(8)

    assert before.newest("beacon").phase is phase
    assert (before.height, before.next_due) == (1, 4)
    assert scene.ledger.state.keys["beacon"].status == "Failed"


def test_a_delivery_unpacks_to_its_blocks() -> None:
    scene = Scene()
    scene.submit(signed(OWNER, 1, CREATE_KEY, encode(make_request(["v1"]))))
    scene.step()
    blocks = scene.ledger.blocks

    assert unpack_blocks(pack_blocks(blocks)) == ((0, blocks[0]), (1, blocks[1]))
