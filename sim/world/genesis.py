"""Who exists before the first block: identities, the chain's genesis, and the owner of keys.

Everything is drawn from the run's seed under labels, so that every process makes the same.
"""

from __future__ import annotations

import dataclasses

from sim.base.codec import encode
from sim.base.randomness import stream
from sim.crypto.identity import SEED_SIZE, Identity
from sim.kchain.genesis import Genesis, Validator
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.transactions import CREATE_KEY, ByStake, CreateKey, Policy, sign_transaction
from sim.scenario.plan import KeyPlan, Plan


def chain_id(plan: Plan) -> str:
    """Return the chain's id, part of every signature."""
    return f"kchain-sim/{plan.name}"


def identity_of(plan: Plan, validator: int) -> Identity:
    """Return the long-lived signing key of a validator, by its registry position."""
    name = plan.validators[validator].name
    return Identity(stream(plan.seed, "identity", "validator", name).bytes(SEED_SIZE))


def owner_of(plan: Plan) -> Identity:
    """Return the one principal that may create keys."""
    return Identity(stream(plan.seed, "identity", "owner").bytes(SEED_SIZE))


def make_genesis(plan: Plan) -> Genesis:
    """Return what block 0 stands for."""
    ledger = plan.ledger
    names = [field.name for field in dataclasses.fields(PhaseLengths)]
    return Genesis(
        chain=chain_id(plan),
        time_us=ledger.genesis_time_us,
        block_time_us=ledger.block_time_us,
        epoch_heights=ledger.epoch_heights,
        finality=ledger.finality,
        block_max=ledger.block_max,
        phases=PhaseLengths(**{name: getattr(ledger.phases, name) for name in names}),
        validators=tuple(
            Validator(validator.name, identity_of(plan, index).public, index, stake=validator.stake)
            for index, validator in enumerate(plan.validators)
            if not validator.standby
        ),
        authorised=(owner_of(plan).public,),
        transport=plan.transport.keys,
    )


class Owner:
    """The principal that asks for keys. It is no validator: it has no link that could delay it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._identity = owner_of(plan)
        self._keys = {key.name: key for key in plan.keys}
        self.nonce = 0
        """How many transactions it has signed."""

    @property
    def public(self) -> bytes:
        """Its account, 32 bytes."""
        return self._identity.public

    def create_key(self, name: str) -> bytes:
        """Sign the next transaction: CreateKey for the plan's key `name`."""
        self.nonce += 1
        payload = encode(self._request(self._keys[name]))
        return sign_transaction(
            self._identity.sign,
            chain_id(self._plan),
            CREATE_KEY,
            self._identity.public,
            self.nonce,
            payload,
        )

    def _request(self, key: KeyPlan) -> CreateKey:
        names = tuple(self._plan.validators[member].name for member in key.committee)
        return CreateKey(
            key=key.name,
            scheme=key.scheme,
            threshold=key.threshold,
            faults=key.faults,
            committee=names if key.drawn is None else ByStake(key.drawn),
            policy=Policy(key.policy.max_signings_per_epoch, key.policy.contexts),
            attempts=key.attempts,
            retry_after=key.retry_after,
            justifications=key.justifications,
            commitments=key.commitments,
        )
