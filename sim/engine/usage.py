"""What a process has used of the machine."""

from __future__ import annotations

import resource
import sys
import time
from typing import Final, NamedTuple

_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""What `getrusage` counts memory in."""


class Usage(NamedTuple):
    """What a process has used since it started.

    Attributes:
        cpu_s: Processor time.
        peak_bytes: The most memory that it ever had resident.

    """

    cpu_s: float
    peak_bytes: int


def usage() -> Usage:
    """Return what this process has used so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT_BYTES
    return Usage(time.process_time(), peak)
