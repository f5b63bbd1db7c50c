"""Statements reach the judge; a second signed deal does so whatever its nonce or phase."""

from __future__ import annotations

import pytest

from sim.base.codec import encode
from sim.kchain.verify import verify_ledger
from sim.protocol.messages import Deal
from sim.protocol.requests import REPORT_EQUIVOCATION, ReportEquivocation
from sim.protocol.transactions import CeremonyPayload, statement_payload
from tests.kchain.scene import DEAL, Scene, identity, second_deal, signed


def dealing() -> Scene:
    """Return a scene in its deal phase, heights 5..8."""
    scene = Scene()
    scene.create()
    scene.skip_to(4)
    return scene


def equivocators(scene: Scene) -> list[str]:
    return [f.validator for f in scene.newest().faults if f.fault == "equivocation" and f.proof]


def report(scene: Scene, first: bytes, second: bytes, reporter: int = 3) -> None:
    payload = encode(ReportEquivocation(first, second))
    scene.submit(scene.sign(scene.validators[reporter], REPORT_EQUIVOCATION, payload))


def test_a_statement_before_its_phase_is_rejected() -> None:
    scene = Scene()
    scene.create()
    scene.step()
    scene.say(0, DEAL)

    assert scene.reasons() == ["WrongPhase"]


def test_two_deals_with_one_nonce_are_an_equivocation() -> None:
    scene = dealing()
    first = scene.say(0, DEAL)
    second = second_deal(scene, 0, nonce=1)
    scene.submit(second, 0)

    assert scene.reasons() == ["", "BadNonce"]
    assert scene.newest().equivocations == {1: (first, second)}


def test_a_second_deal_counts_after_the_attempt_has_failed() -> None:
    """Later it is a fault only: the attempt stays as it ended."""
    scene = dealing()
    for position in range(3):
        scene.say(position, DEAL)
    scene.skip_to(8)
    assert scene.newest().ended
    ended_at = scene.newest().ended_at
    scene.submit(second_deal(scene, 0, nonce=2))

    assert scene.reasons() != ["WrongPhase"]
    assert scene.newest().ended_at == ended_at


def test_the_same_deal_again_is_no_equivocation() -> None:
    scene = dealing()
    scene.say(0, DEAL)
    scene.step()
    scene.say(0, DEAL)

    assert scene.reasons() == ["Duplicate"]
    scene.skip_to(8)
    assert equivocators(scene) == []


def test_a_forged_second_deal_convicts_nobody() -> None:
    scene = dealing()
    scene.say(0, DEAL)
    ceremony = scene.newest().ceremony
    payload = statement_payload(ceremony.session, 1, Deal((b"y",), b""))
    scene.submit(signed(scene.validators[1], 9, "deal", payload))  # v2 signs for itself only
    scene.skip_to(8)

    assert equivocators(scene) == []


def test_a_report_of_two_deals_seen_elsewhere_is_an_equivocation() -> None:
    scene = dealing()
    report(scene, second_deal(scene, 0, nonce=1), _deal(scene, 0, nonce=1))

    assert scene.reasons() == [""]
    scene.skip_to(8)
    assert equivocators(scene) == ["v1"]


def test_a_report_needs_a_known_reporter_and_a_known_attempt() -> None:
    scene = dealing()
    reports = encode(ReportEquivocation(_deal(scene, 0, nonce=1), second_deal(scene, 0, nonce=1)))
    elsewhere = [
        signed(scene.validators[0], 1, "deal", statement_payload(bytes(32), 1, Deal((body,), b"")))
        for body in (b"x", b"y")
    ]
    scene.submit(signed(identity(99), 1, REPORT_EQUIVOCATION, reports))
    report(scene, elsewhere[0], elsewhere[1])
    report(scene, signed(scene.validators[0], 1, "deal", b"\xc1"), elsewhere[0])

    assert scene.reasons() == ["Unauthorized", "UnknownSession", "Malformed"]


def test_a_report_that_proves_nothing_is_rejected() -> None:
    scene = dealing()
    one, other = _deal(scene, 0, nonce=1), second_deal(scene, 1, nonce=1)
    forged = second_deal(scene, 0, nonce=1)[:-1] + b"\xff"
    cases = [
        (one, one, "NoEquivocation"),
        (one, other, "NoEquivocation"),
        (one, forged, "NoEquivocation"),
        (one, b"\xc1", "Malformed"),
    ]

    for first, second, _ in cases:
        report(scene, first, second)

    assert scene.reasons() == [reason for *_, reason in cases]
    scene.skip_to(8)
    assert equivocators(scene) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"\xc1", b"\x92\xdd\xff\xff\xff\xff", b"\x92\xc6\xff\xff\xff\xff", b"\x91" * 9_999],
)
def test_hostile_bytes_in_a_deal_are_a_fault_and_nothing_worse(body: bytes) -> None:
    scene = dealing()
    session = scene.newest().ceremony.session
    payload = encode(CeremonyPayload(session, 1, body))
    scene.submit(scene.sign(scene.validators[0], "deal", payload))

    assert scene.reasons() == [""]
    scene.skip_to(8)
    assert ("v1", "malformed-deal") in [(f.validator, f.fault) for f in scene.newest().faults]
    assert verify_ledger(scene.file()).state == scene.ledger.state


def _deal(scene: Scene, position: int, nonce: int) -> bytes:
    ceremony = scene.newest().ceremony
    payload = statement_payload(ceremony.session, ceremony.attempt, DEAL)
    return signed(scene.validators[position], nonce, "deal", payload)
