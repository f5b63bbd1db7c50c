"""Recorded signatures: checked under the key's record, held against its policy, always logged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
import pytest

from sim.base.codec import encode
from sim.crypto.identity import Identity
from sim.crypto.verification import SCHEMES
from sim.kchain.records import AuditEntry
from sim.protocol.activation import ACTIVATE
from sim.protocol.transactions import RECORD_SIGN_SESSION, Policy, RecordSignSession
from tests.kchain.scene import ANY_POLICY, OWNER, Committee, Scene, with_committee
from tests.support.ordinary import verifies


@dataclass
class Signing:
    """An active key of v1..v4, three of whom sign, and whoever may sign with it."""

    scene: Scene
    committee: Committee

    def statement(self, message: bytes = b"hello", /, **changes: object) -> RecordSignSession:
        values: dict[str, object] = {
            "key": "beacon",
            "generation": 0,
            "signing": "s1",
            "context": "drand",
            "message": message,
            "signature": self.committee.sign(message),
            "signers": (1, 2, 3),
        }
        return RecordSignSession(**{**values, **changes})  # type: ignore[arg-type]  # by tests

    def record(self, said: RecordSignSession, who: Identity | None = None) -> list[str]:
        """Submit a session and return the next block's reasons."""
        signer = self.scene.validators[0] if who is None else who
        self.scene.submit(self.scene.sign(signer, RECORD_SIGN_SESSION, encode(said)))
        return self.scene.reasons()

    @property
    def audit(self) -> list[AuditEntry]:
        return list(self.scene.ledger.state.audit)


def active(policy: Policy = ANY_POLICY, scheme: str = "ED25519") -> Signing:
    return Signing(*with_committee(4, policy, scheme))


def test_a_valid_signature_is_recorded_and_logged() -> None:
    signing = active()
    said = signing.statement()

    assert signing.record(said) == [""]
    scene = signing.scene
    assert scene.ledger.state.sessions["beacon", "s1"].statement == said
    assert signing.audit == [
        AuditEntry(
            height=scene.height,
            time_us=scene.genesis.time_us + scene.height * 2_000_000,
            key="beacon",
            generation=0,
            requester=scene.validators[0].public,
            signing="s1",
            context="drand",
            message_hash=hashlib.sha256(b"hello").digest(),
            signers=(1, 2, 3),
            outcome="signed",
        )
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "other"}, "KeyNotFound"),
        ({"generation": 1}, "WrongGeneration"),
        ({"signers": (1, 2)}, "InvalidSigners"),
        ({"signers": (1, 1, 2)}, "InvalidSigners"),
        ({"signers": (3, 2, 1)}, "InvalidSigners"),
        ({"signers": (0, 1, 2)}, "InvalidSigners"),
        ({"signers": (1, 2, 5)}, "InvalidSigners"),
        ({"signature": bytes(64)}, "InvalidSignature"),
    ],
)
def test_a_refusal_is_logged_as_well(changes: dict[str, object], reason: str) -> None:
    signing = active()

    assert signing.record(signing.statement(**changes)) == [reason]
    assert [entry.outcome for entry in signing.audit] == [reason]
    assert not signing.scene.ledger.state.sessions


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_has_its_own_signatures(scheme: str) -> None:
    signing = active(scheme=scheme)
    said = signing.statement()
    cut, longer = said.signature[:-1], said.signature + b"\x00"
    others = [bytes(64), bytes(96), cut, longer, said.signature[:64], said.signature.ljust(96)]
    others += [bytes(63), said.signature.ljust(3309), bytes(3310)]

    for wrong in {signature for signature in others if signature != said.signature}:
        refused = msgspec.structs.replace(said, signature=wrong)
        reasons = signing.record(refused)
        assert reasons == ["InvalidSignature" if len(wrong) <= 3309 else "Malformed"]
    assert signing.record(said) == [""]
    record = signing.scene.ledger.state.keys["beacon"].record
    assert record is not None
    assert verifies(scheme, record.public_key, b"hello", said.signature)
    message, activation = record.activation_message, record.activation_signature
    assert verifies(scheme, record.public_key, message, activation)


def test_a_signature_of_another_message_is_refused() -> None:
    signing = active()
    said = msgspec.structs.replace(signing.statement(b"hello"), message=b"other")

    assert signing.record(said) == ["InvalidSignature"]


def test_a_key_whose_ceremony_runs_signs_nothing() -> None:
    signing = active()
    said = signing.statement(key="second")
    signing.scene.create(key="second")
    signing.scene.step()

    assert signing.record(said) == ["KeyNotActive"]


def test_only_members_of_the_committee_record_sessions() -> None:
    signing = active()

    assert signing.record(signing.statement(), OWNER) == ["Unauthorized"]
    assert signing.audit[0].requester == OWNER.public


def test_a_session_id_is_recorded_once() -> None:
    signing = active()
    signing.record(signing.statement())

    assert signing.record(signing.statement(b"another")) == ["Duplicate"]


def test_the_policy_restricts_contexts() -> None:
    signing = active(Policy(None, ("bridge",)))

    assert signing.record(signing.statement(context="drand")) == ["PolicyViolation"]
    assert signing.record(signing.statement(context="bridge")) == [""]


def test_the_policy_counts_signatures_per_epoch() -> None:
    """Epochs are 20 heights here; refused sessions don't count."""
    signing = active(Policy(2, ()))
    outcomes = []
    for name in ("a", "b", "c"):
        outcomes += signing.record(signing.statement(signing=name))
    signing.scene.skip_to(19)
    for name in ("d", "e", "f"):
        outcomes += signing.record(signing.statement(signing=name))

    assert outcomes == ["", "", "PolicyViolation", "", "", "PolicyViolation"]
    assert [entry.outcome for entry in signing.audit][2] == "PolicyViolation"


def test_an_activation_message_is_never_a_session() -> None:
    """A pending generation signs that one message, over the ledger; nobody else may."""
    signing = active()
    message = ACTIVATE.encode() + b"anything"

    assert signing.record(signing.statement(message)) == ["PolicyViolation"]


def test_a_malformed_session_is_rejected_and_names_no_key_to_log() -> None:
    signing = active()
    raw = signing.scene.sign(signing.scene.validators[0], RECORD_SIGN_SESSION, b"\xc1")
    signing.scene.submit(raw)

    assert signing.scene.reasons() == ["Malformed"]
    assert signing.audit == []
