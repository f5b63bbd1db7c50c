"""The fates of one message to many, all at once: where nothing but draws decides about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sim.base.ids import ValidatorIndex
from sim.network.draws import Columns, Fan
from sim.network.losses import Loss, Losses
from sim.network.paths import Path
from sim.network.profiles import Table


class Links(NamedTuple):
    """Links from one source to many that only differ in their latencies.

    Attributes:
        fan: Where their draws are.
        tables: The latencies of each.
        loss: What all of them lose.
    """

    fan: Fan
    tables: tuple[Table, ...]
    loss: Loss


def plain_links(targets: tuple[ValidatorIndex, ...], paths: Sequence[Path]) -> Links | None:
    """Return the links to `targets`, or None if more than draws decides what they do.

    That is so if something is added to a latency, if a link has a queue of its own, or if they
    don't all lose alike.
    """
    if len(targets) < 2:
        return None
    loss = paths[0].loss
    if any(path.add_us or path.queue is not None or path.loss != loss for path in paths):
        return None
    return Links(Fan(targets), tuple(path.table for path in paths), loss)


class Impairments(NamedTuple):
    """What may happen to every message.

    Attributes:
        losses: Decides what is lost.
        duplicate: Rate, in parts per 2**32.
        reorder: Rate, in parts per 2**32.
        reorder_by_us: How long what is held back waits.
    """

    losses: Losses
    duplicate: int
    reorder: int
    reorder_by_us: int

    def fates(
        self, now_us: int, source: ValidatorIndex, links: Links, draws: Columns
    ) -> list[tuple[int, str, tuple[int, ...]]]:
        """Return what becomes of the first sends of a label, as `links.LinkNetwork.send` has it."""
        fates: list[tuple[int, str, tuple[int, ...]]] = [
            (1, "ok", (now_us + table[slot >> 24],))
            for table, slot in zip(links.tables, draws.latency, strict=True)
        ]
        # What follows is rare: most messages are done.
        for at in [at for at, slot in enumerate(draws.hold) if slot < self.reorder]:
            fates[at] = (1, "held", (fates[at][2][0] + self.reorder_by_us,))
        for at in [at for at, slot in enumerate(draws.duplicate) if slot < self.duplicate]:
            copy_us = now_us + links.tables[at][draws.duplicate_latency[at] >> 24]
            fates[at] = (1, "duplicate", (fates[at][2][0], copy_us))
        targets = links.fan.targets
        for at in self.losses.lost_among(links.loss, now_us, source, targets, draws.loss):
            fates[at] = (1, "lost", ())
        return fates
