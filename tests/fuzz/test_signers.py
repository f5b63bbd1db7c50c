"""Hostile messages within a signing session: no error, bounded memory, nothing signed but one."""

from __future__ import annotations

import pytest

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.protocol.effects import Record, Send
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    SigningPackage,
)
from sim.protocol.signing_signer import TRIES_MAX
from tests.fuzz.hostile import EXAMPLES, explore
from tests.fuzz.test_members import Delivery, decoded, deliveries
from tests.support.curves import SCHEMES
from tests.support.signers import OPENED, Signers


def in_round(scheme: str) -> Signers:
    """v1…v5 in round 0; everything that they send is lost."""
    signers = Signers(5, 3, scheme)
    signers.changes = dict.fromkeys(range(5), lambda _: ())
    signers.round(0)
    return signers


def letters(scheme: str) -> list[bytes]:
    """What an undisturbed round sends."""
    signers = Signers(5, 3, scheme)
    signers.round(0)
    return sorted({encode(message) for _, _, message in signers.sent})


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("role", ["coordinator", "signer"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_member_of_a_session_survives_any_message(scheme: str, role: str, examples: int) -> None:
    """And whatever it records is the session's message under a signature that verifies."""

    def check(received: list[Delivery]) -> None:
        signers = in_round(scheme)
        who = signers.coordinator() if role == "coordinator" else signers.others()[0]
        for source, payload in received:
            message = decoded(payload)
            if message is not None and source != who:
                effects = signers.machines[who].on_message(ValidatorIndex(source), message)
                signers.recorded += [e.session for e in effects if isinstance(e, Record)]

        assert len(signers.recorded) <= 1
        if signers.recorded:
            signers.verify()

    explore(check, deliveries(letters(scheme)), examples)


def test_pairs_that_a_signer_commits_in_one_round_are_bounded() -> None:
    signers = in_round("ED25519")
    leader, task = ValidatorIndex(signers.coordinator()), signers.task
    machine = signers.machines[signers.others()[0]]

    answers = [
        machine.on_message(leader, NonceRequest(task.session, 0, 0, n))
        for n in range(TRIES_MAX + 10)
    ]
    machine.on_task(task, OPENED + 5 * task.pace)
    later = machine.on_message(leader, NonceRequest(task.session, 0, 5, 1))

    assert sum(map(bool, answers)) == TRIES_MAX
    assert later != []  # every round has room of its own, and the same one coordinates again


def test_partials_that_a_signer_gives_in_one_round_are_bounded() -> None:
    """Without nonces nothing else would bound them."""
    signers = in_round("BLS")
    leader, task = ValidatorIndex(signers.coordinator()), signers.task
    listed = tuple((index, b"", b"") for index in range(1, 6))
    machine = signers.machines[signers.others()[0]]

    answers = [
        machine.on_message(leader, SigningPackage(task.session, 0, 0, n, task.message, listed))
        for n in range(TRIES_MAX + 3)
    ]

    assert sum(map(bool, answers)) == TRIES_MAX


def test_nobody_spends_the_nonces_that_the_coordinator_asked_for() -> None:
    """Else any member could make a signer answer another list, and the coordinator leave it out."""
    signers = in_round("ED25519")
    task, leader = signers.task, ValidatorIndex(signers.coordinator())
    who, thief = signers.others()[:2]
    request = NonceRequest(task.session, 0, 0, 1)
    (commitment,) = (
        effect.message
        for effect in signers.machines[who].on_message(leader, request)
        if isinstance(effect, Send)
    )
    assert isinstance(commitment, NonceCommitment)
    others = Signers(5, 3, "ED25519")
    others.round(0)
    package = next(m for _, _, m in others.sent if isinstance(m, SigningPackage))
    hiding, binding = commitment.nonces
    rest = [entry for entry in package.commitments if entry[0] != who + 1]
    pairs = tuple(sorted([*rest[:2], (who + 1, hiding, binding)]))
    asked = SigningPackage(task.session, 0, 0, 1, task.message, pairs)

    assert signers.machines[who].on_message(ValidatorIndex(thief), request) == []
    assert signers.machines[who].on_message(ValidatorIndex(thief), asked) == []
    answered = signers.machines[who].on_message(leader, asked)
    assert any(isinstance(e, Send) and isinstance(e.message, PartialSignature) for e in answered)


def test_the_samples_are_of_every_kind() -> None:
    kinds = {type(decoded(raw)) for raw in letters("ED25519")}

    assert kinds == {NonceRequest, NonceCommitment, SigningPackage, PartialSignature}
    assert {type(decoded(raw)) for raw in letters("BLS")} == {SigningPackage, PartialSignature}
