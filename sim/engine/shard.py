"""One shard: its validators' tasks, advanced in windows.

A window is no longer than the least link latency, so nothing that is sent inside it arrives inside
it: every validator that has something to do before its end is woken, all run until they have
nothing left to do before it, and the order in which they do so cannot matter. Faults are window
edges. Windows in which nothing is due don't exist.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Never, assert_never

import trio
from trio.testing import wait_all_tasks_blocked

from sim.base.errors import LocalError
from sim.base.ids import NEVER_US, ValidatorIndex
from sim.base.randomness import stream
from sim.engine.context import Context, Crashed
from sim.engine.exchange import ShardResult
from sim.engine.faults import (
    Command,
    Crash,
    Disk,
    Due,
    LedgerRule,
    Loss,
    NetworkRule,
    Pause,
    Quiet,
    Restart,
    Resume,
    Retire,
    Skew,
    Slow,
    scheduled,
    undoing,
)
from sim.engine.history import history_spool
from sim.engine.mailroom import Mailroom
from sim.engine.node import Node
from sim.engine.ports import Event, Submission
from sim.engine.triggers import Triggers
from sim.engine.usage import usage

if TYPE_CHECKING:
    from sim.engine.ports import ShardParts, Switches


class Shard:
    """The validators of one shard.

    Args:
        parts: What the factory built.
        number: Which shard this is, from 0.
        nursery: Where lives run.
        watched: Names of events that the coordinator wants to know.
        keep: Whether to keep records.
        switches: What only tests set.

    Attributes:
        end_us: Validators may do what is due before this time; further they cannot see yet.
        horizon_us: Nothing arrives from other shards before this time.
        mailroom: Brings mail to its receivers.
        watched: Names of events that matter to anyone.
    """

    def __init__(
        self,
        parts: ShardParts,
        number: int,
        nursery: trio.Nursery,
        *,
        watched: frozenset[str],
        keep: bool,
        switches: Switches,
    ) -> None:
        self.network = parts.network
        self.end_us = 0
        self.sent = 0
        self.delivered = 0
        self.windows = 0
        self.wakes = 0
        self.submissions: list[Submission] = []
        self.events: list[Event] = []
        self.order: list[int] | None = [] if switches.trace else None
        self._number = number
        self._nursery = nursery
        self._width_us = max(1, parts.width_us // switches.width_divisor)
        self._shuffle = switches.shuffle
        self.horizon_us = 0
        self._heap: list[tuple[int, ValidatorIndex]] = []
        self._outstanding = 0
        self._idle = trio.lowlevel.ParkingLot()
        self._failures: list[tuple[int, ValidatorIndex, Exception]] = []
        self._triggers = Triggers(parts.faults, own=True)
        self._reported = watched
        self.watched = watched | self._triggers.events
        spool = history_spool()
        self.nodes = {
            index: Node(
                index,
                parts.lives[index],
                parts.stores[index],
                mailbox_max=parts.mailbox_max,
                width_us=self._width_us,
                downlink=parts.downlinks.get(index),
                keep=keep,
                spool=spool,
            )
            for index in sorted(parts.lives)
        }
        self.mailroom = Mailroom(self, parts.owners, number)
        self._faults = [due for due in scheduled(parts.faults) if self._concerns(due)]
        heapq.heapify(self._faults)

    def _concerns(self, due: Due) -> bool:
        match due.action:
            case NetworkRule():
                return True
            case LedgerRule():
                return False
            case action:
                return action.node in self.nodes

    # Driven by the coordinator.

    def boot(self) -> None:
        """Start every validator at time 0; nothing runs before the first window."""
        for node in self.nodes.values():
            self._start(node, 0)

    def next_us(self) -> int:
        """Return when this shard has something to do, or NEVER_US. All its tasks must wait.

        Exactly so: an entry that was noted while its validator ran may be early or outdated, and
        a run that ended by such an entry would end by chance.
        """
        heap = self._heap
        while heap:
            time_us, index = heap[0]
            node = self.nodes[index]
            if time_us == node.mark_us:
                if time_us == node.due_us():
                    break
                node.mark_us = NEVER_US
                self.schedule(node)
            heapq.heappop(heap)
        due = heap[0][0] if heap else NEVER_US
        return min(due, self._faults[0].at_us) if self._faults else due

    def add_fault(self, due: Due) -> None:
        """Let `due` apply when its time comes, if it concerns this shard."""
        if self._concerns(due):
            heapq.heappush(self._faults, due)

    async def advance(self, horizon_us: int) -> None:
        """Do everything that is due before `horizon_us`.

        Raises:
            Exception: Whatever a life raised; the earliest, if several did.
        """
        self.horizon_us = horizon_us
        while (start := self.next_us()) < horizon_us:
            self.end_us = start  # nothing but faults happens at `start` until all have applied
            while self._faults and self._faults[0].at_us <= start:
                await self._apply(heapq.heappop(self._faults))
            edge = self._faults[0].at_us if self._faults else NEVER_US
            self.end_us = min(start + self._width_us, horizon_us, edge)
            self.windows += 1
            await self._wake(self._due_nodes())
            if self._failures:
                raise min(self._failures, key=lambda failure: failure[:2])[2]

    # Windows.

    def _due_nodes(self) -> list[Node]:
        """Return who must run in this window; record what arrives at validators that are down."""
        heap = self._heap
        end = self.end_us
        nodes = []
        while heap and heap[0][0] < end:
            time_us, index = heapq.heappop(heap)
            node = self.nodes[index]
            if time_us != node.mark_us:
                continue
            node.mark_us = NEVER_US
            if not node.alive:
                node.lose_mail(end)
            elif node.due_us() < end:
                nodes.append(node)
                continue
            self.schedule(node)
        return nodes

    async def _wake(self, nodes: list[Node]) -> None:
        if self._shuffle is not None:
            drawn = stream(self._shuffle, "wake", self._number, self.windows)
            nodes = drawn.sample(nodes, len(nodes))
        self.wakes += len(nodes)
        for node in nodes:
            # What it waits for is decided anew when it waits again.
            node.wake_us = NEVER_US
            node.listening = True
            node.lot.unpark()
            if self._shuffle is not None:
                await self._quiesce()
        if nodes:
            await self._quiesce()

    async def _quiesce(self) -> None:
        """Wait until every task waits for virtual time, and no real work is outstanding."""
        while True:
            await wait_all_tasks_blocked()
            if not self._outstanding:
                return
            await self._idle.park()

    @contextmanager
    def real_work(self) -> Iterator[None]:
        """Keep the window open while the body runs: Trio takes its thread for idleness."""
        self._outstanding += 1
        try:
            yield
        finally:
            self._outstanding -= 1
            self._idle.unpark_all()

    # Called by validators' contexts.

    def schedule(self, node: Node) -> None:
        """See to it that `node` is looked at when it is due."""
        due = node.due_us()
        if due < node.mark_us:
            node.mark_us = due
            heapq.heappush(self._heap, (due, node.index))

    def happened(self, node: Node, name: str) -> None:
        """Count a watched event of `node`, and let it fire what waits for it there."""
        node.happenings += 1
        event = Event(node.now_us, node.index, node.happenings, name)
        if name in self._reported:
            self.events.append(event)
        for due in self._triggers.count(event, 0):
            heapq.heappush(self._faults, due)
            node.limit_us = node.now_us
            if isinstance(due.action, Crash):
                node.crashing = True

    # Faults.

    async def _apply(self, due: Due) -> None:
        at = due.at_us
        match due.action:
            case NetworkRule(rule=rule):
                self._apply_rule(at, rule)
                return
            case LedgerRule():
                raise LocalError("ledger rules are the coordinator's")
            case action:
                node = self.nodes[action.node]
        if not node.alive:
            node.lose_mail(at)
        applied = True
        match action:
            case Crash(lose=lose):
                applied = await self._crash(node, at, lose)
            case Restart():
                self._start(node, at)
            case Pause():
                applied = node.pause(at)
            case Resume():
                node.resume(at)
            case Slow(service_us=service):
                node.slow(at, service)
            case Skew(offset_us=offset, drift_ppm=drift):
                node.skew(at, offset, drift)
            case Disk(lose=loss):
                node.disk(at, loss)
            case Quiet():
                self._quiet(node, at)
            case Retire():
                await self._crash(node, at, "nothing")
                node.retired = True
            case Command(order=order):
                node.command(at, order)
            case _:
                assert_never(action)
        for later in undoing(due) if applied else ():
            heapq.heappush(self._faults, later)
        node.release()
        self.schedule(node)

    def _apply_rule(self, at_us: int, rule: bytes) -> None:
        """Hand a rule to the network; send on what it lets go."""
        for source, target, label, transmission, arrivals in self.network.apply(at_us, rule):
            node = self.nodes[source]
            if not node.alive:
                node.lose_mail(at_us)
            node.history.add(at_us, "release", target, label, transmission, "", arrivals)
            self.mailroom.release((source, target, label, transmission), arrivals)

    async def _crash(self, node: Node, at_us: int, lose: Loss) -> bool:
        if not node.alive:
            return False
        node.alive = False
        node.scope.cancel()
        await self._quiesce()  # a life may clean up, but its context is dead
        node.stop(at_us, lose)
        return True

    def _quiet(self, node: Node, at_us: int) -> None:
        """End the faults of `node`; what would have ended them later, or gone on, is forgotten."""
        self._faults = [due for due in self._faults if not _goes_on(due, node.index)]
        heapq.heapify(self._faults)
        node.resume(at_us)
        node.mend(at_us)
        self._start(node, at_us)

    def _start(self, node: Node, at_us: int) -> None:
        if node.alive or node.retired:
            return
        node.start(at_us)
        self._nursery.start_soon(self._live, node)
        self.schedule(node)

    async def _live(self, node: Node) -> None:
        with node.scope:
            try:
                context = Context(self, node)
                await context.sleep(0)  # faults at the instant of the start come first
                await node.life(context)
                _refuse_return()
            except Crashed:
                pass
            except Exception as error:  # noqa: BLE001  # raised again when the window ends
                error.add_note(f"in validator {node.index} at {node.now_us} µs of virtual time")
                self._failures.append((node.now_us, node.index, error))

    # At the end.

    def result(self, finished: bytes) -> ShardResult:
        """Return what is left behind."""
        return ShardResult(
            {index: node.history.finish() for index, node in self.nodes.items()},
            finished,
            self.windows,
            self.wakes,
            tuple(self.order or ()),
            usage(),
        )


def _goes_on(due: Due, node: ValidatorIndex) -> bool:
    """Say whether `due` is the end of a fault of `node` that has begun, or a loop's next turn."""
    match due.action:
        case NetworkRule() | LedgerRule():
            return False
        case action:
            return action.node == node and (due.step == 0 or due.follows)


def _refuse_return() -> Never:
    raise LocalError("a life waits for its next input for ever; this one returned")
