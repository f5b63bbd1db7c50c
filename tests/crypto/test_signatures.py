"""One interface for three ways to sign: the same story for each, and where they differ."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.meters import Meter, metering
from sim.base.randomness import stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto.commitments import EVALUATION
from sim.crypto.groups import get_group
from sim.crypto.mldsa import SigningKey
from sim.crypto.mlkem import DecapsulationKey
from sim.crypto.polynomial import Polynomial
from sim.crypto.signatures import (
    RANDOMNESS,
    CommitmentList,
    PartialError,
    SecretNonces,
    get_signatures,
)
from sim.crypto.verification import (
    SCHEMES,
    SIGNATURE_SIZES,
    SINGLE_PARTY,
    is_single_party_key,
    verify,
)
from tests.support.ordinary import verifies

EVERY = pytest.mark.parametrize("scheme", SCHEMES)


class Committee:
    """t of n with a dealt key, signing through the interface alone."""

    def __init__(self, scheme: str, n: int, t: int, seed: int = 1) -> None:
        self.group, self.signatures = get_group(scheme), get_signatures(scheme)
        draw = stream(seed, "committee", scheme, n, t)
        self.polynomial = Polynomial.random(draw, t, self.group.order)
        self.verification = EVALUATION.commit(self.group, self.polynomial, n)
        self.public = self.verification[0]
        self.nonces: dict[int, SecretNonces] = {}
        self._draw = draw

    def share(self, i: int) -> SecretScalar:
        return Secret(self.polynomial.at(i))

    def entries(self, signers: list[int]) -> CommitmentList:
        listed = []
        for i in signers:
            randomness = self._draw.bytes(RANDOMNESS)
            self.nonces[i], commitments = self.signatures.draw_nonces(randomness, self.share(i))
            assert self.signatures.usable(commitments)
            entry = self.signatures.entry(i, commitments)
            assert self.signatures.nonces_of(entry) == commitments
            listed.append(entry)
        return tuple(listed)

    def sign(self, i: int, message: bytes, entries: CommitmentList) -> bytes:
        return self.signatures.sign(i, self.share(i), self.public, self.nonces[i], message, entries)

    def check(self, i: int, partial: bytes, message: bytes, entries: CommitmentList) -> None:
        self.signatures.verify_partial(
            self.public, self.verification[i], i, partial, message, entries
        )

    def signature(self, signers: list[int], message: bytes) -> bytes:
        entries = self.entries(signers)
        partials = [self.sign(i, message, entries) for i in signers]
        return self.signatures.aggregate(self.public, message, entries, partials)


@EVERY
@settings(max_examples=4, deadline=None)
@given(st.data())
def test_any_t_holders_sign(scheme: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    t = data.draw(st.integers(1, n))
    signers = sorted(data.draw(st.permutations(range(1, n + 1)))[:t])
    message = data.draw(st.binary(max_size=60))
    committee = Committee(scheme, n, t, data.draw(st.integers(0, 9)))

    entries = committee.entries(signers)
    partials = [committee.sign(i, message, entries) for i in signers]
    for i, partial in zip(signers, partials, strict=True):
        committee.check(i, partial, message, entries)
    signature = committee.signatures.aggregate(committee.public, message, entries, partials)

    assert len(signature) == SIGNATURE_SIZES[scheme]
    assert verify(scheme, committee.public, message, signature)
    assert verifies(scheme, committee.public, message, signature)


@EVERY
def test_fewer_do_not(scheme: str) -> None:
    committee = Committee(scheme, 5, 3)

    assert not verify(scheme, committee.public, b"m", committee.signature([2, 4], b"m"))


@EVERY
def test_partials_that_do_not_hold_are_refused_whatever_their_bytes(scheme: str) -> None:
    committee = Committee(scheme, 5, 3)
    entries = committee.entries([1, 3, 4])
    good, other = committee.sign(1, b"m", entries), committee.sign(3, b"m", entries)

    for bad in (other, b"", good[:-1], good + b"\x00", bytes(len(good)), b"\xff" * len(good)):
        with pytest.raises(PartialError):
            committee.check(1, bad, b"m", entries)
    with pytest.raises(PartialError):
        committee.check(1, good, b"n", entries)


@EVERY
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_commitments_are_a_pair_or_none_by_scheme(scheme: str, count: int) -> None:
    point = get_group(scheme).base_mul(5)

    usable = get_signatures(scheme).usable((point,) * count)

    assert usable == (count == (0 if scheme == "BLS" else 2))


@pytest.mark.parametrize("scheme", ["ED25519", "SECP256K1"])
def test_pairs_with_a_bad_point_are_not_usable(scheme: str) -> None:
    group, signatures = get_group(scheme), get_signatures(scheme)
    good = group.base_mul(5)

    for bad in (group.identity, b"", good[:-1], b"\xff" * len(good)):
        assert not signatures.usable((good, bad))
        assert not signatures.usable((bad, good))


def test_an_entry_without_nonces_has_nothing_that_could_be_taken_for_some() -> None:
    signatures = get_signatures("BLS")

    assert signatures.entry(3, ()) == (3, b"", b"")
    assert not signatures.usable(signatures.nonces_of((3, b"x", b"")))


def test_only_bls_signs_without_nonces_and_the_same_whoever_else_signs() -> None:
    assert [s for s in SCHEMES if not get_signatures(s).uses_nonces] == ["BLS"]
    committee = Committee("BLS", 5, 3)

    partials = {committee.sign(1, b"m", committee.entries([1, *rest])) for rest in ([2, 3], [4, 5])}

    assert len(partials) == 1


@EVERY
def test_charges_are_those_of_the_protocols_accounts(scheme: str) -> None:
    """FROST: 2 base per pair; BLS: nothing for none, one in G2 per partial."""
    committee = Committee(scheme, 4, 3)
    with metering(Meter()) as drawing:
        entries = committee.entries([1, 2, 4])
    with metering(Meter()) as signing:
        committee.sign(1, b"m", entries)

    assert drawing.counts.get("exp.base", 0) == (0 if scheme == "BLS" else 6)
    assert signing.counts == ({"exp.g2": 1} if scheme == "BLS" else {})


def test_a_pair_needs_its_randomness_and_schemes_their_names() -> None:
    with pytest.raises(LocalError, match="64 bytes"):
        get_signatures("ED25519").draw_nonces(bytes(63), Secret(1))
    with pytest.raises(LocalError, match="CURVE41417"):
        get_signatures("CURVE41417")
    with pytest.raises(LocalError, match="CURVE41417"):
        verify("CURVE41417", b"", b"", b"")


@EVERY
def test_verification_judges_bytes_of_any_length(scheme: str) -> None:
    committee = Committee(scheme, 2, 1)
    public, good = committee.public, committee.signature([1], b"m")

    assert verify(scheme, public, b"m", good)
    for key, signature in [
        (public, b""),
        (public, good[:-1]),
        (public, good + b"\x00"),
        (public, good[::-1]),
        (b"", good),
        (public[:-1], good),
        (public + b"\x00", good),
        (b"\xff" * len(public), good),
        (committee.group.identity, good),
    ]:
        assert not verify(scheme, key, b"m", signature)
    assert not verify(scheme, public, b"n", good)
    with metering(Meter()) as meter:
        verify(scheme, public, b"m", good)
    assert meter.counts == {"signature.verify": 1}


def test_keys_of_one_party_are_verified_by_name_too() -> None:
    key = SigningKey(bytes(32))
    signature = key.sign(b"m")

    with metering(Meter()) as meter:
        assert verify("MLDSA", key.public, b"m", signature)
    assert meter.counts == {"mldsa.verify": 1}
    assert len(signature) == SIGNATURE_SIZES["MLDSA"]
    assert not verify("MLDSA", key.public, b"n", signature)
    for scheme in SCHEMES:
        assert not verify(scheme, key.public, b"m", signature)


def test_ml_kem_keys_sign_nothing() -> None:
    assert [s for s in (*SCHEMES, *SINGLE_PARTY) if s not in SIGNATURE_SIZES] == ["MLKEM"]
    with pytest.raises(LocalError, match="MLKEM"):
        verify("MLKEM", bytes(1184), b"m", bytes(64))


def test_public_keys_of_one_party_are_told_from_other_bytes() -> None:
    signing, receiving = SigningKey(bytes(32)).public, DecapsulationKey(bytes(64)).public

    assert is_single_party_key("MLDSA", signing)
    assert is_single_party_key("MLKEM", receiving)
    for scheme, public in [
        ("MLDSA", receiving),
        ("MLDSA", b""),
        ("MLDSA", signing[:-1]),
        ("MLKEM", signing),
        ("MLKEM", b""),
        ("MLKEM", receiving + b"\x00"),
        ("MLKEM", b"\xff" * 1184),
    ]:
        assert not is_single_party_key(scheme, public)
    with pytest.raises(LocalError, match="ED25519"):
        is_single_party_key("ED25519", bytes(32))
