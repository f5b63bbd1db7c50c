"""One signer's nonces: drawn per incarnation, kept in memory alone, each pair used once."""

from __future__ import annotations

from sim.base.secret import SecretScalar
from sim.crypto import frost
from sim.crypto.groups import get_group
from sim.protocol.activation import CommitmentList
from sim.protocol.member import MemberContext


class NonceStock:
    """Nonce pairs of one validator for one purpose.

    A restart empties the stock, and the next incarnation draws other pairs: a pair whose commitment
    was published can't be used again after a crash. A pair is spent before its partial leaves.

    Args:
        context: The validator.
        scheme: Of the key.
        purpose: Keeps the streams of different sessions apart.

    """

    def __init__(self, context: MemberContext, scheme: str, *purpose: str | int) -> None:
        self._context = context
        self._scheme = scheme
        self._purpose = purpose
        self._unspent: dict[tuple[bytes, bytes], tuple[int, int]] = {}
        self._drawn = 0

    @property
    def empty(self) -> bool:
        """Whether no unspent pair is left."""
        return not self._unspent

    def fresh(self, share: SecretScalar) -> tuple[bytes, bytes]:
        """Draw a pair (RFC 9591 section 4.1) and return its commitments."""
        self._drawn += 1
        draw = self._context.draw("nonce", *self._purpose, self._drawn)
        hiding = frost.nonce_generate(draw.bytes(32), share)
        binding = frost.nonce_generate(draw.bytes(32), share)
        group = get_group(self._scheme)
        pair = (group.base_mul(hiding), group.base_mul(binding))
        self._unspent[pair] = (hiding, binding)
        return pair

    def holds(self, me: int, pairs: CommitmentList) -> bool:
        """Say whether the pair listed for `me` is here and unspent."""
        return any(index == me and (d, e) in self._unspent for index, d, e in pairs)

    def sign(
        self, me: int, share: SecretScalar, public_key: bytes, message: bytes, pairs: CommitmentList
    ) -> bytes:
        """Spend the pair listed for `me` and return the encoded partial signature."""
        (mine,) = ((d, e) for index, d, e in pairs if index == me)
        nonces = self._unspent.pop(mine)
        partial = frost.sign(me, share, public_key, nonces, message, pairs)
        return get_group(self._scheme).encode_scalar(partial)
