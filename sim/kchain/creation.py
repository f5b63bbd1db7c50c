"""CreateKey: a name is taken, a committee found, and its first attempt opened."""

from __future__ import annotations

from sim.crypto import verification
from sim.kchain.attempts import begin
from sim.kchain.committees import committee_of, members
from sim.kchain.draft import Draft
from sim.kchain.partitions import check_creation
from sim.kchain.payloads import decoded
from sim.kchain.records import FIRST_ERA, Key
from sim.kchain.rotation import Rotation
from sim.protocol import variants
from sim.protocol.ceremony import PEDERSEN, Ceremony
from sim.protocol.entries import Rejected
from sim.protocol.requests import CreateKey, InPartition
from sim.protocol.transactions import Transaction


def create_key(draft: Draft, transaction: Transaction) -> None:
    """Take a name and open the first attempt: announce begins at the next height.

    Raises:
        Rejected: Unauthorized, Malformed, UnknownScheme, UnknownProtocol, KeyExists, NotShareable,
            UnknownValidator, NotActive, InvalidCommittee, PoolTooSmall, InvalidThreshold,
            InvalidPolicy for a quorum that the committee can't reach, or of a partition as
            `partitions.check_creation` and `partitions.seat`.

    """
    genesis = draft.genesis
    if transaction.principal not in genesis.authorised:
        raise Rejected("Unauthorized")
    request = decoded(transaction, CreateKey)
    if request.scheme not in (*verification.SCHEMES, *verification.SINGLE_PARTY):
        raise Rejected("UnknownScheme")
    if not variants.takes(request.protocol, request.commitments):
        raise Rejected("UnknownProtocol")
    if request.key in draft.keys:
        raise Rejected("KeyExists")
    if isinstance(request.committee, InPartition):
        check_creation(draft, request, request.committee, transaction.principal)
    chosen = committee_of(draft, request.key, request.committee, request.policy)
    committee = members(draft.registry, chosen.names)
    size = len(committee)
    if not 1 <= request.threshold <= size or not 0 <= request.faults <= size - request.threshold:
        raise Rejected("InvalidThreshold")
    if request.policy.quorum > size:
        raise Rejected("InvalidPolicy")
    _check_shareable(request, size)
    single = request.scheme in verification.SINGLE_PARTY
    ceremony = Ceremony(
        chain=genesis.chain,
        key=request.key,
        era=FIRST_ERA,
        generation=0,
        attempt=1,
        scheme=request.scheme,
        threshold=request.threshold,
        faults=request.faults,
        members=committee,
        start=draft.height + 1,
        lengths=genesis.phases,
        justifications=request.justifications,
        commitments=request.commitments,
        operation="generate" if single else "dkg",
        transport=genesis.transport,
        protocol=request.protocol,
        complaints=request.complaints,
    )
    chosen.record(draft)
    key = Key(request, transaction.principal, draft.height, request.committee)
    asked = Rotation(ceremony.operation, "create", draft.height, FIRST_ERA, 0)
    begin(draft, key, asked, ceremony)


def _check_shareable(request: CreateKey, size: int) -> None:
    """Refuse what no linear sharing exists for, and rules that could never be followed.

    A share of a key with t = 1 is the key itself: adding a zero to it renews nothing.
    """
    rules = request.rotation
    refreshes = "policy-violation" in rules.on or rules.every or rules.max_age
    single = request.scheme in verification.SINGLE_PARTY
    dealt = request.protocol != PEDERSEN or request.complaints != "dispute"
    if single and (size > 1 or rules.on or refreshes or dealt):
        raise Rejected("NotShareable")
    if request.threshold == 1 and refreshes:
        raise Rejected("NotShareable")
