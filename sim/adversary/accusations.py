"""Behaviours of accusers beyond one good share; numbers are those of the catalogue of faults."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sim.adversary.complaints import KIND, complaint_about, lying
from sim.adversary.registry import Corruption, Occasion, Param, behaviour
from sim.crypto import sealing
from sim.protocol.effects import Post, Put
from sim.protocol.messages import Opening, OpenReply, Response

ONE_TIME = "one-time/"
"""Store keys under which a machine keeps the seeds of its one-time keys; then the dealer."""


@behaviour(KIND)
def complaint_flood(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Complain about the good share of every other dealer (28). Applies to a member's Response.

    Expected: every dealer answers and stays, with a dispute each. Of an honest dealer no share of
    an honest holder is published, so fewer than t floods give nothing away.
    """
    match effect:
        case Post(Response() as response):
            everyone = [dealer.index for dealer in corruption.other_dealers]
            yield Post(lying(response, corruption, corruption.option("kind"), everyone))
        case _:
            yield effect


@behaviour(KIND)
def complaint_about_absent(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Complain about every dealer that isn't running (34). Applies to a member's Response.

    Expected: those complaints are dropped, each alone; the Response stands, and nobody is blamed
    for it. Without an absent dealer nothing happens.
    """
    match effect:
        case Post(Response(good, complaints)):
            running = corruption.state.running()
            absent = [d.index for d in corruption.other_dealers if d.index not in running]
            lies = [complaint_about(d, corruption, corruption.option("kind")) for d in absent]
            said = sorted((*complaints, *lies), key=lambda complaint: complaint.dealer)
            yield Post(Response(good, tuple(said)))
        case _:
            yield effect


@behaviour(
    Param(
        "flaw",
        str,
        "seeds",
        "seeds of another key, or the true ones although the share is good",
        choices=("seeds", "good"),
    )
)
def false_opening(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Accuse dealers whose sealed replies are good (35). Applies to an accuser, in the open phase.

    Expected: false-opening by the accuser, proven by the seeds that it published; the dealers stay.
    Without a sealed reply nothing happens.
    """
    match effect:
        case Put(key) if key.startswith(ONE_TIME):
            corruption.memory.kept[key] = effect.value
            yield effect
        case Post(OpenReply(openings)):
            yield Post(OpenReply(tuple(_accusing(opening, corruption) for opening in openings)))
        case _:
            yield effect


def _accusing(opening: Opening, corruption: Corruption) -> Opening:
    seeds = corruption.memory.kept.get(f"{ONE_TIME}{opening.dealer}", b"")
    if corruption.option("flaw") == "seeds" or not seeds:
        seeds = corruption.draw("seeds", opening.dealer).bytes(sealing.SEEDS_SIZE)
    return msgspec.structs.replace(opening, seeds=seeds)
