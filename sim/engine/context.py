"""A validator as its own code sees it: a clock, a mailbox, and ways to act.

Everything that waits, waits here, on the validator's local clock; Trio's own clock knows nothing of
virtual time. A crash ends the life at the wait where it stands, or right after the effect that
triggered it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import trio

from sim.base.codec import decode_canonical
from sim.base.errors import LocalError
from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.engine.mail import FROM_LEDGER, FROM_OPERATOR, FROM_VALIDATOR, recorded
from sim.engine.ports import Blocks, Command, Input, Message, Pending, Store, Submission

if TYPE_CHECKING:
    from sim.engine.history import Extra
    from sim.engine.node import Node
    from sim.engine.shard import Shard

T = TypeVar("T")


class Crashed(BaseException):  # not an error, so that a life which catches errors lets it pass
    """Ends a life in the middle of its effects. Only the engine raises and catches it."""


class Context:
    """What a `Life` is given.

    Attributes:
        index: The validator's place in the registry.
        incarnation: Counts its starts, from 0; rises even when its store is lost.
        store: What it keeps across restarts, as its factory made it.
    """

    __slots__ = ("_node", "_shard", "incarnation", "index", "store")

    def __init__(self, shard: Shard, node: Node) -> None:
        self._shard = shard
        self._node = node
        self.index: ValidatorIndex = node.index
        self.incarnation: int = node.incarnation
        self.store: Store = node.store

    @property
    def now_us(self) -> int:
        """True virtual time at this validator, in µs."""
        return self._node.now_us

    def local_now_us(self) -> int:
        """Return what this validator's own clock shows: off and drifting when skewed."""
        return self._node.clock_us()

    def local_delay_us(self, delay_us: int) -> int:
        """Return the virtual time in which this validator's clock advances by `delay_us`."""
        return -(-delay_us * 1_000_000 // (1_000_000 + self._node.drift_ppm))

    async def receive(self, deadline_us: int | None = None) -> Input | None:
        """Wait for the next input, or until `deadline_us` in virtual time; then return None.

        What is overdue comes in order of its due time; at equal times the ledger comes first, then
        messages by (arrival, sender, sequence), then the deadline.
        """
        node = self._node
        shard = self._shard
        deadline = NEVER_US if deadline_us is None else deadline_us
        while True:
            end = shard.end_us if shard.end_us < node.limit_us else node.limit_us
            if node.now_us < end:
                mail = node.take(deadline, end)
                if mail is not None or deadline < end:
                    break
            await self._park(deadline, listening=True)
        received: Input | None = None
        if mail is None:
            node.now_us = max(node.now_us, deadline)
        else:
            arrival_us, rank, source, _, _, transmission, received, about = mail
            if arrival_us > node.now_us:
                node.now_us = arrival_us
            shard.delivered += 1
            node.history.add(node.now_us, "receive", source, about, transmission, "", ())
            if rank != FROM_VALIDATOR:
                received = _opened(rank, received)
        if shard.order is not None:
            shard.order.append(node.index)
        if node.service_us:
            await self.sleep(node.service_us)
        return received

    async def sleep(self, duration_us: int) -> None:
        """Be busy for `duration_us` of virtual time, at least 0: nothing is received meanwhile."""
        if duration_us < 0:
            raise LocalError(f"validator {self.index} cannot sleep for {duration_us} µs")
        node = self._node
        node.busy_us = max(node.busy_us, node.now_us) + duration_us
        # A pause moves `busy_us` while this waits, so it is read anew after every wait.
        while node.busy_us >= min(self._shard.end_us, node.limit_us):
            await self._park(node.busy_us, listening=False)
        node.now_us = node.busy_us

    async def _park(self, wake_us: int, *, listening: bool) -> None:
        node = self._node
        node.wake_us = wake_us
        node.listening = listening
        self._shard.schedule(node)
        await node.lot.park()

    async def work(self, function: Callable[[], T]) -> T:
        """Run `function` in a thread: real work that takes no virtual time.

        No window ends before it has returned, so it cannot be overtaken. It must not touch
        anything that the run touches meanwhile.
        """
        with self._shard.real_work():
            return await trio.to_thread.run_sync(function)

    def send(self, target: ValidatorIndex, label: Label, payload: bytes) -> None:
        """Send `payload` to validator `target`; the network decides what becomes of it.

        What a validator sends to itself doesn't use the network: it arrives at once.
        """
        node, shard, now = self._acting()
        shard.sent += 1
        node.sequence += 1
        index = node.index
        sequence = node.sequence
        message, about = Message(index, label, payload), recorded(label)
        if target == index:
            node.history.add(now, "send", target, about, 0, "self", (now,))
            node.inbox.put((now, FROM_VALIDATOR, index, sequence, 0, 0, message, about))
            return
        transmission, verdict, arrivals = shard.network.send(
            now, index, target, label, len(payload)
        )
        node.history.add(now, "send", target, about, transmission, verdict, arrivals)
        if verdict == "waiting" and not arrivals:
            shard.mailroom.keep(
                target,
                (NEVER_US, FROM_VALIDATOR, index, sequence, 0, transmission, message, about),
            )
        for copy, at in enumerate(arrivals):
            shard.mailroom.post(
                target, (at, FROM_VALIDATOR, index, sequence, copy, transmission, message, about)
            )

    def broadcast(self, targets: tuple[ValidatorIndex, ...], label: Label, payload: bytes) -> None:
        """Send `payload` to each of `targets`, others than itself: quicker than one by one.

        What becomes of the messages, and what histories say, is the same. Keep the tuple and use it
        again: what is known about it is kept for its like.
        """
        node, shard, now = self._acting()
        index = node.index
        if index in targets:
            raise LocalError(f"validator {index} can't be among those that it broadcasts to")
        fates = shard.network.fan_out(now, index, targets, label, len(payload))
        about = recorded(label)
        node.history.add_all(
            [
                (now, "send", target, about, transmission, verdict, arrivals)
                for target, (transmission, verdict, arrivals) in zip(targets, fates, strict=True)
            ]
        )
        shard.mailroom.post_all(node, targets, fates, Message(index, label, payload), about)

    def submit(self, label: Label, payload: bytes) -> None:
        """Send `payload` to the ledger; a label of kind ``read`` asks for the chain instead."""
        node, shard, now = self._acting()
        node.submissions += 1
        node.history.add(now, "submit", LEDGER, label, 0, "", ())
        shard.submissions.append(Submission(now, node.index, node.submissions, label, payload))

    def record(
        self,
        kind: str,
        label: Label,
        peer: ValidatorIndex = LEDGER,
        verdict: str = "",
        extra: Extra = (),
    ) -> None:
        """Add a record to this validator's history; see `history.Record`."""
        node, _, now = self._acting()
        node.history.add(now, kind, peer, label, 0, verdict, extra)

    def happened(self, event: str) -> None:
        """Say that `event` has happened here: faults may wait for it.

        A crash that waited for it ends the life here, by an exception that must not be caught.
        Other faults of this validator take hold at this instant, once its effects are done.
        """
        node, shard, _ = self._acting()
        if event in shard.watched:
            shard.happened(node, event)
            if node.crashing:
                raise Crashed

    def _acting(self) -> tuple[Node, Shard, int]:
        """Return what effects need; a life that was crashed has none any more."""
        node = self._node
        if node.crashing or not node.alive or node.incarnation != self.incarnation:
            raise Crashed
        return node, self._shard, node.now_us


def _opened(rank: int, message: Message) -> Input:
    """Return what a life is given of a message that no validator sent."""
    if rank == FROM_LEDGER:
        return Blocks(message.payload, message.label.kind == "catch-up")
    if rank == FROM_OPERATOR:
        return Command(message.label.subject)
    return Pending(decode_canonical(message.payload, tuple[bytes, ...]))
