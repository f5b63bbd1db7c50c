"""What is built on groups, for every scheme: proofs, commitments in both forms, degree tests.

Their finer points have files of their own, on Ed25519; here it is what a curve could break: sizes,
byte order, the identity's encoding.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.meters import Meter, metering
from sim.base.randomness import stream
from sim.base.secret import Secret
from sim.crypto import schnorr
from sim.crypto.commitments import COEFFICIENT, EVALUATION, CommitmentForm, Points
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial, interpolate_constant
from tests.support.curves import ORDERS, SCHEMES, point_of

EVERY = pytest.mark.parametrize("scheme", SCHEMES)
FORMS = pytest.mark.parametrize("form", [EVALUATION, COEFFICIENT], ids=lambda form: form.name)
PROOF_SIZES = {"ED25519": 64, "SECP256K1": 65, "BLS": 80}


@EVERY
@settings(max_examples=10, deadline=None)
@given(st.integers(1, 2**250), st.integers(1, 2**250))
def test_honest_proofs_hold(scheme: str, secret: int, nonce: int) -> None:
    group = get_group(scheme)
    public = group.base_mul(secret)

    proof = schnorr.prove(group, Secret(secret), public, nonce, "tag", "context", 7)

    assert len(proof) == PROOF_SIZES[scheme]
    schnorr.verify(group, public, proof, "tag", "context", 7)


@EVERY
def test_false_proofs_do_not(scheme: str) -> None:
    """Every byte counts; s is below q; R in another encoding, or for another key, is refused."""
    group = get_group(scheme)
    public = group.base_mul(5)
    proof = schnorr.prove(group, Secret(5), public, 77, "tag", "context")
    size, order = group.point_size, "little" if scheme == "ED25519" else "big"
    s = group.decode_scalar(proof[size:])
    forged = [proof[:k] + bytes([proof[k] ^ 1]) + proof[k + 1 :] for k in range(len(proof))]
    forged += [b"", proof[:-1], proof + b"\x00", bytes(len(proof)), group.identity + bytes(32)]
    forged.append(proof[:size] + (2**256 - 1).to_bytes(32, order))  # type: ignore[arg-type]  # a literal
    if s + group.order < 2**256:
        forged.append(proof[:size] + (s + group.order).to_bytes(32, order))  # type: ignore[arg-type]

    for data in forged:
        with pytest.raises(schnorr.ProofError):
            schnorr.verify(group, public, data, "tag", "context")
    for other in (group.negate(public), group.identity, b"", bytes(size), b"\xff" * size):
        with pytest.raises(schnorr.ProofError):
            schnorr.verify(group, other, proof, "tag", "context")


@EVERY
def test_proofs_of_one_scheme_are_bound_to_it(scheme: str) -> None:
    """The same tag and context give different challenges on different curves."""
    challenges = {
        get_group(other).hash_to_scalar("tag", other, ("context",), b"V", b"R") for other in SCHEMES
    }

    assert len(challenges) == len(SCHEMES)
    assert get_group(scheme).scheme == scheme


@EVERY
@FORMS
def test_shares_match_their_commitments_and_give_the_key(scheme: str, form: CommitmentForm) -> None:
    group, n, t = get_group(scheme), 5, 3
    dealers = [Polynomial.random(stream(1, scheme, d), t, group.order) for d in range(3)]

    rows = [form.commit(group, f, n) for f in dealers]
    public = form.verification_shares(group, rows, n, t)

    shares = {x: sum(f.at(x) for f in dealers) % group.order for x in range(1, n + 1)}
    for x, share in shares.items():
        assert public[x] == point_of(scheme, share) == group.base_mul(share)
        assert form.share_point(group, rows[0], x) == point_of(scheme, dealers[0].at(x))
    chosen = {x: shares[x] for x in (1, 3, 5)}
    assert public[0] == point_of(scheme, interpolate_constant(chosen, group.order))
    assert form.verification_shares(group, [], n, t) == (group.identity,) * (n + 1)


def deal(scheme: str, dealer: int, size: int, n: int) -> tuple[bytes, Points]:
    """Return (id, points) of a dealer whose polynomial has `size` coefficients."""
    group = get_group(scheme)
    polynomial = Polynomial.random(stream(2, scheme, dealer), size, group.order)
    return bytes([dealer]) * 32, EVALUATION.commit(group, polynomial, n)


@EVERY
def test_exactly_the_raised_degrees_are_found(scheme: str) -> None:
    group, n, t = get_group(scheme), 6, 4
    deals = tuple(deal(scheme, d, size, n) for d, size in enumerate((4, 5, 1, 7, 4)))

    high = EVALUATION.high_degree(group, ("tag", scheme), n, t, deals)

    assert high == {deals[1][0], deals[3][0]}


@EVERY
def test_one_wrong_value_anywhere_is_a_raised_degree(scheme: str) -> None:
    group, n, t = get_group(scheme), 4, 2
    name, points = deal(scheme, 1, t, n)

    for place in range(n + 1):
        for wrong in (group.base_mul(4711), group.negate(points[place])):
            moved = (*points[:place], wrong, *points[place + 1 :])
            assert EVALUATION.single_high_degree(group, ("tag",), n, t, name, moved)


Spoil = Callable[[bytes], bytes]


@EVERY
@FORMS
@pytest.mark.parametrize(
    "spoil", [lambda p: p[:-1], lambda p: b"\xff" * len(p), lambda p: bytes(len(p)), lambda p: b""]
)
def test_every_point_is_validated(scheme: str, form: CommitmentForm, spoil: Spoil) -> None:
    group = get_group(scheme)
    points = form.commit(group, Polynomial((3, 5, 7), ORDERS[scheme]), 4)
    form.validate(group, points)

    for place, point in enumerate(points):
        for bad in (spoil(point), group.identity):
            with pytest.raises(PointError):
                form.validate(group, (*points[:place], bad, *points[place + 1 :]))


@EVERY
def test_charges_are_the_same_on_every_curve(scheme: str) -> None:
    group, n, t = get_group(scheme), 5, 3
    with metering(Meter()) as dealing:
        deals = tuple(deal(scheme, d, t, n) for d in range(n))
    with metering(Meter()) as testing:
        EVALUATION.high_degree(group, ("tag",), n, t, deals)
    with metering(Meter()) as proving:
        proof = schnorr.prove(group, Secret(5), group.base_mul(5), 7, "tag")
    with metering(Meter()) as verifying:
        schnorr.verify(group, group.base_mul(5), proof, "tag")

    assert dealing.counts == {"exp.base": n * (n + 1)}
    assert testing.counts == {
        "combine.128": n + 1,
        "combine.128.terms": n * (n + 1),
        "combine.full": 1,
        "combine.full.terms": n + 1,
    }
    assert proving.counts == {"exp.base": 2}
    assert verifying.counts == {"exp.base": 1, "proof.verify": 1}
