"""What waits in a mailbox."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from sim.base.ids import ValidatorIndex

if TYPE_CHECKING:
    from sim.engine.ports import Message

FROM_OPERATOR: Final = 0
FROM_LEDGER: Final = 1
FROM_VALIDATOR: Final = 2
PENDING: Final = 3
OVERFLOWED: Final = 4
"""Ranks: at equal arrival an operator comes first, as faults do, then the ledger, then validators,
then a rusher's view. What found a downlink full isn't received at all: it is there to be recorded
in its place."""


class Mail(NamedTuple):
    """One thing to receive; plain tuple order is the order in which it is received.

    No two have the same first five fields, so the rest is never compared.

    Attributes:
        arrival_us: When it arrives.
        rank: One of the ranks above.
        source: Its sender, or LEDGER.
        sequence: Rises with every send of that source over the run, across incarnations.
        copy: 0, or 1 for the second copy of a duplicated message.
        transmission: Count of sends of that label on that link.
        message: What it says and what it is about; one object is shared by many receivers.
    """

    arrival_us: int
    rank: int
    source: ValidatorIndex
    sequence: int
    copy: int
    transmission: int
    message: Message


make_mail: Final = partial(tuple.__new__, Mail)
"""Makes mail of a tuple of its fields: half as dear as calling `Mail`, and there is much of it."""
