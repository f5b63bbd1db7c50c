"""From effects to actions: what is signed, what is remembered, what leaves as it is."""

from __future__ import annotations

import pytest

from sim.base.ids import Label, ValidatorIndex
from sim.base.secret import Secret
from sim.crypto.identity import Identity
from sim.crypto.vault import Vault
from sim.protocol.effects import Effect, Filing, Flush, Packet, Post, Put, Relay, Send, encoded
from sim.protocol.member import MemberContext
from sim.protocol.messages import Announce, ShareAck
from sim.protocol.transactions import (
    decode_transaction,
    is_signed,
    statement_payload,
)
from sim.validator.account import Account
from sim.validator.performing import Action, Deliver, Keep, Publish, Resend, Scope, prepare
from sim.validator.store import Store
from sim.validator.vaulting import Locker, Place

SESSION = bytes(32)
SCOPE = Scope("beacon/dkg/0", 1, SESSION, Place("prefix/", "beacon", 1, 0), 32)
ANNOUNCE = Announce(b"key")


def prepared(effect: Effect) -> object:
    (action,) = prepared_all(effect)
    return action


def prepared_all(effect: Effect) -> list[Action]:
    store, identity = Store(), Identity(bytes(31) + b"\x01")
    member = MemberContext(ValidatorIndex(0), "v0", identity, 1, 0, lambda _: 1, 1)
    locker = Locker(member, store, Vault(Secret(bytes(32))))
    return prepare([effect], SCOPE, Account("chain", identity, store), locker, "v0")


def test_a_statement_becomes_a_filing_that_says_the_same() -> None:
    filing = encoded(Post(ANNOUNCE), SESSION, 1)

    assert filing == Filing("announce", statement_payload(SESSION, 1, ANNOUNCE), ANNOUNCE)


def test_what_is_no_statement_or_message_stays_what_it_is() -> None:
    effect = Flush()

    assert encoded(effect, SESSION, 1) is effect


def test_a_filing_is_signed_and_remembered_as_said() -> None:
    action = prepared(Filing("announce", b"payload", ANNOUNCE))

    assert isinstance(action, Publish)
    transaction = decode_transaction(action.signed.raw)
    assert (transaction.kind, transaction.payload) == ("announce", b"payload")
    assert is_signed(transaction)
    assert action.marker == "posted/prefix/announce"


def test_a_filing_that_no_machine_meant_leaves_no_mark() -> None:
    """Else a restarted machine would think that it had said its own statement of that kind."""
    action = prepared(Filing("announce", b"payload", None))

    assert isinstance(action, Publish)
    assert action.marker == ""


def test_relayed_bytes_and_packets_leave_as_they_are() -> None:
    label = Label("beacon/dkg/0", 1, "deal", "v5")

    assert prepared(Relay("deal", "v5", b"raw")) == Resend(label, b"raw")
    assert prepared(Packet(ValidatorIndex(3), "share", "v5", b"bytes")) == Deliver(
        ValidatorIndex(3), label._replace(kind="share"), b"bytes", 32
    )


def test_what_has_not_become_bytes_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="Post has not become bytes"):
        prepared(Post(ANNOUNCE))


def test_a_message_becomes_a_packet_of_its_kind() -> None:
    packet = encoded(Send(ValidatorIndex(1), "v0", ShareAck(SESSION, 1, 1, 2)), SESSION, 1)

    assert isinstance(packet, Packet)
    assert (packet.to, packet.kind, packet.subject) == (1, "ack", "v0")


def test_a_secret_is_sealed_and_its_dek_comes_before_it() -> None:
    dek, kept = prepared_all(Put("polynomial", b"coefficients"))

    assert isinstance(dek, Put)
    assert (dek.key, len(dek.value)) == ("dek/prefix/ceremony", 40)
    assert isinstance(kept, Keep)
    assert (kept.key, kept.plaintext.reveal()) == ("prefix/polynomial", b"coefficients")
    assert b"coefficients" not in kept.sealed


def test_received_envelopes_and_marks_of_spent_nonces_are_kept_as_they_are() -> None:
    assert prepared(Put("envelope/2/ab", b"sealed")) == Put("prefix/envelope/2/ab", b"sealed")
    assert prepared(Put("spent/2/id/1", b"")) == Put("prefix/spent/2/id/1", b"")
