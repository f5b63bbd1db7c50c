"""Committees that are asked for by size: the chain draws them, and records how.

What is modelled of a seed's inputs: the registry is the signer set, and the height of the epoch
boundary that last changed it stands for the P-chain height at which it was read; consensus is
idealised, so a block is final `finality` heights later.

The rule takes the choice from whoever proposes the block with the request. It leaves some to the
owner, who picks the block in which to ask and can know the one before; and to whoever wrote the
last transaction into that one, if it knew that the request would follow. Draws that a rule asks for
at an epoch boundary leave the choice of the block to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.base.codec import tuple_hash
from sim.kchain.draft import Draft
from sim.kchain.records import Draw, Partition
from sim.kchain.registry import RegistryEntry, signer_set_id
from sim.protocol.entries import Rejected
from sim.protocol.requests import InPartition, Policy
from sim.protocol.selection import (
    PoolTooSmallError,
    SeedInputs,
    draw_committee,
    draw_partition,
    selection_seed,
)


def policy_id(policy: Policy) -> bytes:
    """Return the id of a key's policy, 32 bytes."""
    return tuple_hash("K-chain/policy/v1", policy)


def draw_by_stake(
    draft: Draft, key: str, size: int, policy: Policy, kept: tuple[str, ...] = ()
) -> Draw:
    """Return a committee for a key that is asked for in the block of `draft`.

    Args:
        draft: The block.
        key: The key's name.
        size: How many members.
        policy: The key's.
        kept: Members that are in it anyway; the others are drawn from the rest of the registry.

    Raises:
        Rejected: PoolTooSmall.

    """
    index = draft.streams
    pool = [entry for entry in draft.registry.pool if entry.name not in kept]
    inputs = _inputs(draft, draft.registry.pool_id if not kept else signer_set_id(pool), policy)
    seed = selection_seed(inputs)
    try:
        places = draw_committee(seed, index, [entry.stake for entry in pool], size - len(kept))
    except PoolTooSmallError:
        raise Rejected("PoolTooSmall") from None
    drawn = {pool[place].name for place in places}
    committee = tuple(e.name for e in draft.registry.pool if e.name in drawn or e.name in kept)
    return Draw(key, index, seed, *inputs, committee=committee, kept=kept)


def draw_round(draft: Draft, seats: InPartition, policy: Policy) -> Partition:
    """Return the round of a partition that is asked for in the block of `draft`.

    Args:
        draft: The block.
        seats: What is asked for: how many committees, and how large.
        policy: Of the key that asks first.

    Raises:
        Rejected: PoolTooSmall.

    """
    index, pool = draft.streams, draft.registry.pool
    inputs = _inputs(draft, draft.registry.pool_id, policy)
    seed = selection_seed(inputs)
    stakes = [entry.stake for entry in pool]
    try:
        drawn = draw_partition(seed, index, stakes, seats.count, seats.size)
    except PoolTooSmallError:
        raise Rejected("PoolTooSmall") from None
    return Partition(
        seats.partition,
        seats.round,
        draft.height,
        index,
        seed,
        *inputs,
        committees=tuple(_names(pool, places) for places in drawn),
    )


def _inputs(draft: Draft, signer_set: bytes, policy: Policy) -> SeedInputs:
    return SeedInputs(
        block=draft.before.finalised_before(draft.height),
        signer_set=signer_set,
        p_chain_height=draft.registry.settled_at,
        epoch=draft.before.epoch(draft.height),
        policy=policy_id(policy),
    )


def _names(pool: Sequence[RegistryEntry], places: Sequence[int]) -> tuple[str, ...]:
    return tuple(pool[place].name for place in places)
