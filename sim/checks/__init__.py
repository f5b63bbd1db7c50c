"""Checks: properties that every run must keep, whatever the network and the adversary do.

They stand outside the system: they see what no participant sees (who is corrupt, every share), read
the chain again for themselves, and report every violation, not only the first.

`observation` (with `chain_views`, `statements`) what a finished run shows · `registry` how a check
is registered, and `check_all` · `agreement` one key, one QUAL, one chain · `shares` shares and the
public polynomial · `blame` who is excluded and on what evidence · `secrecy` how much of each
polynomial is out · `erasure` old shares, gone in time and not before · `leaks` secrets on the
chain, found by `sieve` · `partitions` committees of one draw · `points` constants, verification
shares, nonces · `usage` the audit log. Importing this package registers every check in `CHECKS`.

`attacks`, with `stealing`, `forms` and `algebra`, tries what an adversary would.
"""

from __future__ import annotations

from sim.checks import agreement as _agreement
from sim.checks import blame as _blame
from sim.checks import erasure as _erasure
from sim.checks import leaks as _leaks
from sim.checks import partitions as _partitions
from sim.checks import points as _points
from sim.checks import secrecy as _secrecy
from sim.checks import shares as _shares
from sim.checks import usage as _usage
from sim.checks.chain_views import AuditLine, BlockView, PartitionView
from sim.checks.observation import (
    CeremonyView,
    Holding,
    Kept,
    KnownSecret,
    Observation,
    Period,
    ValidatorView,
    Violation,
)
from sim.checks.registry import CHECKS, Check, check, check_all

__all__ = [
    "CHECKS",
    "AuditLine",
    "BlockView",
    "CeremonyView",
    "Check",
    "Holding",
    "Kept",
    "KnownSecret",
    "Observation",
    "PartitionView",
    "Period",
    "ValidatorView",
    "Violation",
    "check",
    "check_all",
]

del _agreement, _blame, _erasure, _leaks, _partitions, _points, _secrecy, _shares, _usage
