"""Key families: a table of `[keys]` whose committees are a partition stands for a key of each.

`[keys.zone]` with 16 committees gives the keys ``zone-00`` … ``zone-15``. What names the family is
about each of them; a single one can be named, too.
"""

from __future__ import annotations

from typing import Final

from sim.scenario.key_tables import CommitteeTable, KeyTable

NAME_MAX: Final = 64
"""Longest name of a key."""


def partition_of(table: KeyTable) -> int | None:
    """Return how many committees share the validators out among them, None if it is one key's."""
    committee = table.committee
    return committee.partition if isinstance(committee, CommitteeTable) else None


def member_names(family: str, count: int) -> tuple[str, ...]:
    """Return the names of a family's keys, by place: two digits at least, all of one length."""
    width = max(2, len(str(count - 1)))
    return tuple(f"{family}-{place:0{width}}" for place in range(count))
