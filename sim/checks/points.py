"""What counts, and what is spent: constants, verification shares, nonces, read again."""

from __future__ import annotations

from collections.abc import Iterator

from sim.checks.observation import Observation, title
from sim.checks.registry import Finding, check
from sim.checks.statements import statements
from sim.crypto import commitments
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Confirm, Sign, SignNonce
from sim.protocol.phases import Phase


@check
def constants_are_sound(observation: Observation) -> Iterator[Finding]:
    """Every deal that counts has the constant term that it must have, and none is the identity.

    [protocols, "Commitments in evaluation form"; "Reshare": V_0 equals the old verification share;
    "Refresh": V_0 is the identity, and only there.]
    """
    for state in observation.ceremonies:
        if state.ceremony.operation not in ("dkg", "rekey", "reshare", "refresh"):
            continue
        for dealer in state.qual:
            wrong = _wrong_constant(state, dealer)
            if wrong:
                name = state.dealer(dealer).name
                detail = f"{title(state)}: the deal of {name} counts, and its constant {wrong}"
                yield Finding(detail, observation.at_us(state.fixed_at), name)


def _wrong_constant(state: CeremonyState, dealer: int) -> str:
    ceremony, recorded = state.ceremony, state.deals.get(dealer)
    if recorded is None or recorded.deal is None:
        return "is unknown"
    group = get_group(ceremony.scheme)
    constant = commitments.form(ceremony.commitments).constant(recorded.deal.points)
    if ceremony.operation == "refresh":
        return "" if constant == group.identity else "isn't the identity"
    if ceremony.operation == "reshare":
        assert ceremony.base is not None
        pinned = ceremony.base.verification[dealer]
        return "" if constant == pinned else "isn't its old verification share"
    return "is the identity" if constant == group.identity else ""


@check
def verification_shares_are_sound(observation: Observation) -> Iterator[Finding]:
    """Every V_x of an active key is canonical, on the curve and in the prime-order group.

    [protocols, "Commitments in evaluation form": torsioned points pass algebraic tests by chance.]
    """
    for state in observation.ceremonies:
        if state.phase is not Phase.ACTIVE or state.ceremony.operation == "generate":
            continue
        group = get_group(state.ceremony.scheme)
        for x, point in enumerate(state.verification):
            try:
                group.validate(point)
            except PointError as error:
                detail = f"{title(state)}: V_{x} is no good point: {error}"
                yield Finding(detail, observation.at_us(state.fixed_at))


@check
def nonces_are_fresh(observation: Observation) -> Iterator[Finding]:
    """No honest signer commits to one pair of nonces twice on the ledger.

    [protocols, "Randomness, restarts, rewinds"; RFC 9591, Section 5.1: nonces are used once.]
    Two signatures with one pair give the share away.
    """
    names = {
        member.identity: observation.view(member)
        for state in observation.ceremonies
        for member in state.ceremony.members
    }
    seen: set[tuple[bytes, ...]] = set()
    for said in statements(observation):
        signer = names.get(said.principal)
        if signer is None or signer.corrupted:
            continue
        if not isinstance(said.statement, Confirm | Sign | SignNonce) or not said.statement.nonces:
            continue
        pair = (said.principal, *said.statement.nonces)
        if pair in seen:
            detail = f"{signer.name} committed to one pair of nonces twice"
            yield Finding(detail, observation.at_us(said.height), signer.name)
        seen.add(pair)
