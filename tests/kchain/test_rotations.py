"""Rotations on the chain: what they keep, what they refuse, and how their attempts go on."""

from __future__ import annotations

import pytest

from sim.base.codec import encode
from sim.kchain.records import KeyRecord
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import (
    ROTATE_KEY,
    ByStake,
    Policy,
    RotateKey,
)
from tests.kchain.crew import Crew, crew_with_key
from tests.kchain.scene import OWNER, Scene, identity, make_validators

ADMIN = identity(77)
FOUR = ("v1", "v2", "v3", "v4")


def outcomes(crew: Crew) -> list[tuple[str, str, str, int, int]]:
    return [
        (entry.operation, entry.outcome, entry.reason, entry.first_attempt, entry.attempts)
        for entry in crew.scene.ledger.state.rotations("beacon")
    ]


def generations(crew: Crew) -> tuple[KeyRecord, ...]:
    return crew.scene.ledger.state.generations("beacon")


@pytest.mark.parametrize(
    ("committee", "threshold", "faults"),
    [
        (("v3", "v4", "v5", "v6"), 3, 0),
        (("v5", "v6", "v7"), 2, 0),
        (("v1", "v2", "v3", "v4", "v5", "v6", "v7"), 5, 1),
        (("v2", "v3"), 2, 0),
        (("v2", "v6"), 1, 0),
        (("v7",), 1, 0),
    ],
    ids=["overlapping", "disjoint", "larger", "smaller", "one-share-signs", "one-holder"],
)
def test_a_reshare_goes_to_any_committee_and_keeps_the_public_key(
    committee: tuple[str, ...], threshold: int, faults: int
) -> None:
    crew = crew_with_key(7, FOUR)
    before = crew.record()
    asked = crew.scene.height + 1

    assert crew.ask(operation="reshare", committee=committee, threshold=threshold) == [""]
    assert (crew.key().status, crew.record().status) == ("Rotating", "Rotating")
    crew.settle()

    after = crew.record()
    assert after.public_key == before.public_key
    assert (after.committee, after.threshold) == (committee, (threshold, len(committee)))
    assert (after.generation, after.era, after.faults) == (1, 1, faults)
    assert (after.operation, after.trigger, after.status) == ("reshare", "manual", "Active")
    assert (after.id, after.created_at_us) == (before.id, before.created_at_us)
    assert after.activated_us > before.activated_us == before.created_at_us
    (entry,) = crew.scene.ledger.state.rotations("beacon")
    assert (entry.requested_at, entry.started_at, entry.ended_at) == (
        asked,
        asked,
        after.activated_at,
    )
    old, new = generations(crew)
    assert (old.generation, old.status, old.retired_at) == (0, "Retired", after.activated_at)
    assert new == after
    crew.step()
    assert crew.signature(b"m")
    assert verify_ledger(crew.scene.file()).state == crew.scene.ledger.state


def test_a_reshare_by_stake_draws_and_records_its_committee() -> None:
    stakes = make_validators((5, 1, 9, 2, 8, 7))
    crew = crew_with_key(6, FOUR, genesis={"validators": stakes})

    assert crew.ask(operation="reshare", committee=ByStake(3), threshold=2) == [""]
    draw = crew.scene.ledger.state.draws["beacon"]
    crew.settle()

    assert crew.record().committee == draw.committee
    assert draw.kept == ()
    assert crew.key().seats == ByStake(3)
    assert verify_ledger(crew.scene.file()).state.draws["beacon"] == draw


def test_a_refresh_renews_every_share_of_the_same_committee() -> None:
    crew = crew_with_key()
    before = crew.record()

    crew.ask(operation="refresh")
    crew.settle()

    after = crew.record()
    assert (after.public_key, after.committee) == (before.public_key, before.committee)
    assert set(after.share_commitments).isdisjoint(before.share_commitments)
    assert (after.generation, after.operation) == (1, "refresh")


def test_a_repair_keeps_the_generation_and_is_noted_in_its_record() -> None:
    crew = crew_with_key()
    before = crew.record()
    del crew.shares["beacon", 1, 0, 1]

    assert crew.send(ROTATE_KEY, RotateKey("beacon", "repair", "lost-share", target="v2"), 1) == [
        ""
    ]
    assert crew.scene.newest().ceremony.helpers == (1, 3, 4)
    crew.settle()
    crew.step()

    after = crew.record()
    (repair,) = after.repaired
    assert (repair.name, repair.height) == (
        "v2",
        crew.scene.ledger.state.rotations("beacon")[0].ended_at,
    )
    assert (after.generation, after.verification) == (before.generation, before.verification)
    assert after.attempts == (*before.attempts, (repair.session, repair.attempt))
    assert ("beacon", 1, 0, 1) in crew.shares
    live = {(s.ceremony.session, s.ceremony.attempt) for s in crew.scene.ledger.state.ceremonies()}
    assert set(after.attempts) <= live


def test_a_second_repair_of_the_same_share_takes_the_place_of_the_first() -> None:
    crew = crew_with_key()
    for _ in range(2):
        crew.ask(operation="repair", target="v2")
        crew.settle()

    (repair,) = crew.record().repaired
    assert repair.attempt == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"key": "other", "operation": "refresh"}, "KeyNotFound"),
        ({"operation": "refresh", "committee": FOUR}, "Malformed"),
        ({"operation": "refresh", "threshold": 2}, "Malformed"),
        ({"operation": "refresh", "faults": 0}, "Malformed"),
        ({"operation": "refresh", "target": "v1"}, "Malformed"),
        ({"operation": "refresh", "reason": "lost-share"}, "Malformed"),
        ({"operation": "repair"}, "Malformed"),
        ({"operation": "repair", "target": "v1", "reason": "emergency"}, "Malformed"),
        ({"operation": "repair", "target": "v9"}, "UnknownValidator"),
        ({"operation": "repair", "target": "v6"}, "NotAMember"),
        ({"operation": "reshare", "committee": ("v1", "v9")}, "UnknownValidator"),
        ({"operation": "reshare", "committee": ("v2", "v1")}, "InvalidCommittee"),
        ({"operation": "reshare", "committee": ()}, "InvalidCommittee"),
        ({"operation": "reshare", "committee": ByStake(7)}, "PoolTooSmall"),
        ({"operation": "reshare", "committee": ("v1", "v2")}, "InvalidThreshold"),
        ({"operation": "reshare", "threshold": 5}, "InvalidThreshold"),
        ({"operation": "reshare", "faults": 2}, "InvalidThreshold"),
        ({"operation": "rekey", "threshold": 5}, "InvalidThreshold"),
        ({"operation": "swap"}, "Malformed"),
    ],
)
def test_a_rotation_that_makes_no_sense_is_rejected(fields: dict[str, object], reason: str) -> None:
    """The old threshold is the record's: a request can't even name one (row 63)."""
    crew = crew_with_key(6, FOUR)
    before = crew.key()

    assert crew.ask(**fields) == [reason]
    assert crew.key() == before
    assert outcomes(crew) == []


def test_a_key_of_one_share_has_nothing_to_refresh_but_may_be_shared_out() -> None:
    crew = crew_with_key(3, threshold=1)

    assert crew.ask(operation="refresh") == ["NotShareable"]
    assert crew.ask(operation="reshare", threshold=2) == [""]
    crew.settle()
    assert crew.record().threshold == (2, 3)


def test_a_key_of_everybody_has_no_helpers_to_repair_with() -> None:
    crew = crew_with_key(3, threshold=3)

    assert crew.ask(operation="repair", target="v1") == ["TooFewHelpers"]


@pytest.mark.parametrize("scheme", ["MLDSA", "MLKEM"])
def test_what_cannot_be_shared_says_so(scheme: str) -> None:
    crew = crew_with_key(3, ("v1",), scheme=scheme, threshold=1)
    assert crew.key().status == "Active"

    for fields in (
        {"operation": "refresh"},
        {"operation": "reshare", "committee": ("v2",)},
        {"operation": "repair", "target": "v1"},
        {"operation": "rekey", "committee": ("v1", "v2")},
    ):
        assert crew.ask(**fields) == ["NotShareable"]
    for changes in (
        {"committee": ("v1", "v2"), "threshold": 1},
        {"committee": ("v1", "v2"), "threshold": 2},
        {"committee": ByStake(2), "threshold": 2},
    ):
        crew.scene.create(key="shared", scheme=scheme, **changes)
        assert crew.scene.reasons() == ["NotShareable"]


@pytest.mark.parametrize("who", ["admin", "principal", "stranger", "member", "target"])
def test_owner_and_admins_rotate_and_a_member_repairs_its_own_share(who: str) -> None:
    policy = Policy(None, (), admins=(ADMIN.public,), principals=(identity(78).public,))
    crew = crew_with_key(policy=policy)
    account = {
        "admin": ADMIN,
        "principal": identity(78),
        "stranger": identity(79),
        "member": identity(0),
        "target": identity(1),
    }[who]
    refresh = RotateKey("beacon", "refresh")
    repair = RotateKey("beacon", "repair", "lost-share", target="v2")

    def asks(wish: RotateKey) -> list[str]:
        crew.scene.submit(crew.scene.sign(account, ROTATE_KEY, encode(wish)))
        return crew.scene.reasons()

    assert asks(refresh) == ([""] if who == "admin" else ["Unauthorized"])
    crew.settle()
    assert asks(repair) == ([""] if who in ("admin", "target") else ["Unauthorized"])


def test_whom_genesis_authorises_rotates_no_key_of_others() -> None:
    crew = crew_with_key(genesis={"authorised": (OWNER.public, ADMIN.public)})
    wish = RotateKey("beacon", "reshare", committee=("v1", "v2"), threshold=2)

    crew.scene.submit(crew.scene.sign(ADMIN, ROTATE_KEY, encode(wish)))

    assert crew.scene.reasons() == ["Unauthorized"]
    assert crew.ask(operation="reshare", committee=("v1", "v2"), threshold=2) == [""]


@pytest.mark.parametrize(("attempts", "verdict"), [(0, ""), (2, ""), (3, "Unauthorized")])
def test_a_member_that_asks_for_its_share_gets_no_more_attempts_than_the_key_has(
    attempts: int, verdict: str
) -> None:
    crew = crew_with_key(attempts=2)
    wish = RotateKey("beacon", "repair", "lost-share", target="v2", attempts=attempts)

    assert crew.send(ROTATE_KEY, wish, 1) == [verdict]


def test_an_admin_of_an_expired_policy_rotates_nothing_and_the_owner_still_does() -> None:
    policy = Policy(None, (), admins=(ADMIN.public,), expires_us=1)
    crew = crew_with_key(policy=policy)
    crew.scene.submit(crew.scene.sign(ADMIN, ROTATE_KEY, encode(RotateKey("beacon", "refresh"))))

    assert crew.scene.reasons() == ["PolicyExpired"]
    assert crew.ask(operation="refresh") == [""]


def test_a_key_that_is_not_there_yet_cannot_be_rotated() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    crew = Crew(scene)

    assert crew.ask(operation="refresh") == ["KeyNotActive"]
    assert crew.roll_back() == ["KeyNotActive"]
    assert crew.retire() == ["KeyNotActive"]


def test_attempts_fail_with_fresh_ones_after_retry_after_then_the_old_generation_goes_on() -> None:
    crew = crew_with_key(attempts=2, retry_after=4)
    before = crew.record()
    crew.absent = {0, 1, 2, 3}

    crew.ask(operation="refresh")
    first = crew.scene.newest()
    crew.settle()

    one, two = [s for s in crew.scene.ledger.state.all_ceremonies() if s.ceremony.generation == 1]
    assert one.ceremony.session == two.ceremony.session == first.ceremony.session
    assert one.ended_at is not None
    assert two.ceremony.start == one.ended_at + 4
    assert outcomes(crew) == [("refresh", "aborted", "too-few-dealers", 1, 2)]
    assert crew.key().status == "Active"
    assert crew.record() == before
    assert crew.signature(b"still signs")


def test_attempt_numbers_go_on_over_repeated_rotations_to_the_same_generation() -> None:
    crew = crew_with_key(attempts=2)
    crew.absent = {0, 1, 2, 3}
    for _ in range(2):
        crew.ask(operation="refresh")
        crew.settle()
    crew.absent = set()
    crew.ask(operation="refresh")
    crew.settle()

    assert [entry[3:] for entry in outcomes(crew)] == [(1, 2), (3, 2), (5, 1)]
    assert crew.record().generation == 1
    numbers = [s.ceremony.attempt for s in crew.scene.ledger.state.all_ceremonies()]
    assert numbers == [1, 1, 2, 3, 4, 5]
    assert crew.key().next_attempt(crew.record().session) == 6


def test_a_rotation_may_ask_for_its_own_number_of_attempts() -> None:
    crew = crew_with_key(attempts=1)
    crew.absent = {0, 1, 2, 3}

    crew.ask(operation="refresh", attempts=3)
    crew.settle()

    assert outcomes(crew)[0][4] == 3


def test_a_repair_asks_others_after_a_helper_has_failed() -> None:
    crew = crew_with_key(5, threshold=2, attempts=3)
    crew.absent = {0}

    crew.ask(operation="repair", target="v5")
    crew.settle()

    tried = [
        s.ceremony.helpers
        for s in crew.scene.ledger.state.all_ceremonies()
        if s.ceremony.operation == "repair"
    ]
    assert tried == [(1, 2), (2, 3)]
    assert outcomes(crew) == [("repair", "activated", "", 1, 2)]


def test_helpers_who_failed_before_are_remembered_by_the_next_repair() -> None:
    crew = crew_with_key(5, threshold=2, attempts=1)
    crew.absent = {0}
    for _ in range(2):
        crew.ask(operation="repair", target="v5")
        crew.settle()

    assert crew.scene.newest().ceremony.helpers == (2, 3)
    assert [entry[1] for entry in outcomes(crew)] == ["aborted", "activated"]
