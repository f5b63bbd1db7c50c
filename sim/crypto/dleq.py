"""Proofs that two points have one logarithm: to the base point, and to another base.

Source: Chaum, Pedersen (Crypto 1992), with the strong Fiat–Shamir transform: both bases and both
points are hashed, and so is the context. The proof is c ‖ s, two scalars.
"""

from __future__ import annotations

from typing import Any

from sim.base.errors import LocalError
from sim.base.meters import charge
from sim.base.secret import SecretScalar
from sim.crypto.group import Group, PointError, ScalarError


class EqualityError(ValueError):
    """A proof of equal logarithms doesn't hold."""


def prove(
    group: Group,
    secret: SecretScalar,
    public: bytes,
    base: bytes,
    image: bytes,
    nonce: int,
    tag: str,
    *context: Any,
) -> bytes:
    """Prove that x·G = `public` and x·`base` = `image`; charges one exp.base and one exp.full.

    Args:
        group: Where the points live.
        secret: x.
        public: x·G.
        base: Another base, in the group.
        image: x·base.
        nonce: Uniform, used for this proof alone.
        tag: What kind of proof this is.
        context: Everything else that it is bound to; codec-encodable.

    Returns:
        c ‖ s, 64 bytes in groups of 32-byte scalars.

    """
    if nonce % group.order == 0:
        raise LocalError("a nonce of 0 would publish the secret")
    commitments = group.base_mul(nonce), group.mul(nonce, base)
    challenge = group.hash_to_scalar(tag, context, public, base, image, *commitments)
    response = nonce + challenge * secret.reveal()
    return group.encode_scalar(challenge) + group.encode_scalar(response)


def verify(
    group: Group, public: bytes, base: bytes, image: bytes, proof: bytes, tag: str, *context: Any
) -> None:
    """Check a proof about validated points; charges one proof.verify and one combine.full.

    Raises:
        EqualityError: Wrong length, a scalar not below q, or a false proof.

    """
    charge("proof.verify")
    size = group.scalar_size
    if len(proof) != 2 * size:
        raise EqualityError(f"a proof takes {2 * size} bytes, got {len(proof)}")
    try:
        challenge = group.decode_scalar(proof[:size])
        response = group.decode_scalar(proof[size:])
        first = group.unmask(response, challenge, public)
        bits = group.order.bit_length()
        second = group.combine([response, -challenge], [base, image], bits)
    except (ScalarError, PointError) as error:
        raise EqualityError(str(error)) from None
    if group.hash_to_scalar(tag, context, public, base, image, first, second) != challenge:
        raise EqualityError("the proof doesn't hold")
