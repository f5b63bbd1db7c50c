"""The committee's first signature: it activates the key, over the ledger.

By the first t confirmers that nothing has excluded. In FROST every confirmer has a pair of nonce
commitments on the ledger; a set's list of pairs is frozen when the set begins, and a partial comes
with a fresh pair, so that no pair ever meets two lists: two honest tries with one pair would give
the share away. BLS has no nonces: its lists say who is in the set, and nothing more.
"""

from __future__ import annotations

from sim.base.codec import decode_canonical, encode, tuple_hash
from sim.base.errors import DecodeError
from sim.base.memo import memoised
from sim.crypto import verification
from sim.crypto.signatures import CommitmentList, PartialError, get_signatures
from sim.protocol.deals import base_digest
from sim.protocol.entries import Entry, Rejected
from sim.protocol.messages import Sign, SignNonce
from sim.protocol.result import usable_nonces
from sim.protocol.state import Notes

ACTIVATE = "K-chain/activate/v1"


def activation_message(notes: Notes, confirm_end: int) -> bytes:
    """Return what the committee signs: the prefix, then everything that the key came from.

    In a rotation the lists have the old generation's entry first.
    """
    ceremony = notes.ceremony
    base = ceremony.base
    committees, generations, thresholds = [], [], []
    if base is not None:
        committees.append(base_digest(base))
        generations.append(base.generation)
        thresholds.append(base.threshold)
    return ACTIVATE.encode() + encode(
        {
            "attempt": ceremony.attempt,
            "chain": ceremony.chain,
            "committees": [*committees, notes.committee],
            "confirm_end": confirm_end,
            "era": ceremony.era,
            "generations": [*generations, ceremony.generation],
            "key": ceremony.key,
            "operation": ceremony.operation,
            "public_key": notes.public_key,
            "qual": notes.qual,
            "scheme": ceremony.scheme,
            "thresholds": [*thresholds, ceremony.threshold],
            "transcript": notes.transcript,
            "verification": notes.verification,
        }
    )


def list_hash(session: bytes, generation: int, message: bytes, pairs: CommitmentList) -> bytes:
    """Hash what a partial signature belongs to, 32 bytes."""
    return tuple_hash("K-chain/commitment-list/v1", session, generation, message, pairs)


def set_hash(notes: Notes) -> bytes:
    """Return the list hash of the current signing set."""
    ceremony = notes.ceremony
    return list_hash(
        ceremony.session, ceremony.generation, notes.activation_message, notes.commitment_list
    )


def next_set(notes: Notes) -> bool:
    """Freeze the next signing set; False when fewer than t confirmers are left."""
    ready = [member for member in sorted(notes.confirmed) if member not in notes.unsigning]
    if len(ready) < notes.ceremony.threshold:
        return False
    notes.signing_set = tuple(ready[: notes.ceremony.threshold])
    scheme = get_signatures(notes.ceremony.scheme)
    notes.commitment_list = tuple(
        scheme.entry(member, notes.nonces[member]) for member in notes.signing_set
    )
    notes.lists.append(notes.commitment_list)
    notes.partials = {}
    notes.posted_partials = set()
    return True


def record_sign(notes: Notes, member: int, entry: Entry) -> None:
    """Take a partial signature of the current set; a bad one over the same list is proof."""
    if member not in notes.signing_set:
        raise Rejected("NotInSet")
    if member in notes.posted_partials:
        raise Rejected("Duplicate")
    try:
        sign = decode_canonical(entry.body, Sign)
    except DecodeError:
        raise Rejected("Malformed") from None
    if sign.list_hash != set_hash(notes):
        raise Rejected("OtherList")
    notes.posted_partials.add(member)
    if not partial_holds(
        notes.ceremony.scheme,
        notes.public_key,
        notes.verification[member],
        member,
        notes.activation_message,
        notes.commitment_list,
        sign.partial,
    ):
        notes.unsigning[member] = "bad-partial"
        notes.blame(notes.ceremony.member(member), "bad-partial", entry.height, entry.raw)
        return
    notes.partials[member] = sign.partial
    if usable_nonces(notes.ceremony.scheme, sign.nonces):
        notes.nonces[member] = sign.nonces
    else:
        notes.unsigning[member] = "bad-nonces"


@memoised
def partial_holds(
    scheme: str,
    public_key: bytes,
    public_share: bytes,
    member: int,
    message: bytes,
    pairs: CommitmentList,
    partial: bytes,
) -> bool:
    """Say whether a partial signature is valid for this message and list."""
    try:
        get_signatures(scheme).verify_partial(
            public_key, public_share, member, partial, message, pairs
        )
    except PartialError:
        return False
    return True


def record_sign_nonce(notes: Notes, member: int, entry: Entry) -> None:
    """Take a restarted confirmer's fresh pair; it counts from the next set on."""
    if not get_signatures(notes.ceremony.scheme).uses_nonces:
        raise Rejected("NoNonces")
    if member not in notes.confirmed or member in notes.unsigning:
        raise Rejected("NotASigner")
    try:
        fresh = decode_canonical(entry.body, SignNonce)
    except DecodeError:
        raise Rejected("Malformed") from None
    if not usable_nonces(notes.ceremony.scheme, fresh.nonces):
        raise Rejected("Malformed")
    notes.nonces[member] = fresh.nonces


def close_set(notes: Notes) -> bool:
    """At the end of a set: aggregate if every partial is good; else exclude who gave none."""
    missing = [member for member in notes.signing_set if member not in notes.partials]
    for member in missing:
        notes.unsigning.setdefault(member, "no-partial")
    if missing:
        return False
    scheme, message = notes.ceremony.scheme, notes.activation_message
    signature = get_signatures(scheme).aggregate(
        notes.public_key,
        message,
        notes.commitment_list,
        [notes.partials[member] for member in notes.signing_set],
    )
    # Every partial was checked, so the sum verifies; anything else is a bug here.
    # Every partial fits its verification share, so only wrong verification shares spoil the sum.
    verifies = verification.verify(scheme, notes.public_key, message, signature)
    assert verifies, "good partials don't make a signature"
    notes.activation_signature = signature
    return True
