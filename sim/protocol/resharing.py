"""Resharing a key to any committee and threshold: the public key stays, the shares are new.

Source: Desmedt, Jajodia 1997, with Feldman's commitments. Every holder i of the old generation
deals g_i of t' coefficients with g_i(0) = s_i. The old verification share V_i pins the constant
term: the chain compares bytes, before and outside any combination. Q, the first t_old good dealers
by index, is fixed by the ledger and the same for everyone; with λ_i the Lagrange coefficients of Q
at 0, the new share of j is Σ λ_i·g_i(j) and V'_j = Σ λ_i·V_{i,j}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sim.base.randomness import Stream
from sim.base.secret import SecretScalar
from sim.crypto.commitments import Points
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial, lagrange
from sim.protocol.ceremony import Ceremony
from sim.protocol.creation import summed
from sim.protocol.feldman import Feldman


class Resharing(Feldman):
    """Old holders deal their shares to the new committee."""

    proves = True
    zero = False

    def polynomial(
        self, ceremony: Ceremony, stream: Stream, share: SecretScalar | None
    ) -> Polynomial | None:
        """Draw all coefficients but the constant one, which is the dealer's old share."""
        if share is None:
            return None
        order = get_group(ceremony.scheme).order
        free = [stream.below(order) for _ in range(ceremony.threshold - 1)]
        return Polynomial([share.reveal(), *free], order)

    def pinned(self, ceremony: Ceremony, dealer: int) -> bytes:
        """Return the dealer's verification share in the old generation."""
        assert ceremony.base is not None
        return ceremony.base.verification[dealer]

    def qualified(self, ceremony: Ceremony, running: Sequence[int]) -> tuple[int, ...]:
        """Take the first t_old good deals by index."""
        return tuple(running[: ceremony.needed])

    def verification(
        self, ceremony: Ceremony, qual: Sequence[int], rows: Sequence[Points]
    ) -> Points:
        """Interpolate the commitments at 0."""
        return summed(ceremony, rows, _weights(ceremony, qual))

    def share(
        self,
        ceremony: Ceremony,
        qual: Sequence[int],
        parts: Mapping[int, SecretScalar],
        share: SecretScalar | None,
    ) -> int:
        """Interpolate the parts at 0. What the holder held before plays no role."""
        del share
        order = get_group(ceremony.scheme).order
        weights = _weights(ceremony, qual)
        terms = (w * parts[dealer].reveal() for w, dealer in zip(weights, qual, strict=True))
        return sum(terms) % order


def _weights(ceremony: Ceremony, qual: Sequence[int]) -> Sequence[int]:
    return _lagrange(tuple(qual), get_group(ceremony.scheme).order)


@lru_cache(maxsize=64)
def _lagrange(qual: tuple[int, ...], order: int) -> tuple[int, ...]:
    """Return the coefficients at 0, which are public and the same for all n' holders: t² steps."""
    return tuple(lagrange(qual, 0, order))
