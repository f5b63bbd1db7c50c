"""Which validators run together in one shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def region_shards(regions: Sequence[str], shards: int) -> tuple[int, ...]:
    """Return each validator's shard, 0..shards−1, by registry position.

    Whole regions go together, so that the lookahead between shards is long: the largest first, each
    to the emptiest shard. With fewer regions than shards validators are dealt out by index.

    Args:
        regions: Each validator's region, by registry position; all empty without regions.
        shards: At least 1.

    Raises:
        ValueError: `shards` is below 1.
    """
    if shards < 1:
        raise ValueError(f"shards must be at least 1, got {shards}")
    sizes = Counter(regions)
    if len(sizes) < shards:
        return tuple(position % shards for position in range(len(regions)))
    load = [0] * shards
    owner: dict[str, int] = {}
    for region, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        owner[region] = min(range(shards), key=load.__getitem__)
        load[owner[region]] += size
    return tuple(owner[region] for region in regions)


def committee_shards(
    committees: Sequence[Sequence[int]], validators: int, shards: int
) -> tuple[int, ...]:
    """Return each validator's shard, 0..shards−1, so that no committee is cut.

    Shares travel within committees, so they stay within shards. Committees go in turn to the
    emptiest shard, and so do those that sit on none, by registry position.

    Args:
        committees: Registry positions; nobody sits on two.
        validators: How many there are.
        shards: 1 … the number of committees.

    Raises:
        ValueError: There are fewer committees than shards.
    """
    if not 1 <= shards <= len(committees):
        raise ValueError(f"shards must be in 1 … {len(committees)}, got {shards}")
    load = [0] * shards
    owner: dict[int, int] = {}
    seated = {position for members in committees for position in members}
    alone = [(position,) for position in range(validators) if position not in seated]
    for members in [*committees, *alone]:
        shard = min(range(shards), key=load.__getitem__)
        load[shard] += len(members)
        owner.update(dict.fromkeys(members, shard))
    return tuple(owner[position] for position in range(validators))
