"""One validator's loop, input by input: write-ahead, crashes inside effects, restarts, amnesia."""

from __future__ import annotations

import msgspec
import pytest

from sim.base.codec import encode
from sim.base.ids import Label, ValidatorIndex
from sim.protocol.ceremony import Ceremony
from sim.protocol.messages import ShareAck, ShareEnvelope
from sim.protocol.transactions import decode_transaction
from sim.scenario.plan import LedgerPlan, QuotaPlan, StorePlan
from sim.validator.costs import cost_models
from sim.validator.ports import Letter
from tests.validator.scripted import ScriptedContext, ScriptedLedger, live, make_validator
from tests.world.plans import make_plan

PLAN = make_plan(3, 2)
PEER = ValidatorIndex(1)
REFERENCE = cost_models()["reference"].priced(["ED25519"])


def _announcements(context: ScriptedContext) -> list[bytes]:
    return [raw for label, raw in context.submitted if label.kind == "announce"]


def _ceremony(ledger: ScriptedLedger) -> Ceremony:
    (state,) = ledger.ledger.state.ceremonies()
    return state.ceremony


def _letter(message: ShareEnvelope | ShareAck, kind: str) -> Letter:
    return Letter(PEER, Label("beacon/dkg/0", 1, kind, "v01"), encode(message))


def _envelope(session: bytes, sealed: bytes = b"sealed") -> ShareEnvelope:
    return ShareEnvelope(session, 1, 2, 1, sealed, (), b"signature")


def test_a_member_announces_once_it_has_received_the_block_with_create_key() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)

    done = live(validator, ScriptedContext([ledger.ask_for_key()]))

    (raw,) = _announcements(done)
    assert decode_transaction(raw).principal == validator.setup.identity.public
    assert done.events == ["started", "block-received", "announce-submitted"]


def test_with_finality_it_waits_for_later_blocks() -> None:
    plan = msgspec.structs.replace(PLAN, ledger=LedgerPlan(finality=2))
    ledger = ScriptedLedger(plan)
    news = [ledger.ask_for_key(), ledger.block(read=True), ledger.block(read=True)]

    early = live(make_validator(plan), ScriptedContext(news[:2]))
    final = live(make_validator(plan), ScriptedContext(news[:3]))

    assert (len(_announcements(early)), len(_announcements(final))) == (0, 1)


def test_a_statement_is_durable_before_it_leaves() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    first = live(validator, ScriptedContext([ledger.ask_for_key()], crash_at="announce-submitted"))
    validator.crash("unsynced")

    again = live(validator, ScriptedContext([ledger.everything()], incarnation=1))

    assert _announcements(again) == _announcements(first) != []


def test_what_the_ledger_has_is_not_sent_again() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    first = live(validator, ScriptedContext([ledger.ask_for_key()]))
    ledger.block(*_announcements(first))
    validator.crash("unsynced")

    again = live(validator, ScriptedContext([ledger.everything()], incarnation=1))

    assert [label.kind for label, _ in again.submitted] == ["read"]


def test_a_restarted_validator_reads_first_and_ignores_blocks_until_the_answer() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    live(validator, ScriptedContext([]))
    validator.crash("nothing")
    block = ledger.ask_for_key()

    waiting = live(validator, ScriptedContext([block], incarnation=1))

    assert [(label.kind, label.subject) for label, _ in waiting.submitted] == [("read", "1")]


@pytest.mark.parametrize("restarts", [1, 2])
def test_an_amnesiac_says_nothing_in_a_session_opened_before_it_saw_the_chain(
    restarts: int,
) -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    first = live(validator, ScriptedContext([ledger.ask_for_key()]))
    ledger.block(*_announcements(first))
    validator.crash("all")
    live(validator, ScriptedContext([ledger.everything()], incarnation=1))

    for incarnation in range(2, restarts + 1):
        validator.crash("nothing")
        live(validator, ScriptedContext([ledger.everything()], incarnation=incarnation))

    assert validator.now is not None
    assert validator.now.sessions.amnesiac_until == 2
    assert all(seat.machine.amnesiac for seat in validator.now.sessions.seats)


def test_an_amnesiac_takes_part_in_what_opens_later() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    live(validator, ScriptedContext([]))
    validator.crash("all")
    ledger.block(read=True)

    done = live(
        validator,
        ScriptedContext([ledger.everything(), ledger.ask_for_key()], incarnation=1),
    )

    assert len(_announcements(done)) == 1


def test_an_envelope_of_an_unknown_session_is_kept_and_acknowledged_at_once() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    block = ledger.ask_for_key()
    session = _ceremony(ledger).session
    early = _letter(_envelope(session), "share")

    done = live(validator, ScriptedContext([early, early, block]))
    validator.crash("unsynced")

    assert [(to, label.kind) for to, label, _ in done.sent] == [(PEER, "ack"), (PEER, "ack")]
    kept = validator.store.under(f"{session.hex()}#1/envelope/")
    assert len(kept) == 1


def test_what_one_sender_can_make_it_keep_is_bounded() -> None:
    letters = [
        _letter(_envelope(bytes([n]) * 32, bytes([m])), "share")
        for n in range(80)
        for m in range(6)
    ]
    validator = make_validator(PLAN)

    done = live(validator, ScriptedContext(list(letters)))

    assert len(done.sent) == len(validator.store.under("early/")) == 256


def test_a_message_too_large_or_malformed_is_dropped_with_a_record() -> None:
    plan = msgspec.structs.replace(PLAN, quotas=QuotaPlan(message_max=100))
    large = _letter(_envelope(bytes(32), bytes(200)), "share")
    garbage = Letter(PEER, Label("beacon/dkg/0", 1, "share", "v01"), b"\xc1")

    done = live(make_validator(plan), ScriptedContext([large, garbage]))

    assert done.records == [("refuse", "too-large"), ("refuse", "malformed")]
    assert done.sent == []


def test_computing_takes_the_time_that_the_cost_model_says() -> None:
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN, costs=REFERENCE)

    done = live(validator, ScriptedContext([ledger.ask_for_key()]))

    owed_us = sum(REFERENCE.duration_us(m.counts) for m in validator.tally.charged.values())
    assert 0 < sum(done.slept_us) <= owed_us
    assert done.now_us == 1_000 + sum(done.slept_us)


def test_every_start_pays_for_the_key_that_a_password_gives() -> None:
    plan = msgspec.structs.replace(PLAN, store=StorePlan(kek="argon2id", t=1, m_kib=64, p=1))
    locked, given = make_validator(plan, costs=REFERENCE), make_validator(PLAN, costs=REFERENCE)

    slept_us = []
    for incarnation in range(2):
        slept_us.append(live(locked, ScriptedContext([], incarnation=incarnation)).slept_us)
        locked.crash("nothing")

    assert slept_us == [[REFERENCE.duration_us({"argon2id": 1})]] * 2
    assert live(given, ScriptedContext([])).slept_us == []


def test_a_crash_between_two_effects_leaves_the_rest_undone() -> None:
    plan = make_plan(2, 1)
    ledger = ScriptedLedger(plan)
    block = ledger.ask_for_key()
    firsts = [live(make_validator(plan, i), ScriptedContext([block])) for i in range(2)]
    announced = ledger.block(*(raw for first in firsts for raw in _announcements(first)))
    validator = make_validator(plan)

    done = live(validator, ScriptedContext([block, announced], crash_at="share-sent"))

    assert [label.kind for _, label, _ in done.sent] == ["share"]
    assert [label.kind for label, _ in done.submitted] == ["announce"]
