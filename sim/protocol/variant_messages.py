"""What validators say in one protocol or complaint mode alone; `messages` has the rest."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What every statement and private message is: a MessagePack array."""


class Commit(Message, frozen=True):
    """Every dealer in commit-reveal, before anyone deals: the digest of the deal that it made.

    Attributes:
        digest: 32 bytes.

    """

    digest: bytes


class Disclosed(Message, frozen=True):
    """What shows everybody the content of one envelope; see `crypto.disclosing`.

    Attributes:
        sealed: The envelope's bytes.
        path: Merkle path from it to the root, leaf side first, 32 bytes each.
        signature: The dealer's identity signature over the root, 64 bytes.
        coins: The KEM message m, 32 bytes; like the next two, empty if `sealed` can't be one.
        exchange: The X25519 point Z, lifted, 32 bytes.
        proof: Of equal logarithms, 64 bytes.

    """

    sealed: bytes
    path: tuple[bytes, ...]
    signature: bytes
    coins: bytes
    exchange: bytes
    proof: bytes


class Extract(Message, frozen=True):
    """Every dealer in QUAL of GJKR: the Feldman commitment to the polynomial that it has dealt.

    Attributes:
        points: V_0..V_n (evaluation form) or the t coefficient commitments, encoded points.

    """

    points: tuple[bytes, ...]


class Exposed(Message, frozen=True):
    """Part of an Expose or Reconstruct: the sender's share of a dealer.

    Attributes:
        dealer: The dealer's share index.
        opening: Share ‖ blinding, two scalars; they fit the dealer's Pedersen commitment.

    """

    dealer: int
    opening: bytes


class Expose(Message, frozen=True):
    """Every holder in GJKR, once: its shares of dealers whose extraction is absent or wrong.

    Attributes:
        shares: Ascending by dealer; empty if all is well.

    """

    shares: tuple[Exposed, ...]


class Reconstruct(Message, frozen=True):
    """Every holder in GJKR, once: its shares of dealers that others have shown to be wrong."""

    shares: tuple[Exposed, ...]
