"""Links where loss becomes delay: a sender that hears nothing sends again, later and later."""

from __future__ import annotations

from sim.network.draws import Draw
from sim.network.losses import Loss, Losses


def timeouts_us(
    losses: Losses,
    loss: Loss,
    go_us: int,
    source: int,
    target: int,
    draw: Draw,
    rto_us: int,
    rto_us_max: int,
) -> int:
    """Return how much later than `go_us` the transmission leaves that isn't lost.

    Each of at most five lost ones costs a timeout, which doubles; the sixth arrives. Between
    validators of a stream, and between validators and the ledger, draws for duplicates and
    hold-backs have nothing else to decide, so they serve the transmissions after the first.

    Args:
        losses: Decides, …
        loss: … by this process of the link.
        go_us: When it is first sent.
        source: By whom.
        target: To whom.
        draw: Of the message.
        rto_us: First timeout.
        rto_us_max: Longest timeout.
    """
    late_us = 0
    for slot in (draw.loss, draw.hold, draw.spare_0, draw.spare_1, draw.spare_2):
        if not losses.lost(loss, go_us + late_us, source, target, slot):
            break
        late_us += min(rto_us, rto_us_max)
        rto_us *= 2
    return late_us
