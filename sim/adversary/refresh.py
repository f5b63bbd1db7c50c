"""Behaviours that only a refresh knows; numbers are those of the catalogue of faults."""

from __future__ import annotations

from collections.abc import Iterator

from sim.adversary.deals import redealt
from sim.adversary.registry import Corruption, Occasion, behaviour
from sim.crypto.polynomial import Polynomial


@behaviour(operations=["refresh"])
def refresh_nonzero_sum(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal a sharing of something else than zero (71). Applies to a dealer's deal and shares.

    If it counted, the sum of all shares would be another key.

    Expected: wrong-constant, since V_0 is not the identity; proven by the signed deal alone;
    excluded, and the key is kept.
    """
    given = corruption.coefficients
    if not given:
        yield effect
        return
    moved = [given[0] + corruption.scalar("constant"), *given[1:]]
    yield from redealt(effect, corruption, Polynomial(moved, corruption.group.order))
