"""Who exists before the first block: identities, and the chain's genesis.

Everything is drawn from the run's seed under labels, so that every process makes the same.
"""

from __future__ import annotations

import dataclasses

from sim.base.randomness import stream
from sim.crypto.identity import SEED_SIZE, Identity
from sim.kchain.genesis import Genesis, Validator
from sim.protocol.ceremony import PhaseLengths
from sim.scenario.plan import Plan
from sim.world.principals import authorised_keys


def chain_id(plan: Plan) -> str:
    """Return the chain's id, part of every signature."""
    return f"kchain-sim/{plan.name}"


def identity_of(plan: Plan, validator: int) -> Identity:
    """Return the long-lived signing key of a validator, by its registry position."""
    name = plan.validators[validator].name
    return Identity(stream(plan.seed, "identity", "validator", name).bytes(SEED_SIZE))


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
            Validator(validator.name, identity_of(plan, index).public)
            for index, validator in enumerate(plan.validators)
        ),
        authorised=authorised_keys(plan),
        stakes=_stakes(plan),
    )


def _stakes(plan: Plan) -> tuple[int, ...]:
    """Return the stakes; none if all are 1, which genesis needn't say."""
    stakes = tuple(validator.stake for validator in plan.validators)
    return () if set(stakes) == {1} else stakes
