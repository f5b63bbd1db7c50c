"""Signing sessions on the chain: let through or refused, begun, closed, and always logged."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from sim.crypto.verification import SCHEMES
from sim.kchain.audit import AuditEntry
from sim.kchain.binding import TIMEOUT_US, close_session
from sim.kchain.draft import Draft
from sim.kchain.settling import settle_sessions
from sim.protocol.activation import ACTIVATE
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    RETIRE_KEY,
    Policy,
    RecordSignSession,
    RetireKey,
)
from sim.protocol.sampling import SEATS_MAX
from sim.protocol.signing_events import Closed, Opened, Refused
from tests.kchain.scene import BLOCK_US, OWNER
from tests.kchain.signing import FRIEND, STRANGER, active, digest, wish
from tests.support.ordinary import verifies

LASTS = TIMEOUT_US // BLOCK_US


def test_request_opens_a_session_that_a_signature_closes() -> None:
    signing = active()

    assert signing.request("s1") == ""
    task = signing.task("s1")
    opened = signing.scene.height
    assert (task.opened, task.begins, task.expires) == (opened, opened, opened + LASTS)
    assert task.protocol == "FROST"
    assert signing.record(signing.statement("s1")) == ""

    assert ("beacon", "s1") not in signing.state.open_sessions
    closed = signing.state.sessions["beacon", "s1"]
    assert (closed.outcome, closed.recorder) == ("signed", signing.scene.validators[0].public)
    assert closed.statement is not None
    public = signing.key_record.public_key
    assert verifies("ED25519", public, b"hello", closed.statement.signature)


def test_a_session_leaves_one_line_when_it_ends() -> None:
    signing = active()
    signing.request("s1")
    assert signing.audit == []

    signing.record(signing.statement("s1"))

    height = signing.scene.height
    assert signing.audit == [
        AuditEntry(
            height=height,
            time_us=signing.scene.genesis.time_us + height * BLOCK_US,
            key="beacon",
            era=1,
            generation=0,
            requester=OWNER.public,
            signing="s1",
            context="drand",
            message_hash=digest(b"hello"),
            signers=(1, 2, 3),
            outcome="signed",
            bad=(),
        )
    ]


@pytest.mark.parametrize(
    ("changes", "reason", "generation"),
    [
        ({"key": "other"}, "KeyNotFound", (0, 0)),
        ({"message": ACTIVATE.encode() + b"x"}, "PolicyViolation", (1, 0)),
        ({"message": b"K-chain/"}, "PolicyViolation", (1, 0)),
        ({"context": "bridge"}, "PolicyViolation", (1, 0)),
    ],
)
def test_a_refused_request_is_logged_with_its_reason(
    changes: dict[str, object], reason: str, generation: tuple[int, int]
) -> None:
    signing = active(Policy(None, ("drand",)))

    assert signing.request("s1", OWNER, **changes) == reason

    (line,) = signing.audit
    asked = wish("s1", **changes)
    assert (line.outcome, line.key, line.context) == (reason, asked.key, asked.context)
    assert (line.era, line.generation) == generation
    assert line.message_hash == digest(asked.message)
    assert ("beacon", "s1") not in signing.state.open_sessions


@pytest.mark.parametrize("signing_id", ["test-1-9", "endorse-2", "endorse-2.3"])
def test_ids_of_the_chain_are_reserved(signing_id: str) -> None:
    signing = active()

    assert signing.request(signing_id) == "ReservedId"
    assert signing.request(f"{signing_id}x") == ""


def test_an_id_is_used_once_while_open_and_after() -> None:
    signing = active()
    signing.request("s1")

    assert signing.request("s1") == "Duplicate"
    signing.record(signing.statement("s1"))
    assert signing.request("s1") == "Duplicate"


def test_a_key_whose_ceremony_runs_signs_nothing() -> None:
    signing = active()
    signing.scene.create(key="second")
    signing.scene.step()

    assert signing.request("s1", OWNER, key="second") == "KeyNotActive"


def test_a_malformed_request_is_rejected_and_names_no_key_to_log() -> None:
    signing = active()
    raw = signing.scene.sign(OWNER, REQUEST_SIGN, b"\xc1")
    signing.scene.submit(raw)

    assert signing.scene.reasons() == ["Malformed"]
    assert signing.audit == []


def test_strangers_are_refused_and_logged() -> None:
    signing = active()

    assert signing.request("s1", STRANGER) == "Unauthorized"
    assert [entry.requester for entry in signing.audit] == [STRANGER.public]


# Recording


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "other"}, "SessionNotFound"),
        ({"signing": "s2"}, "SessionNotFound"),
        ({"generation": 1}, "WrongGeneration"),
        ({"message": b"other"}, "OtherMessage"),
        ({"context": "other"}, "OtherMessage"),
        ({"signers": (1, 2)}, "InvalidSigners"),
        ({"signers": (1, 1, 2)}, "InvalidSigners"),
        ({"signers": (3, 2, 1)}, "InvalidSigners"),
        ({"signers": (0, 1, 2)}, "InvalidSigners"),
        ({"signers": (1, 2, 5)}, "InvalidSigners"),
        ({"signature": bytes(64)}, "InvalidSignature"),
        ({"signature": b"", "signers": ()}, "InvalidSignature"),
    ],
)
def test_what_is_wrong_closes_no_session(changes: dict[str, object], reason: str) -> None:
    signing = active()
    signing.request("s1")

    assert signing.record(signing.statement("s1", **changes)) == reason
    assert ("beacon", "s1") in signing.state.open_sessions
    assert signing.audit == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_has_its_own_signatures(scheme: str) -> None:
    signing = active(scheme=scheme)
    signing.request("s1")
    said = signing.statement("s1")
    cut, longer = said.signature[:-1], said.signature + b"\x00"
    others = [bytes(64), bytes(96), cut, longer, said.signature[:64], said.signature.ljust(96)]

    for wrong in {signature for signature in others if signature != said.signature}:
        refused = msgspec.structs.replace(said, signature=wrong)
        assert signing.record(refused) == "InvalidSignature"
    assert signing.record(said) == ""
    record = signing.key_record
    assert verifies(scheme, record.public_key, b"hello", said.signature)
    message, activation = record.activation_message, record.activation_signature
    assert verifies(scheme, record.public_key, message, activation)


def test_only_members_of_the_committee_record_sessions() -> None:
    signing = active()
    signing.request("s1")

    assert signing.record(signing.statement("s1"), OWNER) == "Unauthorized"


def test_the_second_coordinator_comes_too_late() -> None:
    signing = active()
    signing.request("s1")
    said = signing.statement("s1")
    signing.record(said)

    assert signing.record(said, signing.scene.validators[1]) == "SessionClosed"
    assert len(signing.audit) == 1


def test_a_malformed_record_is_rejected() -> None:
    signing = active()
    raw = signing.scene.sign(signing.scene.validators[0], RECORD_SIGN_SESSION, b"\xc1")
    signing.scene.submit(raw)

    assert signing.scene.reasons() == ["Malformed"]


# Evidence


def test_a_proven_bad_partial_is_logged_with_its_signers_name() -> None:
    signing = active()
    signing.request("s1")
    bad = signing.evidence(signing.task("s1"), 4)

    assert signing.record(signing.statement("s1", bad=(bad,))) == ""
    assert [(entry.outcome, entry.bad) for entry in signing.audit] == [("signed", ("v4",))]


def test_bogus_evidence_rejects_the_record() -> None:
    signing = active()
    signing.request("s1")
    task = signing.task("s1")
    bad = signing.evidence(task, 4)
    bend = msgspec.structs.replace

    for bent in (
        (bend(bad, member=3),),
        (bend(bad, partial=b"\x02" * 32),),
        (bend(bad, signature=bytes(64)),),
        (bad, bad),
    ):
        assert signing.record(signing.statement("s1", bad=bent)) == "BadEvidence"
    assert signing.record(signing.statement("s1", bad=(bad,), signers=(1, 2, 4))) == (
        "InvalidSigners"
    )
    assert signing.record(signing.statement("s1", bad=(bad,))) == ""


def test_a_session_fails_once_too_few_good_signers_can_be_left() -> None:
    signing = active()
    signing.request("s1")
    task = signing.task("s1")
    first, second = (signing.evidence(task, member) for member in (2, 4))
    nothing = {"signature": b"", "signers": ()}

    assert signing.record(signing.statement("s1", bad=(first,), **nothing)) == "InvalidSignature"
    assert signing.record(signing.statement("s1", bad=(first, second), **nothing)) == ""
    assert [(entry.outcome, entry.bad) for entry in signing.audit] == [("failed", ("v2", "v4"))]


# Time


def test_a_session_expires_at_its_height_which_is_due() -> None:
    signing = active()
    signing.request("s1")
    expires = signing.task("s1").expires

    signing.scene.skip_to(expires - 1)
    assert ("beacon", "s1") in signing.state.open_sessions
    assert signing.state.next_due == expires
    signing.scene.step()

    assert [(entry.height, entry.outcome) for entry in signing.audit] == [(expires, "expired")]
    assert not signing.state.open_sessions
    assert signing.state.next_due is None


def test_a_signature_may_still_come_in_the_block_of_its_expiry() -> None:
    signing = active()
    signing.request("s1")
    signing.scene.skip_to(signing.task("s1").expires - 1)

    assert signing.record(signing.statement("s1")) == ""
    assert [entry.outcome for entry in signing.audit] == ["signed"]


def test_heights_at_which_rounds_begin_are_due_while_a_session_is_open() -> None:
    signing = active()
    signing.record(signing.statement("test-1-0"))
    assert signing.state.next_due is None
    signing.request("s1")
    opened, pace = signing.scene.height, signing.scene.genesis.phases.sign

    blocks = signing.scene.skip_to(opened + 3 * pace)
    assert signing.record(signing.statement("s1")) == ""
    after = signing.scene.skip_to(opened + 10 * pace)

    assert blocks == [opened + pace, opened + 2 * pace, opened + 3 * pace]
    assert after == []


# The chain's own sessions


def test_activation_opens_a_trial_that_counts_against_no_policy() -> None:
    signing = active(Policy(1, ("bridge",)))

    task = signing.task("test-1-0")
    assert (task.purpose, task.requester, task.context) == ("test", bytes(32), "bridge")
    assert task.is_proper
    assert task.seats(0) == (1, 2, 3, 4)
    assert signing.record(signing.statement("test-1-0")) == ""
    assert [line.outcome for line in signing.trials] == ["signed"]
    assert signing.request("s1", OWNER, context="bridge") == ""


def test_a_retired_key_closes_its_sessions_and_keeps_its_log() -> None:
    signing = active()
    signing.request("s1")

    assert signing.transact(OWNER, RETIRE_KEY, RetireKey("beacon")) == ""

    assert not signing.state.open_sessions
    assert [line.outcome for line in signing.state.audit] == ["KeyRetired", "KeyRetired"]
    assert signing.state.next_due is None


# Generations


def test_rebinding_starts_open_requests_afresh_and_ends_the_old_trial() -> None:
    signing = active()
    signing.request("s1")
    before = signing.task("s1")
    draft = Draft(signing.state, signing.scene.height + 2, signing.state.time_us + 2 * BLOCK_US)
    key = draft.keys["beacon"]
    record = msgspec.structs.replace(signing.key_record, generation=1)
    draft.set_key(msgspec.structs.replace(key, record=record))

    settle_sessions(draft)

    assert list(draft.open_sessions) == [("beacon", "s1"), ("beacon", "test-1-1")]
    after = draft.signing_task(draft.open_sessions["beacon", "s1"])
    assert (after.generation, after.begins) == (1, draft.height)
    assert (after.opened, after.expires) == (before.opened, before.expires)
    assert (after.requester, after.message) == (before.requester, before.message)
    assert after.list_hash(()) != before.list_hash(())
    assert after.seed != before.seed
    assert [line.signing for line in draft.audit] == ["test-1-0"]


# Seats


def test_sessions_wait_until_their_seats_are_free() -> None:
    """Every validator has 16 seats; the trial takes one of each."""
    signing = active()
    for number in range(SEATS_MAX):
        signing.submit(OWNER, REQUEST_SIGN, wish(f"s{number}"))
    signing.scene.step()
    opened = signing.scene.height

    begun = [task.signing for task in signing.state.tasks if task.begins]
    assert len(begun) == SEATS_MAX
    assert "test-1-0" in begun
    assert signing.task("s15").begins == 0
    (waiting,) = signing.state.waiting
    assert waiting == ("beacon", "s15")
    early = signing.statement("s15")
    assert signing.record(early) == "WrongPhase"

    assert signing.record(signing.statement("s3")) == ""
    assert signing.task("s15").begins == opened + 2
    assert signing.record(early) == ""


def test_seats_are_drawn_by_the_previous_finalised_block_and_no_name() -> None:
    signing, again = active(), active()
    signing.request("s1")
    again.request("another")

    assert signing.task("s1").seed == again.task("another").seed
    signing.request("s2")
    assert signing.task("s2").seed != signing.task("s1").seed


# What others read


def test_members_find_their_sessions_and_strangers_none() -> None:
    signing = active()
    signing.request("s1")
    validator = signing.task("s1").members[0].validator

    names = [task.signing for task in signing.state.signing_tasks(validator)]

    assert names == ["test-1-0", "s1"]
    assert signing.state.signing_tasks(type(validator)(9)) == ()


def test_every_block_says_what_it_did_to_sessions() -> None:
    signing = active(Policy(None, (), principals=(FRIEND.public,)))

    signing.request("s1")
    assert signing.events() == [Opened(replace(signing.task("s1"), begins=0))]
    signing.request("s2", STRANGER)
    refused = Refused("beacon", "s2", STRANGER.public, "drand", "Unauthorized")
    assert signing.events() == [refused]
    said = signing.statement("s1")
    signing.record(said)
    assert signing.events() == [Closed("beacon", "s1", "signed", said.signature, (1, 2, 3))]


def test_whoever_follows_the_blocks_has_the_same_sessions() -> None:
    signing = active()
    for number in range(3):
        signing.request(f"s{number}")
    signing.record(signing.statement("s1"))

    state = signing.follow_again()

    assert state.open_sessions == signing.state.open_sessions
    assert state.sessions == signing.state.sessions
    assert list(state.audit) == list(signing.state.audit)
    assert state.tasks == signing.state.tasks


def test_the_state_root_covers_who_has_recorded_a_session_and_what() -> None:
    signing = active()
    signing.request("s1")
    said, height = signing.statement("s1"), signing.state.height + 1
    other = msgspec.structs.replace(said, signature=bytes(64))

    def root(recorder: bytes, statement: RecordSignSession) -> bytes:
        draft = Draft(signing.state, height, signing.state.time_us + BLOCK_US)
        session = draft.open_sessions["beacon", "s1"]
        close_session(draft, session, "signed", recorder, statement)
        return draft.root()

    assert root(b"1" * 32, said) == root(b"1" * 32, said)
    assert len({root(b"1" * 32, said), root(b"2" * 32, said), root(b"1" * 32, other)}) == 3
