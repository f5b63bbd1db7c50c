"""Following the chain: every rule that a block obeys, checked by whoever receives it.

The fold is public and the same for everyone: within a run it is done once per process and charged
to each validator that follows.
"""

from __future__ import annotations

from typing import TypeVar

from sim.base.errors import DecodeError
from sim.base.memo import memoised
from sim.kchain.blocks import Block, Included, block_hash, decode_block
from sim.kchain.draft import Draft
from sim.kchain.errors import LedgerError
from sim.kchain.execution import execute, finish
from sim.kchain.records import Draw, Partition
from sim.kchain.state import ChainState

_Drawn = TypeVar("_Drawn", Draw, Partition)


@memoised
def follow(state: ChainState, raw: bytes) -> ChainState:
    """Check the block `raw`, which must continue `state`, and return the state after it.

    Raises:
        LedgerError: The block breaks a rule; which one.

    """
    try:
        block = decode_block(raw)
    except DecodeError as error:
        raise LedgerError(f"after block {state.height}", f"no block: {error}") from None
    where = f"block {block.height}"
    _check_header(state, block, where)
    draft = Draft(state, block.height, block.time_us)
    for place, included in enumerate(block.entries):
        _check_entry(draft, included, f"{where}, transaction {place}")
    root = finish(draft, transactions=len(block.entries))
    if block.draws != draft.new_draws:
        raise LedgerError(where, _differing(block.draws, draft.new_draws))
    if block.partitions != draft.new_partitions:
        raise LedgerError(where, _differing_partition(block.partitions, draft.new_partitions))
    if root != block.state_root:
        raise LedgerError(where, "the state root doesn't match the state")
    return draft.close(block_hash(raw))


def _check_header(state: ChainState, block: Block, where: str) -> None:
    genesis = state.genesis
    if block.parent != state.head:
        raise LedgerError(where, f"its parent isn't block {state.height}")
    if block.height <= state.height:
        raise LedgerError(where, f"it follows block {state.height}")
    if state.next_due is not None and state.next_due < block.height:
        raise LedgerError(where, f"block {state.next_due} was due and is missing")
    halted, odd = _halted(state, block.height, block.time_us)
    if odd or halted < _halted(state, state.height, state.time_us)[0]:
        raise LedgerError(where, f"its time, {block.time_us} µs, isn't that of its height")
    if len(block.entries) > genesis.block_max:
        raise LedgerError(where, f"{len(block.entries)} transactions, above {genesis.block_max}")


def _halted(state: ChainState, height: int, time_us: int) -> tuple[int, int]:
    """Return how many block times had no height before `time_us`, and what is left over.

    A halted ledger skips block times; apart from that, height h is at h × block time.
    """
    slots, odd = divmod(time_us - state.genesis.time_us, state.genesis.block_time_us)
    return slots - height, odd


def _differing(recorded: tuple[Draw, ...], derived: tuple[Draw, ...]) -> str:
    """Say where the committees that a block records part from those that the rule gives."""
    if len(recorded) != len(derived):
        return f"it records {len(recorded)} drawn committees, but {len(derived)} were asked for"
    said, found, field = _first_difference(recorded, derived)
    values = (_shown(getattr(draw, field)) for draw in (said, found))
    return "the draw for {} records the {} {}, but the rule gives {}".format(
        found.key, field.replace("_", " "), *values
    )


def _differing_partition(recorded: tuple[Partition, ...], derived: tuple[Partition, ...]) -> str:
    """Say the same of partitions; of their committees, show the first that differs."""
    if len(recorded) != len(derived):
        return f"it records {len(recorded)} drawn partitions, but {len(derived)} were asked for"
    said, found, field = _first_difference(recorded, derived)
    pair, what = (getattr(said, field), getattr(found, field)), field.replace("_", " ")
    if field == "committees" and len(pair[0]) == len(pair[1]):
        place = next(i for i, (one, other) in enumerate(zip(*pair, strict=True)) if one != other)
        pair, what = (pair[0][place], pair[1][place]), f"committee {place}"
    return "the draw of the partition {} records the {} {}, but the rule gives {}".format(
        found.name, what, *map(_shown, pair)
    )


def _first_difference(
    recorded: tuple[_Drawn, ...], derived: tuple[_Drawn, ...]
) -> tuple[_Drawn, _Drawn, str]:
    said, found = next(pair for pair in zip(recorded, derived, strict=True) if pair[0] != pair[1])
    names = found.__struct_fields__
    return said, found, next(n for n in names if getattr(said, n) != getattr(found, n))


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _check_entry(draft: Draft, included: Included, where: str) -> None:
    try:
        reason = execute(draft, included.transaction)
    except DecodeError as error:
        raise LedgerError(where, f"no transaction: {error}") from None
    if reason != included.reason:
        said, found = (word or "applied" for word in (included.reason, reason))
        raise LedgerError(where, f"recorded as {said}, but it is {found}")
