"""Creating a key: constant terms are free, all good deals count, and they add up.

Source: Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007), steps 1 to 3 of joint-Feldman.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.base.randomness import Stream
from sim.base.secret import SecretScalar
from sim.crypto import commitments
from sim.crypto.commitments import Points
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.feldman import Feldman


class Creation(Feldman):
    """Members deal secrets of their own."""

    proves = True
    zero = False

    def polynomial(
        self, ceremony: Ceremony, stream: Stream, share: SecretScalar | None
    ) -> Polynomial:
        """Draw all coefficients."""
        del share
        return Polynomial.random(stream, ceremony.threshold, get_group(ceremony.scheme).order)

    def pinned(self, ceremony: Ceremony, dealer: int) -> None:
        """Leave V_0 free."""
        del ceremony, dealer

    def qualified(self, ceremony: Ceremony, running: Sequence[int]) -> tuple[int, ...]:
        """Take every good deal."""
        del ceremony
        return tuple(running)

    def verification(
        self, ceremony: Ceremony, qual: Sequence[int], rows: Sequence[Points]
    ) -> Points:
        """Add the commitments up."""
        del qual
        return summed(ceremony, rows)

    def share(
        self,
        ceremony: Ceremony,
        qual: Sequence[int],
        parts: Mapping[int, SecretScalar],
        share: SecretScalar | None,
    ) -> int:
        """Add the parts up."""
        del share
        order = get_group(ceremony.scheme).order
        return sum(parts[dealer].reveal() for dealer in qual) % order


def summed(
    ceremony: Ceremony, rows: Sequence[Points], weights: Sequence[int] | None = None
) -> Points:
    """Return V_0..V_n of Σ rows, each row times its weight if there are weights."""
    return commitments.form(ceremony.commitments).verification_shares(
        get_group(ceremony.scheme), rows, ceremony.size, ceremony.threshold, weights
    )
