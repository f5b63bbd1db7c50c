"""The test signature: who coordinates, who is left out, and what a signer refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import pytest

from sim.base.ids import ValidatorIndex
from sim.protocol.activation import ACTIVATE
from sim.protocol.effects import Effect, Record, Send, StartTimer, StopTimer
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    Private,
    SigningPackage,
)
from sim.protocol.signing import SigningMachine, coordinator_turns, signing_message
from sim.protocol.transactions import RecordSignSession
from tests.support.cluster import Cluster
from tests.support.ordinary import verifies

Change = Callable[[Private], Iterable[Private]]

with_nonces = pytest.mark.parametrize("scheme", ["ED25519", "SECP256K1"], indirect=True)
without_nonces = pytest.mark.parametrize("scheme", ["BLS"], indirect=True)


class Signers:
    """The signing machines of an active committee, joined by function calls."""

    def __init__(self, size: int = 5, threshold: int = 3) -> None:
        self.cluster = Cluster(size, threshold)
        self.state = self.cluster.run()
        self.machines = [self._machine(v) for v in range(size)]
        self.down: set[int] = set()
        self.changes: dict[int, Change] = {}
        self.sent: list[tuple[int, int, Private]] = []
        self.recorded: list[RecordSignSession] = []
        self.timers: set[tuple[int, str]] = set()

    def _machine(self, v: int) -> SigningMachine:
        share = self.cluster.machines[v].share
        assert share is not None
        return SigningMachine(self.cluster.machines[v].context, self.state, share, "test", {})

    def height(self, after_activation: int) -> None:
        """Let everybody receive a height."""
        assert self.state.ended_at is not None
        for v, machine in enumerate(self.machines):
            if v not in self.down:
                effects = machine.on_height(
                    self.state.ended_at + after_activation, recorded=bool(self.recorded)
                )
                self.perform(v, effects)

    def fire(self, name: str) -> None:
        """Fire every timer of that name."""
        for v, timer in sorted(self.timers):
            if timer == name and v not in self.down:
                self.perform(v, self.machines[v].on_timer(name))

    def perform(self, v: int, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(to, _, message):
                    change = self.changes.get(v)
                    for changed in [message] if change is None else change(message):
                        self.sent.append((v, to, changed))
                        if to not in self.down:
                            answer = self.machines[to].on_message(ValidatorIndex(v), changed)
                            self.perform(to, answer)
                case Record(session):
                    self.recorded.append(session)
                case StartTimer(name, _):
                    self.timers.add((v, name))
                case StopTimer(name):
                    self.timers.discard((v, name))

    def verify(self) -> None:
        (session,) = self.recorded
        scheme, public = self.state.ceremony.scheme, self.state.public_key
        assert verifies(scheme, public, session.message, session.signature)


def test_lowest_confirmer_coordinates_and_the_signature_verifies_elsewhere() -> None:
    signers = Signers()

    signers.height(0)

    signers.verify()
    assert signers.recorded[0].signing == "test-0-v1-0"
    assert len(signers.recorded[0].signers) == 3
    assert {v for v, _, m in signers.sent if isinstance(m, SigningPackage)} == {0}


def test_next_confirmer_coordinates_when_no_session_is_recorded() -> None:
    signers = Signers()
    signers.down = {0}

    signers.height(0)
    assert signers.recorded == []
    signers.height(signers.state.ceremony.lengths.sign)

    signers.verify()
    assert signers.recorded[0].signing == "test-0-v2-0"


def test_turns_follow_each_other_at_the_pace_of_signing_sets() -> None:
    signers = Signers()
    start, pace = signers.state.ended_at, signers.state.ceremony.lengths.sign
    assert start is not None

    turns = coordinator_turns(signers.state)

    assert turns == [(start + pace * rank, rank + 1) for rank in range(5)]


def test_nobody_coordinates_once_a_session_is_recorded() -> None:
    signers = Signers()
    signers.height(0)
    sent = len(signers.sent)

    signers.height(100)

    assert len(signers.sent) == sent


@pytest.mark.parametrize("partial", [b"", b"\x01" + bytes(31), b"\xff" * 96])
def test_bad_partial_leaves_its_signer_out_of_the_next_try(partial: bytes) -> None:
    def spoil(message: Private) -> Iterable[Private]:
        if isinstance(message, PartialSignature):
            message = msgspec.structs.replace(message, partial=partial)
        yield message

    signers = Signers()
    signers.changes[1] = spoil

    signers.height(0)

    signers.verify()
    assert 2 not in signers.recorded[0].signers


def no_partial(message: Private) -> Iterable[Private]:
    """Answer everything but the request for a partial signature."""
    if not isinstance(message, PartialSignature):
        yield message


@with_nonces
def test_silent_signer_is_left_out_after_the_try_times_out() -> None:
    signers = Signers()
    signers.changes[1] = no_partial
    signers.height(0)
    assert signers.recorded == []

    signers.fire("try")

    signers.verify()
    assert 2 not in signers.recorded[0].signers


@without_nonces
def test_silent_signer_costs_nothing_while_t_others_answer() -> None:
    """One round: everybody eligible is listed, and the first t partials are enough."""
    signers = Signers()
    signers.changes[1] = no_partial

    signers.height(0)

    signers.verify()
    assert signers.recorded[0].signers == (1, 3, 4)
    assert not any(isinstance(m, NonceRequest | NonceCommitment) for _, _, m in signers.sent)


@without_nonces
def test_too_few_answers_lead_to_another_try_of_those_who_answered() -> None:
    """And when too few of them are left, of everybody: who was silent may be back."""
    signers = Signers()
    signers.changes = {1: no_partial, 2: no_partial, 3: no_partial}
    signers.height(0)
    assert signers.recorded == []

    signers.fire("try")
    assert signers.recorded == []
    signers.changes = {}
    signers.fire("try")

    signers.verify()


@without_nonces
def test_signer_without_nonces_ignores_requests_for_some() -> None:
    signers = Signers()

    request = NonceRequest("beacon", 0, "test-0-v1-0", 1)

    assert signers.machines[1].on_message(ValidatorIndex(0), request) == []


@without_nonces
def test_signer_without_nonces_signs_its_message_for_any_list_of_t_that_has_it() -> None:
    """Above all never an activation message: signing one would activate what nobody agreed on."""
    signers = Signers()
    signers.height(0)
    package = next(m for _, to, m in signers.sent if isinstance(m, SigningPackage) and to == 1)
    machine = signers.machines[1]

    def answers(signing: str, **changes: object) -> bool:
        changed = msgspec.structs.replace(package, signing=signing, **changes)
        return machine.on_message(ValidatorIndex(0), changed) != []

    def listed(*members: int) -> tuple[tuple[int, bytes, bytes], ...]:
        return tuple((member, b"", b"") for member in members)

    assert answers("a", commitments=listed(1, 2, 3))
    assert answers("b", commitments=listed(2, 4, 5))
    assert answers("b", commitments=listed(2, 4, 5))  # the same answer again
    assert not answers("b", commitments=listed(1, 2, 3))  # another list in the same try
    assert not answers("c", commitments=listed(1, 2))
    assert not answers("d", commitments=listed(1, 3, 4))
    assert not answers("e", commitments=listed(3, 2, 1))
    assert not answers("f", commitments=listed(2, 3, 6))
    assert not answers("g", commitments=((1, b"", b""), (2, b"x", b""), (3, b"", b"")))
    assert not answers("h", message=ACTIVATE.encode())


@with_nonces
def test_no_nonce_pair_meets_two_lists() -> None:
    signers = Signers()
    signers.changes[1] = no_partial
    signers.height(0)
    signers.fire("try")

    packages = {m.commitments for _, _, m in signers.sent if isinstance(m, SigningPackage)}
    pairs = [pair[1:] for package in packages for pair in package]
    assert len(packages) == 2
    assert len(pairs) == len(set(pairs))


@with_nonces
def test_signer_refuses_another_message_and_a_second_list() -> None:
    """Above all an activation message: signing one would activate what nobody agreed on."""
    signers = Signers()
    signers.height(0)
    package = next(m for _, to, m in signers.sent if isinstance(m, SigningPackage) and to == 1)
    machine = signers.machines[1]
    fresh = machine.on_message(
        ValidatorIndex(0), NonceRequest("beacon", 0, "other", package.attempt)
    )
    commitments = [e.message for e in fresh if isinstance(e, Send)]
    (pair,) = (m.nonces for m in commitments if isinstance(m, NonceCommitment))
    mine = tuple((i, *pair) if i == 2 else (i, d, e) for i, d, e in package.commitments)
    good = msgspec.structs.replace(package, signing="other", commitments=mine)
    forged = msgspec.structs.replace(good, message=ACTIVATE.encode())
    short = msgspec.structs.replace(good, commitments=mine[:2])

    assert machine.on_message(ValidatorIndex(0), forged) == []
    assert machine.on_message(ValidatorIndex(0), short) == []
    assert machine.on_message(ValidatorIndex(0), good) != []
    assert machine.on_message(ValidatorIndex(0), good) != []  # the same answer again
    other = tuple((i, e, d) if i != 2 else (i, d, e) for i, d, e in mine)
    second = msgspec.structs.replace(good, commitments=other)
    assert machine.on_message(ValidatorIndex(0), second) == []


@with_nonces
def test_restarted_signer_does_not_commit_twice_to_one_session() -> None:
    signers = Signers()
    context = signers.cluster.machines[1].context
    share = signers.cluster.machines[1].share
    assert share is not None
    stored = {"spent/test-0-v1-0/1": b""}
    machine = SigningMachine(context, signers.state, share, "test", stored)

    answer = machine.on_message(ValidatorIndex(0), NonceRequest("beacon", 0, "test-0-v1-0", 1))

    assert answer == []


def test_message_names_key_generation_and_purpose() -> None:
    ceremony = Signers().state.ceremony

    assert signing_message(ceremony, "a") != signing_message(ceremony, "b")
    assert signing_message(ceremony, "a").startswith(b"K-chain/test/v1")
