"""Who may do what with a key: its policy, and the transactions that change it.

The owner may always do everything with its key. Admins may change the policy, rotate and retire the
key; they and the policy's principals (without any: whom genesis authorises) may ask for signatures.
From the policy's expiry on nobody may do anything but the owner.
"""

from __future__ import annotations

import msgspec

from sim.kchain.draft import Draft
from sim.kchain.genesis import Genesis
from sim.kchain.payloads import decoded
from sim.kchain.records import Key, KeyRecord
from sim.protocol.entries import Rejected
from sim.protocol.requests import (
    Authorize,
    Policy,
    RequestSign,
    Revoke,
    SetPolicy,
)
from sim.protocol.signing_events import VIOLATION
from sim.protocol.signing_task import PROTOCOLS, RESERVED
from sim.protocol.transactions import Transaction


def key_in_use(draft: Draft, name: str) -> tuple[Key, KeyRecord]:
    """Return a key that has a record and isn't retired.

    Raises:
        Rejected: KeyNotFound, KeyNotActive or KeyRetired.

    """
    key = draft.keys.get(name)
    if key is None:
        raise Rejected("KeyNotFound")
    if key.record is None:
        raise Rejected("KeyNotActive")
    if key.record.status == "Retired":
        raise Rejected("KeyRetired")
    return key, key.record


def require_manager(key: Key, policy: Policy, principal: bytes, time_us: int) -> None:
    """Let the owner through, and admins until the policy expires.

    Raises:
        Rejected: Unauthorized or PolicyExpired.

    """
    if principal == key.owner:
        return
    if principal not in policy.admins:
        raise Rejected("Unauthorized")
    _refuse_expired(policy, time_us)


def require_requester(
    genesis: Genesis, key: Key, policy: Policy, principal: bytes, time_us: int
) -> None:
    """Let through whoever may ask for signatures of a key.

    Raises:
        Rejected: Unauthorized or PolicyExpired.

    """
    if principal == key.owner:
        return
    if principal not in {*policy.admins, *(policy.principals or genesis.authorised)}:
        raise Rejected("Unauthorized")
    _refuse_expired(policy, time_us)


def _refuse_expired(policy: Policy, time_us: int) -> None:
    if policy.expires_us is not None and time_us >= policy.expires_us:
        raise Rejected("PolicyExpired")


def check_request(draft: Draft, principal: bytes, request: RequestSign) -> tuple[Key, KeyRecord]:
    """Hold a request for a signature against everything that the key's policy says.

    Returns:
        The key and its record.

    Raises:
        Rejected: As `key_in_use` and `require_requester`; SignsNothing for keys of a scheme
            without signatures; PolicyViolation for a context that isn't allowed, more signings in
            an epoch than are, or a message that belongs to the chain.

    """
    key, record = key_in_use(draft, request.key)
    policy = record.policy
    if record.scheme not in PROTOCOLS:
        raise Rejected("SignsNothing")
    require_requester(draft.genesis, key, policy, principal, draft.time_us)
    if policy.contexts and request.context not in policy.contexts:
        raise Rejected(VIOLATION)
    limit = policy.max_signings_per_epoch
    if limit is not None and signings(key, draft.before.epoch(draft.height)) >= limit:
        raise Rejected(VIOLATION)
    if request.message.startswith(RESERVED):
        raise Rejected(VIOLATION)
    return key, record


def signings(key: Key, epoch: int) -> int:
    """Return how many requests were let through in `epoch`."""
    return key.signings if key.signings_epoch == epoch else 0


def set_policy(draft: Draft, transaction: Transaction) -> None:
    """Replace a key's policy.

    Raises:
        Rejected: Malformed, InvalidPolicy for a quorum that the committee can't reach, or as
            `key_in_use` and `require_manager`.

    """
    wish = decoded(transaction, SetPolicy)
    key, record = _managed(draft, wish.key, transaction.principal)
    if wish.policy.quorum > record.threshold[1]:
        raise Rejected("InvalidPolicy")
    _write(draft, key, record, wish.policy)


def authorize(draft: Draft, transaction: Transaction) -> None:
    """Add an admin or a principal.

    Raises:
        Rejected: Malformed, AlreadyAuthorized, or as `key_in_use` and `require_manager`.

    """
    wish = decoded(transaction, Authorize)
    key, record = _managed(draft, wish.key, transaction.principal)
    policy = record.policy
    present = policy.admins if wish.role == "admin" else policy.principals
    if wish.principal in (key.owner, *present):
        raise Rejected("AlreadyAuthorized")
    added = (*present, wish.principal)
    if wish.role == "admin":
        policy = msgspec.structs.replace(policy, admins=added)
    else:
        policy = msgspec.structs.replace(policy, principals=added)
    _write(draft, key, record, policy)


def revoke(draft: Draft, transaction: Transaction) -> None:
    """Take a principal out of both roles.

    Raises:
        Rejected: Malformed, OwnerStays, PrincipalNotFound, LastPrincipal (without any, everybody
            whom genesis authorises could ask), or as `key_in_use` and `require_manager`.

    """
    wish = decoded(transaction, Revoke)
    key, record = _managed(draft, wish.key, transaction.principal)
    policy, out = record.policy, wish.principal
    if out == key.owner:
        raise Rejected("OwnerStays")
    if out not in {*policy.admins, *policy.principals}:
        raise Rejected("PrincipalNotFound")
    admins, principals = (
        tuple(who for who in whom if who != out) for whom in (policy.admins, policy.principals)
    )
    if policy.principals and not principals:
        raise Rejected("LastPrincipal")
    _write(
        draft, key, record, msgspec.structs.replace(policy, admins=admins, principals=principals)
    )


def _managed(draft: Draft, name: str, principal: bytes) -> tuple[Key, KeyRecord]:
    key, record = key_in_use(draft, name)
    require_manager(key, record.policy, principal, draft.time_us)
    return key, record


def _write(draft: Draft, key: Key, record: KeyRecord, policy: Policy) -> None:
    changed = msgspec.structs.replace(record, policy=policy)
    draft.set_key(msgspec.structs.replace(key, record=changed))
