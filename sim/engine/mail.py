"""What waits in a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from sim.base.codec import encode
from sim.base.ids import Label, ValidatorIndex

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


Mail: TypeAlias = "tuple[int, int, ValidatorIndex, int, int, int, Message, msgspec.Raw]"
"""One thing to receive; tuple order is the order in which it is received.

In turn: when it arrives in µs; its rank; its sender, or LEDGER; a sequence number, which rises with
every send of that sender over the run, across incarnations; 0, or 1 for the second copy of a
duplicated message; the count of sends of that label on that link; the message, one object for all
its receivers; its label as records have it. No two have the same first five, so the rest is never
compared. It is a plain tuple because a run makes millions of them, and nothing is quicker to sort.
"""

ARRIVAL: Final = 0
RANK: Final = 1
"""Places in a `Mail`."""


def recorded(label: Label) -> msgspec.Raw:
    """Return `label` encoded, for all the records that name it."""
    return msgspec.Raw(encode(label))
