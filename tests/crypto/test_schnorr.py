"""Proofs of knowledge: what they bind, and everything that must not pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.memo import Memo, using
from sim.base.meters import Meter, metering
from sim.base.secret import Secret, SecretScalar
from sim.crypto import schnorr
from sim.crypto.ed25519 import IDENTITY, ORDER
from sim.crypto.groups import get_group
from tests.support import edwards as oracle

GROUP = get_group("ED25519")
SECRET: SecretScalar = Secret(0x1234567890ABCDEF1234567890ABCDEF)
PUBLIC = GROUP.base_mul(SECRET.reveal())
CONTEXT: tuple[Any, ...] = ("chain", bytes(32), 1, 7)


def proof(nonce: int = 99999) -> bytes:
    return schnorr.prove(GROUP, SECRET, PUBLIC, nonce, "tag", *CONTEXT)


def refused(public: bytes, data: bytes, tag: str = "tag", *context: Any) -> bool:
    try:
        schnorr.verify(GROUP, public, data, tag, *(context or CONTEXT))
    except schnorr.ProofError:
        return True
    return False


@settings(max_examples=20, deadline=None)
@given(st.integers(1, ORDER - 1), st.integers(1, ORDER - 1))
def test_honest_proofs_hold(secret: int, nonce: int) -> None:
    public = GROUP.base_mul(secret)

    made = schnorr.prove(GROUP, Secret(secret), public, nonce, "tag", *CONTEXT)

    schnorr.verify(GROUP, public, made, "tag", *CONTEXT)
    assert len(made) == 64


def test_the_equation_holds_in_the_textbook_group() -> None:
    made = proof()
    s = int.from_bytes(made[32:], "little")
    c = GROUP.hash_to_scalar("tag", "ED25519", CONTEXT, PUBLIC, made[:32])
    public = oracle.multiply(SECRET.reveal(), oracle.BASE)

    left = oracle.multiply(s, oracle.BASE)
    right = oracle.add(oracle.multiply(99999, oracle.BASE), oracle.multiply(c, public))

    assert left == right


def test_any_flipped_bit_breaks_a_proof() -> None:
    made = proof()

    for bit in range(0, 512, 7):
        flipped = bytearray(made)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refused(PUBLIC, bytes(flipped))


def test_s_plus_q_is_refused() -> None:
    """The same s mod q in another encoding: two proofs from one."""
    made = proof()
    s = int.from_bytes(made[32:], "little")

    assert refused(PUBLIC, made[:32] + (s + ORDER).to_bytes(32, "little"))


def test_r_is_compared_as_bytes() -> None:
    """R in an encoding that isn't canonical: y = 1 + p stands for the identity, as y = 1 does."""
    s = 5
    odd_identity = (oracle.P + 1).to_bytes(32, "little")
    c = GROUP.hash_to_scalar("tag", "ED25519", CONTEXT, PUBLIC, odd_identity)
    forged = odd_identity + GROUP.encode_scalar(c * SECRET.reveal())
    assert GROUP.unmask(c * SECRET.reveal(), c, PUBLIC) == IDENTITY

    assert refused(PUBLIC, forged)
    assert refused(PUBLIC, oracle.encode(oracle.torsion()[4]) + GROUP.encode_scalar(s))


@pytest.mark.parametrize("data", [b"", bytes(63), bytes(64), bytes(65)])
def test_garbage_is_refused(data: bytes) -> None:
    assert refused(PUBLIC, data)
    assert refused(PUBLIC, proof() + b"\x00")


@pytest.mark.parametrize(
    "context",
    [
        ("other", bytes(32), 1, 7),
        ("chain", bytes([1]) * 32, 1, 7),
        ("chain", bytes(32), 2, 7),
        ("chain", bytes(32), 1, 8),
        ("chain", bytes(32), 1),
        ("chain", bytes(32), 1, 7, b""),
    ],
)
def test_a_proof_holds_in_its_own_context_only(context: tuple[Any, ...]) -> None:
    """Replayed from another session, attempt or dealer it is worth nothing."""
    assert not refused(PUBLIC, proof())

    assert refused(PUBLIC, proof(), "tag", *context)


def test_a_proof_holds_under_its_own_tag_only() -> None:
    assert refused(PUBLIC, proof(), "confirmation")


def test_neighbouring_parts_cannot_trade_bytes() -> None:
    made = schnorr.prove(GROUP, SECRET, PUBLIC, 5, "tag", b"ab", b"c")

    assert refused(PUBLIC, made, "tag", b"a", b"bc")


def test_the_statement_is_hashed() -> None:
    """Weak Fiat–Shamir: with c fixed before V, V = (s·G − R)/c would have a proof."""
    s, nonce = 77, 88
    commitment = GROUP.base_mul(nonce)
    c = GROUP.hash_to_scalar("tag", "ED25519", CONTEXT, PUBLIC, commitment)
    unknown = GROUP.base_mul((s - nonce) * pow(c, -1, ORDER))
    forged = commitment + GROUP.encode_scalar(s)
    assert GROUP.unmask(s, c, unknown) == commitment

    assert refused(unknown, forged)


def test_a_proof_does_not_hold_for_another_public_value() -> None:
    assert refused(GROUP.base_mul(SECRET.reveal() + 1), proof())
    assert refused(GROUP.negate(PUBLIC), proof())


def test_nobody_proves_knowledge_of_the_identity() -> None:
    trivial = schnorr.prove(GROUP, Secret(0), IDENTITY, 5, "tag", *CONTEXT)

    assert refused(IDENTITY, trivial)


@pytest.mark.parametrize(
    "public",
    [bytes(31), b"\xff" * 32, oracle.encode(oracle.add(oracle.BASE, oracle.torsion()[2]))],
)
def test_a_public_value_that_is_no_element_is_refused(public: bytes) -> None:
    assert refused(public, proof())


@pytest.mark.parametrize("nonce", [0, ORDER])
def test_a_zero_nonce_would_publish_the_secret(nonce: int) -> None:
    with pytest.raises(LocalError, match="nonce"):
        proof(nonce)


def test_charges_are_one_base_to_prove_and_one_verification() -> None:
    with metering(Meter()) as proving:
        made = proof()
    with metering(Meter()) as verifying:
        schnorr.verify(GROUP, PUBLIC, made, "tag", *CONTEXT)

    assert proving.counts == {"exp.base": 1}
    assert verifying.counts == {"proof.verify": 1}


def test_a_proof_is_verified_once_and_charged_to_everyone() -> None:
    made = proof()

    with using(Memo()) as memo, metering(Meter()) as meter:
        for _ in range(5):
            schnorr.verify(GROUP, PUBLIC, made, "tag", *CONTEXT)

    assert meter.counts == {"proof.verify": 5}
    assert (memo.misses, memo.hits) == (1, 4)
