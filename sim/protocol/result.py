"""QUAL, the key, the transcript, and the members' confirmations of it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sim.base.codec import decode_canonical, tuple_hash
from sim.base.errors import DecodeError
from sim.base.memo import memoised, verdict
from sim.crypto import schnorr
from sim.crypto.groups import get_group
from sim.crypto.signatures import NonceCommitments, get_signatures
from sim.protocol.ceremony import Ceremony
from sim.protocol.deals import parse_deal
from sim.protocol.entries import Entry, Rejected
from sim.protocol.feldman import proof_context
from sim.protocol.messages import Confirm
from sim.protocol.operations import making_of
from sim.protocol.state import Notes

CONFIRMATION = "K-chain/confirmation/v1"


def fix_qual(
    notes: Notes, height: int, verification_of: Callable[[tuple[int, ...]], tuple[bytes, ...]]
) -> tuple[str, str]:
    """Fix QUAL (in a reshare Q), the verification shares and the transcript at `height`.

    `verification_of` gives V_0..V_n of what dealers make together.

    Returns:
        ("", "") or the failure's (code, explanation).

    """
    if len(notes.running()) < notes.ceremony.needed:
        return "too-few-dealers", shortfall(notes)
    qual = making_of(notes.ceremony).qualified(notes.ceremony, notes.running())
    verification = verification_of(qual)
    base = notes.ceremony.base
    # The pins of V_0 make it so; whoever reads the ledger sees it from these bytes alone.
    assert base is None or verification[0] == base.verification[0], "the public key has changed"
    # An identity key is none; an identity V_i would be a share that everybody knows.
    if get_group(notes.ceremony.scheme).identity in verification:
        return "identity-key", "the deals in QUAL cancel out: the sum has an identity point"
    notes.qual, notes.verification, notes.fixed_at = qual, verification, height
    notes.transcript = tuple_hash(
        "K-chain/transcript/v1",
        *proof_context(notes.ceremony, notes.committee),
        notes.log,
        qual,
        notes.verification,
    )
    return "", ""


def shortfall(notes: Notes) -> str:
    """Say in words how many dealers are left, and what happened to each of the others."""
    ceremony = notes.ceremony
    running = len(notes.running())
    out = [f"{notes.dealer(dealer).name} ({why})" for dealer, why in sorted(notes.excluded.items())]
    deals = "valid deal" if running == 1 else "valid deals"
    return f"{running} {deals} of {ceremony.needed} needed; out: {', '.join(out)}"


def _about_shares(
    ceremony: Ceremony, qual: tuple[int, ...], deals: tuple[tuple[bytes, bytes], ...]
) -> tuple[Any, ...]:
    return ceremony.digest, qual, [(deal, sha256(body).digest()) for deal, body in deals]


@verdict(_about_shares)
def verification_shares(
    ceremony: Ceremony, qual: tuple[int, ...], deals: tuple[tuple[bytes, bytes], ...]
) -> tuple[bytes, ...]:
    """Return V_0..V_n from `qual` and the (id, body) of its deals, in the same order."""
    rows = []
    for _, body in deals:
        deal = parse_deal(body)
        assert deal is not None
        rows.append(deal.points)
    return making_of(ceremony).verification(ceremony, qual, rows)


def confirmation_context(
    ceremony: Ceremony, committee: bytes, member: int, transcript: bytes
) -> tuple[Any, ...]:
    """Return what a confirmation's proof is bound to."""
    return (*proof_context(ceremony, committee), member, transcript)


def record_confirm(notes: Notes, member: int, entry: Entry) -> None:
    """Take a member's confirmation: the first counts, another transcript is a fault."""
    try:
        confirm = decode_canonical(entry.body, Confirm)
    except DecodeError:
        raise Rejected("Malformed") from None
    seat = notes.ceremony.member(member)
    first = notes.confirms.get(member)
    if first is not None:
        if first.transcript == confirm.transcript:
            raise Rejected("Duplicate")
        evidence = notes.confirm_raw[member], entry.raw
        notes.blame(seat, "contradictory-confirmation", entry.height, *evidence)
        return
    notes.confirms[member] = confirm
    notes.confirm_raw[member] = entry.raw
    if confirm.transcript != notes.transcript:
        notes.blame(seat, "inconsistent-confirmation", entry.height, entry.raw)
    elif not confirmation_holds(
        notes.ceremony, notes.committee, member, notes.verification[member], confirm
    ):
        notes.blame(seat, "bad-confirmation", entry.height, entry.raw)
    else:
        notes.confirmed[member] = entry.height
        notes.nonces[member] = confirm.nonces


@verdict(lambda ceremony, *rest: (ceremony.digest, *rest))
def confirmation_holds(
    ceremony: Ceremony, committee: bytes, member: int, public_share: bytes, confirm: Confirm
) -> bool:
    """Say whether a confirmation proves the share behind V_i and carries usable nonces."""
    if ceremony.signs:
        if not usable_nonces(ceremony.scheme, confirm.nonces):
            return False
    elif confirm.nonces:
        return False
    try:
        schnorr.verify(
            get_group(ceremony.scheme),
            public_share,
            confirm.proof,
            CONFIRMATION,
            *confirmation_context(ceremony, committee, member, confirm.transcript),
        )
    except schnorr.ProofError:
        return False
    return True


@memoised
def usable_nonces(scheme: str, nonces: NonceCommitments) -> bool:
    """Say whether nonce commitments may be signed with: of the right number, and valid points."""
    return get_signatures(scheme).usable(nonces)
