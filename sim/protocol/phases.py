"""The phases of a ceremony, and the only places where one follows another."""

from __future__ import annotations

import enum
from typing import Final


class Phase(enum.Enum):
    """Where a ceremony stands, by ledger height."""

    ANNOUNCE = "announce"
    COMMIT = "commit"
    DEAL = "deal"
    RESPOND = "respond"
    JUSTIFY = "justify"
    OPEN = "open"
    DELIVER = "deliver"
    ANSWER = "answer"
    EXAMINE = "examine"
    EXTRACT = "extract"
    EXPOSE = "expose"
    RECONSTRUCT = "reconstruct"
    CONFIRM = "confirm"
    SIGN = "sign"
    ACTIVE = "active"
    FAILED = "failed"


_SETTLED: Final = frozenset({Phase.DELIVER, Phase.EXTRACT, Phase.CONFIRM, Phase.FAILED})
"""What may follow once complaints are settled."""

NEXT: Final[dict[Phase, frozenset[Phase]]] = {
    Phase.ANNOUNCE: frozenset({Phase.COMMIT, Phase.DEAL, Phase.FAILED}),
    Phase.COMMIT: frozenset({Phase.DEAL, Phase.FAILED}),
    Phase.DEAL: frozenset({Phase.RESPOND, Phase.ACTIVE, Phase.FAILED}),
    Phase.RESPOND: frozenset({Phase.JUSTIFY, *_SETTLED}),
    Phase.JUSTIFY: frozenset({Phase.OPEN, *_SETTLED}),
    Phase.OPEN: _SETTLED,
    Phase.DELIVER: frozenset({Phase.ANSWER, Phase.CONFIRM, Phase.FAILED}),
    Phase.ANSWER: frozenset({Phase.EXAMINE, Phase.CONFIRM, Phase.FAILED}),
    Phase.EXAMINE: frozenset({Phase.CONFIRM, Phase.FAILED}),
    Phase.EXTRACT: frozenset({Phase.EXPOSE, Phase.FAILED}),
    Phase.EXPOSE: frozenset({Phase.RECONSTRUCT, Phase.CONFIRM, Phase.FAILED}),
    Phase.RECONSTRUCT: frozenset({Phase.CONFIRM, Phase.FAILED}),
    Phase.CONFIRM: frozenset({Phase.SIGN, Phase.ACTIVE, Phase.FAILED}),
    Phase.SIGN: frozenset({Phase.SIGN, Phase.ACTIVE, Phase.FAILED}),
    Phase.ACTIVE: frozenset(),
    Phase.FAILED: frozenset(),
}
"""What may follow each phase. SIGN follows itself: every signing set is a phase of its own.

COMMIT is of commit-reveal alone, EXTRACT, EXPOSE and RECONSTRUCT of GJKR; DELIVER, ANSWER and
EXAMINE of a repair, which ends with Confirm; a single-party key is active when its one deal is.
"""
