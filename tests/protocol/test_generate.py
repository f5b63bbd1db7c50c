"""Single-party keys: one holder publishes a key that can't be shared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgpack
import pytest

from sim.base.errors import LocalError
from sim.base.secret import Secret
from sim.crypto import mldsa, mlkem
from sim.crypto.verification import verify
from sim.protocol.activation import ACTIVATE
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendSealed, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.generate import GenerateState, possession_message
from sim.protocol.generating import GenerateMachine
from sim.protocol.machines import judge, member_machine
from sim.protocol.messages import Announce, PublishKey
from sim.protocol.phases import Phase
from tests.support.cluster import SHORT, Cluster

SIZES = {"MLDSA": (32, 1952, 3309), "MLKEM": (64, 1184, 0)}
"""Bytes of seed, public key and proof."""


@pytest.fixture(params=SIZES, autouse=True)
def scheme(request: pytest.FixtureRequest) -> str:
    """The scheme of this test: one of a single party."""
    return str(request.param)


@pytest.fixture
def single(scheme: str) -> Cluster:
    """The ceremony of a committee of one."""
    return Cluster(1, 1, scheme=scheme, operation="generate")


def holder(cluster: Cluster) -> GenerateMachine:
    machine = cluster.machines[0]
    assert isinstance(machine, GenerateMachine)
    return machine


def publishing(change: Callable[[PublishKey], PublishKey]) -> Callable[[Effect], list[Effect]]:
    """Rewrite the published key."""

    def rewrite(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, PublishKey):
            return [Post(change(effect.statement))]
        return [effect]

    return rewrite


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def test_one_statement_makes_the_key(single: Cluster, scheme: str) -> None:
    seed_size, key_size, proof_size = SIZES[scheme]

    state = single.run()

    assert isinstance(state, GenerateState)
    assert state.phase is Phase.ACTIVE
    assert [entry.kind for entry in single.entries] == ["publish-key"]
    assert [(span.phase, span.start, span.end) for span in state.spans] == [("deal", 1, 1)]
    assert (state.qual, state.verification) == ((1,), (state.public_key,))
    assert (len(state.public_key), len(state.activation_signature)) == (key_size, proof_size)
    assert state.confirmed == {1: 1}
    assert len(state.transcript) == 32
    seed = holder(single).seed
    assert seed is not None
    assert len(seed.reveal()) == seed_size
    assert single.stores[0] == {"share": seed.reveal()}
    assert single.sent == []


def test_the_seed_gives_the_published_key(single: Cluster, scheme: str) -> None:
    state = single.run()

    seed = holder(single).seed
    assert seed is not None
    if scheme == "MLDSA":
        signature = mldsa.SigningKey.from_seed(seed).sign(b"any message")
        assert verify("MLDSA", state.public_key, b"any message", signature)
    else:
        secret, ciphertext = mlkem.encapsulate(state.public_key, Secret(bytes(32)))
        assert mlkem.DecapsulationKey.from_seed(seed).decapsulate(ciphertext) == secret


def test_the_key_signs_its_activation_message_if_it_can(single: Cluster, scheme: str) -> None:
    state = single.run()

    message = state.activation_message
    told = msgpack.unpackb(message.removeprefix(ACTIVATE.encode()))
    assert message == possession_message(single.ceremony, state.public_key)
    assert told["public_key"] == state.public_key
    assert (told["chain"], told["key"], told["scheme"]) == ("test-chain", "beacon", scheme)
    assert (told["era"], told["generations"], told["attempt"]) == (1, [0], 1)
    assert told["committees"] == [state.committee]
    if scheme == "MLDSA":
        assert verify("MLDSA", state.public_key, message, state.activation_signature)
    else:
        assert state.activation_signature == b"", "a KEM key proves no possession"


def test_a_proof_holds_for_one_attempt_and_era_alone(single: Cluster) -> None:
    ceremony = single.ceremony
    key = single.run().public_key

    messages = {
        possession_message(dataclasses.replace(ceremony, **change), key)
        for change in ({}, {"attempt": 2}, {"era": 2}, {"key": "other"}, {"chain": "another"})
    }

    assert len(messages) == 5


def test_anyone_reaches_the_same_verdict_from_the_entries(single: Cluster) -> None:
    state = single.run()

    assert judge(single.ceremony, single.entries, single.height) == state


def test_silence_fails_the_attempt_without_proof(single: Cluster) -> None:
    single.stop("v1")

    state = single.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v1", "no-deal", False)]
    assert "v1 (no-deal)" in state.detail
    assert state.ended_at == SHORT.deal


def test_no_key_of_the_scheme_is_proven(single: Cluster, scheme: str) -> None:
    bad = {
        "MLDSA": lambda said: PublishKey(said.public_key[:-1], said.proof),
        "MLKEM": lambda said: PublishKey(b"\xff" * 1184, b""),
    }
    single.tamper("v1", publishing(bad[scheme]))

    state = single.run()

    check_fault(single, "malformed-deal")
    assert state.public_key == b""


def test_a_false_or_unexpected_proof_is_proven(single: Cluster, scheme: str) -> None:
    bad = {
        "MLDSA": lambda said: PublishKey(said.public_key, flipped(said.proof)),
        "MLKEM": lambda said: PublishKey(said.public_key, b"a KEM key signs nothing"),
    }
    single.tamper("v1", publishing(bad[scheme]))

    single.run()

    check_fault(single, "bad-proof" if scheme == "MLDSA" else "malformed-deal")


def test_what_is_no_statement_is_proven(single: Cluster) -> None:
    single.stop("v1")
    single.post_bytes("v1", "publish-key", b"no key")

    single.run()

    check_fault(single, "malformed-deal")


def check_fault(cluster: Cluster, name: str) -> None:
    """The one fault is v1's; its evidence convinces, and no other evidence does."""
    state = cluster.state
    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    (fault,) = state.faults
    assert (fault.validator, fault.fault, fault.proof) == ("v1", name, True)
    record = PublicRecord.of(state)
    assert reverify(record, fault)
    other = "bad-proof" if name == "malformed-deal" else "malformed-deal"
    assert not reverify(record, dataclasses.replace(fault, fault=other))
    assert not reverify(record, dataclasses.replace(fault, validator="v2"))
    assert not reverify(record, dataclasses.replace(fault, evidence=()))
    assert cluster.stores[0] == {}, "the seed of a failed attempt is erased"
    assert holder(cluster).seed is None


def test_a_good_key_is_no_fault_whatever_is_claimed(single: Cluster) -> None:
    state = single.run()
    claim = dataclasses.replace(failed(single).state.faults[0], evidence=(single.entries[0].raw,))

    assert state.faults == []
    assert not reverify(PublicRecord.of(state), claim)


def failed(like: Cluster) -> Cluster:
    """The same ceremony, in which v1 published no key."""
    cluster = Cluster(ceremony=like.ceremony)
    cluster.stop("v1")
    cluster.post_bytes("v1", "publish-key", b"no key")
    cluster.run()
    return cluster


def test_the_first_key_counts(single: Cluster) -> None:
    single._act()
    single.post("v1", PublishKey(b"another", b""))
    single.height, started = 0, single.height
    state = single.run()

    assert started == 0
    assert ("v1", "publish-key", "Duplicate") in single.rejected
    assert state.phase is Phase.ACTIVE


@pytest.mark.parametrize("who", ["v1", "v2"])
def test_nothing_else_belongs_to_the_ceremony(who: str, single: Cluster) -> None:
    single.stop("v1")
    single.post(who, Announce(bytes(1216)))

    state = single.run()

    assert single.rejected == [(who, "announce", "WrongPhase" if who == "v1" else "NotAMember")]
    assert state.phase is Phase.FAILED


def test_a_restart_before_the_ledger_shows_the_key_changes_nothing(single: Cluster) -> None:
    single._act()
    first = dict(single.stores[0])
    machine = holder(single)

    again = member_machine(machine.context, single.ceremony, first, {"publish-key"})
    assert isinstance(again, GenerateMachine)
    assert again.on_state(single.state, 0) == []
    assert again.seed == machine.seed
    unsaid = member_machine(machine.context, single.ceremony, first)
    (_, post) = unsaid.on_state(single.state, 0)
    assert isinstance(post, Post)
    assert isinstance(post.statement, PublishKey)
    state = single.run()
    assert post.statement.public_key == state.public_key


def test_an_amnesiac_publishes_nothing_and_a_lost_seed_is_told(single: Cluster) -> None:
    machine = holder(single)
    amnesiac = GenerateMachine(machine.context, single.ceremony, {}, amnesiac=True)

    assert amnesiac.on_state(single.state, 0) == []
    assert not amnesiac.shareless
    amnesiac.on_state(single.run(), single.height)
    assert amnesiac.shareless


def test_every_attempt_draws_another_seed(single: Cluster) -> None:
    again = Cluster(ceremony=dataclasses.replace(single.ceremony, attempt=2))

    assert single.run().public_key != again.run().public_key


def test_retiring_erases_the_seed(single: Cluster) -> None:
    single.run()

    single._perform(0, holder(single).retire())

    assert single.stores[0] == {}
    assert holder(single).seed is None


def test_there_is_nothing_to_send(single: Cluster) -> None:
    with pytest.raises(LocalError):
        holder(single).seal(SendShares({}))
    with pytest.raises(LocalError):
        holder(single).dispatch(SendSealed({}))
