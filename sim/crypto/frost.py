"""FROST: t holders sign as one, each with its share and a single-use nonce pair.

Source: RFC 9591, with its names; a partial signature is its `sig_share`. The curve, its hashes and
the signature's form are the ciphersuite's; holders' identifiers are their share indices 1..n.

Order of use: `nonce_generate` twice per signer, whose commitments (two base multiplications) make
up the list; `sign` by each; `verify_partial` of each; `aggregate`. What a list fixes for everyone
is derived once and kept in the run's memo: deriving it again for every partial costs seconds.

In a form that knows points up to their sign (BIP-340), key and R are replaced by their normal ones
within a session; whoever contributed to a negated one is negated likewise.

Charges follow the protocol's accounts: one combine.full per set, in `aggregate`; one exp.base and
two exp.full per verified partial; nothing for signing. Whoever receives commitments validates them
there, and pays for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import Meter, charge, metering
from sim.base.secret import SecretScalar
from sim.crypto.ciphersuites import Ciphersuite, KnowledgeHash
from sim.crypto.group import Group, PointError, ScalarError
from sim.crypto.groups import get_group
from sim.crypto.polynomial import lagrange

CommitmentList: TypeAlias = tuple[tuple[int, bytes, bytes], ...]
"""(identifier, hiding commitment D, binding commitment E), strictly ascending by identifier."""


class FrostError(ValueError):
    """A step of FROST can't be taken on these inputs."""


class ListError(FrostError):
    """A commitment list isn't strictly ascending, or has an invalid identifier or point."""


class PartialError(FrostError):
    """A partial signature doesn't hold."""


class KnowledgeError(FrostError):
    """A proof of knowledge from the FROST DKG doesn't hold."""


@dataclass(frozen=True, slots=True)
class _SigningSet:
    """What public key, message and commitment list fix; by position in the list.

    Attributes:
        position: Identifier → position.
        factors: Binding factors ρ.
        weights: Lagrange coefficients λ at 0.
        commitment: The group commitment R, normal.
        challenge: c.
        key_sign: −1 if the key was negated to be normal, else 1; shares follow it.
        nonce_sign: The same for R; nonces follow it.

    """

    position: dict[int, int]
    factors: tuple[int, ...]
    weights: tuple[int, ...]
    commitment: bytes
    challenge: int
    key_sign: int
    nonce_sign: int


def nonce_generate(suite: Ciphersuite, randomness: bytes, share: SecretScalar) -> int:
    """Derive one nonce from 32 fresh random bytes and the signer's share (section 4.1).

    The share hedges against bad randomness. The nonce is secret and serves one signature.
    """
    if len(randomness) != 32:
        raise LocalError(f"a nonce takes 32 bytes of randomness, got {len(randomness)}")
    return suite.hash_to_scalar(b"nonce", randomness + _group(suite).encode_scalar(share.reveal()))


def binding_factors(
    suite: Ciphersuite, public_key: bytes, message: bytes, commitments: CommitmentList
) -> dict[int, int]:
    """Return ρ of every signer, by identifier (section 4.4)."""
    group = _group(suite)
    prefix = binding_factor_prefix(suite, public_key, message, commitments)
    return {
        identifier: suite.hash_to_scalar(b"rho", prefix + group.encode_scalar(identifier))
        for identifier, _, _ in commitments
    }


def binding_factor_prefix(
    suite: Ciphersuite, public_key: bytes, message: bytes, commitments: CommitmentList
) -> bytes:
    """Return what every binding factor's input begins with: key ‖ H4(message) ‖ H5(list)."""
    group = _group(suite)
    encoded = b"".join(group.encode_scalar(identifier) + d + e for identifier, d, e in commitments)
    return (
        suite.normal(public_key)
        + suite.hash_to_bytes(b"msg", message)
        + suite.hash_to_bytes(b"com", encoded)
    )


def group_commitment(
    suite: Ciphersuite, commitments: CommitmentList, factors: dict[int, int]
) -> bytes:
    """Return R = Σ D_i + ρ_i·E_i (section 4.5); charges one combine.full of a term per signer."""
    group = _group(suite)
    bound = group.combine(
        [factors[identifier] for identifier, _, _ in commitments],
        [e for _, _, e in commitments],
        group.order.bit_length(),
    )
    return group.sum_points([bound, *(d for _, d, _ in commitments)])


def sign(
    suite: Ciphersuite,
    identifier: int,
    share: SecretScalar,
    public_key: bytes,
    nonces: tuple[int, int],
    message: bytes,
    commitments: CommitmentList,
) -> int:
    """Return the partial signature d + e·ρ + λ·s·c (section 5.2).

    Args:
        suite: The ciphersuite.
        identifier: The signer's share index.
        share: s.
        public_key: The group's.
        nonces: The secret pair (d, e) behind the commitments listed for `identifier`. It must never
            meet another message or list: two partials give the share away.
        message: What is signed.
        commitments: The list.

    Raises:
        ListError: The list isn't valid, or `identifier` isn't on it.

    """
    signing = _signing_set(suite, public_key, message, commitments)
    position = _position(signing, identifier)
    hiding, binding = nonces
    nonce = signing.nonce_sign * (hiding + binding * signing.factors[position])
    key = signing.key_sign * signing.weights[position] * share.reveal()
    return (nonce + key * signing.challenge) % _group(suite).order


def verify_partial(
    suite: Ciphersuite,
    public_key: bytes,
    public_share: bytes,
    identifier: int,
    partial: int,
    message: bytes,
    commitments: CommitmentList,
) -> None:
    """Check one partial signature against V_i (section 5.4); charges 1 exp.base and 2 exp.full.

    Raises:
        ListError: The list isn't valid, or `identifier` isn't on it.
        PartialError: `partial` isn't that signer's for this message and list.

    """
    signing = _signing_set(suite, public_key, message, commitments)
    position = _position(signing, identifier)
    group = _group(suite)
    _, hiding, binding = commitments[position]
    nonce = group.add(hiding, group.mul(signing.factors[position], binding))
    if signing.nonce_sign < 0:
        nonce = group.negate(nonce)
    weight = signing.key_sign * signing.challenge * signing.weights[position]
    if group.base_mul(partial) != group.add(nonce, group.mul(weight, public_share)):
        raise PartialError(f"the partial signature of {identifier} doesn't hold")


def aggregate(
    suite: Ciphersuite,
    public_key: bytes,
    message: bytes,
    commitments: CommitmentList,
    partials: Sequence[int],
) -> bytes:
    """Return the signature of R and Σ partials; charges the set's combine.full.

    It verifies under `public_key` iff every partial, in the list's order, holds.

    Raises:
        ListError: The list isn't valid, or there isn't one partial for each of its entries.

    """
    if len(partials) != len(commitments):
        raise ListError(f"{len(partials)} partials for {len(commitments)} signers")
    charge("combine.full")
    charge("combine.full.terms", len(commitments))
    signing = _signing_set(suite, public_key, message, commitments)
    return suite.signature(signing.commitment, _group(suite).encode_scalar(sum(partials)))


def prove_knowledge(
    suite: KnowledgeHash,
    identifier: int,
    secret: SecretScalar,
    public: bytes,
    nonce: int,
    context: bytes = b"",
) -> bytes:
    """Prove knowledge of φ₀'s logarithm as the FROST DKG does; charges one exp.base.

    Source: Komlo, Goldberg (SAC 2020), figure 1, round 1, steps 2 and 3.

    Args:
        suite: Its hash makes the challenge.
        identifier: The prover's, 1..n.
        secret: a₀.
        public: φ₀ = a₀·G.
        nonce: k, uniform, used for this proof alone.
        context: Φ, what the proof is bound to besides; the published vectors have none.

    Returns:
        R ‖ z, a point and a scalar.

    """
    group = get_group(suite.scheme)
    if nonce % group.order == 0:
        raise LocalError("a nonce of 0 would publish the secret")
    commitment = group.base_mul(nonce)
    challenge = _knowledge_challenge(suite, identifier, context, public, commitment)
    return commitment + group.encode_scalar(nonce + challenge * secret.reveal())


def verify_knowledge(
    suite: KnowledgeHash, identifier: int, public: bytes, proof: bytes, context: bytes = b""
) -> None:
    """Check a proof of knowledge R ‖ z of the FROST DKG; charges one proof.verify.

    z·G = R + c·φ₀ with c = hash(tag, "dkg", identifier ‖ Φ ‖ φ₀ ‖ R). R is recomputed and its
    encoding compared, never decoded. Source: Komlo, Goldberg (SAC 2020), figure 1, round 1, step 5.

    Raises:
        KnowledgeError: The proof doesn't hold.

    """
    charge("proof.verify")
    group = get_group(suite.scheme)
    size = group.point_size
    if len(proof) != size + group.scalar_size:
        raise KnowledgeError(f"a proof takes {size + group.scalar_size} bytes, got {len(proof)}")
    commitment = proof[:size]
    challenge = _knowledge_challenge(suite, identifier, context, public, commitment)
    try:
        recomputed = group.unmask(group.decode_scalar(proof[size:]), challenge, public)
    except (PointError, ScalarError) as error:
        raise KnowledgeError(str(error)) from None
    if recomputed != commitment:
        raise KnowledgeError(f"the proof of {identifier} doesn't hold")


def _knowledge_challenge(
    suite: KnowledgeHash, identifier: int, context: bytes, public: bytes, commitment: bytes
) -> int:
    encoded = get_group(suite.scheme).encode_scalar(identifier)
    return suite.hash_to_scalar(b"dkg", encoded + context + public + commitment)


@memoised
def _signing_set(
    suite: Ciphersuite, public_key: bytes, message: bytes, commitments: CommitmentList
) -> _SigningSet:
    identifiers = [identifier for identifier, _, _ in commitments]
    if not identifiers or identifiers[0] < 1 or any(a >= b for a, b in pairwise(identifiers)):
        raise ListError("identifiers are positive and strictly ascending")
    # A meter of its own: the set is charged once, in `aggregate`, not to everyone who looks at it.
    with metering(Meter()):
        _check_points(_group(suite), commitments)
        factors = binding_factors(suite, public_key, message, commitments)
        commitment = group_commitment(suite, commitments, factors)
    key, nonce = suite.normal(public_key), suite.normal(commitment)
    return _SigningSet(
        {identifier: position for position, identifier in enumerate(identifiers)},
        tuple(factors.values()),
        tuple(lagrange(identifiers, 0, _group(suite).order)),
        nonce,
        suite.challenge(nonce, key, message),
        1 if key == public_key else -1,
        1 if nonce == commitment else -1,
    )


def _check_points(group: Group, commitments: CommitmentList) -> None:
    for identifier, hiding, binding in commitments:
        try:
            group.validate(hiding)
            group.validate(binding)
        except PointError as error:
            raise ListError(f"nonce commitment of {identifier}: {error}") from None


def _position(signing: _SigningSet, identifier: int) -> int:
    position = signing.position.get(identifier)
    if position is None:
        raise ListError(f"{identifier} isn't on the commitment list")
    return position


def _group(suite: Ciphersuite) -> Group:
    return get_group(suite.scheme)
