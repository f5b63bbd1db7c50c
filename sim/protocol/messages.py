"""What validators say to each other while they create a key.

`Statement`s are public: each is the body of a signed ledger transaction. `Private` messages travel
peer to peer over the lossy network. All are MessagePack arrays, decoded canonically.
Of statements whoever judges them checks the lengths, not this module: a malformed deal is evidence,
not an error. Private messages that break a bound are no messages: their receivers store them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from sim.crypto.signatures import CommitmentList, NonceCommitments
from sim.protocol.variant_messages import (
    Commit,
    Disclosed,
    Expose,
    Extract,
    Message,
    Reconstruct,
)

Session = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Position = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
"""An attempt or a share index: 1-based."""

Sealed = Annotated[bytes, msgspec.Meta(max_length=2048)]
"""Room for `sealing.SEALED_SIZE`, or less: of a wrong length the holder complains."""

Node = Annotated[bytes, msgspec.Meta(max_length=32)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
PartialBytes = Annotated[bytes, msgspec.Meta(max_length=96)]
"""A scalar (FROST) or an element of G2 (BLS), or less: a wrong length is a bad partial."""


class Announce(Message, frozen=True):
    """Every member, first: the transport key for this (session, attempt).

    Attributes:
        transport_key: ML-KEM-768 encapsulation key ‖ X25519 public key, 1184 + 32 bytes.

    """

    transport_key: bytes


class Deal(Message, frozen=True):
    """Every dealer: the commitment to its polynomial and a proof that it knows the constant term.

    Attributes:
        points: V_0..V_n (evaluation form) or the t coefficient commitments, encoded points.
        proof: Schnorr proof of possession of V_0: R ‖ s, a point and a scalar.

    """

    points: tuple[bytes, ...]
    proof: bytes


class Complaint(Message, frozen=True):
    """Part of a Response: the sender holds no good share from `dealer`.

    Attributes:
        dealer: The dealer's share index.
        kind: ``missing``: no validly signed envelope came; ``invalid``: one came and was bad.
        one_time_key: For ``missing``, and in a repair always, a fresh key (1216 bytes) to seal the
            answer to; else empty.
        disclosure: For ``invalid`` where complaints are provable; else None.

    """

    dealer: int
    kind: Literal["missing", "invalid"]
    one_time_key: bytes
    disclosure: Disclosed | None = None


class Response(Message, frozen=True):
    """Every member, once: which shares are good, and its complaints.

    Attributes:
        good: ⌈dealers/8⌉ bytes, one bit per dealer in index order, lowest bit first.
        complaints: Strictly ascending by dealer.

    """

    good: bytes
    complaints: tuple[Complaint, ...]


class Reply(Message, frozen=True):
    """Part of a Justification: the share of one accuser.

    Attributes:
        accuser: The accuser's share index.
        kind: ``sealed`` answers ``missing``; ``clear`` answers ``invalid``.
        data: A sealed envelope to the one-time key (1168 bytes), or the scalar itself.

    """

    accuser: int
    kind: Literal["sealed", "clear"]
    data: bytes


class Justification(Message, frozen=True):
    """An accused dealer, once: all its replies, ascending by accuser."""

    replies: tuple[Reply, ...]


class Opening(Message, frozen=True):
    """Part of an OpenReply: how one sealed reply turned out.

    Attributes:
        dealer: The dealer's share index.
        seeds: Empty accepts; 96 bytes of one-time seeds accuse: anyone can open the reply.

    """

    dealer: int
    seeds: bytes


class OpenReply(Message, frozen=True):
    """Every accuser that got a sealed reply, once: what it found, ascending by dealer."""

    openings: tuple[Opening, ...]


class Answer(Message, frozen=True):
    """An accused helper of a repair, once: its sum, sealed to the target's one-time key.

    It answers the target as a Justification answers another helper; one that restarts must know
    which of the two it has posted.

    Attributes:
        replies: One, to the target; others have no effect.

    """

    replies: tuple[Reply, ...]


class PublishKey(Message, frozen=True):
    """The one holder of a single-party key: the key, and a proof that it has the secret.

    Attributes:
        public_key: 1952 bytes (ML-DSA-65) or 1184 (ML-KEM-768).
        proof: The key's signature over the activation message, 3309 bytes; empty for a KEM key,
            which signs nothing.

    """

    public_key: bytes
    proof: bytes


class Confirm(Message, frozen=True):
    """Every member that holds its share: proof of it, bound to the transcript.

    Attributes:
        transcript: The transcript's digest, 32 bytes.
        proof: Schnorr proof of s_i for V_i.
        nonces: The first nonce commitments for the activation signature.

    """

    transcript: bytes
    proof: bytes
    nonces: NonceCommitments


class Sign(Message, frozen=True):
    """A member of the current signing set: its partial signature, and the pair that comes next.

    Attributes:
        partial: The partial signature: an encoded scalar (FROST) or element of G2 (BLS).
        list_hash: Hash of session, generation, message and commitment list, 32 bytes.
        nonces: Fresh nonce commitments; they replace the spent ones from the next set on.

    """

    partial: bytes
    list_hash: bytes
    nonces: NonceCommitments


class SignNonce(Message, frozen=True):
    """A confirmer that restarted: a fresh pair, since it discarded its old nonces. Not for BLS."""

    nonces: NonceCommitments


Statement: TypeAlias = (
    Announce
    | Commit
    | Deal
    | Response
    | Justification
    | OpenReply
    | Answer
    | Extract
    | Expose
    | Reconstruct
    | PublishKey
    | Confirm
    | Sign
    | SignNonce
)

STATEMENTS: Final[dict[str, type[Statement]]] = {
    "announce": Announce,
    "commit": Commit,
    "deal": Deal,
    "response": Response,
    "justification": Justification,
    "open-reply": OpenReply,
    "answer": Answer,
    "extract": Extract,
    "expose": Expose,
    "reconstruct": Reconstruct,
    "publish-key": PublishKey,
    "confirm": Confirm,
    "sign": Sign,
    "sign-nonce": SignNonce,
}
"""Transaction kind to body type."""

DEALERS_SAY: Final = frozenset({"commit", "deal", "justification", "answer", "extract"})
"""Kinds that a dealer says as such; the others come from a holder's seat."""

_KINDS: Final = {body: kind for kind, body in STATEMENTS.items()}


def kind_of(statement: Statement) -> str:
    """Return the transaction kind of `statement`."""
    return _KINDS[type(statement)]


class ShareEnvelope(Message, frozen=True, tag="share"):
    """Dealer to holder: one sealed share, with the dealer's one signature over all of them.

    Attributes:
        session: 32 bytes.
        attempt: 1-based.
        dealer: The dealer's share index.
        recipient: The holder's share index.
        sealed: ML-KEM ciphertext ‖ X25519 ephemeral ‖ AES-GCM box: 1088 + 32 + 48 bytes, 32 more
            where a share comes with its blinding.
        path: Merkle path from this envelope to the root, leaf side first, 32 bytes each.
        signature: The dealer's identity signature over the root.

    """

    session: Session
    attempt: Position
    dealer: Position
    recipient: Position
    sealed: Sealed
    path: Annotated[tuple[Node, ...], msgspec.Meta(max_length=32)]
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]


class ShareAck(Message, frozen=True, tag="ack"):
    """Holder to dealer: the envelope is stored; stop sending."""

    session: Session
    attempt: Position
    dealer: Position
    recipient: Position


class NonceRequest(Message, frozen=True, tag="nonce-request"):
    """Coordinator to signer: commit to a nonce pair for this try.

    In every message of a signing session:

    Attributes:
        session: `SigningTask.session`, 32 bytes.
        generation: Whose shares sign.
        round: The session's round, from 0; one member coordinates it.
        attempt: The coordinator's try, from 1; a restarted coordinator counts on.

    """

    session: Session
    generation: Count
    round: Count
    attempt: Count


class NonceCommitment(Message, frozen=True, tag="nonce-commitment"):
    """Signer to coordinator: the pair (hiding, binding) for this session, round and try."""

    session: Session
    generation: Count
    round: Count
    attempt: Count
    nonces: NonceCommitments


class SigningPackage(Message, frozen=True, tag="signing-package"):
    """Coordinator to signer: the message and everyone's commitments, ascending by index.

    In a scheme without nonces the commitments are empty, and whoever is listed may sign.
    """

    session: Session
    generation: Count
    round: Count
    attempt: Count
    message: bytes
    commitments: CommitmentList


class PartialSignature(Message, frozen=True, tag="partial-signature"):
    """Signer to coordinator: its partial for exactly that package, and its word for it.

    Attributes:
        list_hash: Hash of session, generation, message and commitment list, 32 bytes.
        partial: The partial signature.
        signature: The signer's identity signature over both, 64 bytes: a bad partial is evidence.

    """

    session: Session
    generation: Count
    round: Count
    attempt: Count
    list_hash: bytes
    partial: PartialBytes
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]


SigningMessage: TypeAlias = NonceRequest | NonceCommitment | SigningPackage | PartialSignature
"""What belongs to a signing session."""

Private: TypeAlias = (
    ShareEnvelope | ShareAck | NonceRequest | NonceCommitment | SigningPackage | PartialSignature
)


def private_kind(message: Private) -> str:
    """Return the label kind of a private message: its tag on the wire."""
    return str(message.__struct_config__.tag)
