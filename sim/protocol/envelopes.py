"""Sealed shares on their way from a dealer to each holder.

A dealer seals every share to its holder's announced transport key, arranges the sealed bytes as the
leaves of a Merkle tree (RFC 6962, index order, its own leaf empty), and signs the root once. The
ledger holds no digest of these: V_i already binds the share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ShareIndex
from sim.base.secret import SecretBytes
from sim.crypto import identity, merkle, sealing
from sim.protocol.ceremony import Ceremony
from sim.protocol.messages import ShareEnvelope

ROOT_TAG: Final = "K-chain/envelope-root/v1"

MAX_PER_DEALER: Final = 4
"""Different envelopes that a holder keeps from one dealer in one attempt: a bound on memory."""


Coins: TypeAlias = Callable[[ShareIndex], bytes]
"""Draws the 32 secret bytes that determine a holder's KEM ciphertext."""


def store_prefix(session: bytes, attempt: int) -> str:
    """Return where a validator's store keeps what belongs to one attempt."""
    return f"{session.hex()}#{attempt}/"


def envelope_key(envelope: ShareEnvelope) -> str:
    """Return where, under the attempt's prefix, a holder keeps `envelope`."""
    return Kept.of(envelope).key


class Kept(NamedTuple):
    """An envelope as a holder keeps it: there are n² of them, and the store shares these bytes.

    Attributes:
        key: Where the store has it, under the attempt's prefix.
        raw: Its bytes.

    """

    key: str
    raw: bytes

    @classmethod
    def of(cls, envelope: ShareEnvelope) -> Kept:
        """Encode `envelope`."""
        raw = encode(envelope)
        return cls(f"envelope/{envelope.dealer}/{hashlib.sha256(raw).hexdigest()[:16]}", raw)

    @property
    def envelope(self) -> ShareEnvelope:
        """The envelope itself."""
        return decode_canonical(self.raw, ShareEnvelope)


def root_bytes(chain: str, session: bytes, attempt: int, dealer: int, root: bytes) -> bytes:
    """Return what the dealer signs for all its envelopes."""
    return encode((ROOT_TAG, chain, session, attempt, dealer, root))


def seal_shares(
    ceremony: Ceremony,
    dealer: ShareIndex,
    ephemeral: SecretBytes,
    transport: Mapping[int, bytes],
    shares: Mapping[ShareIndex, SecretBytes],
    coins: Coins | None = None,
) -> dict[ShareIndex, bytes]:
    """Seal encoded `shares` to the announced keys; holders without one of either get nothing.

    `ephemeral` is the deal's one X25519 secret, 32 bytes. Without `coins` the KEM's are the
    machine's own: these bytes travel peer to peer only and enter no digest. Where complaints are
    provable the ledger may come to hold them, so there they are drawn.
    """
    sender = sealing.Ephemeral(ephemeral)
    own = ceremony.own_holder(dealer)
    return {
        holder: sealing.seal(
            share.reveal(),
            transport[holder],
            sender,
            "share",
            ceremony.chain,
            ceremony.session,
            ceremony.attempt,
            dealer,
            holder,
            None if coins is None else coins(holder),
        )
        for holder, share in sorted(shares.items())
        if holder != own and holder in transport
    }


def sign_envelopes(
    ceremony: Ceremony,
    dealer: ShareIndex,
    signer: identity.Identity,
    sealed: Mapping[ShareIndex, bytes],
) -> dict[ShareIndex, ShareEnvelope]:
    """Arrange the sealed shares in a tree, sign its root once, and return each as an envelope."""
    leaves = [sealed.get(member.index, b"") for member in ceremony.members]
    root, paths = merkle.tree(leaves)
    signature = signer.sign(
        root_bytes(ceremony.chain, ceremony.session, ceremony.attempt, dealer, root)
    )
    return {
        ShareIndex(holder): ShareEnvelope(
            session=ceremony.session,
            attempt=ceremony.attempt,
            dealer=dealer,
            recipient=holder,
            sealed=leaf,
            path=tuple(paths[holder - 1]),
            signature=signature,
        )
        for holder, leaf in enumerate(leaves, start=1)
        if leaf
    }


def signed_by_dealer(ceremony: Ceremony, envelope: ShareEnvelope) -> bool:
    """Say whether the dealer's signature covers `envelope` at its recipient's leaf.

    An empty leaf is no envelope: the tree has one wherever the dealer owes nothing, as the masks of
    a repair do at the target's place, and it must not pass for one that doesn't open.

    Public, but only the recipient asks: the signature, which is all its envelopes', is remembered.
    """
    if not envelope.sealed:
        return False
    try:
        root = merkle.root_from(
            envelope.sealed, envelope.recipient - 1, ceremony.size, envelope.path
        )
    except merkle.MerkleError:
        return False
    return identity.verify(
        ceremony.dealer_by_index[envelope.dealer].identity,
        root_bytes(ceremony.chain, envelope.session, envelope.attempt, envelope.dealer, root),
        envelope.signature,
    )
