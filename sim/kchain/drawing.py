"""Committees that a request asks for by size: the chain draws them, and records how.

What is modelled of a seed's inputs: the registry stands still after genesis, so it is the signer
set, read at P-chain height 0; consensus is idealised, so a block is final `finality` heights later.

The rule takes the choice from whoever proposes the block with the request. It leaves some to the
owner, who picks the block in which to ask and can know the one before; and to whoever wrote the
last transaction into that one, if it knew that the request would follow.
"""

from __future__ import annotations

from typing import Final

from sim.base.codec import tuple_hash
from sim.kchain.genesis import Genesis
from sim.kchain.records import Draw
from sim.kchain.state import Draft
from sim.protocol.entries import Rejected
from sim.protocol.selection import (
    PoolTooSmallError,
    SeedInputs,
    draw_committee,
    selection_seed,
)
from sim.protocol.transactions import Policy

P_CHAIN_HEIGHT: Final = 0
"""The P-chain isn't modelled: the registry of genesis counts as read at its height 0."""


def signer_set_id(genesis: Genesis) -> bytes:
    """Return the id of the registry that committees are drawn from, stakes included, 32 bytes."""
    return tuple_hash("K-chain/signer-set/v1", genesis.validators, genesis.weights)


def policy_id(policy: Policy) -> bytes:
    """Return the id of a key's policy, 32 bytes."""
    return tuple_hash("K-chain/policy/v1", policy)


def draw_by_stake(draft: Draft, key: str, size: int, policy: Policy) -> Draw:
    """Return the committee of `size` for a key that is asked for in the block of `draft`.

    Raises:
        Rejected: PoolTooSmall.

    """
    genesis, index = draft.genesis, len(draft.new_draws)
    inputs = SeedInputs(
        block=draft.before.finalised_before(draft.height),
        signer_set=signer_set_id(genesis),
        p_chain_height=P_CHAIN_HEIGHT,
        epoch=draft.before.epoch(draft.height),
        policy=policy_id(policy),
    )
    seed = selection_seed(inputs)
    try:
        places = draw_committee(seed, index, genesis.weights, size)
    except PoolTooSmallError:
        raise Rejected("PoolTooSmall") from None
    committee = tuple(genesis.validators[place].name for place in places)
    return Draw(key, index, seed, *inputs, committee=committee)
