"""Which share a validator holds of each key's active generation.

The share of a generation is that of the seat whose ceremony made it; or, if that was lost or never
complete, that of the last successful repair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sim.base.secret import SecretScalar
from sim.crypto import mldsa
from sim.protocol.generating import GenerateMachine
from sim.protocol.phases import Phase
from sim.validator.seats import Seat


def share_of(seats: Iterable[Seat], key: str, era: int, generation: int) -> SecretScalar | None:
    """Return the share of a generation, the latest if several seats hold it; None without one."""
    shares = [seat.machine.share for seat in _made(seats, key, era, generation)]
    return next((share for share in reversed(shares) if share is not None), None)


def signing_key_of(
    seats: Iterable[Seat], key: str, era: int, generation: int
) -> tuple[Seat, SecretScalar | mldsa.SigningKey] | None:
    """Return what signs for a generation, and the seat that holds it; None without one.

    That is the share; of a key of a single party, the whole key, if its scheme signs.
    """
    made = list(_made(seats, key, era, generation))
    for seat in reversed(made):
        machine = seat.machine
        if machine.share is not None:
            return seat, machine.share
        signs = machine.ceremony.scheme == "MLDSA"
        if isinstance(machine, GenerateMachine) and signs and machine.seed is not None:
            return seat, mldsa.SigningKey.from_seed(machine.seed)
    return None


def is_lost(seats: Iterable[Seat], key: str, era: int, generation: int) -> bool:
    """Say whether a member of a generation's committee holds nothing of it."""
    return not any(
        seat.machine.share is not None
        or (isinstance(seat.machine, GenerateMachine) and seat.machine.seed is not None)
        for seat in _made(seats, key, era, generation)
    )


def _made(seats: Iterable[Seat], key: str, era: int, generation: int) -> Iterator[Seat]:
    """Yield the seats in attempts that made a generation, or repaired shares of it."""
    for seat in seats:
        ceremony = seat.ceremony
        made = (ceremony.key, ceremony.era, ceremony.generation) == (key, era, generation)
        if made and seat.state.phase is Phase.ACTIVE:
            yield seat
