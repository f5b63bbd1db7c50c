"""Partitions: nobody sits on two committees of one draw."""

from __future__ import annotations

from collections.abc import Iterator

from sim.checks.observation import Observation
from sim.checks.registry import Finding, check


@check
def disjoint_committees(observation: Observation) -> Iterator[Finding]:
    """Committees of one draw of a partition share no validator, and the keys in it have them.

    [kchain, "Committee selection": a network partitions into committees; LP-045.]
    """
    for drawn in observation.partitions:
        at_us, where = observation.at_us(drawn.height), f"{drawn.name}, round {drawn.round}"
        seats: dict[str, int] = {}
        for place, committee in enumerate(drawn.committees):
            for name in committee:
                if name in seats:
                    said = f"{name} is drawn for committee {seats[name]} and for {place}"
                    yield Finding(f"{where}: {said}", at_us)
                seats.setdefault(name, place)
        for key, (place, members) in drawn.seated.items():
            if members != drawn.committees[place]:
                said = f"{key} isn't held by committee {place}, which was drawn for it"
                yield Finding(f"{where}: {said}", at_us)
