"""Who signs a T-chain session: seats drawn from the holders of a key, and how many one may have.

Source: "Committee selection" of the K-chain's specification (LP-044), made exact here.

- t ≤ 6: every holder has a seat.
- t = 7 … 32: a sample. `needed` signers, and as many more as the key survives faulty ones.
- t > 32: the same, and the session is marked as discouraged.

Round k of a session samples without replacement from stream k of the session's seed: 8-byte
big-endian integers of SHAKE256(seed ‖ k), those below 2^64 mod n skipped; x mod n draws that place
of the pool, and the pool's last entry takes its place. The first drawn coordinates the round. Where
everybody has a seat, stream 0 orders them once, and every round begins one further on, so that no
coordinator comes twice before each had its turn.

The seed comes from the previous finalised block and from nothing that the requester may choose.
Integers only: every platform draws the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, Literal, TypeAlias, TypeVar

from sim.crypto.tuple_hash import tuple_hash_256
from sim.protocol.selection import below, words

TAG: Final = b"K-chain/sign-seats/v1"

FULL_MAX: Final = 6
"""Largest t for which the whole group signs."""

SAMPLED_MAX: Final = 32
"""Largest t for which one session is the way to sign."""

SEATS_MAX: Final = 16
"""Seats that one validator may have in sessions that run at the same time."""

Rule: TypeAlias = Literal["full", "sampled", "discouraged"]

Id = TypeVar("Id", bound=Hashable)

_WORD: Final = 8


def rule_for(threshold: int) -> Rule:
    """Return the rule for a key with t = `threshold`."""
    if threshold <= FULL_MAX:
        return "full"
    return "sampled" if threshold <= SAMPLED_MAX else "discouraged"


def session_seed(block: bytes, key: bytes, era: int, generation: int, place: int) -> bytes:
    """Return the seed of a session, 32 bytes.

    Args:
        block: Id of the previous finalised block, 32 bytes: whoever proposes the current one could
            try contents until the draw suits it.
        key: Id of the key's record, 32 bytes.
        era: Of the key.
        generation: Whose shares sign.
        place: How many sessions the block has bound to a generation before this one. The session's
            name stays out: a requester could try names.

    """
    counts = (number.to_bytes(_WORD, "big") for number in (era, generation, place))
    return tuple_hash_256((TAG, block, key, *counts))


def seat_count(threshold: int, needed: int, spare: int, holders: int) -> int:
    """Return how many seats a round has.

    Args:
        threshold: t.
        needed: Signers that make a signature under the policy, at least t.
        spare: f*, the faulty holders that the key survives.
        holders: How many there are to draw from.

    """
    return holders if rule_for(threshold) == "full" else min(holders, needed + spare)


def draw_seats(seed: bytes, index: int, holders: Sequence[int], size: int) -> tuple[int, ...]:
    """Draw `size` of `holders` without replacement, in the order of the draw.

    Args:
        seed: From `session_seed`, 32 bytes.
        index: Which stream under that seed, from 0.
        holders: Share indices, ascending.
        size: At most their number.

    """
    assert 0 <= size <= len(holders)
    stream, pool, drawn = words(seed, index), list(holders), []
    for _ in range(size):
        place = below(stream, len(pool))
        drawn.append(pool[place])
        pool[place] = pool[-1]
        pool.pop()
    return tuple(drawn)


def admitted(
    running: Iterable[Sequence[int]],
    waiting: Iterable[tuple[Id, Sequence[int]]],
    limit: int = SEATS_MAX,
) -> tuple[Id, ...]:
    """Say which waiting sessions begin: those that find every one of their seats free.

    The K-chain and the T-chain both ask this function, so that they never disagree. A session that
    runs goes on: its later rounds take their seats whatever else is running.

    Args:
        running: Seats of the running round of each session that runs, as validators.
        waiting: Each waiting session and the validators of its first round, in order of opening.
            One that can't begin doesn't hold up those behind it.
        limit: Seats per validator.

    """
    taken = Counter(validator for seats in running for validator in seats)
    begun = []
    for session, seats in waiting:
        if all(taken[validator] < limit for validator in seats):
            taken.update(seats)
            begun.append(session)
    return tuple(begun)
