"""Adversaries: filters over what an honest machine asks for, never machines of their own.

`registry` what a behaviour is given and how it is registered · `deals`, `shares`, `complaints`,
`accusations`, `result`, `signing`, `messages`, `holding` the behaviours, by what they bend ·
`resharing`, `refresh`, `repair` those that only one rotation knows · `colluding` all dealers
together · `rushing` those that move last · `encodings`, `rewriting`, `opening` bytes for them ·
`filter` which of them act when on one validator, in order, and how much they changed · `catalogue`
all faults, and what must come of each.

A behaviour sees effects before signing and sealing, then the bytes that they become, and yields
what is done instead; each height that its validator receives is an occasion to add something. It
cannot tell a machine what to believe: the machine stays honest and learns of the deed from the
ledger alone. Importing this package registers every behaviour in `BEHAVIOURS`.
"""

from __future__ import annotations

from sim.adversary import accusations as _accusations
from sim.adversary import colluding as _colluding
from sim.adversary import complaints as _complaints
from sim.adversary import deals as _deals
from sim.adversary import holding as _holding
from sim.adversary import messages as _messages
from sim.adversary import refresh as _refresh
from sim.adversary import repair as _repair
from sim.adversary import resharing as _resharing
from sim.adversary import result as _result
from sim.adversary import rushing as _rushing
from sim.adversary import shares as _shares
from sim.adversary import signing as _signing
from sim.adversary.filter import Adversary, Corrupt
from sim.adversary.registry import (
    BEHAVIOURS,
    Behaviour,
    Corruption,
    Foreseen,
    Memory,
    Notebook,
    Occasion,
    Param,
    Received,
    behaviour,
)

__all__ = [
    "BEHAVIOURS",
    "Adversary",
    "Behaviour",
    "Corrupt",
    "Corruption",
    "Foreseen",
    "Memory",
    "Notebook",
    "Occasion",
    "Param",
    "Received",
    "behaviour",
]

del (
    _accusations,
    _colluding,
    _complaints,
    _deals,
    _holding,
    _messages,
    _refresh,
    _repair,
    _resharing,
    _result,
    _rushing,
    _shares,
    _signing,
)
