"""Which transactions use a nonce, and what a rejection changes."""

from __future__ import annotations

import msgspec

from sim.base.codec import encode
from sim.protocol.requests import CREATE_KEY
from sim.protocol.transactions import decode_transaction
from tests.kchain.scene import ANNOUNCE, OWNER, Scene, identity, make_request, signed

STRANGER = identity(99)


def test_an_applied_transaction_uses_its_nonce() -> None:
    scene = Scene()
    scene.create()

    assert scene.reasons() == [""]
    assert scene.ledger.state.nonce(OWNER.public) == 1


def test_a_rejected_transaction_uses_its_nonce_and_is_recorded_with_its_reason() -> None:
    """A transaction with a valid signature and the next nonce consumes it (kchain.md)."""
    scene = Scene()
    scene.submit(signed(STRANGER, 1, "dance", b""))

    block = scene.step()

    assert block is not None
    assert [included.reason for included in block.entries] == ["UnknownKind"]
    assert scene.ledger.state.nonce(STRANGER.public) == 1


def test_a_rejection_changes_nothing_but_the_nonce() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    before = scene.ledger.state
    scene.submit(scene.sign(scene.validators[0], CREATE_KEY, b"nonsense"))

    assert scene.reasons() == ["Unauthorized"]
    after = scene.ledger.state
    changed = {path for path in after.leaves if after.leaves[path] != before.leaves.get(path)}
    assert changed == {"accounts"}


def test_a_bad_signature_uses_no_nonce() -> None:
    scene = Scene()
    good = decode_transaction(signed(OWNER, 1, "dance", b""))
    scene.submit(encode(msgspec.structs.replace(good, payload=b"changed")))

    assert scene.reasons() == ["BadSignature"]
    assert scene.ledger.state.nonce(OWNER.public) == 0


def test_an_old_nonce_is_rejected_and_uses_none() -> None:
    scene = Scene()
    scene.submit(signed(OWNER, 1, "dance", b"first"))
    scene.step()
    scene.submit(signed(OWNER, 1, "dance", b"second"))

    assert scene.reasons() == ["BadNonce"]
    assert scene.ledger.state.nonce(OWNER.public) == 1


def test_a_transaction_for_another_chain_cannot_be_replayed_here() -> None:
    scene = Scene()
    payload = encode(make_request(["v1", "v2"]))
    scene.submit(signed(OWNER, 1, CREATE_KEY, payload, chain="another"))

    assert scene.reasons() == ["WrongChain"]
    assert scene.ledger.state.nonce(OWNER.public) == 0
    assert not scene.ledger.state.keys


def test_two_keys_of_one_name_in_one_block_give_one_key_and_one_rejection() -> None:
    """The Go keyvm passes both through verification and then aborts the whole block."""
    scene = Scene()
    scene.create(threshold=2)
    scene.create(threshold=3)

    assert scene.reasons() == ["", "KeyExists"]
    assert scene.ledger.state.keys["beacon"].request.threshold == 2


def test_a_malformed_statement_payload_is_rejected() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    scene.submit(scene.sign(scene.validators[0], "announce", b"\xc1"))

    assert scene.reasons() == ["Malformed"]


def test_a_statement_for_no_known_session_is_rejected() -> None:
    scene = Scene()
    scene.submit(scene.sign(scene.validators[0], "announce", encode((bytes(32), 1, b""))))

    assert scene.reasons() == ["UnknownSession"]


def test_the_judges_reason_is_recorded() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    scene.say(0, ANNOUNCE)

    assert scene.reasons() == ["Malformed"]
