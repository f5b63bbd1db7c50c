"""CreateKey, attempts that fail and are tried again, and the record of a key that stands."""

from __future__ import annotations

import pytest
from nacl.signing import VerifyKey

from sim.base.codec import encode
from sim.base.secret import Secret
from sim.crypto.principals import principal_from_seed
from sim.kchain.verify import verify_ledger
from sim.protocol.phases import Phase
from sim.protocol.requests import CREATE_KEY, Policy
from tests.kchain.scene import OWNER, Scene, make_request, with_key


def test_only_an_authorised_principal_creates_keys() -> None:
    scene = Scene()
    scene.submit(scene.sign(scene.validators[0], CREATE_KEY, encode(make_request(["v1", "v2"]))))

    assert scene.reasons() == ["Unauthorized"]


def test_a_principal_with_an_ml_dsa_key_creates_keys_if_it_is_authorised() -> None:
    owner, stranger = (principal_from_seed("MLDSA", Secret(bytes([n]) * 32)) for n in (1, 2))
    scene = Scene(authorised=(owner.public,))
    request = encode(make_request(["v1", "v2"]))
    for who in (stranger, owner, OWNER):
        scene.submit(scene.sign(who, CREATE_KEY, request))

    assert sorted(scene.reasons()) == ["", "Unauthorized", "Unauthorized"]
    assert scene.ledger.state.keys["beacon"].owner == owner.public
    assert scene.ledger.state.nonce(owner.public) == 1
    verify_ledger(scene.file())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scheme": "CURVE41417"}, "UnknownScheme"),
        ({"threshold": 0}, "InvalidThreshold"),
        ({"threshold": 5}, "InvalidThreshold"),
        ({"threshold": 4, "faults": 1}, "InvalidThreshold"),
        ({"faults": -1}, "InvalidThreshold"),
        ({"committee": ()}, "InvalidCommittee"),
        ({"committee": ("v2", "v1", "v3")}, "InvalidCommittee"),
        ({"committee": ("v1", "v1", "v2")}, "InvalidCommittee"),
        ({"committee": ("v1", "v2", "nobody")}, "UnknownValidator"),
        ({"key": "no/slash"}, "Malformed"),
        ({"key": ""}, "Malformed"),
        ({"key": "line\n"}, "Malformed"),
        ({"key": "n" * 65}, "Malformed"),
        ({"attempts": 0}, "Malformed"),
        ({"retry_after": 0}, "Malformed"),
        ({"policy": None}, "Malformed"),
        ({"justifications": "whispered"}, "Malformed"),
    ],
)
def test_a_request_that_makes_no_sense_is_rejected(changes: dict[str, object], reason: str) -> None:
    scene = Scene()
    scene.create(**changes)

    assert scene.reasons() == [reason]
    assert not scene.ledger.state.keys


def test_announce_begins_at_the_height_after_the_request() -> None:
    scene = Scene()
    scene.skip_to(4)
    scene.create()
    scene.step()

    state = scene.newest()

    assert state.ceremony.start == 6
    assert (state.phase, state.phase_start, state.deadline) == (Phase.ANNOUNCE, 6, 8)


def test_silence_fails_every_attempt_and_only_due_heights_have_blocks() -> None:
    """announce 3 heights, deal 4; nobody deals, so the attempt fails there."""
    scene = Scene()
    scene.create(attempts=2, retry_after=5)
    heights = scene.skip_to(40)

    # Request at 1; announce 2..4, deal 5..8: failed at 8. Retry: announce from 13, so 12 is due.
    assert heights == [1, 4, 8, 12, 15, 19]
    key = scene.ledger.state.keys["beacon"]
    assert (key.status, key.attempts) == ("Failed", 2)
    assert [state.reason for state in scene.ledger.state.all_ceremonies()] == [
        "too-few-dealers"
    ] * 2
    assert not scene.ledger.state.open


def test_the_next_attempt_has_the_same_members_and_session() -> None:
    scene = Scene()
    scene.create(attempts=2)
    scene.skip_to(8)

    first, second = scene.ledger.state.all_ceremonies()

    assert (first.ended_at, second.ceremony.start, second.ceremony.attempt) == (8, 9, 2)
    assert second.ceremony.members == first.ceremony.members
    assert second.ceremony.session == first.ceremony.session


def test_the_name_of_a_failed_key_stays_taken() -> None:
    """A second ceremony under the same session would meet the same random streams."""
    scene = Scene()
    scene.create()
    scene.skip_to(8)
    assert scene.ledger.state.keys["beacon"].status == "Failed"
    scene.create()

    assert scene.reasons() == ["KeyExists"]


def test_a_record_has_every_field_of_the_specification() -> None:
    policy = Policy(3, ("drand",))
    scene = with_key(4, policy)

    record = scene.ledger.state.record("beacon")

    assert record is not None
    assert record.threshold == (3, 4)
    assert (record.scheme, record.status, record.policy) == ("ED25519", "Active", policy)
    assert record.committee == ("v1", "v2", "v3", "v4")
    assert (record.owner, record.era, record.generation) == (OWNER.public, 1, 0)
    assert len(record.share_commitments) == 4
    assert record.verification == scene.newest().verification
    assert record.activated_at == scene.height
    assert record.created_at_us == scene.genesis.time_us + scene.height * 2_000_000
    assert len(record.id) == 32


def test_the_activation_signature_verifies_with_pynacl_alone() -> None:
    record = with_key().ledger.state.record("beacon")

    assert record is not None
    VerifyKey(record.public_key).verify(record.activation_message, record.activation_signature)


def test_two_keys_have_ceremonies_side_by_side() -> None:
    scene = Scene()
    scene.create(key="zebra")
    scene.create(key="aardvark")
    scene.skip_to(8)

    names = [state.ceremony.key for state in scene.ledger.state.ceremonies()]

    assert names == ["aardvark", "zebra"]
    assert {key.status for key in scene.ledger.state.keys.values()} == {"Failed"}


@pytest.mark.parametrize(("quorum", "verdict"), [(4, ""), (5, "InvalidPolicy")])
def test_a_quorum_that_the_committee_cannot_reach_is_refused(quorum: int, verdict: str) -> None:
    scene = Scene()
    scene.create(policy=Policy(None, (), quorum=quorum))

    assert scene.reasons() == [verdict]
