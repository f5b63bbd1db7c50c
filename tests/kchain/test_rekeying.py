"""The next era: a new public key that the old one endorses, or that never comes."""

from __future__ import annotations

import pytest

from sim.kchain.rekeying import endorsement_message
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    BadPartial,
    RecordSignSession,
    RequestSign,
)
from tests.kchain.crew import Crew, crew_with_key
from tests.kchain.scene import CHAIN
from tests.support.ordinary import verifies

FOUR = ("v1", "v2", "v3", "v4")


def rekeyed(crew: Crew, **fields: object) -> Crew:
    """Ask for a rekey and go on until the old key is asked to endorse the new one."""
    assert crew.ask(operation="rekey", **fields) == [""]
    while ("beacon", "endorse-2") not in crew.scene.ledger.state.open_sessions:
        crew.step()
    return crew


def ended(crew: Crew) -> list[tuple[str, str, str]]:
    entries = crew.scene.ledger.state.rotations("beacon")
    return [(entry.operation, entry.outcome, entry.reason) for entry in entries]


@pytest.mark.parametrize("scheme", ["ED25519", "SECP256K1", "BLS"])
def test_a_rekey_is_staged_until_the_old_key_has_endorsed_it(scheme: str) -> None:
    crew = rekeyed(crew_with_key(4, FOUR, scheme=scheme))
    old, pending = crew.record(), crew.key().pending
    assert pending is not None
    assert pending.staged is not None
    assert (old.era, crew.key().status) == (1, "Rotating")

    crew.step()
    assert crew.close("endorse-2") == [""]

    new = crew.record()
    assert (new.era, new.generation, new.operation) == (2, 0, "rekey")
    assert new.public_key == pending.staged.public_key != old.public_key
    assert new.id == old.id
    assert crew.key().status == "Active"
    message = endorsement_message(CHAIN, old, new)
    assert verifies(scheme, old.public_key, message, new.endorsement)
    assert ended(crew) == [("rekey", "activated", "")]
    crew.step()
    assert ("beacon", "test-2-0") in crew.scene.ledger.state.open_sessions
    assert crew.close("test-2-0") == [""]
    derived = verify_ledger(crew.scene.file()).derived
    assert (derived.generations, derived.activations, derived.endorsements) == (2, 2, 1)


def test_an_era_can_have_its_own_committee_and_threshold() -> None:
    crew = rekeyed(crew_with_key(6, FOUR), committee=("v4", "v5", "v6"), threshold=2)
    crew.step()
    crew.close("endorse-2")

    assert (crew.record().committee, crew.record().threshold) == (("v4", "v5", "v6"), (2, 3))


def test_rotations_of_the_new_era_count_from_its_own_generation_0() -> None:
    crew = rekeyed(crew_with_key(4, FOUR))
    crew.step()
    crew.close("endorse-2")
    crew.step()
    crew.ask(operation="refresh")
    crew.settle()

    assert (crew.record().era, crew.record().generation) == (2, 1)
    eras = [(r.era, r.generation) for r in crew.scene.ledger.state.generations("beacon")]
    assert eras == [(1, 0), (2, 0), (2, 1)]
    assert crew.scene.newest().ceremony.label == "beacon@2/refresh/1"


def test_a_rekey_that_the_old_key_doesnt_endorse_is_aborted_and_changes_nothing() -> None:
    crew = rekeyed(crew_with_key(4, FOUR))
    old = crew.record()
    session = crew.scene.ledger.state.open_sessions["beacon", "endorse-2"]

    crew.scene.skip_to(session.expires_at)

    assert ended(crew) == [("rekey", "aborted", "unendorsed")]
    assert (crew.key().status, crew.record().public_key) == ("Active", old.public_key)
    assert crew.ask(operation="rekey") == [""]
    assert crew.scene.newest().ceremony.attempt == 2


def test_a_staged_rekey_can_be_rolled_back() -> None:
    crew = rekeyed(crew_with_key(4, FOUR))

    assert crew.roll_back() == [""]

    assert ended(crew) == [("rekey", "rolled-back", "requested")]
    assert ("beacon", "endorse-2") not in crew.scene.ledger.state.open_sessions
    assert crew.record().era == 1
    assert verify_ledger(crew.scene.file()).state == crew.scene.ledger.state


def test_a_staged_rekeys_ceremony_stays_live_for_those_who_hold_its_shares() -> None:
    crew = rekeyed(crew_with_key(4, FOUR))
    for _ in range(5):
        crew.send("nonsense", b"")

    live = [state.ceremony.label for state in crew.scene.ledger.state.ceremonies()]
    assert live == ["beacon/dkg/0", "beacon@2/rekey/0"]


def test_an_ml_kem_key_signs_nothing_so_its_owners_word_is_enough() -> None:
    crew = crew_with_key(3, ("v1",), scheme="MLKEM", threshold=1)
    before = crew.record()

    assert crew.ask(operation="rekey") == [""]
    crew.settle()

    after = crew.record()
    assert (after.era, after.endorsement, after.operation) == (2, b"", "rekey")
    assert after.public_key != before.public_key
    derived = verify_ledger(crew.scene.file()).derived
    assert (derived.generations, derived.unsigned, derived.endorsements) == (2, 2, 0)


def test_an_ml_dsa_key_endorses_its_successor() -> None:
    crew = crew_with_key(3, ("v1",), scheme="MLDSA", threshold=1)

    assert crew.ask(operation="rekey", committee=("v2",)) == [""]
    while ("beacon", "endorse-2") not in crew.scene.ledger.state.open_sessions:
        crew.step()

    assert crew.key().status == "Rotating"
    assert crew.scene.newest().ceremony.label == "beacon@2/generate/0"


def test_evidence_of_a_bad_partial_is_none_about_a_key_that_has_no_partials() -> None:
    crew = crew_with_key(3, ("v1",), scheme="MLDSA", threshold=1)
    session = crew.scene.ledger.state.open_sessions["beacon", "test-1-0"]
    evidence = BadPartial(1, ((1, b"", b""),), bytes(32), bytes(64))
    failed = RecordSignSession(
        "beacon", 0, session.signing, session.context, session.message, b"", (), (evidence,)
    )

    assert crew.send(RECORD_SIGN_SESSION, failed, 0) == ["BadEvidence"]
    assert session.id in crew.scene.ledger.state.open_sessions


def test_what_principals_call_their_sessions_does_not_name_the_endorsement() -> None:
    crew = crew_with_key()
    assert crew.send(REQUEST_SIGN, RequestSign("beacon", "endorse-2x", "any", b"hello")) == [""]
    assert crew.close("endorse-2x") == [""]

    assert crew.ask(operation="rekey") == [""]
    crew.pass_to(crew.scene.height + 40)
    names = {name for _, name in crew.scene.ledger.state.open_sessions}

    assert "endorse-2" in names
