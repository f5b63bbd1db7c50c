"""One signer's nonces: drawn per incarnation, kept in memory alone, each pair used once."""

from __future__ import annotations

from sim.base.secret import SecretScalar
from sim.crypto.signatures import (
    RANDOMNESS,
    CommitmentList,
    NonceCommitments,
    SecretNonces,
    get_signatures,
)
from sim.protocol.member import MemberContext


class NonceStock:
    """Nonce pairs of one validator for one purpose.

    A restart empties the stock, and the next incarnation draws other pairs: a pair whose commitment
    was published can't be used again after a crash. A pair is spent before its partial leaves. In a
    scheme without nonces there is nothing to draw or to spend, and a signer is always ready.

    Args:
        context: The validator.
        scheme: Of the key.
        purpose: Keeps the streams of different sessions apart.

    """

    def __init__(self, context: MemberContext, scheme: str, *purpose: str | int) -> None:
        self._context = context
        self._signatures = get_signatures(scheme)
        self._purpose = purpose
        self._unspent: dict[NonceCommitments, SecretNonces] = {}
        self._drawn = 0

    @property
    def empty(self) -> bool:
        """Whether nonces are needed and no unspent pair is left."""
        return self._signatures.uses_nonces and not self._unspent

    def fresh(self, share: SecretScalar, *use: str | int) -> NonceCommitments:
        """Draw nonces and return their commitments; nothing in a scheme without nonces.

        `use` says what the pair is for. Whoever draws once per use never draws a pair twice in one
        incarnation, even if it forgets how many it has drawn.
        """
        if not self._signatures.uses_nonces:
            return ()
        self._drawn += 1
        draw = self._context.draw("nonce", *self._purpose, *(use or (self._drawn,)))
        nonces, commitments = self._signatures.draw_nonces(draw.bytes(RANDOMNESS), share)
        self._unspent[commitments] = nonces
        return commitments

    def discard(self) -> None:
        """Forget every pair that hasn't been used."""
        self._unspent.clear()

    def holds(self, me: int, pairs: CommitmentList) -> bool:
        """Say whether `me` is listed, with nonces that are here and unspent if there are any."""
        if not self._signatures.uses_nonces:
            return any(index == me for index, _, _ in pairs)
        return any(index == me and (d, e) in self._unspent for index, d, e in pairs)

    def sign(
        self, me: int, share: SecretScalar, public_key: bytes, message: bytes, pairs: CommitmentList
    ) -> bytes:
        """Spend the nonces listed for `me` and return the encoded partial signature."""
        (mine,) = (entry for entry in pairs if entry[0] == me)
        nonces = self._unspent.pop(mine[1:]) if self._signatures.uses_nonces else ()
        return self._signatures.sign(me, share, public_key, nonces, message, pairs)
