"""Which share a validator holds of each key's active generation.

The share of a generation is that of the seat whose ceremony made it; or, if that was lost or never
complete, that of the last successful repair.
"""

from __future__ import annotations

from collections.abc import Iterable

from sim.base.secret import SecretScalar
from sim.protocol.phases import Phase
from sim.validator.seats import Seat


def share_of(seats: Iterable[Seat], key: str, era: int, generation: int) -> SecretScalar | None:
    """Return the share of a generation, the latest if several seats hold it; None without one."""
    found = None
    for seat in seats:
        ceremony = seat.ceremony
        if (ceremony.key, ceremony.era, ceremony.generation) != (key, era, generation):
            continue
        if seat.state.phase is Phase.ACTIVE and seat.machine.share is not None:
            found = seat.machine.share
    return found
