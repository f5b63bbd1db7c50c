"""Schnorr proofs of knowledge of a discrete logarithm, non-interactive and bound to a context.

R = k·G, c = hash(tag, scheme, context, V, R), s = k + c·x; the proof is R ‖ s. Schnorr 1991 with
the strong Fiat–Shamir transform: the statement V is hashed (Bernhard, Pereira, Warinschi 2012).
"""

from __future__ import annotations

from typing import Any

from sim.base.errors import LocalError
from sim.base.memo import memoised
from sim.base.meters import charge
from sim.base.secret import SecretScalar
from sim.crypto.group import Group, PointError, ScalarError


class ProofError(ValueError):
    """A proof of knowledge doesn't hold."""


def prove(
    group: Group, secret: SecretScalar, public: bytes, nonce: int, tag: str, *context: Any
) -> bytes:
    """Prove knowledge of `secret` with public = secret·G; charges one exp.base.

    Args:
        group: Where the proof lives.
        secret: x.
        public: V = x·G, not the identity.
        nonce: k, uniform, used for this proof alone: two proofs with one nonce give x away.
        tag: What kind of proof this is.
        context: Everything else that it is bound to; codec-encodable.

    Returns:
        R ‖ s, point_size + scalar_size bytes.

    """
    if nonce % group.order == 0:
        raise LocalError("a nonce of 0 would publish the secret")
    commitment = group.base_mul(nonce)
    challenge = _challenge(group, public, commitment, tag, context)
    return commitment + group.encode_scalar(nonce + challenge * secret.reveal())


def verify(group: Group, public: bytes, proof: bytes, tag: str, *context: Any) -> None:
    """Check that whoever made `proof` knew the logarithm of `public`; charges one proof.verify.

    R is recomputed and its encoding compared, never decoded: so no other encoding passes.

    Raises:
        ProofError: Wrong length, s ≥ q, the identity or no point as `public`, or a false proof.

    """
    commitment = proof[: group.point_size]
    challenge = _challenge(group, public, commitment, tag, context)
    _check(group, public, proof, challenge)


def _challenge(
    group: Group, public: bytes, commitment: bytes, tag: str, context: tuple[Any, ...]
) -> int:
    return group.hash_to_scalar(tag, group.scheme, context, public, commitment)


@memoised
def _check(group: Group, public: bytes, proof: bytes, challenge: int) -> None:
    charge("proof.verify")
    if len(proof) != group.point_size + group.scalar_size:
        raise ProofError(f"a proof takes {group.point_size + group.scalar_size} bytes")
    if public == group.identity:
        raise ProofError("everyone knows the logarithm of the identity")
    try:
        response = group.decode_scalar(proof[group.point_size :])
        recomputed = group.unmask(response, challenge, public)
    except (ScalarError, PointError) as error:
        raise ProofError(str(error)) from None
    if recomputed != proof[: group.point_size]:
        raise ProofError("the proof doesn't hold")
