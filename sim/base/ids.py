"""Names and numbers that identify things, kept apart by type."""

from __future__ import annotations

from typing import Final, NamedTuple, NewType

ValidatorIndex = NewType("ValidatorIndex", int)
"""0-based position of a validator in the registry: the sort key wherever order matters."""

ShareIndex = NewType("ShareIndex", int)
"""x-coordinate of a holder's share, 1..n: its 1-based position in the committee."""

LEDGER: Final = ValidatorIndex(-1)
"""The pseudo-node that stands for the ledger in links, partitions and histories."""

NEVER_US: Final = 1 << 62
"""A virtual time in microseconds that no run reaches."""


class Label(NamedTuple):
    """What a message is about; network draws are keyed by it, never by content.

    Attributes:
        session: The scenario's name for the ceremony, ``<key>/<operation>/<generation>``, or empty.
        attempt: 1-based attempt within the session; 0 outside ceremonies.
        kind: Message kind, such as ``share`` or ``ack``.
        subject: Whom or what it concerns: a validator's name, a height, an incarnation.
    """

    session: str
    attempt: int
    kind: str
    subject: str
