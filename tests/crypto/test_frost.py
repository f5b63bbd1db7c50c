"""FROST in every ciphersuite: what signs, what doesn't, and what unrelated verifiers say of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.memo import Memo, using
from sim.base.meters import Meter, metering
from sim.base.secret import Secret
from sim.crypto import frost
from sim.crypto.ciphersuites import ED25519_SHA512, SECP256K1_BIP340, SECP256K1_SHA256, Ciphersuite
from sim.crypto.frost import CommitmentList
from tests.support import edwards
from tests.support.frost import SUITES, Committee, group_of, verifies

EVERY = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


@EVERY
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_t_signers_sign_for_an_unrelated_verifier(
    suite: Ciphersuite, data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, 9))
    t = data.draw(st.integers(1, n))
    signers = sorted(data.draw(st.permutations(range(1, n + 1)))[:t])
    message = data.draw(st.binary(max_size=80))
    committee = Committee(suite, n, t, data.draw(st.integers(0, 99)))

    signature = committee.signature(signers, message)

    assert verifies(suite, committee.public, message, signature)


def test_bip_340_signs_whatever_the_parities_of_key_and_nonce() -> None:
    """The four cases, and both signs of every share: only the session knows about them."""
    seen = set()
    for seed in range(40):
        committee = Committee(SECP256K1_BIP340, 4, 3, seed)
        pairs = committee.pairs([1, 2, 4])
        partials = {i: committee.sign(i, b"message", pairs) for i in (1, 2, 4)}
        for i, partial in partials.items():
            committee.verify_partial(i, partial, b"message", pairs)
        signature = committee.aggregate(b"message", pairs, list(partials.values()))
        assert verifies(SECP256K1_BIP340, committee.public, b"message", signature)
        signing = frost._signing_set(SECP256K1_BIP340, committee.public, b"message", pairs)
        assert signing.key_sign == (1 if committee.public[0] == 2 else -1)
        seen.add((signing.key_sign, signing.nonce_sign))

    assert seen == {(1, 1), (1, -1), (-1, 1), (-1, -1)}


def test_a_key_and_its_negative_are_one_to_bip_340_and_two_to_rfc_9591() -> None:
    for suite, same in ((SECP256K1_BIP340, True), (SECP256K1_SHA256, False)):
        committee = Committee(suite, 3, 2)
        signature = committee.signature([1, 3], b"message")
        other = committee.group.negate(committee.public)
        assert verifies(suite, other, b"message", signature) == same


@pytest.mark.parametrize(
    ("suite", "size"), [(ED25519_SHA512, 64), (SECP256K1_SHA256, 65), (SECP256K1_BIP340, 64)]
)
def test_signatures_have_the_size_of_their_form(suite: Ciphersuite, size: int) -> None:
    assert len(Committee(suite, 3, 2).signature([2, 3], b"message")) == size


@EVERY
def test_t_minus_1_signers_do_not_sign(suite: Ciphersuite) -> None:
    committee = Committee(suite, 5, 3)
    public = committee.public

    assert verifies(suite, public, b"message", committee.signature([1, 4, 5], b"message"))
    assert not verifies(suite, public, b"message", committee.signature([1, 4], b"message"))


@EVERY
def test_a_bad_partial_is_pinned_on_its_signer(suite: Ciphersuite) -> None:
    committee = Committee(suite, 5, 3)
    pairs = committee.pairs([1, 3, 4])
    partials = {i: committee.sign(i, b"message", pairs) for i in (1, 3, 4)}
    partials[3] = (partials[3] + 1) % committee.group.order

    for i in (1, 4):
        committee.verify_partial(i, partials[i], b"message", pairs)
    with pytest.raises(frost.PartialError, match="of 3 "):
        committee.verify_partial(3, partials[3], b"message", pairs)
    signature = committee.aggregate(b"message", pairs, list(partials.values()))
    assert not verifies(suite, committee.public, b"message", signature)


@EVERY
def test_a_partial_belongs_to_one_signer_message_and_list(suite: Ciphersuite) -> None:
    committee = Committee(suite, 5, 3)
    pairs = committee.pairs([1, 3, 4])
    partial = committee.sign(1, b"message", pairs)

    committee.verify_partial(1, partial, b"message", pairs)
    for i, message, other in [
        (3, b"message", pairs),
        (1, b"another", pairs),
        (1, b"message", committee.pairs([1, 2, 3])),
    ]:
        with pytest.raises(frost.PartialError):
            committee.verify_partial(i, partial, message, other)


def test_a_partial_of_one_form_is_none_of_the_other() -> None:
    """The same shares, and the same nonces: each form has hashes of its own."""
    plain, bip = Committee(SECP256K1_SHA256, 3, 2), Committee(SECP256K1_BIP340, 3, 2)
    pairs = plain.pairs([1, 2])

    assert plain.public == bip.public
    with pytest.raises(frost.PartialError):
        bip.verify_partial(1, plain.sign(1, b"message", pairs), b"message", pairs)


Change = Callable[[Ciphersuite, CommitmentList], CommitmentList]


@EVERY
@pytest.mark.parametrize(
    "change",
    [
        lambda _, good: (),
        lambda _, good: (good[1], good[0], good[2]),
        lambda _, good: (good[0], good[0], good[2]),
        lambda _, good: ((0, *good[0][1:]), *good),
        lambda suite, good: ((1, group_of(suite).identity, good[0][2]), *good[1:]),
        lambda suite, good: ((1, good[0][1], group_of(suite).identity), *good[1:]),
        lambda _, good: ((1, good[0][1], good[0][2][:-1]), *good[1:]),
        lambda _, good: ((1, b"", b""), *good[1:]),
    ],
    ids=["empty", "order", "twice", "zero", "hiding", "binding", "length", "none"],
)
def test_bad_commitment_lists_are_refused_by_every_step(suite: Ciphersuite, change: Change) -> None:
    committee = Committee(suite, 5, 3)
    pairs = change(suite, committee.pairs([1, 3, 4]))
    steps: list[Callable[[], object]] = [
        lambda: committee.sign(1, b"message", pairs),
        lambda: committee.verify_partial(1, 5, b"message", pairs),
        lambda: committee.aggregate(b"message", pairs, [5] * len(pairs)),
    ]

    for step in steps:
        with pytest.raises(frost.ListError):
            step()


def test_a_nonce_commitment_with_torsion_is_refused() -> None:
    committee = Committee(ED25519_SHA512, 5, 3)
    good = committee.pairs([1, 3, 4])
    torsioned = edwards.encode(edwards.add(edwards.BASE, edwards.torsion()[5]))

    with pytest.raises(frost.ListError):
        committee.sign(1, b"message", ((1, torsioned, good[0][2]), *good[1:]))


@EVERY
def test_signers_that_are_not_listed_and_missing_partials_are_refused(suite: Ciphersuite) -> None:
    committee = Committee(suite, 5, 3)
    good = committee.pairs([1, 3, 4])

    with pytest.raises(frost.ListError, match="2 isn't"):
        committee.sign(2, b"message", good)
    with pytest.raises(frost.ListError, match="2 isn't"):
        committee.verify_partial(2, 5, b"message", good)
    with pytest.raises(frost.ListError, match="2 partials for 3"):
        committee.aggregate(b"message", good, [5, 6])


@EVERY
def test_nonces_depend_on_randomness_and_share(suite: Ciphersuite) -> None:
    nonces = {
        frost.nonce_generate(suite, bytes([k]) * 32, Secret(share))
        for k in (1, 2)
        for share in (3, 4)
    }

    assert len(nonces) == 4
    with pytest.raises(LocalError, match="32 bytes"):
        frost.nonce_generate(suite, bytes(31), Secret(3))


@EVERY
def test_one_pair_on_two_lists_gives_the_share_away(suite: Ciphersuite) -> None:
    """Why no pair may meet a second list: three partials, three unknowns (d, e, s)."""
    committee = Committee(suite, 5, 2)
    order = committee.group.order
    rows = []
    for j in (2, 3, 4):
        pairs = committee.pairs([1, j])
        signing = frost._signing_set(suite, committee.public, b"message", pairs)
        weight = signing.key_sign * signing.weights[0] * signing.challenge
        # z·ν = d + ρ·e + ν·κ·λ·c·s, with ν the nonce's sign and κ the key's.
        response = signing.nonce_sign * committee.sign(1, b"message", pairs)
        rows.append((signing.factors[0], signing.nonce_sign * weight, response))

    (r1, w1, z1), (r2, w2, z2), (r3, w3, z3) = rows
    determinant = (r1 - r2) * (w1 - w3) - (r1 - r3) * (w1 - w2)
    numerator = (r1 - r2) * (z1 - z3) - (r1 - r3) * (z1 - z2)

    assert numerator * pow(determinant, -1, order) % order == committee.share(1).reveal()


@EVERY
def test_charges_are_one_combination_per_set_and_three_multiplications_per_partial(
    suite: Ciphersuite,
) -> None:
    committee = Committee(suite, 7, 5)
    signers = [1, 2, 4, 5, 7]
    pairs = committee.pairs(signers)
    with metering(Meter()) as signing:
        partials = [committee.sign(i, b"message", pairs) for i in signers]
    with metering(Meter()) as verifying:
        for i, partial in zip(signers, partials, strict=True):
            committee.verify_partial(i, partial, b"message", pairs)
    with metering(Meter()) as aggregating:
        committee.aggregate(b"message", pairs, partials)

    assert signing.counts == {}
    assert verifying.counts == {"exp.base": 5, "exp.full": 10}
    assert aggregating.counts == {"combine.full": 1, "combine.full.terms": 5}


@EVERY
def test_a_set_is_worked_out_once(suite: Ciphersuite) -> None:
    committee = Committee(suite, 7, 5)
    pairs = committee.pairs([1, 2, 3, 4, 5])

    with using(Memo()) as memo:
        for i in range(1, 6):
            committee.verify_partial(i, committee.sign(i, b"message", pairs), b"message", pairs)

    assert memo.misses == 1
