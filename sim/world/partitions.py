"""What was drawn for the partitions of a run, and how near each committee came to capture.

Corrupted counts whoever the plan corrupts at any time. A committee with t or more of them is
captured: together they hold the key. One with more than n − t − f* can keep its ceremonies from
completing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.kchain.blocks import decode_block, genesis_state
from sim.kchain.draft import Draft
from sim.kchain.drawing import draw_round
from sim.kchain.records import Partition
from sim.kchain.state import ChainState
from sim.protocol.entries import Rejected
from sim.protocol.requests import InPartition
from sim.scenario.plan import KeyPlan, Plan
from sim.world.genesis import make_genesis
from sim.world.principals import declared_principals, principal_key
from sim.world.requests import Directory, policy_of

Record = dict[str, Any]


def drawn_partitions(blocks: Sequence[bytes]) -> Iterator[Partition]:
    """Yield every round of every partition that the blocks record, in their order."""
    for raw in blocks:
        yield from decode_block(raw).partitions


def foreseen(plan: Plan) -> tuple[tuple[int, ...], ...]:
    """Return the committees of the plan's first partition, as registry positions; none without one.

    They are those of a first block with nothing but the partition's requests. Where another block
    comes before that one, others are drawn: what rests on this must change no result.
    """
    key = next((key for key in plan.keys if key.partition is not None), None)
    if key is None or key.partition is None or key.drawn is None:
        return ()
    genesis = make_genesis(plan)
    first = Draft(genesis_state(genesis), 1, genesis.time_us + genesis.block_time_us)
    seats = InPartition(key.partition.name, 0, 0, key.partition.count, key.drawn)
    keys = {p.name: principal_key(plan, p).public for p in declared_principals(plan)}
    try:
        drawn = draw_round(first, seats, policy_of(key.policy, Directory(plan, keys)))
    except Rejected:  # the pool is too small before others join
        return ()
    positions = {validator.name: place for place, validator in enumerate(plan.validators)}
    return tuple(tuple(positions[name] for name in members) for members in drawn.committees)


def describe_partitions(plan: Plan, state: ChainState, blocks: Sequence[bytes]) -> Record:
    """Return what became of each partition of `plan`, by name; empty if it has none.

    Args:
        plan: What was run.
        state: The chain at the end.
        blocks: The chain, genesis first.

    """
    families: dict[str, list[KeyPlan]] = {}
    for key in plan.keys:
        if key.partition is not None:
            families.setdefault(key.partition.name, []).append(key)
    if not families:
        return {}
    drawn = list(drawn_partitions(blocks))
    found = _Figures(plan)
    return {
        name: {
            "keys": {key.name: found.key(key, state) for key in keys},
            "rounds": [found.round(one, keys) for one in drawn if one.name == name],
        }
        for name, keys in families.items()
    }


class _Figures:
    """Looks stakes and corruptions up for one run."""

    def __init__(self, plan: Plan) -> None:
        self._stakes = {validator.name: validator.stake for validator in plan.validators}
        self._corrupted = {plan.validators[one.validator].name for one in plan.corruptions}

    def key(self, plan: KeyPlan, state: ChainState) -> Record:
        """Return the figures of the committee that a key has at the end, or is to have."""
        entry, record = state.keys.get(plan.name), state.record(plan.name)
        if record is not None:
            members: Sequence[str] = record.committee
            (threshold, size), faults = record.threshold, record.faults
        else:
            draw = state.draws.get(plan.name)
            members = () if draw is None else draw.committee
            threshold, size, faults = plan.threshold, plan.size, plan.faults
        seats = None if entry is None else entry.seats
        corrupted = sum(name in self._corrupted for name in members)
        return {
            "round": seats.round if isinstance(seats, InPartition) else None,
            "status": "Absent" if entry is None else entry.status,
            "threshold": threshold,
            "size": size,
            **self._committee(members),
            "to_capture": max(0, threshold - corrupted),
            "captured": corrupted >= threshold,
            "to_block": max(0, size - threshold - faults + 1 - corrupted),
        }

    def round(self, drawn: Partition, keys: Sequence[KeyPlan]) -> Record:
        """Return one draw: enough to draw again, and the figures of its committees."""
        names = {key.partition.place: key.name for key in keys if key.partition is not None}
        return {
            "round": drawn.round,
            "height": drawn.height,
            "index": drawn.index,
            "seed": drawn.seed.hex(),
            "block": drawn.block.hex(),
            "signer_set": drawn.signer_set.hex(),
            "p_chain_height": drawn.p_chain_height,
            "epoch": drawn.epoch,
            "policy": drawn.policy.hex(),
            "committees": {
                names[place]: {"members": list(members), **self._committee(members)}
                for place, members in enumerate(drawn.committees)
            },
        }

    def _committee(self, members: Sequence[str]) -> Mapping[str, int]:
        bad = [name for name in members if name in self._corrupted]
        return {
            "stake": sum(self._stakes[name] for name in members),
            "corrupted": len(bad),
            "corrupted_stake": sum(self._stakes[name] for name in bad),
        }
