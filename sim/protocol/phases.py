"""The phases of a ceremony, and the only places where one follows another."""

from __future__ import annotations

import enum
from typing import Final


class Phase(enum.Enum):
    """Where a ceremony stands, by ledger height."""

    ANNOUNCE = "announce"
    DEAL = "deal"
    RESPOND = "respond"
    JUSTIFY = "justify"
    OPEN = "open"
    DELIVER = "deliver"
    ANSWER = "answer"
    EXAMINE = "examine"
    CONFIRM = "confirm"
    SIGN = "sign"
    ACTIVE = "active"
    FAILED = "failed"


NEXT: Final[dict[Phase, frozenset[Phase]]] = {
    Phase.ANNOUNCE: frozenset({Phase.DEAL, Phase.FAILED}),
    Phase.DEAL: frozenset({Phase.RESPOND, Phase.ACTIVE, Phase.FAILED}),
    Phase.RESPOND: frozenset({Phase.JUSTIFY, Phase.DELIVER, Phase.CONFIRM, Phase.FAILED}),
    Phase.JUSTIFY: frozenset({Phase.OPEN, Phase.DELIVER, Phase.CONFIRM, Phase.FAILED}),
    Phase.OPEN: frozenset({Phase.DELIVER, Phase.CONFIRM, Phase.FAILED}),
    Phase.DELIVER: frozenset({Phase.ANSWER, Phase.CONFIRM, Phase.FAILED}),
    Phase.ANSWER: frozenset({Phase.EXAMINE, Phase.CONFIRM, Phase.FAILED}),
    Phase.EXAMINE: frozenset({Phase.CONFIRM, Phase.FAILED}),
    Phase.CONFIRM: frozenset({Phase.SIGN, Phase.ACTIVE, Phase.FAILED}),
    Phase.SIGN: frozenset({Phase.SIGN, Phase.ACTIVE, Phase.FAILED}),
    Phase.ACTIVE: frozenset(),
    Phase.FAILED: frozenset(),
}
"""What may follow each phase. SIGN follows itself: every signing set is a phase of its own.

DELIVER, ANSWER and EXAMINE are of a repair alone, which ends with Confirm; a single-party key is
active when its one deal is.
"""
