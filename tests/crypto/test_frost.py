"""FROST against RFC 9591's vectors, the zcash vectors, and an unrelated verifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.errors import LocalError
from sim.base.memo import Memo, using
from sim.base.meters import Meter, metering
from sim.base.randomness import stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto import frost
from sim.crypto.ciphersuites import ED25519_SHA512
from sim.crypto.commitments import COEFFICIENT, EVALUATION
from sim.crypto.ed25519 import IDENTITY, ORDER
from sim.crypto.frost import CommitmentList
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial, interpolate_constant
from tests.support import edwards as oracle
from tests.support.vectors import load

GROUP = get_group("ED25519")
SUITE = ED25519_SHA512
SIGNING = pytest.mark.parametrize(
    "name", ["frost/rfc9591/frost-ed25519-sha512.json", "frost/zcash/frost-ed25519/vectors.json"]
)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def scalar(text: str) -> int:
    return GROUP.decode_scalar(unhex(text))


@SIGNING
def test_signing_gives_every_value_of_the_vectors(name: str) -> None:
    vector = load(name)
    inputs = vector["inputs"]
    public = unhex(inputs.get("group_public_key") or inputs["verifying_key_key"])
    message = unhex(inputs["message"])
    shares = {p["identifier"]: scalar(p["participant_share"]) for p in inputs["participant_shares"]}
    first = vector["round_one_outputs"]["outputs"]
    second = {o["identifier"]: o["sig_share"] for o in vector["round_two_outputs"]["outputs"]}

    nonces = {o["identifier"]: drawn_nonces(o, shares[o["identifier"]]) for o in first}
    pairs = tuple(
        (o["identifier"], GROUP.base_mul(nonces[o["identifier"]][0]), binding_point(o))
        for o in first
    )
    factors = frost.binding_factors(SUITE, public, message, pairs)
    partials = [
        frost.sign(SUITE, i, Secret(shares[i]), public, nonces[i], message, pairs)
        for i, _, _ in pairs
    ]
    signature = frost.aggregate(SUITE, public, message, pairs, partials)

    prefix = frost.binding_factor_prefix(SUITE, public, message, pairs)
    for output, (identifier, hiding, _), partial in zip(first, pairs, partials, strict=True):
        assert hiding == unhex(output["hiding_nonce_commitment"])
        assert prefix + GROUP.encode_scalar(identifier) == unhex(output["binding_factor_input"])
        assert factors[identifier] == scalar(output["binding_factor"])
        assert partial == scalar(second[identifier])
        share_point = GROUP.base_mul(shares[identifier])
        frost.verify_partial(SUITE, public, share_point, identifier, partial, message, pairs)
    assert [o["identifier"] for o in first] == inputs["participant_list"]
    assert signature == unhex(vector["final_output"]["sig"])
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def drawn_nonces(output: dict[str, Any], share: int) -> tuple[int, int]:
    hiding = frost.nonce_generate(SUITE, unhex(output["hiding_nonce_randomness"]), Secret(share))
    binding = frost.nonce_generate(SUITE, unhex(output["binding_nonce_randomness"]), Secret(share))
    assert hiding == scalar(output["hiding_nonce"])
    assert binding == scalar(output["binding_nonce"])
    return hiding, binding


def binding_point(output: dict[str, Any]) -> bytes:
    point = GROUP.base_mul(scalar(output["binding_nonce"]))
    assert point == unhex(output["binding_nonce_commitment"])
    return point


@SIGNING
def test_shares_of_the_vectors_lie_on_their_polynomial(name: str) -> None:
    inputs = load(name)["inputs"]
    secret = scalar(inputs["group_secret_key"])
    coefficients = [secret, *map(scalar, inputs["share_polynomial_coefficients"])]
    polynomial = Polynomial(coefficients, ORDER)

    for share in inputs["participant_shares"]:
        assert polynomial.at(share["identifier"]) == scalar(share["participant_share"])
    assert GROUP.base_mul(secret) == unhex(
        inputs.get("group_public_key") or inputs["verifying_key_key"]
    )


def dkg_vector() -> tuple[dict[int, Any], bytes]:
    inputs = load("frost/zcash/frost-ed25519/vectors_dkg.json")["inputs"]
    parties = {int(k): v for k, v in inputs.items() if k.isdigit()}
    return parties, unhex(inputs["verifying_key"])


def test_the_published_dkg_gives_its_commitments_and_proofs() -> None:
    parties, _ = dkg_vector()

    for index, party in parties.items():
        polynomial = Polynomial((scalar(party["signing_key"]), scalar(party["coefficient"])), ORDER)
        commitment = COEFFICIENT.commit(GROUP, polynomial, 3)
        assert [p.hex() for p in commitment] == party["vss_commitments"]
        COEFFICIENT.validate(GROUP, commitment)
        frost.verify_knowledge(SUITE, index, commitment[0], unhex(party["proof_of_knowledge"]))


def test_the_published_dkg_gives_its_shares_and_group_key_in_both_forms() -> None:
    """`signing_shares[j]` under party i is what i receives from j, f_j(i)."""
    parties, group_key = dkg_vector()
    polynomials = {
        i: Polynomial((scalar(p["signing_key"]), scalar(p["coefficient"])), ORDER)
        for i, p in parties.items()
    }

    for form in (COEFFICIENT, EVALUATION):
        rows = [form.commit(GROUP, polynomial, 3) for polynomial in polynomials.values()]
        public = form.verification_shares(GROUP, rows, 3, 2)
        assert public[0] == group_key
        for i, party in parties.items():
            received = {int(j): scalar(share) for j, share in party["signing_shares"].items()}
            assert received == {j: f.at(i) for j, f in polynomials.items() if j != i}
            share = (sum(received.values()) + polynomials[i].at(i)) % ORDER
            assert share == scalar(party["signing_share"])
            assert GROUP.base_mul(share) == public[i] == unhex(party["verifying_share"])


def test_published_proofs_hold_for_their_own_party_only() -> None:
    parties, group_key = dkg_vector()
    proof = unhex(parties[1]["proof_of_knowledge"])
    public = unhex(parties[1]["vss_commitments"][0])
    s = int.from_bytes(proof[32:], "little")
    bad = [
        (2, public, proof),
        (1, group_key, proof),
        (1, bytes(31), proof),
        (1, public, proof[:-1]),
        (1, public, proof[:31] + bytes([proof[31] ^ 1]) + proof[32:]),
        (1, public, proof[:32] + (s + ORDER).to_bytes(32, "little")),
    ]

    for identifier, point, data in bad:
        with pytest.raises(frost.KnowledgeError):
            frost.verify_knowledge(SUITE, identifier, point, data)


def test_an_independent_dkg_vector_fits_shares_key_and_verification_shares() -> None:
    vector = load("lens/dkg_ed25519_n5_t3.json")
    shares = {int(i): scalar(share) for i, share in vector["shares_hex"].items()}

    for i, share in shares.items():
        assert GROUP.base_mul(share).hex() == vector["verification_shares_hex"][str(i)]
    for chosen in ((1, 2, 3), (2, 4, 5)):
        secret = interpolate_constant({i: shares[i] for i in chosen}, ORDER)
        assert GROUP.base_mul(secret).hex() == vector["group_key_hex"]


class Committee:
    """t of n with a dealt key: enough to sign."""

    def __init__(self, n: int, t: int) -> None:
        self.polynomial = Polynomial.random(stream(3, "committee", n, t), t, ORDER)
        self.public, *self.share_points = EVALUATION.commit(GROUP, self.polynomial, n)

    def share(self, i: int) -> SecretScalar:
        return Secret(self.polynomial.at(i))

    def nonces(self, i: int) -> tuple[int, int]:
        draw = stream(3, "nonces", i)
        return (
            frost.nonce_generate(SUITE, draw.bytes(32), self.share(i)),
            frost.nonce_generate(SUITE, draw.bytes(32), self.share(i)),
        )

    def pairs(self, signers: list[int]) -> CommitmentList:
        return tuple((i, *map(GROUP.base_mul, self.nonces(i))) for i in signers)  # type: ignore[misc]  # two of them

    def sign(self, i: int, message: bytes, pairs: CommitmentList) -> int:
        return frost.sign(SUITE, i, self.share(i), self.public, self.nonces(i), message, pairs)

    def verify_partial(self, i: int, partial: int, message: bytes, pairs: CommitmentList) -> None:
        frost.verify_partial(
            SUITE, self.public, self.share_points[i - 1], i, partial, message, pairs
        )

    def signature(self, signers: list[int], message: bytes) -> bytes:
        pairs = self.pairs(signers)
        partials = [self.sign(i, message, pairs) for i in signers]
        return frost.aggregate(SUITE, self.public, message, pairs, partials)


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_t_signers_sign_for_an_unrelated_verifier(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 9))
    t = data.draw(st.integers(1, n))
    signers = sorted(data.draw(st.permutations(range(1, n + 1)))[:t])
    message = data.draw(st.binary(max_size=80))
    committee = Committee(n, t)

    signature = committee.signature(signers, message)

    assert verifies(committee.public, message, signature)


def test_t_minus_1_signers_do_not_sign() -> None:
    committee = Committee(5, 3)

    assert verifies(committee.public, b"message", committee.signature([1, 4, 5], b"message"))
    assert not verifies(committee.public, b"message", committee.signature([1, 4], b"message"))


def test_a_bad_partial_is_pinned_on_its_signer() -> None:
    committee = Committee(5, 3)
    pairs = committee.pairs([1, 3, 4])
    partials = {i: committee.sign(i, b"message", pairs) for i in (1, 3, 4)}
    partials[3] = (partials[3] + 1) % ORDER

    for i in (1, 4):
        committee.verify_partial(i, partials[i], b"message", pairs)
    with pytest.raises(frost.PartialError, match="of 3 "):
        committee.verify_partial(3, partials[3], b"message", pairs)
    signature = frost.aggregate(SUITE, committee.public, b"message", pairs, list(partials.values()))
    assert not verifies(committee.public, b"message", signature)


def test_a_partial_belongs_to_one_signer_message_and_list() -> None:
    committee = Committee(5, 3)
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


GOOD = Committee(5, 3).pairs([1, 3, 4])
TORSIONED = oracle.encode(oracle.add(oracle.BASE, oracle.torsion()[5]))


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        (GOOD[1], GOOD[0], GOOD[2]),
        (GOOD[0], GOOD[0], GOOD[2]),
        ((0, *GOOD[0][1:]), *GOOD),
        ((1, IDENTITY, GOOD[0][2]), *GOOD[1:]),
        ((1, GOOD[0][1], IDENTITY), *GOOD[1:]),
        ((1, TORSIONED, GOOD[0][2]), *GOOD[1:]),
        ((1, GOOD[0][1], bytes(31)), *GOOD[1:]),
    ],
    ids=["empty", "order", "twice", "zero", "hiding", "binding", "torsion", "length"],
)
def test_bad_commitment_lists_are_refused_by_every_step(pairs: CommitmentList) -> None:
    committee = Committee(5, 3)
    steps: list[Callable[[], object]] = [
        lambda: committee.sign(1, b"message", pairs),
        lambda: committee.verify_partial(1, 5, b"message", pairs),
        lambda: frost.aggregate(SUITE, committee.public, b"message", pairs, [5] * len(pairs)),
    ]

    for step in steps:
        with pytest.raises(frost.ListError):
            step()


def test_signers_that_are_not_listed_and_missing_partials_are_refused() -> None:
    committee = Committee(5, 3)

    with pytest.raises(frost.ListError, match="2 isn't"):
        committee.sign(2, b"message", GOOD)
    with pytest.raises(frost.ListError, match="2 isn't"):
        committee.verify_partial(2, 5, b"message", GOOD)
    with pytest.raises(frost.ListError, match="2 partials for 3"):
        frost.aggregate(SUITE, committee.public, b"message", GOOD, [5, 6])


def test_nonces_depend_on_randomness_and_share() -> None:
    nonces = {
        frost.nonce_generate(SUITE, bytes([k]) * 32, Secret(share))
        for k in (1, 2)
        for share in (3, 4)
    }

    assert len(nonces) == 4
    with pytest.raises(LocalError, match="32 bytes"):
        frost.nonce_generate(SUITE, bytes(31), Secret(3))


def test_one_pair_on_two_lists_gives_the_share_away() -> None:
    """Why no pair may meet a second list: three partials, three unknowns (d, e, s)."""
    committee = Committee(5, 2)
    lists = [committee.pairs([1, j]) for j in (2, 3, 4)]
    rows = []
    for pairs in lists:
        rho = frost.binding_factors(SUITE, committee.public, b"message", pairs)[1]
        signing = frost._signing_set(SUITE, committee.public, b"message", pairs)
        weight = signing.weights[0] * signing.challenge % ORDER
        rows.append((rho, weight, committee.sign(1, b"message", pairs)))

    (r1, w1, z1), (r2, w2, z2), (r3, w3, z3) = rows
    determinant = (r1 - r2) * (w1 - w3) - (r1 - r3) * (w1 - w2)
    numerator = (r1 - r2) * (z1 - z3) - (r1 - r3) * (z1 - z2)

    assert numerator * pow(determinant, -1, ORDER) % ORDER == committee.share(1).reveal()


def test_charges_are_one_combination_per_set_and_three_multiplications_per_partial() -> None:
    committee = Committee(7, 5)
    signers = [1, 2, 4, 5, 7]
    pairs = committee.pairs(signers)
    with metering(Meter()) as signing:
        partials = [committee.sign(i, b"message", pairs) for i in signers]
    with metering(Meter()) as verifying:
        for i, partial in zip(signers, partials, strict=True):
            committee.verify_partial(i, partial, b"message", pairs)
    with metering(Meter()) as aggregating:
        frost.aggregate(SUITE, committee.public, b"message", pairs, partials)

    assert signing.counts == {}
    assert verifying.counts == {"exp.base": 5, "exp.full": 10}
    assert aggregating.counts == {"combine.full": 1, "combine.full.terms": 5}


def test_a_set_is_worked_out_once() -> None:
    committee = Committee(7, 5)
    pairs = committee.pairs([1, 2, 3, 4, 5])

    with using(Memo()) as memo:
        for i in range(1, 6):
            committee.verify_partial(i, committee.sign(i, b"message", pairs), b"message", pairs)

    assert memo.misses == 1
