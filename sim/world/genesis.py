"""Who exists before the first block: identities, transport keys, and the chain's genesis.

Everything is drawn from the run's seed under labels, so that every process makes the same.
"""

from __future__ import annotations

import dataclasses

from sim.base.randomness import stream
from sim.base.secret import SecretBytes
from sim.crypto.identity import SEED_SIZE, Identity
from sim.crypto.sealing import SEEDS_SIZE, TransportKey
from sim.kchain.genesis import Genesis, Validator
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.requests import Register
from sim.scenario.plan import Plan
from sim.world.principals import authorised_keys
from sim.world.vaults import fingerprint_of


def chain_id(plan: Plan) -> str:
    """Return the chain's id, part of every signature."""
    return f"kchain-sim/{plan.name}"


def identity_of(plan: Plan, validator: int) -> Identity:
    """Return the long-lived signing key of a validator, by its registry position."""
    name = plan.validators[validator].name
    return Identity(stream(plan.seed, "identity", "validator", name).bytes(SEED_SIZE))


def transport_seeds_of(plan: Plan, validator: int) -> SecretBytes:
    """Return the seeds of a validator's long-lived transport key, 96 bytes."""
    name = plan.validators[validator].name
    return SecretBytes(stream(plan.seed, "transport", "validator", name).bytes(SEEDS_SIZE))


def registration_of(plan: Plan, validator: int) -> Register:
    """Return what a validator registers with; its address is its position in the plan."""
    declared = plan.validators[validator]
    return Register(
        name=declared.name,
        address=validator,
        transport=TransportKey.from_seeds(transport_seeds_of(plan, validator)).public,
        at_rest=fingerprint_of(plan, validator),
        stake=declared.stake,
    )


def make_genesis(plan: Plan) -> Genesis:
    """Return what block 0 stands for: every validator but those that only join later."""
    ledger = plan.ledger
    names = [field.name for field in dataclasses.fields(PhaseLengths)]
    present = [index for index, declared in enumerate(plan.validators) if not declared.standby]
    return Genesis(
        chain=chain_id(plan),
        time_us=ledger.genesis_time_us,
        block_time_us=ledger.block_time_us,
        epoch_heights=ledger.epoch_heights,
        finality=ledger.finality,
        block_max=ledger.block_max,
        phases=PhaseLengths(**{name: getattr(ledger.phases, name) for name in names}),
        validators=tuple(_validator(plan, index) for index in present),
        authorised=authorised_keys(plan),
        transport=plan.transport.keys,
    )


def _validator(plan: Plan, index: int) -> Validator:
    entry = registration_of(plan, index)
    return Validator(
        name=entry.name,
        identity=identity_of(plan, index).public,
        address=entry.address,
        transport=entry.transport,
        at_rest=entry.at_rest,
        stake=entry.stake,
    )
