"""Transactions that blocks leave out for a while: censored, or included late.

Blocks come from an idealised consensus, so this stands for what its proposers do together. What is
withheld has arrived and keeps its place among its account's nonces: whatever comes after it from
the same account waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sim.base.ids import NEVER_US


class Withholding(NamedTuple):
    """Which transactions wait, and for how long.

    Attributes:
        accounts: Of whom, as principals; empty for everybody.
        kinds: Of which kinds; empty for all.
        from_us: When it begins.
        until_us: When it is over; NEVER_US if nothing ends it.
        by_us: What arrives in [from_us, until_us) counts as arrived this much later; with None, no
            block in [from_us, until_us) takes it.

    """

    accounts: frozenset[bytes]
    kinds: frozenset[str]
    from_us: int
    until_us: int
    by_us: int | None

    def concerns(self, principal: bytes, kind: str) -> bool:
        """Say whether it is about transactions of that account and kind."""
        return (not self.accounts or principal in self.accounts) and (
            not self.kinds or kind in self.kinds
        )


class Inclusion:
    """When blocks may take what has arrived.

    Args:
        tick_from: Returns the time of the first height at or after a virtual time.

    """

    def __init__(self, tick_from: Callable[[int], int]) -> None:
        self._tick_from = tick_from
        self._rules: list[Withholding] = []

    def add(self, rule: Withholding) -> None:
        """Let `rule` hold from now on: no block at or after its beginning exists yet."""
        self._rules.append(rule)

    def quiet(self, at_us: int) -> None:
        """End every rule that began before `at_us`."""
        self._rules = [
            rule._replace(until_us=min(rule.until_us, at_us)) if rule.from_us < at_us else rule
            for rule in self._rules
        ]

    def ready_us(self, arrived_us: int, principal: bytes, kind: str, floor_us: int) -> int:
        """Return as of when a transaction counts as arrived, or NEVER_US.

        Args:
            arrived_us: When it arrived.
            principal: Its account.
            kind: Its kind.
            floor_us: No block comes before.

        """
        rules = [rule for rule in self._rules if rule.concerns(principal, kind)]
        late = [r.by_us or 0 for r in rules if r.from_us <= arrived_us < r.until_us]
        ready_us = arrived_us + max(late, default=0)
        while ready_us < NEVER_US:
            block_us = self._tick_from(max(ready_us + 1, floor_us))
            ends = [
                rule.until_us
                for rule in rules
                if rule.by_us is None and rule.from_us <= block_us < rule.until_us
            ]
            if not ends:
                return ready_us
            # A block takes what arrived strictly before it: so one at the very end takes this.
            ready_us = NEVER_US if max(ends) >= NEVER_US else max(ends) - 1
        return NEVER_US
