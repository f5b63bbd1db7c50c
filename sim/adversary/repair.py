"""Behaviours that only a repair knows; numbers are those of the catalogue of faults."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sim.adversary.registry import Corruption, Occasion, behaviour
from sim.base.secret import SecretScalar
from sim.protocol.effects import Post, SendShares
from sim.protocol.messages import Deal
from sim.protocol.phases import Phase


@behaviour(operations=["repair"], targeted=True)
def repair_wrong_delta(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Move one mask, a victim's, in its commitment and on its way alike (72). Applies to a helper.

    Masks and commitments fit each other, so that no helper can tell; the repaired share would be
    another.

    Expected: wrong-constant, since the commitments don't add up to what the helper's verification
    share asks for; proven by the signed deal alone. All helpers are needed: the attempt fails, and
    the next one asks others.
    """
    helpers, step = corruption.ceremony.helpers, corruption.scalar("delta")
    victims = corruption.choose(corruption.other_dealers) & set(helpers)
    match effect:
        case Post(Deal(points) as deal) if victims:
            place, moved = helpers.index(min(victims)), list(points)
            moved[place] = corruption.group.add(points[place], corruption.group.base_mul(step))
            yield Post(msgspec.structs.replace(deal, points=tuple(moved)))
        case SendShares(masks) if victims and corruption.state.phase is Phase.DEAL:
            order, victim = corruption.group.order, min(victims)
            yield SendShares(
                {
                    x: SecretScalar((mask.reveal() + step) % order) if x == victim else mask
                    for x, mask in masks.items()
                }
            )
        case _:
            yield effect
