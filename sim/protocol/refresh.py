"""Refreshing a key: the same committee, the same public key, new shares.

Source: Herzberg, Jarecki, Krawczyk, Yung (Crypto 1995). Every member deals a polynomial with
constant term 0; V_0 is the identity, which anyone can see, so there is nothing to prove. Everybody
adds what it was dealt to its share. With t good deals at least one is an honest dealer's, so that
old shares and new ones don't mix. It protects only because transport keys are new in every
ceremony, and polynomials, parts and old shares are erased: t old shares are still the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.base.randomness import Stream
from sim.base.secret import SecretScalar
from sim.crypto.commitments import Points
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.creation import summed
from sim.protocol.feldman import Feldman


class Refresh(Feldman):
    """Members deal sharings of zero."""

    proves = False
    zero = True

    def polynomial(
        self, ceremony: Ceremony, stream: Stream, share: SecretScalar | None
    ) -> Polynomial:
        """Draw all coefficients but the constant one, which is 0; that takes no old share."""
        del share
        order = get_group(ceremony.scheme).order
        return Polynomial([0, *(stream.below(order) for _ in range(ceremony.threshold - 1))], order)

    def pinned(self, ceremony: Ceremony, dealer: int) -> bytes:
        """Return the identity."""
        del dealer
        return get_group(ceremony.scheme).identity

    def qualified(self, ceremony: Ceremony, running: Sequence[int]) -> tuple[int, ...]:
        """Take every good deal."""
        del ceremony
        return tuple(running)

    def verification(
        self, ceremony: Ceremony, qual: Sequence[int], rows: Sequence[Points]
    ) -> Points:
        """Add the sharings of zero to the old verification shares."""
        del qual
        assert ceremony.base is not None
        group = get_group(ceremony.scheme)
        added = summed(ceremony, rows)
        return tuple(map(group.add, ceremony.base.verification, added))

    def share(
        self,
        ceremony: Ceremony,
        qual: Sequence[int],
        parts: Mapping[int, SecretScalar],
        share: SecretScalar | None,
    ) -> int | None:
        """Add the parts to the old share."""
        if share is None:
            return None
        order = get_group(ceremony.scheme).order
        return (share.reveal() + sum(parts[dealer].reveal() for dealer in qual)) % order
