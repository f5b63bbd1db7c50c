"""FROST against published vectors: RFC 9591's, the zcash ones, and the DKG's of two projects."""

from __future__ import annotations

from typing import Any

import pytest

from sim.base.secret import Secret
from sim.crypto import frost
from sim.crypto.ciphersuites import ED25519_SHA512, SECP256K1_SHA256, Ciphersuite
from sim.crypto.commitments import COEFFICIENT, EVALUATION
from sim.crypto.polynomial import Polynomial, interpolate_constant
from tests.support.frost import group_of, verifies
from tests.support.vectors import load

PUBLISHED = (ED25519_SHA512, SECP256K1_SHA256)
BOTH = pytest.mark.parametrize("suite", PUBLISHED, ids=lambda suite: suite.name)
ENDIAN: dict[str, Any] = {"ED25519": "little", "SECP256K1": "big"}


def folder(suite: Ciphersuite) -> str:
    return f"frost/zcash/frost-{suite.scheme.lower()}"


SIGNING = pytest.mark.parametrize(
    ("suite", "name"),
    [
        (ED25519_SHA512, "frost/rfc9591/frost-ed25519-sha512.json"),
        (SECP256K1_SHA256, "frost/rfc9591/frost-secp256k1-sha256.json"),
        *((suite, f"{folder(suite)}/vectors.json") for suite in PUBLISHED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


def scalar(suite: Ciphersuite, text: str) -> int:
    return group_of(suite).decode_scalar(unhex(text))


def public_key(inputs: dict[str, Any]) -> bytes:
    return unhex(inputs.get("group_public_key") or inputs["verifying_key_key"])


@SIGNING
def test_signing_gives_every_value_of_the_vectors(suite: Ciphersuite, name: str) -> None:
    vector = load(name)
    inputs, group = vector["inputs"], group_of(suite)
    public, message = public_key(inputs), unhex(inputs["message"])
    shares = {
        p["identifier"]: scalar(suite, p["participant_share"]) for p in inputs["participant_shares"]
    }
    first = {o["identifier"]: o for o in vector["round_one_outputs"]["outputs"]}
    second = {o["identifier"]: o["sig_share"] for o in vector["round_two_outputs"]["outputs"]}

    nonces = {i: drawn_nonces(suite, output, shares[i]) for i, output in first.items()}
    pairs = tuple((i, group.base_mul(d), group.base_mul(e)) for i, (d, e) in nonces.items())
    factors = frost.binding_factors(suite, public, message, pairs)
    partials = {
        i: frost.sign(suite, i, Secret(shares[i]), public, nonces[i], message, pairs) for i in first
    }
    signature = frost.aggregate(suite, public, message, pairs, list(partials.values()))

    prefix = frost.binding_factor_prefix(suite, public, message, pairs)
    for i, hiding, binding in pairs:
        assert hiding == unhex(first[i]["hiding_nonce_commitment"])
        assert binding == unhex(first[i]["binding_nonce_commitment"])
        assert prefix + group.encode_scalar(i) == unhex(first[i]["binding_factor_input"])
        assert factors[i] == scalar(suite, first[i]["binding_factor"])
        assert partials[i] == scalar(suite, second[i])
        point = group.base_mul(shares[i])
        frost.verify_partial(suite, public, point, i, partials[i], message, pairs)
    assert list(first) == inputs["participant_list"]
    assert signature == unhex(vector["final_output"]["sig"])
    assert verifies(suite, public, message, signature)


def drawn_nonces(suite: Ciphersuite, output: dict[str, Any], share: int) -> tuple[int, int]:
    drawn = {
        kind: frost.nonce_generate(suite, unhex(output[f"{kind}_nonce_randomness"]), Secret(share))
        for kind in ("hiding", "binding")
    }
    for kind, nonce in drawn.items():
        assert nonce == scalar(suite, output[f"{kind}_nonce"])
    return drawn["hiding"], drawn["binding"]


@SIGNING
def test_shares_of_the_vectors_lie_on_their_polynomial(suite: Ciphersuite, name: str) -> None:
    inputs, group = load(name)["inputs"], group_of(suite)
    secret = scalar(suite, inputs["group_secret_key"])
    others = [scalar(suite, text) for text in inputs["share_polynomial_coefficients"]]
    polynomial = Polynomial([secret, *others], group.order)

    for share in inputs["participant_shares"]:
        assert polynomial.at(share["identifier"]) == scalar(suite, share["participant_share"])
    assert group.base_mul(secret) == public_key(inputs)


def dkg_vector(suite: Ciphersuite) -> tuple[dict[int, Any], dict[int, Polynomial], bytes]:
    """Return the parties, their polynomials, and the group key."""
    inputs = load(f"{folder(suite)}/vectors_dkg.json")["inputs"]
    parties = {int(k): v for k, v in inputs.items() if k.isdigit()}
    polynomials = {
        i: Polynomial(
            [scalar(suite, party["signing_key"]), scalar(suite, party["coefficient"])],
            group_of(suite).order,
        )
        for i, party in parties.items()
    }
    return parties, polynomials, unhex(inputs["verifying_key"])


@BOTH
def test_the_published_dkg_gives_its_commitments_and_proofs(suite: Ciphersuite) -> None:
    parties, polynomials, _ = dkg_vector(suite)
    group = group_of(suite)

    for index, party in parties.items():
        commitment = COEFFICIENT.commit(group, polynomials[index], 3)
        assert [p.hex() for p in commitment] == party["vss_commitments"]
        COEFFICIENT.validate(group, commitment)
        frost.verify_knowledge(suite, index, commitment[0], unhex(party["proof_of_knowledge"]))


@BOTH
@pytest.mark.parametrize("form", [COEFFICIENT, EVALUATION], ids=lambda form: form.name)
def test_the_published_dkg_gives_its_shares_and_group_key(suite: Ciphersuite, form: Any) -> None:
    """`signing_shares[j]` under party i is what i receives from j, f_j(i)."""
    parties, polynomials, group_key = dkg_vector(suite)
    group = group_of(suite)

    rows = [form.commit(group, polynomial, 3) for polynomial in polynomials.values()]
    public = form.verification_shares(group, rows, 3, 2)

    assert public[0] == group_key
    for i, party in parties.items():
        received = {int(j): scalar(suite, text) for j, text in party["signing_shares"].items()}
        assert received == {j: f.at(i) for j, f in polynomials.items() if j != i}
        share = (sum(received.values()) + polynomials[i].at(i)) % group.order
        assert share == scalar(suite, party["signing_share"])
        assert group.base_mul(share) == public[i] == unhex(party["verifying_share"])


@BOTH
def test_published_proofs_hold_for_their_own_party_only(suite: Ciphersuite) -> None:
    parties, _, group_key = dkg_vector(suite)
    group, endian = group_of(suite), ENDIAN[suite.scheme]
    proof = unhex(parties[1]["proof_of_knowledge"])
    public = unhex(parties[1]["vss_commitments"][0])
    size = group.point_size
    s = int.from_bytes(proof[size:], endian)
    bad = [
        (2, public, proof),
        (1, group_key, proof),
        (1, bytes(size - 1), proof),
        (1, public, proof[:-1]),
        (1, public, proof[: size - 1] + bytes([proof[size - 1] ^ 1]) + proof[size:]),
        (1, public, proof[:size] + ((s + 1) % group.order).to_bytes(32, endian)),
        (1, public, proof[:size] + (2**256 - 1).to_bytes(32, endian)),
    ]
    if s + group.order < 2**256:
        bad.append((1, public, proof[:size] + (s + group.order).to_bytes(32, endian)))

    for identifier, point, data in bad:
        with pytest.raises(frost.KnowledgeError):
            frost.verify_knowledge(suite, identifier, point, data)


@BOTH
def test_an_independent_dkg_vector_fits_shares_key_and_verification_shares(
    suite: Ciphersuite,
) -> None:
    vector, group = load(f"lens/dkg_{suite.scheme.lower()}_n5_t3.json"), group_of(suite)
    shares = {int(i): scalar(suite, text) for i, text in vector["shares_hex"].items()}

    for i, share in shares.items():
        assert group.base_mul(share).hex() == vector["verification_shares_hex"][str(i)]
    for chosen in ((1, 2, 3), (2, 4, 5)):
        secret = interpolate_constant({i: shares[i] for i in chosen}, group.order)
        assert group.base_mul(secret).hex() == vector["group_key_hex"]
