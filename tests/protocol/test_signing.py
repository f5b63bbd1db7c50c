"""The test signature: who coordinates, who is left out, and what a signer refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from nacl.signing import VerifyKey

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

Change = Callable[[Private], Iterable[Private]]


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
        VerifyKey(self.state.public_key).verify(session.message, session.signature)


def test_lowest_confirmer_coordinates_and_the_signature_verifies_elsewhere() -> None:
    signers = Signers()

    signers.height(0)

    signers.verify()
    assert signers.recorded[0].signing == "test-0-v1-0"
    assert len(signers.recorded[0].signers) == 3
    assert {v for v, _, m in signers.sent if isinstance(m, NonceRequest)} == {0}


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


def test_bad_partial_leaves_its_signer_out_of_the_next_try() -> None:
    def spoil(message: Private) -> Iterable[Private]:
        if isinstance(message, PartialSignature):
            message = msgspec.structs.replace(message, partial=b"\x01" + bytes(31))
        yield message

    signers = Signers()
    signers.changes[1] = spoil

    signers.height(0)

    signers.verify()
    assert 2 not in signers.recorded[0].signers


def test_silent_signer_is_left_out_after_the_try_times_out() -> None:
    def no_partial(message: Private) -> Iterable[Private]:
        if not isinstance(message, PartialSignature):
            yield message

    signers = Signers()
    signers.changes[1] = no_partial
    signers.height(0)
    assert signers.recorded == []

    signers.fire("try")

    signers.verify()
    assert 2 not in signers.recorded[0].signers


def test_no_nonce_pair_meets_two_lists() -> None:
    def no_partial(message: Private) -> Iterable[Private]:
        if not isinstance(message, PartialSignature):
            yield message

    signers = Signers()
    signers.changes[1] = no_partial
    signers.height(0)
    signers.fire("try")

    packages = {m.commitments for _, _, m in signers.sent if isinstance(m, SigningPackage)}
    pairs = [pair[1:] for package in packages for pair in package]
    assert len(packages) == 2
    assert len(pairs) == len(set(pairs))


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


def test_restarted_signer_does_not_commit_twice_to_one_session() -> None:
    signers = Signers()
    context = signers.cluster.machines[1].context
    share = signers.cluster.machines[1].share
    assert share is not None
    stored = {"spent/0/test-0-v1-0/1": b""}
    machine = SigningMachine(context, signers.state, share, "test", stored)

    answer = machine.on_message(ValidatorIndex(0), NonceRequest("beacon", 0, "test-0-v1-0", 1))

    assert answer == []


def test_message_names_key_generation_and_purpose() -> None:
    ceremony = Signers().state.ceremony

    assert signing_message(ceremony, "a") != signing_message(ceremony, "b")
    assert signing_message(ceremony, "a").startswith(b"K-chain/test/v1")
