"""Drawing a committee by stake: one rule, so that anyone derives the same committee again.

Source: "Committee selection" of the K-chain's specification (LP-044, LP-045), made exact here.

1. seed = TupleHash256 (NIST SP 800-185, no customisation, 32 bytes) over six byte strings: the
   domain tag ``K-chain/committee/v1``, the id of the previous finalised block (32 bytes), the
   signer-set id (32 bytes), the P-chain height, the epoch (each 8 bytes, big-endian) and the policy
   id (32 bytes).
2. The committee with index i reads 8-byte big-endian integers from SHAKE256(seed ‖ i as 8 bytes,
   big-endian), in order.
3. For each seat, n is the weight that remains in the pool. An integer below 2^64 mod n is skipped;
   the first other one, x, draws the validator in whose range x mod n falls when the pool's weights
   are laid end to end, in the pool's order.
4. The pool's last entry takes the place of the one that was drawn, and the pool is one shorter.
5. The members are sorted by their place in the registry.

The pool begins as the registry in its order. Integers only: every platform draws the same.

A *partition* is several committees of one size under one seed, each with a stream of its own, out
of one pool: whoever is drawn for one is gone for all, so they are disjoint. They take turns, a seat
each by ascending index: filled one after another, the last would be left with those of least stake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sim.crypto.tuple_hash import tuple_hash_256

TAG: Final = b"K-chain/committee/v1"

WEIGHT_LIMIT: Final = 1 << 64
"""All weights together stay below this: a draw is one 64-bit integer."""

_WORD: Final = 8


class SelectionError(ValueError):
    """There is no committee to draw: weights out of range, or a pool that is too small."""


class PoolTooSmallError(SelectionError):
    """More seats than validators, or none."""


class SeedInputs(NamedTuple):
    """What the seed of a draw follows from; all of it stands before the draw is asked for.

    Attributes:
        block: Id of the previous finalised block, 32 bytes. Never the current one's: whoever
            proposes a block could try contents until the draw suits it.
        signer_set: Id of the registry that is drawn from, with its stakes, 32 bytes.
        p_chain_height: Height of the P-chain at which the registry was read.
        epoch: Of the block that the draw is for.
        policy: Id of the key's policy, 32 bytes.

    """

    block: bytes
    signer_set: bytes
    p_chain_height: int
    epoch: int
    policy: bytes


def selection_seed(inputs: SeedInputs) -> bytes:
    """Return the seed of a draw, 32 bytes."""
    for name in ("block", "signer_set", "policy"):
        assert len(getattr(inputs, name)) == 32, name
    return tuple_hash_256(
        (
            TAG,
            inputs.block,
            inputs.signer_set,
            inputs.p_chain_height.to_bytes(_WORD, "big"),
            inputs.epoch.to_bytes(_WORD, "big"),
            inputs.policy,
        )
    )


def draw_committee(seed: bytes, index: int, weights: Sequence[int], size: int) -> tuple[int, ...]:
    """Draw `size` validators without replacement, each time in proportion to weight.

    Args:
        seed: From `selection_seed`, 32 bytes.
        index: Which committee under that seed, from 0.
        weights: By place in the registry, each at least 1, together below 2^64.
        size: How many seats.

    Returns:
        Places in the registry, ascending.

    Raises:
        SelectionError: A weight is below 1, or all together reach 2^64.
        PoolTooSmallError: `size` isn't 1 … the number of weights.

    """
    return draw_partition(seed, index, weights, 1, size)[0]


def draw_partition(
    seed: bytes, first: int, weights: Sequence[int], count: int, size: int
) -> tuple[tuple[int, ...], ...]:
    """Draw `count` committees of `size` that share no validator; `draw_committee` is one of them.

    Args:
        seed: From `selection_seed`, 32 bytes.
        first: Index of the first committee under that seed; the others have the ones after it.
        weights: By place in the registry, each at least 1, together below 2^64.
        count: How many committees, at least 1.
        size: How many seats each has.

    Returns:
        Places in the registry, ascending, of each committee.

    Raises:
        SelectionError: A weight is below 1, or all together reach 2^64.
        PoolTooSmallError: `count` × `size` isn't 1 … the number of weights.

    """
    check_weights(weights)
    if not 1 <= count * size <= len(weights):
        seats = f"{size}" if count == 1 else f"{count} × {size}"
        raise PoolTooSmallError(f"{seats} of {len(weights)} validators: there is no such committee")
    streams = [words(seed, first + place) for place in range(count)]
    pool = list(enumerate(weights))
    total = sum(weights)
    drawn: list[list[int]] = [[] for _ in streams]
    for _ in range(size):
        for stream, committee in zip(streams, drawn, strict=True):
            place = _drawn(pool, below(stream, total))
            validator, weight = pool[place]
            committee.append(validator)
            total -= weight
            pool[place] = pool[-1]
            pool.pop()
    return tuple(tuple(sorted(committee)) for committee in drawn)


def check_weights(weights: Sequence[int]) -> None:
    """Refuse weights that a draw can't use.

    Raises:
        SelectionError: A weight is below 1, or all together reach 2^64.

    """
    for place, weight in enumerate(weights):
        if weight < 1:
            raise SelectionError(f"the weight at place {place} is {weight}: it must be at least 1")
    if sum(weights) >= WEIGHT_LIMIT:
        raise SelectionError(f"the weights together, {sum(weights)}, don't fit into 64 bits")


def _drawn(pool: Sequence[tuple[int, int]], point: int) -> int:
    """Return the place in `pool` in whose range `point` falls."""
    for place, (_, weight) in enumerate(pool):
        if point < weight:
            return place
        point -= weight
    raise AssertionError(point)


def below(stream: Iterator[int], bound: int) -> int:
    """Return an integer in 0 … bound−1 without bias: 2^64 mod bound values are skipped."""
    skipped = WEIGHT_LIMIT % bound
    return next(word for word in stream if word >= skipped) % bound


def words(seed: bytes, index: int) -> Iterator[int]:
    """Yield the 64-bit integers of stream `index` under `seed`, without end."""
    shake = hashlib.shake_256(seed + index.to_bytes(_WORD, "big"))
    start, stop = 0, 64 * _WORD
    while True:
        # hashlib gives the stream's beginning only; doubling keeps the repeated work within twice.
        stream = shake.digest(stop)
        for place in range(start, stop, _WORD):
            yield int.from_bytes(stream[place : place + _WORD], "big")
        start, stop = stop, 2 * stop
