"""Adversaries: filters over what an honest machine asks for, never machines of their own.

`registry` what a behaviour is given and how it is registered · `dkg` behaviours during a DKG ·
`filter` which of them act when on one validator, in order, and how much they changed.

A behaviour sees effects before signing and sealing and yields what is done instead. It cannot tell
a machine what to believe: the machine stays honest and learns of the deed from the ledger alone.
Importing this package registers every behaviour in `BEHAVIOURS`.
"""

from __future__ import annotations

from sim.adversary import dkg as _dkg
from sim.adversary.filter import Adversary, Corrupt
from sim.adversary.registry import BEHAVIOURS, Behaviour, Corruption, Param, behaviour

__all__ = [
    "BEHAVIOURS",
    "Adversary",
    "Behaviour",
    "Corrupt",
    "Corruption",
    "Param",
    "behaviour",
]

del _dkg
