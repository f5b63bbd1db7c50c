"""One rotation at a time: what waits, what takes another's place, and what is given up."""

from __future__ import annotations

from sim.base.codec import encode
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import (
    REQUEST_SIGN,
    ROTATE_KEY,
    RequestSign,
    RotateKey,
    RotationRules,
)
from tests.kchain.crew import Crew, crew_with_key
from tests.kchain.scene import OWNER, identity

FOUR = ("v1", "v2", "v3", "v4")
MOVED = ("v3", "v4", "v5", "v6")


def ended(crew: Crew) -> list[tuple[str, str, str, str]]:
    return [
        (entry.operation, entry.trigger, entry.outcome, entry.reason)
        for entry in crew.scene.ledger.state.rotations("beacon")
    ]


def waiting(crew: Crew) -> list[tuple[str, str]]:
    return [(one.operation, one.trigger) for one in crew.key().queue]


def test_a_manual_request_while_another_is_pending_is_refused() -> None:
    crew = crew_with_key(6, FOUR)
    crew.ask(operation="reshare", committee=MOVED)
    pending = crew.key().pending

    assert crew.ask(operation="refresh") == ["RotationPending"]
    assert crew.ask(operation="rekey") == ["RotationPending"]
    assert crew.key().pending == pending
    assert crew.key().queue == ()


def test_repairs_wait_for_their_turn() -> None:
    crew = crew_with_key(6, FOUR)
    crew.ask(operation="repair", target="v1")

    assert crew.ask(operation="repair", target="v2") == [""]
    assert crew.ask(operation="repair", target="v1") == ["RotationPending"]
    assert crew.ask(operation="repair", target="v2") == ["RotationPending"]
    assert crew.ask(operation="repair", target="v6") == ["NotAMember"]
    assert waiting(crew) == [("repair", "manual")]
    crew.settle()
    assert [repair.name for repair in crew.record().repaired] == ["v1", "v2"]


def test_who_waits_for_a_repair_helps_in_none_while_others_can() -> None:
    crew = crew_with_key(6)
    for name in ("v1", "v3"):
        wish = RotateKey("beacon", "repair", target=name)
        crew.scene.submit(crew.scene.sign(OWNER, ROTATE_KEY, encode(wish)))
    crew.scene.step()

    (first,) = (s.ceremony for s in crew.scene.ledger.state.ceremonies() if s.ceremony.target)
    assert (first.member(first.target).name, first.helpers) == ("v1", (2, 4, 5, 6))
    crew.settle()
    assert [repair.name for repair in crew.record().repaired] == ["v1", "v3"]


def test_a_repair_of_a_generation_that_is_gone_is_dropped() -> None:
    crew = crew_with_key(6, FOUR)
    crew.ask(operation="reshare", committee=MOVED)
    crew.ask(operation="repair", target="v4", reason="lost-share")

    crew.settle()

    assert ended(crew) == [
        ("reshare", "manual", "activated", ""),
        ("repair", "lost-share", "dropped", "generation-gone"),
    ]
    dropped = crew.scene.ledger.state.rotations("beacon")[1]
    assert (dropped.target, dropped.started_at, dropped.attempts) == ("v4", None, 0)
    assert crew.key().status == "Active"


def test_a_repair_that_waited_begins_when_the_reshare_has_failed() -> None:
    crew = crew_with_key(6, FOUR)
    crew.absent = {4, 5}
    crew.ask(operation="reshare", committee=("v5", "v6"), threshold=2)
    crew.ask(operation="repair", target="v4")

    crew.settle()

    assert ended(crew) == [
        ("reshare", "manual", "aborted", "too-few-confirmations"),
        ("repair", "manual", "activated", ""),
    ]


def test_an_emergency_rolls_back_what_is_pending_and_begins_at_once() -> None:
    crew = crew_with_key(6, FOUR)
    crew.ask(operation="reshare", committee=("v1", "v2", "v5", "v6"))
    first = crew.scene.newest().ceremony

    assert crew.ask(operation="reshare", reason="emergency", committee=MOVED) == [""]

    given_up = crew.scene.ledger.state.attempt(first.session, first.attempt)
    assert (given_up.reason, given_up.ended_at) == ("rolled-back", crew.scene.height)
    now = crew.scene.newest().ceremony
    assert (now.session, now.attempt) == (first.session, first.attempt + 1)
    assert now.start == crew.scene.height + 1
    crew.settle()
    assert ended(crew) == [
        ("reshare", "manual", "rolled-back", "emergency"),
        ("reshare", "emergency", "activated", ""),
    ]
    assert crew.record().committee == MOVED
    assert verify_ledger(crew.scene.file()).state == crew.scene.ledger.state


def test_an_emergency_that_makes_no_sense_rolls_nothing_back() -> None:
    crew = crew_with_key(6, FOUR)
    crew.ask(operation="reshare", committee=MOVED)
    pending = crew.key().pending

    assert crew.ask(operation="reshare", reason="emergency", committee=("v9",)) == [
        "UnknownValidator"
    ]
    assert crew.key().pending == pending


def test_what_waits_is_coalesced_and_recorded() -> None:
    """The key is created at 6; from 24 on the owner's reshare goes on, and nobody takes part."""
    rules = RotationRules(on=("epoch",), every=10)
    crew = crew_with_key(6, FOUR, rules, {"epoch_heights": 40}, attempts=9)
    assert crew.key().created_at == 6
    crew.pass_to(23)
    assert ended(crew) == [("refresh", "schedule", "activated", "")]
    crew.absent = set(range(6))
    crew.ask(operation="reshare", committee=MOVED)

    seen = []
    for height in (26, 36, 40, 46):
        crew.pass_to(height)
        seen.append((waiting(crew), len(ended(crew)) - 1))

    assert seen == [
        ([("refresh", "schedule")], 0),
        ([("refresh", "schedule")], 1),
        ([("reshare", "epoch")], 2),
        ([("reshare", "epoch")], 3),
    ]
    assert set(ended(crew)[1:]) == {("refresh", "schedule", "dropped", "coalesced")}


def test_an_emergency_serves_what_waits_as_well() -> None:
    rules = RotationRules(every=10)
    crew = crew_with_key(6, FOUR, rules, attempts=9)
    crew.pass_to(14)
    crew.ask(operation="repair", target="v1")
    crew.ask(operation="repair", target="v2")
    assert waiting(crew) == [("repair", "manual"), ("refresh", "schedule")]

    crew.ask(operation="reshare", reason="emergency", committee=MOVED)

    assert waiting(crew) == [("repair", "manual")]
    assert ended(crew)[-1] == ("refresh", "schedule", "dropped", "coalesced")


def test_a_rollback_keeps_the_old_generation_fully_usable() -> None:
    crew = crew_with_key(6, FOUR)
    before = crew.record()
    crew.ask(operation="reshare", committee=MOVED)
    crew.step()

    assert crew.roll_back() == [""]

    assert crew.key().status == "Active"
    assert crew.record() == before
    assert ended(crew) == [("reshare", "manual", "rolled-back", "requested")]
    assert crew.scene.newest().reason == "rolled-back"
    request = encode(RequestSign("beacon", "s1", "drand", b"after"))
    crew.scene.submit(crew.scene.sign(OWNER, REQUEST_SIGN, request))
    assert crew.scene.reasons() == [""]
    assert crew.close("s1") == [""]
    assert crew.ask(operation="reshare", committee=MOVED) == [""]
    assert crew.scene.newest().ceremony.attempt == 2


def test_validators_are_done_with_an_attempt_that_was_rolled_back() -> None:
    crew = crew_with_key()
    crew.ask(operation="refresh")
    session = crew.scene.newest().ceremony.session
    crew.roll_back()

    for _ in range(3):
        crew.send("nonsense", b"")

    live = [state.ceremony.session for state in crew.scene.ledger.state.ceremonies()]
    assert session not in live
    assert session in [s.ceremony.session for s in crew.scene.ledger.state.all_ceremonies()]


def test_after_activation_there_is_nothing_to_roll_back() -> None:
    crew = crew_with_key()
    crew.ask(operation="refresh")
    crew.settle()

    assert crew.roll_back() == ["NoRotation"]
    assert crew.record().generation == 1


def test_only_owner_and_admins_roll_back_and_retire() -> None:
    crew = crew_with_key()
    crew.ask(operation="refresh")

    for kind, payload in (("rollback", ("beacon",)), ("retire-key", ("beacon",))):
        crew.scene.submit(crew.scene.sign(identity(0), kind, encode(payload)))
        assert crew.scene.reasons() == ["Unauthorized"]
    assert crew.key().status == "Rotating"


def test_a_retired_key_signs_and_rotates_no_more_and_keeps_its_record() -> None:
    crew = crew_with_key(rules=RotationRules(on=("epoch",), every=11, max_age=13))
    crew.ask(operation="refresh")
    crew.ask(operation="repair", target="v1")
    record = crew.record()

    assert crew.retire() == [""]

    assert crew.key().status == crew.record().status == "Retired"
    assert crew.record().retired_at == crew.scene.height
    assert crew.record().public_key == record.public_key
    assert ended(crew) == [
        ("refresh", "manual", "rolled-back", "retired"),
        ("repair", "manual", "dropped", "retired"),
    ]
    assert crew.ask(operation="refresh") == ["KeyRetired"]
    assert crew.ask(operation="repair", target="v2") == ["KeyRetired"]
    assert crew.ask(operation="reshare", reason="emergency") == ["KeyRetired"]
    assert crew.roll_back() == ["KeyRetired"]
    assert crew.retire() == ["KeyRetired"]
    request = encode(RequestSign("beacon", "s1", "drand", b"late"))
    crew.scene.submit(crew.scene.sign(OWNER, REQUEST_SIGN, request))
    assert crew.scene.reasons() == ["KeyRetired"]
    assert [entry.outcome for entry in crew.scene.ledger.state.audit][-1] == "KeyRetired"
    assert crew.scene.ledger.state.ceremonies() == ()
    assert crew.scene.ledger.state.next_due is None
    assert verify_ledger(crew.scene.file()).state == crew.scene.ledger.state


def test_a_retired_keys_name_stays_taken() -> None:
    crew = crew_with_key()
    crew.retire()
    crew.scene.create()

    assert crew.scene.reasons() == ["KeyExists"]
