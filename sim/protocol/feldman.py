"""What ceremonies with Feldman's commitments have in common, and the proofs bound to an attempt.

Source: Feldman 1987. A share is one scalar s, and s·G is V_i of its deal. Whoever deals a constant
that isn't 0 proves that it knows it, by a Schnorr proof bound to everything about the attempt.
"""

from __future__ import annotations

from typing import Any, Final

from sim.base.secret import SecretScalar
from sim.crypto import commitments, schnorr
from sim.crypto.commitments import Points
from sim.crypto.group import ScalarError
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Ceremony

POSSESSION: Final = "K-chain/possession/v1"


class Feldman:
    """Shares of one scalar each, and Schnorr proofs of possession."""

    scalars = 1

    def matches(self, ceremony: Ceremony, points: Points, holder: int, data: bytes) -> bool:
        """Say whether `data` is the encoded share of `holder` under the commitment `points`."""
        group = get_group(ceremony.scheme)
        try:
            share = group.decode_scalar(data)
        except ScalarError:
            return False
        form = commitments.form(ceremony.commitments)
        return group.base_mul(share) == form.share_point(group, points, holder)

    def prove(
        self,
        ceremony: Ceremony,
        committee: bytes,
        dealer: int,
        secret: SecretScalar,
        public: bytes,
        nonce: int,
    ) -> bytes:
        """Prove knowledge of a constant term; `nonce` is uniform and used for this alone."""
        group = get_group(ceremony.scheme)
        context = proof_context(ceremony, committee)
        return schnorr.prove(group, secret, public, nonce, POSSESSION, *context, dealer)

    def proven(
        self, ceremony: Ceremony, committee: bytes, dealer: int, public: bytes, proof: bytes
    ) -> bool:
        """Say whether `proof` is the dealer's for its constant term, in this attempt."""
        group = get_group(ceremony.scheme)
        context = proof_context(ceremony, committee)
        try:
            schnorr.verify(group, public, proof, POSSESSION, *context, dealer)
        except schnorr.ProofError:
            return False
        return True


def proof_context(ceremony: Ceremony, committee: bytes) -> tuple[Any, ...]:
    """Everything that proofs of this attempt are bound to, besides who makes them."""
    return (
        ceremony.chain,
        ceremony.session,
        ceremony.attempt,
        ceremony.scheme,
        ceremony.size,
        ceremony.threshold,
        committee,
    )
