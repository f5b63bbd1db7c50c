"""Mail of a shard's validators on its way: into mailboxes here, or packed for other shards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from sim.base.errors import LocalError
from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.engine.cargo import Cargo, Packer, Row
from sim.engine.mail import ARRIVAL, FROM_VALIDATOR, Mail

if TYPE_CHECKING:
    from sim.engine.node import Node
    from sim.engine.ports import Message
    from sim.engine.shard import Shard

SendName: TypeAlias = tuple[ValidatorIndex, ValidatorIndex, Label, int]
"""Source, target, label and transmission of a send."""


class Mailroom:
    """Brings mail to its receivers.

    Args:
        shard: Whose validators send.
        owners: The shard of every validator, by index.
        number: Which shard this is.
    """

    def __init__(self, shard: Shard, owners: Sequence[int], number: int) -> None:
        self._shard = shard
        self._owners = owners
        self._packers = {other: Packer(other) for other in sorted(set(owners) - {number})}
        self._kept: dict[SendName, Mail] = {}

    def deliver(self, cargo: Cargo) -> None:
        """Put mail from elsewhere into mailboxes of this shard."""
        nodes, schedule = self._shard.nodes, self._shard.schedule
        for target, mail in cargo.mails():
            node = nodes[target]
            node.expect(mail)
            if mail[ARRIVAL] < node.mark_us:
                schedule(node)

    def outgoing(self) -> list[Cargo]:
        """Return mail for other shards, packed; it is theirs from now on."""
        return [cargo for packer in self._packers.values() for cargo in packer.take()]

    def post(self, target: ValidatorIndex, mail: Mail) -> None:
        """Send `mail` on its way to another validator, of this shard or another.

        Raises:
            LocalError: It arrives before the window ends: the network broke its promise.
        """
        shard = self._shard
        node = shard.nodes.get(target)
        if node is not None:
            if mail[ARRIVAL] < shard.end_us:
                raise LocalError(f"a link is faster than the window: {mail}")
            node.expect(mail)
            if mail[ARRIVAL] < node.mark_us:
                shard.schedule(node)
        else:
            if mail[ARRIVAL] < shard.horizon_us:
                raise LocalError(f"a link is faster than the exchange: {mail}")
            self._packers[self._owners[target]].add(target, mail)

    def post_all(
        self,
        node: Node,
        targets: Sequence[ValidatorIndex],
        fates: Sequence[tuple[int, str, tuple[int, ...]]],
        message: Message,
        about: msgspec.Raw,
    ) -> None:
        """Send `message` of `node` on its way to each of `targets`, as its fate there says.

        `about` is its label as records have it.

        Raises:
            LocalError: See `post`.
        """
        shard, source, sequence = self._shard, node.index, node.sequence
        nodes, end_us = shard.nodes, shard.end_us
        lanes: dict[int, tuple[list[Row], int]] = {}
        soonest_us = NEVER_US
        for target, (transmission, verdict, arrivals) in zip(targets, fates, strict=True):
            sequence += 1
            copy = 0
            for at in arrivals:
                receiver = nodes.get(target)
                if receiver is not None:
                    if at < end_us:
                        raise LocalError(f"a link to {target} is faster than the window")
                    receiver.incoming.put(
                        (at, FROM_VALIDATOR, source, sequence, copy, transmission, message, about)
                    )
                    if at < receiver.mark_us:
                        shard.schedule(receiver)
                else:
                    owner = self._owners[target]
                    if owner not in lanes:
                        packer = self._packers[owner]
                        place = packer.position(message)  # which may close what was packed before
                        lanes[owner] = packer.rows, place
                    rows, place = lanes[owner]
                    rows.append((target, place, at, FROM_VALIDATOR, sequence, copy, transmission))
                    soonest_us = min(soonest_us, at)
                copy = 1
            if not arrivals and verdict == "waiting":
                at = NEVER_US
                mail = (at, FROM_VALIDATOR, source, sequence, 0, transmission, message, about)
                self.keep(target, mail)
        if soonest_us < shard.horizon_us:
            raise LocalError(f"a link of {source} is faster than the exchange")
        for owner in lanes:
            self._packers[owner].cut()
        shard.sent += len(targets)
        node.sequence = sequence

    def keep(self, target: ValidatorIndex, mail: Mail) -> None:
        """Keep `mail` until the network lets it go."""
        _, _, source, _, _, transmission, message, _ = mail
        self._kept[source, target, message.label, transmission] = mail

    def release(self, name: SendName, arrivals: Sequence[int]) -> None:
        """Send on what was kept: it arrives as often as there are `arrivals`."""
        _, rank, source, sequence, _, transmission, message, about = self._kept.pop(name)
        for copy, at in enumerate(arrivals):
            self.post(name[1], (at, rank, source, sequence, copy, transmission, message, about))
