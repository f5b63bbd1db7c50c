"""Behaviours with the confirmation of a result; numbers are those of the catalogue of faults."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator

import msgspec

from sim.adversary.registry import Corruption, Occasion, behaviour
from sim.base.ids import ShareIndex
from sim.base.secret import SecretScalar
from sim.crypto import schnorr
from sim.protocol.ceremony import Ceremony
from sim.protocol.deals import committee_digest
from sim.protocol.effects import Post
from sim.protocol.messages import Confirm
from sim.protocol.result import CONFIRMATION, confirmation_context


@behaviour()
def duplicate_commit(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Confirm the same result twice (55). Applies to a member's confirmation.

    Expected: the first counts; the second is rejected, Duplicate, which is no fault.
    """
    yield effect
    match effect:
        case Post(Confirm()):
            yield effect
        case _:
            pass


@behaviour()
def inconsistent_result(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Confirm another result (56). Applies to a member's confirmation.

    Expected: inconsistent-confirmation, proven by the signed confirmation; it doesn't count, and
    the key is activated while the quorum of the others confirm.
    """
    match effect:
        case Post(Confirm() as confirm):
            yield Post(_of_another_result(confirm))
        case _:
            yield effect


@behaviour()
def contradictory_confirmation(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Confirm the result, and then another one (39). Applies to a member's confirmation.

    Expected: contradictory-confirmation, proven by the two; the first one counts.
    """
    yield effect
    match effect:
        case Post(Confirm() as confirm):
            yield Post(_of_another_result(confirm))
        case _:
            pass


def _of_another_result(confirm: Confirm) -> Confirm:
    other = hashlib.sha256(confirm.transcript).digest()
    return msgspec.structs.replace(confirm, transcript=other)


@behaviour()
def withhold_confirmation(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Never confirm (53). Applies to a member.

    Expected: activation without it while at least the quorum of the others confirm; else the
    attempt fails, too-few-confirmations, and a rotation leaves the old generation as it was.
    """
    match effect:
        case Post(Confirm()):
            return
        case _:
            yield effect


@behaviour()
def off_polynomial_share(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Use a share that is off the polynomial (77). Applies to a member's confirmation.

    Expected: bad-confirmation, proven: the ledger has the verification share that it must fit. The
    member neither counts nor signs, and the key is activated while the others suffice.
    """
    state, held = corruption.state, corruption.share_of(corruption.ceremony.generation)
    match effect:
        case Post(Confirm() as confirm) if held is not None:
            wrong = held[1].reveal() + 1
            proof = _proof(corruption, wrong, corruption.ceremony, state.committee)
            yield Post(msgspec.structs.replace(confirm, proof=proof))
        case _:
            yield effect


@behaviour(operations=["dkg", "rekey", "reshare", "refresh"])
def index_map_mismatch(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Leave one of the others out when numbering the members (78). Applies to a confirmation.

    Expected: bad-confirmation, proven: every proof is bound to the digest of the ordered committee,
    so that another numbering can't pass for this one.
    """
    state, held = corruption.state, corruption.share_of(corruption.ceremony.generation)
    match effect:
        case Post(Confirm() as confirm) if held is not None and corruption.others:
            compact = _compact(corruption)
            committee = committee_digest(compact, state.transport)
            proof = _proof(corruption, held[1].reveal(), compact, committee)
            yield Post(msgspec.structs.replace(confirm, proof=proof))
        case _:
            yield effect


def _compact(corruption: Corruption) -> Ceremony:
    """Return the attempt without one of the others, and the members after it one index lower."""
    gone = corruption.others[0].index
    members = tuple(
        dataclasses.replace(member, index=ShareIndex(index))
        for index, member in enumerate(
            (member for member in corruption.ceremony.members if member.index != gone), start=1
        )
    )
    return dataclasses.replace(corruption.ceremony, members=members)


def _proof(corruption: Corruption, share: int, ceremony: Ceremony, committee: bytes) -> bytes:
    """Prove `share` for the member's V_i, in an attempt and committee that may be made up."""
    me = ceremony.by_validator[corruption.me.validator].index
    return schnorr.prove(
        corruption.group,
        SecretScalar(share % corruption.group.order),
        corruption.state.verification[corruption.holder],
        corruption.scalar("confirmation"),
        CONFIRMATION,
        *confirmation_context(ceremony, committee, me, corruption.state.transcript),
    )
