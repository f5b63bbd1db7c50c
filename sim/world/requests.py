"""What principals ask of the chain: a timeline entry, as the payloads of transactions.

`joins` and `leaves` are relative to the committee that the chain has when the request arrives, so a
payload is made from the chain's state at that time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from sim.base.codec import encode
from sim.kchain.state import ChainState
from sim.protocol import requests as tx
from sim.scenario.plan import ActionPlan, KeyPlan, Plan, PolicyPlan, RotatePlan


class Request(NamedTuple):
    """What a principal is about to sign: a kind of transaction, and its encoded payload."""

    kind: str
    payload: bytes


class Directory(NamedTuple):
    """Who is who, for requests that name them.

    Attributes:
        plan: The run's plan; a validator's position in it is its address.
        principals: Public keys by name.

    """

    plan: Plan
    principals: Mapping[str, bytes]

    def names(self, positions: Sequence[int]) -> tuple[str, ...]:
        """Return the names of validators, in the order of their addresses."""
        return tuple(self.plan.validators[position].name for position in sorted(positions))

    def keys(self, names: Sequence[str]) -> tuple[bytes, ...]:
        """Return the public keys of principals."""
        return tuple(self.principals[name] for name in names)


def requests_of(action: ActionPlan, directory: Directory, state: ChainState) -> list[Request]:
    """Return what the entry `action`, one of `ASKED`, asks of a chain that is in `state`."""
    return [
        Request(kind, encode(payload))
        for kind, payload in _MAKERS[action.do](action, directory, state)
    ]


def policy_of(plan: PolicyPlan, directory: Directory) -> tx.Policy:
    """Return a key's policy as the chain keeps it; virtual time becomes Unix time."""
    genesis_us = directory.plan.ledger.genesis_time_us
    return tx.Policy(
        max_signings_per_epoch=plan.max_signings_per_epoch,
        contexts=plan.contexts,
        admins=directory.keys(plan.admins),
        principals=directory.keys(plan.principals),
        expires_us=None if plan.expires_us is None else genesis_us + plan.expires_us,
        quorum=plan.quorum,
    )


def rules_of(plan: RotatePlan) -> tx.RotationRules:
    """Return when the chain rotates a key by itself."""
    return tx.RotationRules(plan.on, plan.every, plan.max_age)


Payloads = list[tuple[str, msgspec.Struct]]
Maker = Callable[[ActionPlan, Directory, ChainState], Payloads]


def _create_key(action: ActionPlan, directory: Directory, _state: ChainState) -> Payloads:
    key = _declared(action.key, directory)
    request = tx.CreateKey(
        key=key.name,
        scheme=key.scheme,
        threshold=key.threshold,
        faults=key.faults,
        committee=_seats(key, directory),
        policy=policy_of(key.policy, directory),
        attempts=key.attempts,
        retry_after=key.retry_after,
        justifications=key.justifications,
        commitments=key.commitments,
        rotation=rules_of(key.rotate),
        protocol=key.protocol,
        complaints=key.complaints,
    )
    return [(tx.CREATE_KEY, request)]


def _seats(key: KeyPlan, directory: Directory) -> tuple[str, ...] | tx.ByStake | tx.InPartition:
    """Return the committee that a key is created with."""
    if key.drawn is None:
        return directory.names(key.committee)
    if key.partition is None:
        return tx.ByStake(key.drawn)
    return _place(key, 0, key.drawn)


def _place(key: KeyPlan, number: int, size: int) -> tx.InPartition:
    """Return a key's place in round `number` of its partition."""
    assert key.partition is not None, key.name
    return tx.InPartition(
        key.partition.name, number, key.partition.place, key.partition.count, size
    )


def _repartitioned(action: ActionPlan, directory: Directory, state: ChainState) -> tx.InPartition:
    """Return a key's place in the round that comes next, or in the newest, as the entry says.

    Who asks has read the chain: all keys that one entry is about name the same round.
    """
    key = _declared(action.key, directory)
    assert key.partition is not None, key.name
    assert action.drawn is not None, action.id
    newest = state.partitions.get(key.partition.name)
    if newest is None:
        return _place(key, 0, action.drawn)
    if action.repartition == "newest":
        return _place(key, newest.round, len(newest.committees[0]))
    return _place(key, newest.round + 1, action.drawn)


def _declared(name: str, directory: Directory) -> KeyPlan:
    return next(key for key in directory.plan.keys if key.name == name)


def _rotation(
    action: ActionPlan,
    directory: Directory,
    state: ChainState,
    operation: Literal["reshare", "refresh", "repair", "rekey"],
    reason: Literal["manual", "emergency"] = "manual",
) -> tx.RotateKey:
    shaped = operation in ("reshare", "rekey")
    target = directory.names(action.nodes)[0] if operation == "repair" else ""
    return tx.RotateKey(
        key=action.key,
        operation=operation,
        reason=reason,
        committee=_committee(action, directory, state) if shaped else None,
        threshold=action.threshold if shaped else 0,
        faults=action.faults if shaped else None,
        target=target,
    )


def _committee(
    action: ActionPlan, directory: Directory, state: ChainState
) -> tuple[str, ...] | tx.ByStake | tx.InPartition | None:
    """Return the new committee; None keeps the present one."""
    if action.repartition is not None:
        return _repartitioned(action, directory, state)
    if action.drawn is not None:
        return tx.ByStake(action.drawn)
    if action.committee is not None:
        return directory.names(action.committee)
    if not (action.joins or action.leaves):
        return None
    present = set(committee_of(action.key, directory, state))
    positions = {v.name: position for position, v in enumerate(directory.plan.validators)}
    members = {positions[name] for name in present} | set(action.joins)
    return directory.names(sorted(members - set(action.leaves)))


def committee_of(key: str, directory: Directory, state: ChainState) -> tuple[str, ...]:
    """Return the committee that `key` has in `state`: of its active generation, if it has one."""
    record = state.record(key)
    if record is not None:
        return record.committee
    declared = _declared(key, directory)
    return directory.names(declared.committee)


def _rotate(action: ActionPlan, directory: Directory, state: ChainState) -> Payloads:
    named = action.committee is not None or action.drawn is not None or action.threshold
    operation: Literal["reshare", "refresh"] = (
        "reshare" if named or action.joins or action.leaves else "refresh"
    )
    return [(tx.ROTATE_KEY, _rotation(action, directory, state, operation))]


def _plainly(operation: Literal["reshare", "refresh", "repair", "rekey"]) -> Maker:
    def make(action: ActionPlan, directory: Directory, state: ChainState) -> Payloads:
        return [(tx.ROTATE_KEY, _rotation(action, directory, state, operation))]

    return make


def _emergency(action: ActionPlan, directory: Directory, state: ChainState) -> Payloads:
    """Reshare at once; to a committee drawn anew unless the entry says who leaves or stays."""
    if action.committee is None and action.drawn is None and not (action.joins or action.leaves):
        declared = _declared(action.key, directory)
        size = len(committee_of(action.key, directory, state)) or declared.size
        anew = None if declared.partition is None else "anew"
        action = msgspec.structs.replace(action, drawn=size, repartition=anew)
    return [(tx.ROTATE_KEY, _rotation(action, directory, state, "reshare", "emergency"))]


def _sign(action: ActionPlan, _directory: Directory, _state: ChainState) -> Payloads:
    return [
        (tx.REQUEST_SIGN, tx.RequestSign(action.key, action.id, action.context, action.message))
    ]


def _set_policy(action: ActionPlan, directory: Directory, _state: ChainState) -> Payloads:
    policy = policy_of(action.policy or PolicyPlan(), directory)
    return [(tx.SET_POLICY, tx.SetPolicy(action.key, policy))]


def _authorize(action: ActionPlan, directory: Directory, _state: ChainState) -> Payloads:
    account = directory.principals[action.principal]
    return [(tx.AUTHORIZE, tx.Authorize(action.key, account, action.role))]


def _revoke(action: ActionPlan, directory: Directory, _state: ChainState) -> Payloads:
    return [(tx.REVOKE, tx.Revoke(action.key, directory.principals[action.principal]))]


def _rollback(action: ActionPlan, _directory: Directory, _state: ChainState) -> Payloads:
    return [(tx.ROLLBACK, tx.Rollback(action.key))]


def _retire(action: ActionPlan, _directory: Directory, _state: ChainState) -> Payloads:
    return [(tx.RETIRE_KEY, tx.RetireKey(action.key))]


def _evict(action: ActionPlan, directory: Directory, _state: ChainState) -> Payloads:
    return [(tx.EVICT, tx.Evict(name)) for name in directory.names(action.nodes)]


_MAKERS: Final[dict[str, Maker]] = {
    "create-key": _create_key,
    "sign": _sign,
    "rotate": _rotate,
    "reshare": _plainly("reshare"),
    "refresh": _plainly("refresh"),
    "repair": _plainly("repair"),
    "rekey": _plainly("rekey"),
    "emergency": _emergency,
    "rollback": _rollback,
    "retire": _retire,
    "set-policy": _set_policy,
    "authorize": _authorize,
    "revoke": _revoke,
    "evict": _evict,
}

ASKED: Final = frozenset(_MAKERS)
"""Actions by which a principal asks the chain for something."""
