"""Signing sessions: rounds and coordinators, robustness, evidence, and what a signer refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import msgspec
import pytest

from sim.base.ids import ValidatorIndex
from sim.crypto.identity import Identity
from sim.crypto.signatures import get_signatures
from sim.protocol.activation import ACTIVATE
from sim.protocol.effects import Effect, Flush, Put, Record, Send
from sim.protocol.messages import (
    NonceCommitment,
    NonceRequest,
    PartialSignature,
    Private,
    SigningPackage,
)
from sim.protocol.signing_signer import TRIES_MAX
from sim.protocol.signing_task import partial_statement, trial_message
from tests.support.signers import MESSAGE, OPENED, PACE, Signers

with_nonces = pytest.mark.parametrize("scheme", ["ED25519", "SECP256K1"], indirect=True)
without_nonces = pytest.mark.parametrize("scheme", ["BLS"], indirect=True)


def sent(signers: Signers, kind: type[Private]) -> list[tuple[int, int, Private]]:
    return [line for line in signers.sent if isinstance(line[2], kind)]


def no_partial(message: Private) -> Iterable[Private]:
    """Answer everything but the request for a partial signature."""
    if not isinstance(message, PartialSignature):
        yield message


def nothing(message: Private) -> Iterable[Private]:
    """Never answer."""
    del message
    return ()


def spoiled(identity: Identity, partial: bytes) -> Callable[[Private], Iterable[Private]]:
    """Put another partial into every partial signature, and stand for it."""

    def change(message: Private) -> Iterable[Private]:
        if isinstance(message, PartialSignature):
            signature = identity.sign(partial_statement(message.list_hash, partial))
            message = msgspec.structs.replace(message, partial=partial, signature=signature)
        yield message

    return change


# Rounds


def test_first_seat_coordinates_and_the_signature_verifies_elsewhere() -> None:
    signers = Signers()

    signers.round(0)

    session = signers.verify()
    assert session.message == MESSAGE
    assert len(session.signers) == 3
    assert session.bad == ()
    assert {v for v, _, _ in sent(signers, SigningPackage)} == {signers.coordinator(0)}


def test_dead_coordinator_is_replaced_in_the_next_round() -> None:
    signers = Signers()
    dead = signers.coordinator(0)
    signers.down = {dead}

    signers.round(0)
    assert signers.recorded == []
    signers.round(1)

    session = signers.verify()
    assert dead + 1 not in session.signers
    assert {v for v, _, _ in sent(signers, SigningPackage)} == {signers.coordinator(1)}


def test_every_holder_coordinates_once_before_anyone_does_twice() -> None:
    task = Signers(5, 3).task

    firsts = [task.seats(number)[0] for number in range(10)]

    assert sorted(firsts[:5]) == [1, 2, 3, 4, 5]
    assert firsts[5:] == firsts[:5]


def test_rounds_begin_at_the_pace_of_signing_sets_until_the_session_expires() -> None:
    task = Signers(expires=OPENED + 12).task

    rounds = [task.round_at(OPENED + after) for after in (-1, 0, 4, 5, 10, 11, 12)]
    due = [task.next_due(OPENED + after) for after in (-1, 0, 4, 5, 9, 10, 11)]

    assert rounds == [None, 0, 0, 1, 2, 2, None]
    assert [height - OPENED for height in due] == [12, 5, 5, 10, 10, 12, 12]


def test_session_that_waits_for_seats_has_no_round() -> None:
    signers = Signers(begins=0)

    signers.height(OPENED)

    assert signers.sent == []
    assert signers.task.next_due(OPENED) == signers.task.expires


def test_only_the_coordinator_of_the_running_round_is_answered() -> None:
    signers = Signers()
    first, second = signers.coordinator(0), signers.coordinator(1)
    signers.changes[first] = nothing
    signers.round(0)
    requests = [e.message for v, e in signers.effects if v == first and isinstance(e, Send)]
    signer = next(v for v in range(5) if v not in (first, second))

    def answers(source: int) -> bool:
        effects = signers.machines[signer].on_message(ValidatorIndex(source), requests[0])
        return any(isinstance(effect, Send) for effect in effects)

    assert not answers(second)
    assert answers(first)
    signers.round(1)
    assert not answers(first)


def test_coordinator_gives_up_when_the_next_round_begins() -> None:
    signers = Signers()
    first = signers.coordinator(0)
    signers.down = set(range(5)) - {first}
    signers.round(0)
    assert (first, "try") in signers.timers

    signers.round(1)

    assert (first, "try") not in signers.timers


def test_nobody_acts_once_the_session_is_over() -> None:
    signers = Signers()
    signers.changes = dict.fromkeys(range(5), no_partial)
    signers.round(0)
    before = len(signers.sent)

    for v, machine in enumerate(signers.machines):
        signers.perform(v, machine.close())
    signers.fire("try")

    assert len(signers.sent) == before
    assert signers.timers == set()
    assert all(store == {} for store in signers.stores)


# Robustness


@pytest.mark.parametrize("partial", [b"", b"\x01" + bytes(31), b"\xff" * 96])
def test_bad_partial_is_named_with_evidence_and_its_signer_left_out(partial: bytes) -> None:
    signers = Signers()
    culprit = signers.others()[0]
    identity = signers.machines[culprit].context.identity
    signers.changes[culprit] = spoiled(identity, partial)

    signers.round(0)

    session = signers.verify()
    assert culprit + 1 not in session.signers
    (evidence,) = session.bad
    assert evidence.member == culprit + 1
    assert signers.task.is_bad(evidence)
    assert sent(signers, PartialSignature)  # control: the partial that left is the spoiled one
    assert any(
        v == culprit and m.partial == partial
        for v, _, m in signers.sent
        if isinstance(m, PartialSignature)
    )


def test_bad_partial_that_nobody_stands_for_is_left_out_and_proves_nothing() -> None:
    signers = Signers()
    culprit = signers.others()[0]
    signers.changes[culprit] = spoiled(Identity(b"x" * 32), b"\x01" + bytes(31))

    signers.round(0)

    session = signers.verify()
    assert culprit + 1 not in session.signers
    assert session.bad == ()


def test_partial_over_another_list_is_ignored() -> None:
    """Row 74: only a match that fails is a fault."""
    signers = Signers()
    culprit = signers.others()[0]

    def relabelled(message: Private) -> Iterable[Private]:
        if isinstance(message, PartialSignature):
            message = msgspec.structs.replace(message, list_hash=bytes(32), partial=b"")
        yield message

    signers.changes[culprit] = relabelled
    signers.round(0)
    signers.fire("try")

    assert signers.verify().bad == ()


def test_evidence_against_the_honest_does_not_hold() -> None:
    """Every way to bend true evidence, or to make some from an honest partial, fails."""
    signers = Signers()
    culprit = signers.others()[0]
    signers.changes[culprit] = spoiled(signers.machines[culprit].context.identity, b"\x01" * 32)
    signers.round(0)
    session, task = signers.verify(), signers.task
    (evidence,) = session.bad
    honest = next(
        m
        for v, _, m in signers.sent
        if isinstance(m, PartialSignature) and v != culprit and v + 1 in session.signers
    )
    index = next(v + 1 for v, _, m in signers.sent if m is honest)
    package = next(
        m
        for _, _, m in signers.sent
        if isinstance(m, SigningPackage) and task.list_hash(m.commitments) == honest.list_hash
    )
    replace = msgspec.structs.replace

    bent = [
        replace(evidence, member=index),
        replace(evidence, member=9),
        replace(evidence, partial=b"\x02" * 32),
        replace(evidence, signature=bytes(64)),
        replace(evidence, commitments=evidence.commitments[1:]),
        replace(evidence, commitments=evidence.commitments[::-1]),
        replace(
            evidence,
            member=index,
            commitments=package.commitments,
            partial=honest.partial,
            signature=honest.signature,
        ),
    ]

    assert task.is_bad(evidence)
    assert not any(map(task.is_bad, bent))
    assert not dataclasses.replace(task, generation=1).is_bad(evidence)
    assert not dataclasses.replace(task, message=b"other").is_bad(evidence)
    assert not dataclasses.replace(task, signing="s2").is_bad(evidence)


def test_session_fails_with_proof_when_too_few_good_signers_are_left() -> None:
    signers = Signers(4, 3)
    for culprit in signers.others()[:2]:
        identity = signers.machines[culprit].context.identity
        signers.changes[culprit] = spoiled(identity, b"\x01" * 32)

    signers.round(0)

    (session,) = signers.recorded
    assert (session.signature, session.signers) == (b"", ())
    assert len(session.bad) == 2
    assert all(map(signers.task.is_bad, session.bad))


@with_nonces
def test_silent_signer_is_left_out_after_the_try_times_out() -> None:
    signers = Signers()
    silent = set(signers.others()[:2])
    signers.changes = dict.fromkeys(silent, no_partial)
    signers.round(0)
    assert signers.recorded == []

    signers.fire("try")

    assert not {v + 1 for v in silent} & set(signers.verify().signers)


@without_nonces
def test_silent_signer_costs_nothing_while_t_others_answer() -> None:
    """One step: every seat is listed, and the first t partials are enough."""
    signers = Signers()
    silent = signers.others()[0]
    signers.changes[silent] = no_partial

    signers.round(0)

    assert silent + 1 not in signers.verify().signers
    assert not sent(signers, NonceRequest)
    assert not sent(signers, NonceCommitment)


def test_too_few_answers_lead_to_another_try_of_those_who_answered() -> None:
    """And when too few of them are left, of everybody: who was silent may be back."""
    signers = Signers()
    signers.changes = dict.fromkeys(signers.others()[:3], nothing)
    signers.round(0)
    assert signers.recorded == []

    signers.fire("try")
    assert signers.recorded == []
    signers.changes = {}
    signers.fire("try")

    signers.verify()


def test_what_was_lost_is_sent_again() -> None:
    signers = Signers()
    lost = dict.fromkeys(signers.others(), nothing)
    signers.changes = dict(lost)
    signers.round(0)
    assert signers.recorded == []

    signers.changes = {}
    for v in lost:
        signers.fire(f"ask/{v + 1}")

    signers.verify()


# What a signer refuses


@with_nonces
def test_no_nonce_pair_meets_two_lists() -> None:
    """Row 76. Over tries, rounds and a restart of everybody."""
    signers = Signers()
    signers.changes = dict.fromkeys(range(5), no_partial)
    for number in range(3):
        signers.round(number)
        signers.fire("try")
        if number == 1:
            for v in range(5):
                signers.restart(v)

    lists = {m.commitments for _, _, m in signers.sent if isinstance(m, SigningPackage)}
    pairs = [pair[1:] for commitments in lists for pair in commitments]
    assert len(lists) >= 6
    assert len(pairs) == len(set(pairs))


@with_nonces
def test_pair_is_marked_spent_and_flushed_before_its_commitment_leaves() -> None:
    signers = Signers()

    signers.round(0)

    for v in range(5):
        mine = [effect for who, effect in signers.effects if who == v]
        leaving = [
            place
            for place, effect in enumerate(mine)
            if isinstance(effect, Send)
            and isinstance(effect.message, NonceCommitment | SigningPackage)
        ]
        if leaving:
            marked = next(i for i, effect in enumerate(mine) if isinstance(effect, Put))
            assert isinstance(mine[marked + 1], Flush)
            assert marked < leaving[0]
    assert sent(signers, NonceCommitment)


@with_nonces
def test_signer_refuses_another_message_and_a_second_list() -> None:
    """Above all an activation message: signing one would activate what nobody agreed on."""
    signers = Signers()
    signers.changes[signers.coordinator(0)] = lambda m: (
        () if isinstance(m, SigningPackage) else (m,)
    )
    signers.round(0)
    leader = ValidatorIndex(signers.coordinator(0))
    package = next(
        e.message
        for _, e in signers.effects
        if isinstance(e, Send) and isinstance(e.message, SigningPackage)
    )
    who = next(i - 1 for i, _, _ in package.commitments if i - 1 != leader)
    machine = signers.machines[who]
    replace = msgspec.structs.replace
    mine = next(pair for pair in package.commitments if pair[0] == who + 1)
    swapped = tuple(
        pair if pair == mine else (pair[0], pair[2], pair[1]) for pair in package.commitments
    )

    def answered(message: Private) -> bool:
        return machine.on_message(leader, message) != []

    assert not answered(replace(package, message=ACTIVATE.encode()))
    assert not answered(replace(package, message=b"another"))
    assert not answered(replace(package, commitments=package.commitments[:2]))
    assert not answered(replace(package, generation=1))
    assert not answered(replace(package, round=1))
    assert not answered(replace(package, session=bytes(32)))
    assert answered(package)
    assert answered(package)  # the same answer again
    assert not answered(replace(package, commitments=swapped))


@without_nonces
def test_signer_without_nonces_signs_for_any_list_of_t_seats_that_has_it() -> None:
    signers = Signers()
    leader = ValidatorIndex(signers.coordinator(0))
    signers.changes[leader] = nothing
    signers.round(0)
    package = next(
        e.message
        for _, e in signers.effects
        if isinstance(e, Send) and isinstance(e.message, SigningPackage)
    )
    me = signers.others()[0] + 1
    others = [index for index in range(1, 6) if index != me]
    attempt = 0

    def answers(*members: int, again: bool = False, **changes: object) -> bool:
        nonlocal attempt
        attempt += not again
        listed = tuple((member, b"", b"") for member in members)
        asked = msgspec.structs.replace(
            package, **{"commitments": listed, "attempt": attempt, **changes}
        )
        return signers.machines[me - 1].on_message(leader, asked) != []

    def listed(*members: int) -> list[int]:
        return sorted([me, *members])

    assert answers(*listed(*others[:2]))
    assert answers(*listed(*others))
    assert answers(*listed(*others), again=True)  # the same answer
    assert not answers(*listed(*others[:2]), again=True)  # another list in the same try
    assert not answers(*listed(others[0]))
    assert not answers(*others[:3])
    assert not answers(*reversed(listed(*others[:2])))
    assert not answers(*listed(*others[:2]), 6)
    assert not answers(*listed(*others[:2]), message=ACTIVATE.encode())
    request = NonceRequest(package.session, 0, 0, 1)
    assert signers.machines[me - 1].on_message(leader, request) == []


@pytest.mark.parametrize("purpose", ["request", "test", "endorse"])
@pytest.mark.parametrize(
    "message", [ACTIVATE.encode() + b"x", b"K-chain/endorse/v1x", b"K-chain/", MESSAGE]
)
def test_messages_of_the_chain_are_signed_in_its_own_sessions_alone(
    purpose: str, message: bytes
) -> None:
    allowed = {("request", MESSAGE), ("endorse", b"K-chain/endorse/v1x")}
    signers = Signers(purpose=purpose, message=message)

    signers.round(0)

    assert bool(signers.recorded) == ((purpose, message) in allowed)


def test_trial_signature_is_over_the_generation_and_its_context() -> None:
    """The lowest eligible confirmer coordinates first; everybody eligible has a seat."""
    message = trial_message("test-chain", "beacon", 1, 0, "drand")
    signers = Signers(purpose="test", message=message, holders=(2, 3, 5))

    signers.round(0)

    assert signers.task.seats(0) == (2, 3, 5)
    assert signers.verify().signers == (2, 3, 5)
    assert message != trial_message("test-chain", "beacon", 1, 1, "drand")


@with_nonces
def test_nonces_for_one_round_are_bounded() -> None:
    signers = Signers()
    leader, who = ValidatorIndex(signers.coordinator(0)), signers.others()[0]
    signers.changes[leader] = nothing
    signers.round(0)
    machine = signers.machines[who]

    answers = [
        machine.on_message(leader, NonceRequest(signers.task.session, 0, 0, attempt))
        for attempt in range(1000)
    ]

    assert sum(map(bool, answers)) == TRIES_MAX


def test_signer_refuses_what_looks_expired_to_it_until_a_new_height_comes() -> None:
    signers = Signers()
    leader, who = signers.coordinator(0), signers.others()[0]
    signers.changes[leader] = nothing
    signers.round(0)
    asked = next(
        e.message for v, e in signers.effects if v == leader and isinstance(e, Send) and e.to == who
    )
    machine = signers.machines[who]

    machine.on_timer("expiry")
    assert machine.on_message(ValidatorIndex(leader), asked) == []
    machine.on_task(signers.task, OPENED + 1)

    assert machine.on_message(ValidatorIndex(leader), asked) != []


def test_nobody_signs_from_the_height_of_expiry_on() -> None:
    signers = Signers()

    signers.height(signers.task.expires)

    assert signers.sent == []


# Restarts


@with_nonces
def test_restarted_signer_does_not_commit_twice_to_one_try() -> None:
    signers = Signers()
    leader, who = signers.coordinator(0), signers.others()[0]
    signers.changes = dict.fromkeys(range(5), no_partial)
    signers.round(0)
    request = next(m for _, to, m in signers.sent if isinstance(m, NonceRequest) and to == who)
    assert signers.stores[who]

    signers.restart(who)
    machine = signers.machines[who]
    machine.on_task(signers.task, OPENED)

    assert machine.on_message(ValidatorIndex(leader), request) == []
    later = msgspec.structs.replace(request, attempt=request.attempt + 1)
    assert machine.on_message(ValidatorIndex(leader), later) != []


def test_restarted_coordinator_goes_on_within_its_round() -> None:
    signers = Signers()
    leader = signers.coordinator(0)
    signers.changes = dict.fromkeys(signers.others(), no_partial)
    signers.round(0)
    assert signers.recorded == []
    signers.changes = {}

    signers.restart(leader)
    signers.height(OPENED + 1)

    signers.verify()


def test_restarted_coordinator_draws_other_nonces() -> None:
    signers = Signers()
    leader = signers.coordinator(0)
    signers.changes = dict.fromkeys(signers.others(), no_partial)
    signers.round(0)
    signers.restart(leader)
    signers.height(OPENED + 1)

    own = {
        pair[1:]
        for _, _, m in signers.sent
        if isinstance(m, SigningPackage)
        for pair in m.commitments
        if pair[0] == leader + 1
    }
    assert len(own) == (2 if get_signatures(signers.key.scheme).uses_nonces else 1)


# Generations


def test_rebound_session_is_signed_by_the_new_generation_alone() -> None:
    """Messages, pairs and partials of the old one are nothing to the new one."""
    signers = Signers()
    signers.changes = dict.fromkeys(range(5), no_partial)
    signers.round(0)
    old = [(to, v, m) for v, to, m in signers.sent]
    partials = [
        (v, e)
        for v, e in signers.effects
        if isinstance(e, Send) and isinstance(e.message, PartialSignature)
    ]
    hashes = {e.message.list_hash for _, e in partials if isinstance(e.message, PartialSignature)}
    signers.changes = {}

    signers.rebind(1, OPENED + 2)
    signers.down = set(range(5)) - {signers.coordinator(0)}
    signers.round(0)
    before = len(signers.effects)
    for v, effect in partials:
        signers.perform(
            effect.to, signers.machines[effect.to].on_message(ValidatorIndex(v), effect.message)
        )
    for to, v, message in old:
        signers.perform(to, signers.machines[to].on_message(ValidatorIndex(v), message))
    assert len(signers.effects) == before  # everything old is ignored
    signers.down = set()
    for who in range(5):
        signers.perform(who, signers.machines[who].on_task(signers.task, OPENED + 2))
    signers.fire("try")

    session = signers.verify()
    assert session.generation == 1
    fresh = {m.list_hash for _, _, m in signers.sent[len(old) :] if isinstance(m, PartialSignature)}
    assert fresh
    assert not fresh & hashes
    lists = {m.commitments for _, _, m in signers.sent if isinstance(m, SigningPackage)}
    pairs = [pair[1:] for commitments in lists for pair in commitments if pair[1]]
    assert len(pairs) == len(set(pairs))


def test_partials_of_an_old_generation_do_not_hold_for_the_new_one() -> None:
    """Row 75, one step further: even under the right list hash."""
    old, new = Signers(generation=0), Signers(generation=1)
    old.round(0)
    partial = next(m for _, _, m in old.sent if isinstance(m, PartialSignature))
    index = next(v + 1 for v, _, m in old.sent if m is partial)
    package = next(
        m
        for _, _, m in old.sent
        if isinstance(m, SigningPackage) and old.task.list_hash(m.commitments) == partial.list_hash
    )

    assert old.task.holds(index, package.commitments, partial.partial)
    assert not new.task.holds(index, package.commitments, partial.partial)


def effects_of(signers: Signers, kind: type[Effect]) -> list[Effect]:
    return [effect for _, effect in signers.effects if isinstance(effect, kind)]


def test_quorum_of_the_policy_is_how_many_sign() -> None:
    signers = Signers(5, 3, needed=4)

    signers.round(0)

    assert len(signers.verify().signers) == 4
    assert len(effects_of(signers, Record)) == 1


def test_sampled_committee_signs_with_the_seats_of_the_round_alone() -> None:
    signers = Signers(12, 7, spare=2)

    signers.round(0)

    session = signers.verify()
    assert len(signers.task.seats(0)) == 9
    assert set(session.signers) <= set(signers.task.seats(0))
    asked = {to for _, to, m in signers.sent if isinstance(m, NonceRequest | SigningPackage)}
    assert asked <= set(signers.task.seated(0))
    assert signers.task.expires > OPENED + PACE
