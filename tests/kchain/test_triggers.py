"""What rotates keys by itself: epochs, churn, schedules, age, and reported violations."""

from __future__ import annotations

import msgspec
import pytest

from sim.base.codec import encode
from sim.kchain.blocks import decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.file import encode_ledger
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import (
    REPORT_VIOLATION,
    REQUEST_SIGN,
    ByStake,
    Policy,
    ReportViolation,
    RequestSign,
    RotationRules,
)
from tests.kchain.crew import Crew, crew_with_key
from tests.kchain.scene import OWNER, Scene, identity, make_validators

EPOCH = 40
LONG = {"epoch_heights": EPOCH}
FOUR = ("v1", "v2", "v3", "v4")


def triggered(crew: Crew) -> list[tuple[str, str, int, str]]:
    """(operation, trigger, height asked for, how it ended)."""
    return [
        (entry.operation, entry.trigger, entry.requested_at, entry.outcome)
        for entry in crew.scene.ledger.state.rotations("beacon")
    ]


def test_an_epoch_draws_the_committee_anew() -> None:
    stakes = {**LONG, "validators": make_validators((9, 4, 7, 1, 3, 8))}
    crew = crew_with_key(6, FOUR, RotationRules(on=("epoch",)), stakes)
    crew.ask(operation="reshare", committee=ByStake(4))
    crew.settle()
    assert crew.scene.height < EPOCH

    crew.pass_to(EPOCH + 1)
    draw = crew.scene.ledger.state.draws["beacon"]
    crew.settle()

    assert triggered(crew)[1:] == [("reshare", "epoch", EPOCH, "activated")]
    assert crew.record().committee == draw.committee
    assert len(draw.committee) == 4
    assert (draw.epoch, draw.kept) == (1, ())
    assert crew.record().trigger == "epoch"
    (block,) = (b for b in map(decode_block, crew.scene.ledger.blocks) if b.height == EPOCH)
    assert block.draws == (draw,)
    assert verify_ledger(crew.scene.file()).derived.draws == 2


def test_an_epoch_reshares_a_named_committee_among_the_same() -> None:
    crew = crew_with_key(6, FOUR, RotationRules(on=("epoch",)), LONG)

    crew.pass_to(EPOCH)
    crew.settle()

    assert triggered(crew) == [("reshare", "epoch", EPOCH, "activated")]
    assert crew.record().committee == FOUR
    assert not crew.scene.ledger.state.draws


def test_churn_replaces_the_members_that_are_gone_by_others_drawn() -> None:
    crew = crew_with_key(6, FOUR, RotationRules(on=("churn",)), LONG)
    crew.leaves(1)

    crew.pass_to(EPOCH)
    assert crew.record().committee == FOUR
    crew.settle()

    draw = crew.scene.ledger.state.draws["beacon"]
    assert draw.kept == ("v1", "v3", "v4")
    assert draw.committee == crew.record().committee
    (new,) = set(draw.committee) - set(draw.kept)
    assert new in ("v5", "v6")
    assert triggered(crew) == [("reshare", "churn", EPOCH, "activated")]
    assert verify_ledger(crew.scene.file()).state.draws["beacon"] == draw


def test_churn_leaves_a_whole_committee_alone_and_its_boundary_without_a_block() -> None:
    crew = crew_with_key(6, FOUR, RotationRules(on=("churn",)), LONG)
    crew.settle()
    crew.close("test-1-0")
    crew.leaves(5)
    crew.pass_to(EPOCH)

    crew.pass_to(2 * EPOCH)

    assert triggered(crew) == []
    assert decode_block(crew.scene.ledger.blocks[-1]).height == EPOCH


def test_a_member_that_came_back_is_named_again_in_the_next_epoch() -> None:
    crew = crew_with_key(6, FOUR, RotationRules(on=("epoch",)), LONG)
    crew.leaves(1)
    crew.pass_to(EPOCH)
    crew.settle()
    assert "v2" not in crew.record().committee
    crew.joins(1)

    crew.pass_to(2 * EPOCH)
    crew.settle()

    assert crew.record().committee == FOUR


def test_an_epoch_without_enough_validators_is_recorded_as_dropped() -> None:
    crew = crew_with_key(4, FOUR, RotationRules(on=("churn",)), LONG)
    crew.leaves(1)

    crew.pass_to(EPOCH)

    (entry,) = crew.scene.ledger.state.rotations("beacon")
    assert (entry.outcome, entry.reason, entry.trigger) == ("dropped", "PoolTooSmall", "churn")
    assert crew.key().status == "Active"


def test_a_schedule_counts_from_the_keys_creation() -> None:
    crew = crew_with_key(rules=RotationRules(every=15), genesis={"epoch_heights": 1000})
    created = crew.key().created_at

    crew.pass_to(created + 50)

    assert triggered(crew) == [
        ("refresh", "schedule", created + 15 * k, "activated") for k in (1, 2, 3)
    ]
    assert crew.record().generation == 3


def test_shares_are_refreshed_at_their_maximum_age_unless_renewed_before() -> None:
    crew = crew_with_key(rules=RotationRules(max_age=20), genesis={"epoch_heights": 1000})
    crew.pass_to(crew.record().activated_at + 10)
    crew.ask(operation="refresh")
    crew.settle()
    renewed = crew.record().activated_at

    crew.pass_to(renewed + 21)
    crew.settle()

    assert [entry[1:3] for entry in triggered(crew)][1:] == [("max-age", renewed + 20)]
    assert crew.record().trigger == "max-age"


def test_age_that_came_while_a_rotation_was_pending_is_forgotten_once_that_has_renewed() -> None:
    crew = crew_with_key(rules=RotationRules(max_age=20), genesis={"epoch_heights": 1000})
    old = crew.record().activated_at
    crew.pass_to(old + 18)
    crew.ask(operation="refresh")
    crew.pass_to(old + 21)
    assert [one.trigger for one in crew.key().queue] == ["max-age"]

    crew.settle()

    entry = crew.scene.ledger.state.rotations("beacon")[-1]
    assert (entry.trigger, entry.outcome, entry.reason) == ("max-age", "dropped", "renewed")


def test_shares_that_could_not_be_refreshed_are_old_again_after_the_same_time() -> None:
    crew = crew_with_key(rules=RotationRules(max_age=20), genesis={"epoch_heights": 1000})
    old = crew.record().activated_at
    crew.absent = {0, 1, 2, 3}

    crew.pass_to(old + 50)

    assert [entry[2] for entry in triggered(crew)] == [old + 20, old + 40]


def test_an_epoch_and_a_schedule_at_one_height_make_one_reshare() -> None:
    crew = crew_with_key(rules=RotationRules(on=("epoch",), every=34), genesis=LONG)
    assert crew.key().created_at + 34 == EPOCH

    crew.pass_to(EPOCH)
    crew.settle()

    assert triggered(crew) == [
        ("refresh", "schedule", EPOCH, "dropped"),
        ("reshare", "epoch", EPOCH, "activated"),
    ]


@pytest.mark.parametrize(
    "rules",
    [
        RotationRules(on=("policy-violation",)),
        RotationRules(every=10),
        RotationRules(max_age=10),
    ],
)
def test_rules_that_could_never_be_followed_are_refused_with_the_key(rules: RotationRules) -> None:
    scene = Scene()
    scene.create(threshold=1, rotation=rules)
    scene.create(key="pq", scheme="MLDSA", committee=("v1",), threshold=1, rotation=rules)

    assert scene.reasons() == ["NotShareable", "NotShareable"]


def refused(rules: RotationRules) -> tuple[Crew, int]:
    """Return a crew whose key was asked to sign in a context that its policy forbids, and when."""
    crew = crew_with_key(rules=rules, policy=Policy(None, ("drand",)), genesis=LONG)
    asked = encode(RequestSign("beacon", "s1", "bridge", b"m"))
    crew.scene.submit(crew.scene.sign(OWNER, REQUEST_SIGN, asked))
    assert crew.scene.reasons() == ["PolicyViolation"]
    return crew, crew.scene.height


def test_a_reported_violation_refreshes_the_key_once() -> None:
    crew, height = refused(RotationRules(on=("policy-violation",)))
    report = ReportViolation("beacon", "s1", height)

    assert crew.send(REPORT_VIOLATION, report) == [""]
    assert crew.send(REPORT_VIOLATION, report) == ["AlreadyReported"]
    crew.settle()

    assert triggered(crew) == [("refresh", "policy-violation", height + 1, "activated")]
    assert verify_ledger(crew.scene.file()).state == crew.scene.ledger.state


def test_a_key_without_that_rule_takes_note_and_stays_as_it_is() -> None:
    crew, height = refused(RotationRules())

    assert crew.send(REPORT_VIOLATION, ReportViolation("beacon", "s1", height)) == [""]
    assert crew.key().pending is None
    assert ("beacon", "s1", height) in crew.scene.ledger.state.reported


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "other"}, "KeyNotFound"),
        ({"signing": "s2"}, "NoViolation"),
        ({"height": 1}, "NoViolation"),
        ({"height": 10_000}, "NoViolation"),
    ],
)
def test_a_report_must_match_a_refusal(changes: dict[str, object], reason: str) -> None:
    crew, height = refused(RotationRules(on=("policy-violation",)))
    report = msgspec.structs.replace(ReportViolation("beacon", "s1", height), **changes)

    assert crew.send(REPORT_VIOLATION, report) == [reason]
    assert crew.key().pending is None


def test_a_refusal_for_another_reason_is_no_violation() -> None:
    crew, _ = refused(RotationRules(on=("policy-violation",)))
    asked = encode(RequestSign("beacon", "s9", "drand", b"m"))
    crew.scene.submit(crew.scene.sign(identity(88), REQUEST_SIGN, asked))
    assert crew.scene.reasons() == ["Unauthorized"]

    report = ReportViolation("beacon", "s9", crew.scene.height)
    assert crew.send(REPORT_VIOLATION, report) == ["NoViolation"]


def test_only_whom_genesis_authorises_reports() -> None:
    crew, height = refused(RotationRules(on=("policy-violation",)))

    assert crew.send(REPORT_VIOLATION, ReportViolation("beacon", "s1", height), 0) == [
        "Unauthorized"
    ]


@pytest.mark.parametrize(
    ("rules", "after"),
    [
        (RotationRules(every=30), 30),
        (RotationRules(max_age=27), 27),
        (RotationRules(on=("epoch",)), None),
    ],
    ids=["schedule", "max-age", "epoch"],
)
def test_a_height_that_a_rule_makes_due_must_have_a_block(
    rules: RotationRules, after: int | None
) -> None:
    crew = crew_with_key(rules=rules, genesis=LONG)
    crew.close("test-1-0")
    due = EPOCH if after is None else crew.key().created_at + after
    assert crew.scene.ledger.state.next_due == due
    before = list(crew.scene.ledger.blocks)
    crew.scene.skip_to(due)
    block = decode_block(crew.scene.ledger.blocks[-1])
    assert (block.height, block.entries) == (due, ())
    late = msgspec.structs.replace(
        block, height=due + 1, time_us=block.time_us + crew.scene.genesis.block_time_us
    )

    with pytest.raises(LedgerError, match=f"block {due} was due and is missing"):
        verify_ledger(encode_ledger(crew.scene.genesis, [*before, encode(late)]))
