"""Signing goes on while a key rotates, and no signature ever mixes two generations."""

from __future__ import annotations

from sim.protocol.requests import REQUEST_SIGN, Policy
from sim.protocol.signing_events import Rebound
from tests.kchain.crew import Crew, crew_with_key
from tests.kchain.signing import wish
from tests.support.ordinary import verifies


def outcomes(crew: Crew) -> list[tuple[str, int, str]]:
    """What the log says: session, generation, outcome."""
    audit = crew.scene.ledger.state.audit
    return [(line.signing, line.generation, line.outcome) for line in audit]


def test_a_session_that_is_open_at_the_activation_goes_over_to_the_new_generation() -> None:
    crew = crew_with_key()
    crew.close("test-1-0")
    crew.ask(operation="refresh")
    crew.send(REQUEST_SIGN, wish("s1"))
    before = crew.scene.ledger.state.open_sessions["beacon", "s1"]
    stale = crew.signature(before.message)

    crew.settle()

    state = crew.scene.ledger.state
    after = state.open_sessions["beacon", "s1"]
    assert (before.generation, after.generation) == (0, 1)
    assert any(isinstance(event, Rebound) for event in state.session_events)
    assert after.begins == state.height == crew.record().activated_at
    assert (after.opened_at, after.expires_at) == (before.opened_at, before.expires_at)
    crew.step()
    assert crew.close("s1") == [""]
    assert crew.close("test-1-1") == [""]
    assert outcomes(crew) == [
        ("test-1-0", 0, "signed"),
        ("s1", 1, "signed"),
        ("test-1-1", 1, "signed"),
    ]
    # The old shares still make a signature that libraries accept: only the session is new.
    assert verifies("ED25519", crew.record().public_key, before.message, stale[0])


def test_a_request_during_a_rotation_is_signed_by_the_old_generation_until_activation() -> None:
    crew = crew_with_key()
    crew.ask(operation="refresh")
    crew.send(REQUEST_SIGN, wish("s1"))

    assert crew.close("s1") == [""]
    crew.settle()

    assert ("s1", 0, "signed") in outcomes(crew)
    assert crew.record().generation == 1


def test_a_reshare_to_fewer_holders_than_the_quorum_fails_what_is_open() -> None:
    crew = crew_with_key(policy=Policy(None, (), quorum=4))
    crew.ask(operation="reshare", committee=("v1", "v2", "v3"), threshold=2)
    crew.send(REQUEST_SIGN, wish("s1"))

    crew.settle()

    assert ("s1", 0, "failed") in outcomes(crew)
    assert crew.send(REQUEST_SIGN, wish("s2")) == ["QuorumUnreachable"]
