"""Mail on its way between shards: packed as columns, and unpacked where it is received.

A message that many receive, such as a block for every validator, crosses once per piece of cargo;
the rest of a mail is six numbers. Who packs says for which shard, so the coordinator passes cargo
on as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from sim.base.ids import ValidatorIndex
from sim.engine.mail import Mail, recorded
from sim.engine.ports import Message

FRAME_BYTES: Final = 1 << 20
"""Payload bytes after which a frame is closed, so that neither side holds much twice."""

FRAME_ITEMS: Final = 1 << 13
"""Mails, or other items, after which it is closed."""

Row: TypeAlias = tuple[ValidatorIndex, int, int, int, int, int, int]
"""One mail as it is packed: receiver, position of the message, arrival, rank, sequence, copy and
transmission."""


class Cargo(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Mail for one shard.

    Attributes:
        shard: Which.
        messages: Each distinct message object once.
        targets: Receiver of each mail.
        positions: Of its message.
        arrivals: The other fields of the mail, as `Row` has them.
        ranks: See `arrivals`, as the rest.
        sequences: See `arrivals`.
        copies: See `arrivals`.
        transmissions: See `arrivals`.
    """

    shard: int
    messages: list[Message]
    targets: Sequence[ValidatorIndex]
    positions: Sequence[int]
    arrivals: Sequence[int]
    ranks: Sequence[int]
    sequences: Sequence[int]
    copies: Sequence[int]
    transmissions: Sequence[int]

    def mails(self) -> Iterator[tuple[ValidatorIndex, Mail]]:
        """Yield receivers and mails; those that shared a message share one again."""
        letters = [(message.source, message, recorded(message.label)) for message in self.messages]
        sources, messages, labels = zip(
            *[letters[position] for position in self.positions], strict=True
        )
        mails = zip(
            self.arrivals,
            self.ranks,
            sources,
            self.sequences,
            self.copies,
            self.transmissions,
            messages,
            labels,
            strict=True,
        )
        return zip(self.targets, mails, strict=True)


class Packer:
    """Packs mail for one shard.

    Attributes:
        rows: What is being packed. Whoever appends to it asks for the `position` of the message
            before, and calls `cut` afterwards.
    """

    def __init__(self, shard: int) -> None:
        self.rows: list[Row] = []
        self._shard = shard
        self._positions: dict[int, int] = {}  # by identity: equal ones are rare
        self._messages: list[Message] = []
        self._bytes = 0
        self._packed: list[Cargo] = []

    def add(self, target: ValidatorIndex, mail: Mail) -> None:
        """Pack one mail."""
        arrival_us, rank, _, sequence, copy, transmission, message, _ = mail
        at = self.position(message)
        self.rows.append((target, at, arrival_us, rank, sequence, copy, transmission))
        self.cut()

    def position(self, message: Message) -> int:
        """Return where `message` is among those that are being packed.

        Only another message closes a piece of cargo for its size: a block goes to hundreds of
        validators, and one of more than a piece's bytes would cross, and stay, as often.
        """
        found = self._positions.get(id(message))
        if found is None:
            if self._bytes > FRAME_BYTES:
                self._close()
            found = self._positions[id(message)] = len(self._messages)
            self._messages.append(message)
            self._bytes += len(message.payload)
        return found

    def cut(self) -> None:
        """Close a piece of cargo if it holds enough mails."""
        if len(self.rows) >= FRAME_ITEMS:
            self._close()

    def take(self) -> list[Cargo]:
        """Return all that was packed since this was called last."""
        if self.rows:
            self._close()
        packed, self._packed = self._packed, []
        return packed

    def _close(self) -> None:
        columns = zip(*self.rows, strict=True)
        self._packed.append(Cargo(self._shard, self._messages, *columns))
        self.rows, self._messages, self._positions, self._bytes = [], [], {}, 0
