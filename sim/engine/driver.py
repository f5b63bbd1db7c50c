"""One shard from factory to result: the same in the coordinating process and in a worker."""

from __future__ import annotations

import importlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import trio

from sim.base.errors import LocalError
from sim.engine.exchange import Order, Report, ShardResult
from sim.engine.shard import Shard

if TYPE_CHECKING:
    from sim.engine.ports import Factory, ShardParts, Switches


def find_factory(name: str) -> Factory:
    """Import the factory called ``module:function``.

    Raises:
        LocalError: There is none of that name.
    """
    module, _, function = name.partition(":")
    try:
        return cast("Factory", getattr(importlib.import_module(module), function))
    except (ImportError, AttributeError, ValueError) as error:
        raise LocalError(f"no factory {name!r}: {error}") from error


class Driver:
    """Carries out orders on a shard whose validators have been started.

    Attributes:
        shard: The shard itself.
    """

    def __init__(self, parts: ShardParts, shard: Shard) -> None:
        self.shard = shard
        self._parts = parts

    async def carry_out(self, order: Order) -> Report:
        """Do what `order` says, and report what came of it."""
        shard = self.shard
        started = time.process_time()  # for the machine's figures; no result sees it
        for due in order.faults:
            shard.add_fault(due)
        for cargo in order.cargo:
            shard.mailroom.deliver(cargo)
        await shard.advance(order.horizon_us)
        report = Report(
            next_us=shard.next_us(),
            sent=shard.sent,
            delivered=shard.delivered,
            cpu_s=time.process_time() - started,
            cargo=shard.mailroom.outgoing(),
            submissions=shard.submissions,
            events=shard.events,
        )
        shard.submissions, shard.events = [], []
        return report

    def result(self) -> ShardResult:
        """Return what the shard leaves behind; nothing may be ordered any more."""
        return self.shard.result(self._parts.finish())


@asynccontextmanager
async def driving(
    parts: ShardParts, number: int, *, watched: frozenset[str], keep: bool, switches: Switches
) -> AsyncIterator[Driver]:
    """Run the shard `number` made of `parts`; its validators are cancelled at the end."""
    with parts.around:
        async with trio.open_nursery() as nursery:
            shard = Shard(parts, number, nursery, watched=watched, keep=keep, switches=switches)
            shard.boot()
            yield Driver(parts, shard)
            nursery.cancel_scope.cancel()
