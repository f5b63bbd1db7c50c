"""Principals: one interface, two kinds of keys, and no signature that passes for the other kind."""

from __future__ import annotations

import pytest

from sim.base.memo import Memo, using
from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto.identity import Identity
from sim.crypto.mldsa import SigningKey
from sim.crypto.principals import SIGNATURE_SIZES, Principal, principal_from_seed, verify

SEED = Secret(bytes(range(32)))
ED25519: Principal = principal_from_seed("ED25519", SEED)
MLDSA: Principal = principal_from_seed("MLDSA", SEED)
MESSAGE = b"a transaction"

BOTH = pytest.mark.parametrize("who", [ED25519, MLDSA], ids=["ED25519", "MLDSA"])


@BOTH
def test_a_principal_signs_deterministically_and_nobody_else_does(who: Principal) -> None:
    signature = who.sign(MESSAGE)

    assert who.sign(MESSAGE) == signature
    assert len(signature) == SIGNATURE_SIZES[len(who.public)]
    assert verify(who.public, MESSAGE, signature)
    assert not verify(who.public, MESSAGE + b".", signature)
    assert not verify(who.public[::-1], MESSAGE, signature)
    assert not verify(who.public, MESSAGE, signature[::-1])


def test_the_scheme_decides_what_a_seed_becomes() -> None:
    assert ED25519.public == Identity(SEED.reveal()).public
    assert MLDSA.public == SigningKey(SEED.reveal()).public
    assert dict(SIGNATURE_SIZES) == {32: 64, 1952: 3309}
    for scheme in ("ED25519", "MLDSA"):
        with pytest.raises(ValueError, match="32 bytes"):
            principal_from_seed(scheme, Secret(bytes(31)))


def test_a_signature_of_the_other_kind_is_refused_without_a_look() -> None:
    with metering(Meter()) as signing:
        short, long = ED25519.sign(MESSAGE), MLDSA.sign(MESSAGE)
    with metering(Meter()) as refusing:
        verdicts = [
            verify(ED25519.public, MESSAGE, long),
            verify(MLDSA.public, MESSAGE, short),
            verify(ED25519.public, MESSAGE, long[:64]),
            verify(MLDSA.public[:32], MESSAGE, short),
            verify(MLDSA.public, MESSAGE, short + bytes(3309 - 64)),
        ]

    assert verdicts == [False] * 5
    assert signing.counts == {"signature.sign": 1, "mldsa.sign": 1}
    assert refusing.counts == {"signature.verify": 2, "mldsa.verify": 1}


@pytest.mark.parametrize("size", [0, 31, 33, 1951, 1953])
def test_keys_of_another_length_are_nobodys(size: int) -> None:
    public = (MLDSA.public * 2)[:size]

    for signature in (b"", bytes(64), bytes(3309)):
        assert not verify(public, MESSAGE, signature)


@BOTH
def test_a_signature_is_verified_once_and_charged_to_everyone(who: Principal) -> None:
    signature = who.sign(MESSAGE)

    with using(Memo()) as memo, metering(Meter()) as meter:
        verdicts = [verify(who.public, MESSAGE, signature) for _ in range(3)]

    assert all(verdicts)
    assert list(meter.counts.values()) == [3]
    assert (memo.misses, memo.hits) == (1, 2)
