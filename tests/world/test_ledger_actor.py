"""The ledger's place in the loop: what a rushing adversary sees and answers before a block."""

from __future__ import annotations

import msgspec

from sim.base.ids import Label, ValidatorIndex
from sim.engine.ports import Submission
from sim.kchain.blocks import decode_block
from sim.protocol.messages import Announce
from sim.protocol.requests import CREATE_KEY
from sim.protocol.transactions import (
    decode_transaction,
    sign_transaction,
    statement_payload,
)
from sim.world.genesis import chain_id, identity_of
from sim.world.runner import make_actor
from tests.world.plans import CREATE, make_plan

PLAN = make_plan(3, 2)
BLOCK_US = PLAN.ledger.block_time_us


def test_rusher_sees_what_the_block_would_take_and_its_answer_is_in_that_block() -> None:
    actor = make_actor(PLAN)
    rusher = ValidatorIndex(1)
    identity = identity_of(PLAN, rusher)
    answer = sign_transaction(
        identity.sign,
        chain_id(PLAN),
        "announce",
        identity.public,
        1,
        statement_payload(bytes(32), 1, Announce(b"")),
    )

    seen = actor.pending(BLOCK_US)
    sent = Submission(BLOCK_US, rusher, 1, Label("beacon/dkg/0", 1, "announce", "v01"), answer)
    actor.rush(BLOCK_US, [sent])
    actor.form(BLOCK_US)

    assert [decode_transaction(raw).kind for raw in seen] == [CREATE_KEY]
    block = decode_block(actor.ledger.blocks[-1])
    assert [entry.transaction for entry in block.entries] == [*seen, answer]


def test_ordinary_submission_at_the_block_time_comes_too_late_for_it() -> None:
    """The control: what arrives at the instant of a block is for the next one."""
    late = msgspec.structs.replace(CREATE, at_us=BLOCK_US)
    actor = make_actor(make_plan(3, 2, timeline=(late,)))

    assert actor.pending(BLOCK_US) == ()
    assert len(actor.pending(2 * BLOCK_US)) == 1
